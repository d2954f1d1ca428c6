-- What a customer can be recognised by, how surely, and from when to when: an address counts while
-- it is the customer's, the earliest known one from the day the customer was made.
with emails as (
    select
        emails.customer_id,
        accounts.account_id,
        emails.email,
        case
            when emails.is_earliest then accounts.created_at
            else greatest(accounts.created_at, emails.from_at)
        end as from_at,
        lead(emails.from_at) over (partition by emails.customer_id order by emails.from_at) as to_at,
        emails.is_earliest
    from stripe.customer_emails as emails
    inner join models.customer_accounts as accounts
        on accounts.customer_id = emails.customer_id
    where accounts.is_in_mode
),

keys as (
    select
        'account' as kind,
        account_metadata_id as key,
        1.00 as tier,
        account_id,
        created_at as from_at,
        null as to_at,
        true as is_creation
    from models.customer_accounts
    where is_in_mode
    union all
    select 'customer', customer_id, 1.00, account_id, created_at, null, true
    from models.customer_accounts
    where is_in_mode
    union all
    select 'email', email_normalized(email), 0.95, account_id, from_at, to_at, is_earliest from emails
    union all
    select 'canonical', email_canonical(email), 0.90, account_id, from_at, to_at, is_earliest
    from emails
    union all
    select 'domain', account_domain(email), 0.70, account_id, from_at, to_at, is_earliest from emails
)

select *
from keys
where key is not null and (to_at is null or to_at > from_at)
