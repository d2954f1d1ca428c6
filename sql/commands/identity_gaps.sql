-- The domains that most events without a link come from, and what would link them.
with activity as (
    select
        coalesce(is_ambiguous, false) as is_ambiguous,
        tier,
        events,
        identity_key
    from models.link_activity
    where coalesce(is_ambiguous, false) or tier is null or tier < min_confidence()
),

lost as (
    select
        activity.*,
        registrable_domain(email_domain(identities.email)) as domain,
        case
            when identities.email is not null and email_normalized(identities.email) is null
                then 'no valid address'
            when identities.email is not null then email_domain(identities.email)
            when not is_placeholder_id(identities.account_ref)
                or group_key(identities.groups, null) is not null
                then 'an account id, no e-mail'
            when not is_placeholder_id(identities.stripe_customer_id) then 'a Stripe customer, no e-mail'
            when coalesce(
                identities.account_ref, identities.groups, identities.stripe_customer_id
            ) is not null
                then 'a placeholder for an id, no e-mail'
            else 'no e-mail, no account id'
        end as place,
        users.key is not null or emails.key is not null as is_settled
    from activity
    inner join product.identities as identities
        on identities.identity_key = activity.identity_key
    left join models.person_overrides as users
        on users.kind = 'user'
        and identity_key(users.key, 'user', NULL, NULL) = activity.identity_key
    left join models.person_overrides as emails
        on emails.kind = 'email' and emails.key = email_normalized(identities.email)
),

largest as (
    select
        coalesce(domain, place) as place,
        domain,
        is_ambiguous,
        tier is not null as is_unsure,
        is_settled,
        sum(events) as events,
        count(distinct identity_key) as identities
    from lost
    group by coalesce(domain, place), domain, is_ambiguous, tier is not null, is_settled
    order by events desc, place
    limit 10
),

-- Companies whose domain differs in its ending only.
alike as (
    select split_part(domain, '.', 1) as label, min(domain) as domain, min(account_id) as account_id
    from models.accounts
    where domain is not null
    group by split_part(domain, '.', 1)
    having count(*) = 1
)

select
    largest.place,
    largest.events,
    largest.identities,
    case
        when largest.is_settled and not largest.is_ambiguous
            then 'nothing: identity/overrides.csv says so'
        when largest.is_ambiguous
            then 'two accounts fit equally well: `paydirt identity ADDRESS` names them, a line of '
                || 'identity/overrides.csv decides'
        when largest.is_unsure then 'a min_confidence of 0.70; it is ' || min_confidence()
        when largest.place = 'an account id, no e-mail' and setting('account_metadata_keys') = ''
            then 'account_metadata_keys in paydirt.toml, if Stripe customers hold the id; else '
                || 'lines `customer,cus_…,acc:ID` in identity/overrides.csv'
        when largest.place = 'an account id, no e-mail'
            then 'no customer has these ids: lines `customer,cus_…,acc:ID` in identity/overrides.csv'
        when largest.place = 'a Stripe customer, no e-mail' then 'these customers have not landed'
        when largest.place = 'a placeholder for an id, no e-mail'
            then 'the id itself on these events; `placeholder_ids_remove` in paydirt.toml if it is one'
        when largest.place = 'no valid address'
            then 'a whole address: paydirt.toml says in which field it stands'
        when largest.domain is null
            then 'an e-mail or account id on these events: name the fields in paydirt.toml, or '
                || 'identify people in the product'
        when internal_domains.domain is not null then 'nothing: own staff'
        when is_relay_mail(largest.domain)
            then 'relay: only the exact address of a customer links'
        when is_disposable_mail(largest.domain)
            then 'throw-away mail: only the exact address of a customer links'
        when is_free_mail(largest.domain)
            then 'free mail: only the exact address of a customer links'
        when account_domain('x@' || largest.domain) is null
            then 'shared host: only the exact address of a customer links'
        when aliases.domain is not null
            then 'identity/aliases.csv: ' || coalesce(aliases.account_id, 'its customer')
                || ' does not exist'
        when alike.domain is not null
            then 'no customer has it, but ' || alike.account_id || ' is ' || alike.domain || ': add `'
                || largest.domain || ',' || alike.account_id
                || '` to identity/aliases.csv if that is the same company'
        else 'no customer has it: add `' || largest.domain
            || ',ACCOUNT` to identity/aliases.csv if it belongs to one'
    end as hint
from largest
left join identity.internal_domains as internal_domains
    on internal_domains.domain = largest.domain
left join models.domain_aliases as aliases on aliases.domain = largest.domain
left join alike on alike.label = split_part(largest.domain, '.', 1)
order by largest.events desc, largest.place
