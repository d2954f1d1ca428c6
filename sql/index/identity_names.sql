-- What each identity of product events can be recognised by, over all time; a placeholder for an id
-- recognises nobody. Nothing here follows the as-of time, so it is computed once for all of them.
-- @keep result
with names as (
    select
        identities.identity_key,
        identities.first_at,
        kinds.kind,
        case kinds.kind
            when 'account' then identities.account_ref
            when 'customer' then identities.stripe_customer_id
            when 'email' then email_normalized(identities.email)
            when 'canonical' then email_canonical(identities.email)
            when 'domain' then account_domain(identities.email)
        end as name
    from index.identities as identities
    cross join (
        values ('account'), ('customer'), ('email'), ('canonical'), ('domain')
    ) as kinds (kind)
)

select *
from names
where name is not null
    and (kind not in ('account', 'customer') or not is_placeholder_id(name))
