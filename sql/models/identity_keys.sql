-- What an account can be recognised by, how surely, and from when.
with emails as (
    select
        emails.customer_id,
        accounts.account_id,
        emails.email,
        case
            when emails.is_earliest then accounts.created_at
            else greatest(accounts.created_at, emails.from_at)
        end as from_at
    from stripe.customer_emails as emails
    inner join models.customer_accounts as accounts
        on accounts.customer_id = emails.customer_id
    where accounts.is_in_mode
)

select kind, key, tier, account_id, min(from_at) as from_at
from (
    select 'account' as kind, account_metadata_id as key, 1.00 as tier, account_id, created_at as from_at
    from models.customer_accounts
    where is_in_mode
    union all
    select 'customer', customer_id, 1.00, account_id, created_at
    from models.customer_accounts
    where is_in_mode
    union all
    select 'email', email_normalized(email), 0.95, account_id, from_at from emails
    union all
    select 'canonical', email_canonical(email), 0.90, account_id, from_at from emails
    union all
    select 'domain', account_domain(email), 0.70, account_id, from_at from emails
) as keys
where key is not null
group by kind, key, tier, account_id
