-- example: writes; copy it into your program.
-- A job and the data it is about, both or neither: workers see the job when your transaction commits.
begin;
insert into orders (id, amount) values (1, 10);
select presque.enqueue('mail', '{"order": 1}', options => '{"priority": 5, "dedup_key": "order:1"}');
commit;
