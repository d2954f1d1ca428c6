-- Recurring invoice lines, and whether they bill a trial. A line lies inside when its whole
-- period does; the trial's end alone would erase who paid before trial dates were reset.
-- @keep result
select
    lines.*,
    coalesce(
        subscriptions.trial_start_at <= lines.period_start_at
        and lines.period_end_at <= subscriptions.trial_end_at,
        false
    ) as is_inside_trial
from stripe.invoice_lines as lines
left join stripe.subscriptions as subscriptions
    on subscriptions.subscription_id = lines.subscription_id
where lines.is_recurring
