-- Product events of all time from every source, one row an event.
select
    event,
    occurred_at,
    ingested_at,
    distinct_id,
    person_id,
    email,
    account_id as account_ref,
    groups,
    stripe_customer_id,
    properties,
    person_properties,
    source,
    uuid,
    -- Events of one identity link alike: it is looked up once, not once an event.
    -- A user whose account is settled by hand is one identity, whatever else the events say.
    case
        when is_overridden_user(distinct_id) then identity_key(distinct_id, 'user', NULL, NULL)
        else identity_key(account_id, groups, stripe_customer_id, email)
    end as identity_key
from (
    select * from posthog_log.events
    union all
    select * from files_log.events
    union all
    select * from postgres_log.events
) as landed
