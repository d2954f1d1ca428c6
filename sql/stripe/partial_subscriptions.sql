-- Subscriptions of which only a part of the items is known: their list has more, and no item that
-- landed by itself names them.
select subscriptions.subscription_id
from stripe.subscriptions_all_modes as subscriptions
left join (
    select distinct subscription_id from stripe_log.subscription_items
) as items on items.subscription_id = subscriptions.subscription_id
where subscriptions.has_more_items and items.subscription_id is null
