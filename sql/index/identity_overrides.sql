-- Identities of product events whose account is settled by hand; NULL is none. What is said of the
-- user comes before what is said of the address.
with users as (
    select identities.identity_key, identities.first_at, meant.account_id
    from index.person_overrides as meant
    inner join index.identities as identities
        on identities.identity_key = identity_key(meant.key, 'user', NULL, NULL)
    where meant.kind = 'user'
)

select identity_key, first_at, account_id
from users
union all
select names.identity_key, names.first_at, meant.account_id
from index.person_overrides as meant
inner join index.identity_names as names on names.kind = meant.kind and names.name = meant.key
where meant.kind = 'email'
    and not exists (select 1 from users where users.identity_key = names.identity_key)
