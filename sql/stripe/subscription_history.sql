-- What the log and the invoices of a subscription tell beside its own row, of both modes.
-- @keep result
with starts as (
    -- A trial added to a paying subscription overwrites the first one.
    select id, min(trial_start_at) as first_trial_start_at
    from stripe_log.subscriptions
    where trial_start_at <= as_of()
    group by id
),

planned as (
    -- An early end overwrites the planned end, which the trial's own invoice line still tells.
    select subscription_id, min(period_start_at) as trial_start_at, max(period_end_at) as trial_end_at
    from stripe.invoice_lines
    where is_recurring and amount_minor = 0 and invoice_total_minor = 0
    group by subscription_id
),

owed as (
    select invoice_id, subscription_id, due_at
    from stripe.invoices
    where status in ('open', 'uncollectible')
),

first_invoices as (
    select subscription_id, status, total_minor
    from (
        select
            *,
            row_number() over (partition by subscription_id order by created_at, invoice_id) as nth
        from stripe.invoices
        where subscription_id is not null
    ) as ordered
    where nth = 1
),

-- One under the other and grouped: joins side by side would carry all text along.
told as (
    select
        id as subscription_id,
        first_trial_start_at,
        null as planned_from_at,
        null as planned_to_at,
        null as is_past_due,
        null as is_first_open
    from starts
    union all by name
    select
        subscription_id,
        trial_start_at as planned_from_at,
        trial_end_at as planned_to_at
    from planned
    union all by name
    -- An owed invoice past its due date, or past its first failed attempt.
    select subscription_id, true as is_past_due from owed where due_at <= as_of()
    union all by name
    select owed.subscription_id, true as is_past_due
    from owed
    inner join stripe.invoice_settlements as settlements
        on settlements.invoice_id = owed.invoice_id
    inner join stripe.charges as charges on charges.charge_id = settlements.charge_id
    where charges.status = 'failed'
    union all by name
    select subscription_id, true as is_first_open
    from first_invoices
    where status = 'open' and total_minor > 0
)

select
    subscription_id,
    min(first_trial_start_at) as first_trial_start_at,
    min(planned_from_at) as planned_trial_start_at,
    min(planned_to_at) as planned_trial_end_at,
    bool_or(is_past_due) as is_past_due,
    bool_or(is_first_open) as is_first_invoice_open
from told
where subscription_id is not null
group by subscription_id
