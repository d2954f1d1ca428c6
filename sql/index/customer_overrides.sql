-- Stripe customers whose account is settled by hand; one without an account stands apart, for
-- itself. An override that names a customer that does not exist changes nothing.
select
    overrides.key as customer_id,
    case
        when starts_with(overrides.account, 'cus_') then coalesce(aliases.account_id, targets.account_id)
        else coalesce(aliases.account_id, overrides.account)
    end as account_id,
    overrides.account is null as is_apart
from identity.overrides as overrides
left join index.customer_keys as targets
    on targets.customer_id = overrides.account and targets.is_in_mode
left join index.domain_aliases as aliases
    on 'dom:' || aliases.domain = coalesce(targets.account_id, overrides.account)
where overrides.kind = 'customer'
