-- What a customer can be recognised by over all time, how surely, and from when to when: an address
-- counts while it is the customer's, the earliest known one from the day the customer was made. A
-- domain with an alias stands for that account alone; a customer set apart is known by its id only.
-- @keep result
with emails as (
    select
        accounts.account_id,
        emails.email,
        case
            when emails.is_earliest then accounts.created_at
            else greatest(accounts.created_at, emails.from_at)
        end as from_at,
        lead(emails.from_at) over (partition by emails.customer_id order by emails.from_at) as to_at,
        emails.is_earliest
    from index.customer_emails as emails
    inner join index.customer_accounts as accounts
        on accounts.customer_id = emails.customer_id
    where accounts.is_in_mode and accounts.created_at is not null and not accounts.is_apart
),

addresses as (
    select
        forms.kind,
        case forms.kind
            when 'email' then email_normalized(emails.email)
            when 'canonical' then email_canonical(emails.email)
            when 'domain' then account_domain(emails.email)
        end as key,
        forms.tier,
        emails.account_id,
        emails.from_at,
        emails.to_at,
        emails.is_earliest as is_creation
    from emails
    cross join (
        values ('email', 0.95), ('canonical', 0.90), ('domain', 0.70)
    ) as forms (kind, tier)
    where emails.to_at is null or emails.to_at > emails.from_at
),

of_customers as (
    select *
    from addresses
    where key is not null
        and not exists (
            select 1
            from identity.aliases as aliases
            where addresses.kind = 'domain' and aliases.domain = addresses.key
        )
),

-- Of accounts that keep an address the first decides and the second makes it ambiguous; a company
-- with a thousand customers does not need a thousand rows.
kept as (
    select
        *,
        row_number() over (
            partition by kind, key, is_creation order by from_at, account_id
        ) as place
    from (
        select kind, key, tier, account_id, is_creation, min(from_at) as from_at
        from of_customers
        where to_at is null
        group by kind, key, tier, account_id, is_creation
    ) as accounts
)

select kind, key, tier, account_id, from_at, to_at, is_creation
from of_customers
where to_at is not null
union all
select kind, key, tier, account_id, from_at, null, is_creation
from kept
where place <= 2
union all
select 'domain', aliases.domain, 0.70, accounts.account_id, accounts.created_at, null, true
from index.domain_aliases as aliases
inner join index.accounts as accounts on accounts.account_id = aliases.account_id
union all
select 'account', account_metadata_id, 1.00, account_id, created_at, null, true
from index.customer_accounts
where is_in_mode and created_at is not null and account_metadata_id is not null and not is_apart
union all
-- An id that the project gave to a customer.
select 'account', substr(account_id, 5), 1.00, account_id, created_at, null, true
from index.customer_accounts
where is_in_mode and created_at is not null
    and starts_with(account_id, 'acc:')
    and account_id is distinct from 'acc:' || account_metadata_id
union all
select 'customer', customer_id, 1.00, account_id, created_at, null, true
from index.customer_accounts
where is_in_mode and created_at is not null
