-- What is known of a customer's e-mail address, and from when, over all time. Finalised invoices and
-- change events carry the address of their day; the address of a list has no day of its own and
-- counts as the latest, so that it can never stand in for an earlier one.
-- @keep result
with changes as (
    select
        id as customer_id,
        email,
        json_get_str(previous_attributes, 'email') as previous_email,
        observed_at,
        coalesce(
            max(observed_at) over (
                partition by id order by observed_at groups between unbounded preceding and 1 preceding
            ),
            created_at
        ) as previous_from_at
    from stripe_log.customers
    where event_type = 'customer.updated' and json_contains(previous_attributes, 'email')
),

-- Of several changes in one second: one that another follows, and one that follows another.
chained as (
    select
        earlier.customer_id,
        earlier.observed_at,
        earlier.email as passing_email
    from changes as earlier
    inner join changes as later
        on later.customer_id = earlier.customer_id
        and later.observed_at = earlier.observed_at
        and later.previous_email = earlier.email
    where later.email is distinct from earlier.previous_email
),

dated as (
    select id as customer_id, email, coalesce(created_at, observed_at) as from_at, 'created' as evidence
    from stripe_log.customers
    where event_type = 'customer.created'
    union all
    select changes.customer_id, previous_email, previous_from_at, 'before change'
    from chained
    right anti join changes
        on chained.customer_id = changes.customer_id
        and chained.observed_at = changes.observed_at
        and chained.passing_email = changes.previous_email
    union all
    select changes.customer_id, email, changes.observed_at, 'change'
    from chained
    right anti join changes
        on chained.customer_id = changes.customer_id
        and chained.observed_at = changes.observed_at
        and chained.passing_email = changes.email
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
