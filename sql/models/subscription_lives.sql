-- From when to when an account had a subscription that lived. One whose first payment was never
-- made did not.
-- @keep result
select
    accounts.account_id,
    subscriptions.subscription_id,
    subscriptions.created_at as from_at,
    subscriptions.ended_at as to_at
from stripe.subscriptions as subscriptions
inner join models.customer_accounts as accounts
    on accounts.customer_id = subscriptions.customer_id
where not subscriptions.is_expired
