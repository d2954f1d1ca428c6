-- Subscriptions as they stood, of both modes: what came later is NULL again, the status follows
-- from the times.
-- @keep result
with ends as (
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
        -- What has no time of its own is known today; a list says so itself.
        when versions.status in ('past_due', 'paused')
            and versions.source <> 'event' and as_of() >= data_through()
            then versions.status
        when versions.status = 'unpaid' and as_of() >= data_through() then 'unpaid'
        when history.is_first_invoice_open and versions.trial_start_at is null then 'incomplete'
        when history.is_past_due then 'past_due'
        else 'active'
    end as status,
    versions.currency,
    versions.created_at,
    versions.started_at,
    versions.trial_start_at,
    history.first_trial_start_at,
    case
        -- A list tells the end as it is known today, whenever that was decided.
        when versions.trial_end_at > as_of()
            and (versions.observed_at > as_of() or versions.source <> 'event')
            and versions.trial_start_at = history.planned_trial_start_at
            then greatest(versions.trial_end_at, history.planned_trial_end_at)
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
    coalesce(versions.has_more_items, false) as has_more_items,
    versions.discounts,
    versions.test_clock_id,
    versions.livemode,
    versions.is_in_mode,
    -- incomplete_expired is never a subscription that lived
    versions.status = 'incomplete_expired' as is_expired
-- What is told beside them is little, and they pass by it.
from stripe.subscription_history as history
right join ends as versions on versions.id = history.subscription_id
where versions.created_at <= as_of() and not versions.is_deleted
