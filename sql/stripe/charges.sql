-- Charges as they stood: refunds and disputes of later days are taken back. A charge may show its
-- latest refunds only: what else it says was refunded came before those that are known.
with refunded as (
    select
        charge_id,
        sum(amount_minor) filter (where created_at <= as_of()) as amount_minor,
        sum(amount_minor) as total_minor,
        min(created_at) as first_at
    from (
        select charge_id, amount_minor, created_at
        from stripe_version.refunds
        where status = 'succeeded' and charge_id is not null
        union all
        -- A refund may name its payment intent only.
        select charges.id, refunds.amount_minor, refunds.created_at
        from stripe_version.refunds as refunds
        inner join stripe_version.charges as charges
            on charges.payment_intent_id = refunds.payment_intent_id
        where refunds.status = 'succeeded' and refunds.charge_id is null
            and charges.status = 'succeeded'
    ) as succeeded
    group by charge_id
),

stood as (
    select
        charges.*,
        coalesce(refunded.amount_minor, 0) as known_refunded_minor,
        case
            when charges.has_more_refunds and refunded.first_at <= as_of()
                then greatest(charges.amount_refunded_minor - refunded.total_minor, 0)
            else 0
        end as unseen_refunded_minor,
        refunded.first_at as first_refunded_at
    from stripe_version.charges as charges
    left join refunded on refunded.charge_id = charges.id
    where charges.created_at <= as_of() and charges.is_in_mode
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
    known_refunded_minor + unseen_refunded_minor as amount_refunded_minor,
    unseen_refunded_minor,
    first_refunded_at,
    charges.currency,
    charges.created_at,
    charges.is_paid,
    known_refunded_minor + unseen_refunded_minor >= charges.amount_minor
    and charges.amount_minor > 0 as is_refunded,
    disputed.charge_id is not null as is_disputed,
    charges.failure_code,
    charges.outcome_type,
    charges.outcome_reason,
    charges.network_decline_code,
    charges.advice_code,
    charges.billing_email,
    charges.receipt_email,
    charges.livemode
from stood as charges
left join disputed on disputed.charge_id = charges.id
