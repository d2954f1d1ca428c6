-- Refunds made by then. A refund has no mode of its own: it takes that of its charge.
select
    refunds.id as refund_id,
    refunds.charge_id,
    refunds.payment_intent_id,
    refunds.status,
    refunds.amount_minor,
    refunds.currency,
    refunds.created_at,
    refunds.reason,
    refunds.failure_reason
from stripe_version.refunds as refunds
left join stripe_version.charges as charges on charges.id = refunds.charge_id
where refunds.created_at <= as_of()
    and coalesce(refunds.livemode, charges.livemode, is_live()) = is_live()
