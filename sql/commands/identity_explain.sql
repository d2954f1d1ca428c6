-- Why an address is linked to an account or is not: from what was written to the decision, step by
-- step.
with asked as (
    select
        email_normalized(cast($email as varchar)) as normal,
        email_canonical(cast($email as varchar)) as canonical,
        registrable_domain(email_domain(cast($email as varchar))) as domain,
        account_domain(cast($email as varchar)) as company
),

forms as (
    select 'email' as kind, 'e-mail' as name, 0.95 as tier, normal as key from asked
    union all
    select 'canonical', 'canonical e-mail', 0.90, canonical from asked
    union all
    select 'domain', 'domain', 0.70, company from asked
),

candidates as (
    select
        forms.name,
        forms.tier,
        forms.key,
        keys.account_id,
        keys.from_at,
        keys.to_at
    from forms
    left join models.identity_keys as keys on keys.kind = forms.kind and keys.key = forms.key
    where forms.key is not null
),

overrides as (
    select
        overrides.account_id,
        accounts.created_at,
        true as is_overridden
    from asked
    inner join models.person_overrides as overrides
        on overrides.kind = 'email' and overrides.key = asked.normal
    left join models.accounts as accounts on accounts.account_id = overrides.account_id
),

-- The surest tier with a candidate now.
deciding as (
    select
        name,
        tier,
        min(account_id) as account_id,
        count(distinct account_id) as accounts,
        string_agg(distinct account_id, ' and ' order by account_id) as names,
        min(from_at) as from_at
    from candidates
    where account_id is not null and to_at is null
    group by name, tier
    order by tier desc
    limit 1
),

decision as (
    select
        case
            when is_overridden then case when override_at is not null then override_id end
            when accounts = 1 and tier >= min_confidence() then account_id
        end as account_id,
        case
            when is_overridden then case when override_at is not null then 1.00 end
            when accounts = 1 and tier >= min_confidence() then tier
        end as tier,
        case
            when is_overridden and override_id is null
                then 'no account: identity/overrides.csv says so'
            when is_overridden and override_at is null
                then 'no link: the account of identity/overrides.csv does not exist yet'
            when is_overridden then 'settled by identity/overrides.csv; nothing else is asked'
            when accounts > 1
                then 'ambiguous at ' || name || ': ' || names
                    || '; never guessed, and less sure tiers are not asked'
            when tier < min_confidence()
                then 'no link: less sure than min_confidence, which is ' || min_confidence()
            when tier is not null
                then 'the surest tier with a candidate decides; less sure ones are not asked'
            when domain is null or company is not null
                then 'no link: no customer has this address or its domain; the first one made would decide'
            else 'no link: no customer has this address; the first one made would decide'
        end as why,
        case when is_overridden then override_at else from_at end as from_at
    from (
        select
            asked.*,
            deciding.*,
            overrides.account_id as override_id,
            overrides.created_at as override_at,
            overrides.is_overridden is not null as is_overridden
        from asked
        left join deciding on true
        left join overrides on true
        where asked.normal is not null
    ) as facts
),

steps as (
    select
        1 as place,
        'address' as step,
        normal as value,
        cast(null as varchar) as account_id,
        cast(null as double) as confidence,
        cast(null as timestamp) as from_at,
        cast(null as timestamp) as to_at,
        case
            when normal is null then 'not one e-mail address: nothing links by it'
            when is_role_account(normal) then 'normal form; names a function, not a person'
            else 'normal form'
        end as why
    from asked
    union all
    select 2, 'canonical e-mail', canonical, null, null, null, null, 'without +tag and Gmail dots'
    from asked
    where normal is not null
    union all
    select
        3,
        'domain',
        coalesce(asked.domain, email_domain(asked.normal)),
        null,
        null,
        null,
        null,
        case
            when internal_domains.domain is not null then 'own staff: their trials are left out'
            when asked.domain is null then 'nobody can register it: stands for no company'
            when is_relay_mail(asked.domain) then 'relay: stands for no company'
            when is_disposable_mail(asked.domain) then 'throw-away mail: stands for no company'
            when is_free_mail(asked.domain) then 'free mail: stands for no company'
            when asked.company is null then 'shared host: stands for no company'
            else 'may stand for one company'
        end
    from asked
    left join identity.internal_domains as internal_domains
        on internal_domains.domain = asked.domain
    where asked.normal is not null
    union all
    select
        4,
        'override',
        asked.normal,
        overrides.account_id,
        case when overrides.account_id is not null then 1.00 end,
        overrides.created_at,
        null,
        'identity/overrides.csv settles this address'
    from overrides
    cross join asked
    union all
    select
        5,
        'alias',
        aliases.domain,
        aliases.account_id,
        null,
        null,
        null,
        'identity/aliases.csv: the domain stands for this account alone'
    from asked
    inner join models.domain_aliases as aliases on aliases.domain = asked.company
    union all
    select
        case name when 'e-mail' then 6 when 'canonical e-mail' then 7 else 8 end,
        'candidate by ' || name,
        key,
        account_id,
        tier,
        from_at,
        to_at,
        case
            when account_id is null then 'no customer'
            when to_at is not null then 'stood for a customer, and no longer does'
            else 'stands for a customer'
        end
    from candidates
    union all
    select 9, 'decision', cast(as_of() as varchar), account_id, tier, from_at, null, why
    from decision
    union all
    select
        10,
        'events',
        activity.events || case when activity.events = 1 then ' event' else ' events' end
            || coalesce(
                ', account ' || identities.account_ref
                    || case when is_placeholder_id(identities.account_ref) then ' (no id)' else '' end,
                ''
            )
            || coalesce(', groups ' || identities.groups, '')
            || coalesce(', customer ' || identities.stripe_customer_id, ''),
        activity.account_id,
        activity.tier,
        activity.first_known_at,
        null,
        case
            when activity.is_override then 'linked by hand'
            when activity.tier = 1.00 then 'linked by the account id that they carry'
            when activity.status = 'linked' then 'linked'
            else activity.status
        end
    from asked
    inner join product.identities as identities
        on email_normalized(identities.email) = asked.normal
    inner join models.identity_activity as activity
        on activity.identity_key = identities.identity_key
)

select step, value, account_id, confidence, from_at, to_at, why
from steps
order by place, to_at is not null, from_at, account_id, value
