-- Disputes opened by then. When one was decided only its events tell.
select
    id as dispute_id,
    charge_id,
    payment_intent_id,
    status,
    amount_minor,
    currency,
    created_at,
    reason,
    livemode
from stripe_version.disputes
where created_at <= as_of() and is_in_mode
