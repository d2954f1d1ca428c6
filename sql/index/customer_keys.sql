-- Which account a Stripe customer is by itself, over all time: its declared id, else its company's
-- domain, else its address, else itself. The earliest known address decides, so that a key never
-- moves.
-- @keep result
with listed as (
    select
        id as customer_id,
        min(created_at) as created_at,
        bool_or(livemode) as livemode,
        -- Declared in the project as set at creation and never changed: any version will do.
        case
            when setting('account_metadata_keys') <> ''
                then max(group_key(metadata, setting('account_metadata_keys')))
        end as account_metadata_id
    from stripe_log.customers
    group by id, coalesce(livemode, is_live())
),

customers as (
    select
        coalesce(listed.customer_id, carriers.customer_id) as customer_id,
        least(listed.created_at, carriers.created_at) as created_at,
        listed.account_metadata_id,
        coalesce(listed.livemode, carriers.livemode, is_live()) = is_live() as is_in_mode
    from listed
    full join index.customer_carriers as carriers on carriers.customer_id = listed.customer_id
)

select
    customers.customer_id,
    coalesce(
        'acc:' || customers.account_metadata_id,
        'dom:' || account_domain(emails.email),
        'em:' || email_canonical(emails.email),
        'cus:' || customers.customer_id
    ) as account_id,
    customers.created_at,
    emails.email as first_email,
    customers.account_metadata_id,
    customers.is_in_mode
from customers
left join index.customer_emails as emails
    on emails.customer_id = customers.customer_id and emails.is_earliest
