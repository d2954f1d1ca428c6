-- Of the accounts that showed a behaviour, those still in their trial: who they are and what they
-- would pay.
with amounts as (
    select
        subscription_id,
        -- Unknown if the amount of one item is: a sum would pass over it.
        case when count(*) = count(amount_minor) then cast(round(sum(amount_minor)) as bigint) end
            as plan_amount_minor
    from (
        select
            items.subscription_id,
            coalesce(items.quantity, 1) * cast(
                case
                    when terms.currency = subscriptions.currency then terms.unit_amount_decimal
                    else json_as_text(
                        terms.currency_options, subscriptions.currency, 'unit_amount_decimal'
                    )
                end as double
            ) as amount_minor
        from stripe.subscription_items as items
        inner join backtest.shown as shown on shown.subscription_id = items.subscription_id
        inner join stripe.subscriptions as subscriptions
            on subscriptions.subscription_id = items.subscription_id
        left join stripe.price_terms as terms
            on terms.price_id = items.price_id
            and (terms.made_at is null or terms.made_at <= items.effective_at)
            and (terms.replaced_at is null or terms.replaced_at > items.effective_at)
    ) as priced
    group by subscription_id
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
