-- What is known of a customer's e-mail address, and from when, over all time. Finalised invoices and
-- change events carry the address of their day; the address of a list has no day of its own and
-- counts as the latest, so that it can never stand in for an earlier one.
-- @keep result
with changes as (
    select
        customer_id,
        observed_at,
        min(created_at) as created_at,
        -- Of several changes in one second, where they began and where they ended.
        array_except(array_agg(previous_email), array_agg(email)) as from_emails,
        array_except(array_agg(email), array_agg(previous_email)) as to_emails
    from (
        select
            id as customer_id,
            cast(email as varchar) as email,
            cast(json_get_str(previous_attributes, 'email') as varchar) as previous_email,
            observed_at,
            created_at
        from stripe_log.customers
        where event_type = 'customer.updated' and json_contains(previous_attributes, 'email')
    ) as told
    group by customer_id, observed_at
),

timed as (
    select
        *,
        coalesce(
            lag(observed_at) over (partition by customer_id order by observed_at),
            created_at
        ) as previous_from_at
    from changes
),

dated as (
    select id as customer_id, email, coalesce(created_at, observed_at) as from_at, 'created' as evidence
    from stripe_log.customers
    where event_type = 'customer.created'
    union all
    select customer_id, unnest(from_emails), previous_from_at, 'before change' from timed
    union all
    select customer_id, unnest(to_emails), observed_at, 'change' from timed
    union all
    select customer_id, customer_email, coalesce(finalized_at, created_at), 'invoice'
    from stripe_log.invoices
    where finalized_at is not null or status is distinct from 'draft'
),

latest as (
    select customer_id, max(from_at) as from_at
    from dated
    where email is not null and from_at is not null
    group by customer_id
),

evidence as (
    select customer_id, email, from_at, evidence, 0 as is_undated
    from dated
    where email is not null and from_at is not null and customer_id is not null
    union all
    select
        list.id,
        list.email,
        greatest(coalesce(list.created_at, list.observed_at), latest.from_at),
        'list',
        1
    from stripe_log.customers as list
    left join latest on latest.customer_id = list.id
    where list.email is not null and list.source <> 'event'
),

ordered as (
    select
        *,
        lag(email) over (
            partition by customer_id order by from_at, is_undated, evidence, email
        ) as email_before,
        row_number() over (
            partition by customer_id order by from_at, is_undated, evidence, email
        ) as position
    from evidence
)

-- The earliest known address also stands for the time before it.
select customer_id, email, from_at, evidence, position = 1 as is_earliest
from ordered
where email is distinct from email_before
