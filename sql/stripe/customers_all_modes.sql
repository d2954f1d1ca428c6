-- Customers as they stood, of both modes, with those that Stripe no longer lists: a deleted
-- customer still stands on its subscriptions and invoices.
with emails as (
    select customer_id, email
    from (
        select
            customer_id,
            email,
            row_number() over (partition by customer_id order by from_at desc, evidence desc) as latest
        from stripe.customer_emails
    ) as ranked
    where latest = 1
)

select
    coalesce(listed.id, carriers.customer_id) as customer_id,
    least(listed.created_at, carriers.created_at) as created_at,
    emails.email,
    case when is_current then listed.name end as name,
    case when is_current then listed.currency end as currency,
    case when is_current then listed.balance_minor end as balance_minor,
    case when is_current then listed.is_delinquent end as is_delinquent,
    case when is_current then listed.metadata end as metadata,
    -- Declared in the project as set at creation and never changed, so it may be read at any time.
    case
        when setting('account_metadata_keys') <> ''
            then group_key(listed.metadata, setting('account_metadata_keys'))
    end as account_metadata_id,
    coalesce(listed.is_deleted, true) as is_deleted,
    listed.test_clock_id,
    coalesce(listed.livemode, carriers.livemode) as livemode,
    coalesce(listed.livemode, carriers.livemode, is_live()) = is_live() as is_in_mode
from (
    -- What has no time of its own is known today, or from an event of its day.
    select *, as_of() >= data_through() or (source = 'event' and observed_at <= as_of()) as is_current
    from stripe_version.customers
) as listed
full join index.customer_carriers as carriers on carriers.customer_id = listed.id
left join emails on emails.customer_id = coalesce(listed.id, carriers.customer_id)
where least(listed.created_at, carriers.created_at) <= as_of()
