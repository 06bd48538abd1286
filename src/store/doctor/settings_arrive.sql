-- Whether the settings that a server asks for when it connects have arrived; one stands for all.
--
-- Reads a setting; locks nothing.
select current_setting('lock_timeout') = '3s' as arrived
