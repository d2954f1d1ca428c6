-- Charges as they stood: refunds and disputes of later days are taken back.
with refunded as (
    select charge_id, sum(amount_minor) as amount_minor
    from stripe.refunds
    where status = 'succeeded'
    group by charge_id
),

disputed as (
    select distinct charge_id from stripe.disputes
)

select
    charges.id as charge_id,
    charges.customer_id,
    charges.invoice_id,
    charges.payment_intent_id,
    charges.status,
    charges.amount_minor,
    charges.amount_captured_minor,
    coalesce(refunded.amount_minor, 0) as amount_refunded_minor,
    charges.currency,
    charges.created_at,
    charges.is_paid,
    coalesce(refunded.amount_minor, 0) >= charges.amount_minor and charges.amount_minor > 0
        as is_refunded,
    disputed.charge_id is not null as is_disputed,
    charges.failure_code,
    charges.outcome_type,
    charges.outcome_reason,
    charges.network_decline_code,
    charges.advice_code,
    charges.billing_email,
    charges.receipt_email,
    charges.livemode
from stripe_version.charges as charges
left join refunded on refunded.charge_id = charges.id
left join disputed on disputed.charge_id = charges.id
where charges.created_at <= as_of() and charges.is_in_mode
