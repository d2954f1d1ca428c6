-- Domains that belong to an account of another name. Where a Stripe customer stands for the account,
-- it is the one that this customer has by itself; NULL if there is no such customer.
select
    aliases.domain,
    case
        when starts_with(aliases.account, 'cus_') then targets.account_id
        else aliases.account
    end as account_id
from identity.aliases as aliases
left join index.customer_keys as targets
    on targets.customer_id = aliases.account and targets.is_in_mode
