-- One event of a hundred once more, an hour earlier: what a few days bring.
select
    event,
    occurred_at - interval '1 hour' as time,
    distinct_id as user_id,
    email,
    account_ref as account_id,
    stripe_customer_id,
    properties
from index.events
where occurred_at > timestamp '{from}'
