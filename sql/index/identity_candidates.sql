-- Which accounts an identity of product events could belong to over all time, how surely, and from
-- when to when.
-- @keep result
with wanted as (
    select identity_key, first_at, kind, name from index.identity_names
    union all
    -- Of the declared group types the first that the event has; with none declared, any group may
    -- be the account, and two that are two accounts make it ambiguous.
    select identity_key, first_at, 'account', group_key(groups, setting('group_types'))
    from index.identities
    where groups is not null and setting('group_types') <> ''
    union all
    select identity_key, first_at, 'account', group_key(groups, group_type)
    from (
        select identity_key, first_at, groups, unnest(json_object_keys(groups)) as group_type
        from index.identities
        where groups is not null and setting('group_types') = ''
    ) as types
)

select
    wanted.identity_key,
    wanted.first_at,
    keys.tier,
    keys.account_id,
    keys.from_at,
    keys.to_at,
    keys.is_creation,
    false as is_override
from wanted
inner join index.identity_keys as keys
    on keys.kind = wanted.kind and keys.key = wanted.name
where not exists (
    select 1
    from index.identity_overrides as overrides
    where overrides.identity_key = wanted.identity_key
)
union all
-- What a person settled comes before all evidence, and holds from the account's first day.
select
    overrides.identity_key,
    overrides.first_at,
    1.00,
    overrides.account_id,
    accounts.created_at,
    null,
    true,
    true
from index.identity_overrides as overrides
inner join index.accounts as accounts on accounts.account_id = overrides.account_id
