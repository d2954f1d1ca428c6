-- Stripe's own events up to then.
select
    id as event_id,
    type,
    created_at,
    api_version,
    object_type,
    object_id,
    request_id,
    livemode
from stripe_version.events
where created_at <= as_of() and is_in_mode
