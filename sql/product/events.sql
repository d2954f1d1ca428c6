-- What people did in the product, from every source, one row an event.
select * from index.asked_events where occurred_at <= as_of()
