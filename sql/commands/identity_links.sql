-- How far product events, the identities on them and trials are linked to accounts, and how surely.
with activity as (
    select
        identity_key,
        account_id,
        case
            when is_ambiguous then 'ambiguous'
            when tier >= min_confidence() then 'linked'
            when tier is not null then 'not sure enough'
            else 'unmatched'
        end as status,
        tier,
        nullif(is_override, false) as is_override,
        events,
        linked_at
    from models.link_activity
),

ranked as (
    select
        *,
        row_number() over (
            partition by identity_key
            order by
                status <> 'linked',
                status <> 'ambiguous',
                is_override desc nulls last,
                tier desc nulls last
        ) as place
    from activity
),

accounts as (
    select
        *,
        row_number() over (
            partition by account_id order by is_override desc nulls last, tier desc
        ) as place
    from activity
    where status = 'linked' and linked_at <= as_of()
),

-- Accounts that ambiguous events might be of.
contested as (
    select distinct keys.account_id
    from activity
    inner join product.identities as identities
        on identities.identity_key = activity.identity_key
    cross join (
        values ('account'), ('customer'), ('email'), ('canonical'), ('domain')
    ) as kinds (kind)
    inner join models.identity_keys as keys
        on keys.kind = kinds.kind
        and keys.key = case kinds.kind
            when 'account' then identities.account_ref
            when 'customer' then identities.stripe_customer_id
            when 'email' then email_normalized(identities.email)
            when 'canonical' then email_canonical(identities.email)
            when 'domain' then account_domain(identities.email)
        end
    where activity.status = 'ambiguous'
),

counted as (
    select status, tier, is_override, events, 0 as identities, 0 as trials
    from activity
    union all
    -- One identity may have belonged to several accounts: it counts once, by its surest link.
    select status, tier, is_override, 0, 1, 0
    from ranked
    where place = 1
    union all
    -- A trial counts by the surest link that its account has.
    select
        case
            when accounts.status is not null then accounts.status
            when contested.account_id is not null then 'ambiguous'
            else 'unmatched'
        end,
        accounts.tier,
        accounts.is_override,
        0,
        0,
        1
    from models.trials as trials
    left join accounts on accounts.account_id = trials.account_id and accounts.place = 1
    left join contested on contested.account_id = trials.account_id
    where not trials.is_test and trials.spell_no = 1
)

select
    status,
    case when status = 'linked' then tier end as tier,
    is_override,
    sum(events) as events,
    sum(identities) as identities,
    sum(trials) as trials
from counted
group by status, case when status = 'linked' then tier end, is_override
