-- Trials with what became of them by the as-of time.
select
    trials.account_id,
    trials.product_id,
    trials.started_at,
    subscriptions.status,
    subscriptions.ended_at
from models.trials as trials
inner join stripe.subscriptions as subscriptions
    on subscriptions.subscription_id = trials.subscription_id
order by trials.started_at
