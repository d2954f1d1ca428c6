-- Of the accounts that showed a behaviour, those still in their trial: who they are and what they
-- would pay.
with amounts as (
    select
        items.subscription_id,
        sum(prices.unit_amount_minor * coalesce(items.quantity, 1)) as plan_amount_minor
    from stripe.subscription_items as items
    inner join stripe.prices as prices on prices.price_id = items.price_id
    inner join backtest.shown as shown on shown.subscription_id = items.subscription_id
    group by items.subscription_id
)

select
    shown.subscription_id,
    customers.customer_id,
    customers.email,
    account_domain(customers.email) as domain,
    subscriptions.status,
    subscriptions.trial_end_at,
    subscriptions.currency,
    amounts.plan_amount_minor
from backtest.shown as shown
inner join stripe.subscriptions as subscriptions
    on subscriptions.subscription_id = shown.subscription_id
inner join stripe.customers as customers on customers.customer_id = subscriptions.customer_id
left join amounts on amounts.subscription_id = shown.subscription_id
where subscriptions.status = 'trialing' and subscriptions.trial_end_at > as_of()
