-- Subscriptions as they stood, of both modes: what came later is NULL again, the status follows
-- from the times.
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

failed as (
    -- An owed invoice past its first failed attempt, or past its due date.
    select invoices.subscription_id, true as is_past_due
    from stripe.invoices as invoices
    left join stripe.invoice_settlements as settlements
        on settlements.invoice_id = invoices.invoice_id
    left join stripe.charges as charges
        on charges.charge_id = settlements.charge_id and charges.status = 'failed'
    where invoices.status in ('open', 'uncollectible')
        and (charges.charge_id is not null or invoices.due_at <= as_of())
    group by invoices.subscription_id
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

ends as (
    select
        *,
        case
            when status = 'incomplete_expired'
                then coalesce(ended_at, created_at + interval '23 hours')
            else ended_at
        end as end_at
    from stripe_version.subscriptions
)

select
    versions.id as subscription_id,
    versions.customer_id,
    case
        when end_at <= as_of() and versions.status = 'incomplete_expired' then 'incomplete_expired'
        when end_at <= as_of() then 'canceled'
        when versions.status = 'incomplete_expired' then 'incomplete'
        when versions.trial_start_at <= as_of() and as_of() < versions.trial_end_at then 'trialing'
        when versions.status = 'paused' and as_of() >= coalesce(paused_at, versions.trial_end_at)
            then 'paused'
        when versions.status = 'unpaid' and as_of() >= data_through() then 'unpaid'
        when failed.is_past_due and first_invoices.status = 'open' and first_invoices.total_minor > 0
            and versions.trial_start_at is null then 'incomplete'
        when failed.is_past_due then 'past_due'
        when first_invoices.status = 'open' and first_invoices.total_minor > 0
            and versions.trial_start_at is null then 'incomplete'
        else 'active'
    end as status,
    versions.currency,
    versions.created_at,
    versions.started_at,
    versions.trial_start_at,
    starts.first_trial_start_at,
    case
        -- A list tells the end as it is known today, whenever that was decided.
        when versions.trial_end_at > as_of()
            and (versions.observed_at > as_of() or versions.source <> 'event')
            then greatest(versions.trial_end_at, planned.trial_end_at)
        else versions.trial_end_at
    end as trial_end_at,
    case when end_at <= as_of() then end_at end as ended_at,
    case when versions.canceled_at <= as_of() then versions.canceled_at end as canceled_at,
    case when versions.canceled_at <= as_of() then versions.cancel_at end as cancel_at,
    case
        when versions.canceled_at <= as_of() then versions.is_cancel_at_period_end
        else false
    end as is_cancel_at_period_end,
    case
        when versions.canceled_at <= as_of() or end_at <= as_of() then versions.cancellation_reason
    end as cancellation_reason,
    versions.collection_method,
    case when versions.current_period_start_at <= as_of() then versions.current_period_start_at end
        as current_period_start_at,
    case when versions.current_period_start_at <= as_of() then versions.current_period_end_at end
        as current_period_end_at,
    case when as_of() >= data_through() then versions.pause_behavior end as pause_behavior,
    case when versions.paused_at <= as_of() then versions.paused_at end as paused_at,
    versions.billing_mode,
    case when as_of() >= data_through() then versions.metadata end as metadata,
    versions.items,
    versions.discounts,
    versions.test_clock_id,
    versions.livemode,
    versions.is_in_mode,
    -- incomplete_expired is never a subscription that lived
    versions.status = 'incomplete_expired' as is_expired
from ends as versions
left join starts on starts.id = versions.id
left join planned
    on planned.subscription_id = versions.id and planned.trial_start_at = versions.trial_start_at
left join failed on failed.subscription_id = versions.id
left join first_invoices on first_invoices.subscription_id = versions.id
where versions.created_at <= as_of() and not versions.is_deleted
