-- Product events of known accounts: what hypotheses are written on.
select
    account_id,
    event,
    occurred_at,
    known_at,
    -- Properties promoted in paydirt.toml are among them.
    * exclude (account_id, event, occurred_at, known_at, identity_key, status)
from product.event_links
where status = 'linked'
    and known_at <= as_of()
    -- Follows from the first, and lets the planner leave out all other links before it joins.
    and account_id is not null
