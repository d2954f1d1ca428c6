-- Invoices as they stood: later transitions are dropped, the status is what is left.
select
    id as invoice_id,
    customer_id,
    customer_email,
    subscription_id,
    case
        when paid_at <= as_of() and status = 'paid' then 'paid'
        when voided_at <= as_of() then 'void'
        when marked_uncollectible_at <= as_of() then 'uncollectible'
        when finalized_at <= as_of() then 'open'
        when finalized_at is null and observed_at <= as_of() then coalesce(status, 'draft')
        else 'draft'
    end as status,
    currency,
    billing_reason,
    collection_method,
    number,
    created_at,
    due_at,
    case when finalized_at <= as_of() then finalized_at end as finalized_at,
    case when paid_at <= as_of() and status = 'paid' then paid_at end as paid_at,
    case when voided_at <= as_of() then voided_at end as voided_at,
    case when marked_uncollectible_at <= as_of() then marked_uncollectible_at end
        as marked_uncollectible_at,
    period_start_at,
    period_end_at,
    subtotal_minor,
    total_minor,
    amount_due_minor,
    case when paid_at <= as_of() and status = 'paid' then amount_paid_minor else 0 end
        as amount_paid_minor,
    -- What was paid, in or out of band: before basil the latter is a flag beside amount_paid 0.
    case
        when paid_at <= as_of() and status = 'paid' and is_paid_out_of_band and total_minor > 0
            then greatest(amount_paid_minor, amount_due_minor, 0)
        when paid_at <= as_of() and status = 'paid' then amount_paid_minor
        else 0
    end as cash_minor,
    -- More was paid than was due: it came, too.
    case when paid_at <= as_of() and status = 'paid' then amount_overpaid_minor end
        as amount_overpaid_minor,
    starting_balance_minor,
    case when paid_at <= as_of() then is_paid_out_of_band end as is_paid_out_of_band,
    charge_id,
    payment_intent_id,
    metadata,
    has_more_lines,
    discounts,
    lines,
    livemode
from stripe_version.invoices
where created_at <= as_of() and is_in_mode and not is_deleted
