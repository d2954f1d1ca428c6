-- Addresses and users whose account is settled by hand; NULL is none. A Stripe customer stands for
-- the account that it belongs to.
select
    overrides.kind,
    overrides.key,
    coalesce(aliases.account_id, customers.account_id, overrides.account) as account_id
from identity.overrides as overrides
left join index.customer_accounts as customers
    on customers.customer_id = overrides.account and customers.is_in_mode
left join index.domain_aliases as aliases on 'dom:' || aliases.domain = overrides.account
where overrides.kind <> 'customer'
