-- Payments of invoices as they stood (from basil on an invoice may have several).
select
    id as invoice_payment_id,
    invoice_id,
    charge_id,
    payment_intent_id,
    payment_record_id,
    case when paid_at > as_of() then 'open' else status end as status,
    case when paid_at > as_of() then null else amount_paid_minor end as amount_paid_minor,
    amount_requested_minor,
    currency,
    is_default,
    created_at,
    case when paid_at <= as_of() then paid_at end as paid_at,
    livemode
from stripe_version.invoice_payments
where (created_at is null or created_at <= as_of()) and is_in_mode
