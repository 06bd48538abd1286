-- What time it is there, in milliseconds since 1970.
--
-- Reads a clock; locks nothing.
select (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms
