-- Payment intents as they stood.
select
    id as payment_intent_id,
    customer_id,
    invoice_id,
    case when observed_at <= as_of() or as_of() >= data_through() then status end as status,
    amount_minor,
    currency,
    created_at,
    case when canceled_at <= as_of() then canceled_at end as canceled_at,
    latest_charge_id,
    receipt_email,
    livemode
from stripe_version.payment_intents
where created_at <= as_of() and is_in_mode
