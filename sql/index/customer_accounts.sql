-- Which account a Stripe customer belongs to, over all time: the one that the project names for it,
-- else the key that it has by itself, in which an alias stands for its domain.
select
    keys.customer_id,
    case
        when overrides.is_apart then 'cus:' || keys.customer_id
        when overrides.account_id is not null then overrides.account_id
        when keys.account_id = 'dom:' || aliases.domain then aliases.account_id
        else keys.account_id
    end as account_id,
    keys.created_at,
    keys.first_email,
    keys.account_metadata_id,
    coalesce(overrides.is_apart, false) as is_apart,
    internal_domains.domain is not null as is_internal,
    keys.is_in_mode
from index.customer_keys as keys
left join index.customer_overrides as overrides on overrides.customer_id = keys.customer_id
left join index.domain_aliases as aliases
    on aliases.domain = account_domain(keys.first_email) and aliases.account_id is not null
left join identity.internal_domains as internal_domains
    on internal_domains.domain = registrable_domain(email_domain(keys.first_email))
