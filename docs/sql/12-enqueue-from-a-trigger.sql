-- example: writes; run it once.
-- A job for each new row: the payload is {schema, table, op, new, old}.
create trigger orders_enqueue
after insert on orders
for each row execute function presque.enqueue_row('mail', 'order_placed');
