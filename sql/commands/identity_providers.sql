-- Domains that make one account of five or more customers with subscriptions of their own, whose people
-- have nothing in common: they may be mail providers. People have something in common where two of a
-- domain are on product events with one account id or group, or two customers have one name. From a
-- tenth of those who have any on, they are taken for colleagues.
with customers as (
    select distinct
        accounts.customer_id,
        accounts.account_id,
        account_domain(accounts.first_email) as domain,
        email_normalized(accounts.first_email) as email,
        nullif(lower(trim(customers.name)), '') as name
    from models.customer_accounts as accounts
    inner join stripe.subscriptions as subscriptions
        on subscriptions.customer_id = accounts.customer_id
    left join stripe.customers as customers on customers.customer_id = accounts.customer_id
    where accounts.is_in_mode and not accounts.is_internal
),

many as (
    select customers.domain, count(*) as customers
    from customers
    left join models.domain_aliases as aliases
        on aliases.account_id = customers.account_id or aliases.domain = customers.domain
    where customers.account_id = 'dom:' || customers.domain and aliases.domain is null
    group by customers.domain
    having count(*) >= 5
),

written as (
    select email, account_ref as id from product.identities
    union all
    select email, json_as_text(groups, group_type)
    from (
        select email, groups, unnest(json_object_keys(groups)) as group_type
        from product.identities
        where groups is not null
    ) as types
),

marks as (
    select account_domain(email) as domain, email_normalized(email) as email, 'id ' || id as mark
    from written
    where not is_placeholder_id(id)
    union
    select domain, email, 'name ' || name
    from customers
    where name is not null
),

colleagues as (
    select
        domain,
        count(distinct email) as people,
        count(distinct email) filter (where holders > 1) as with_others
    from (select *, count(*) over (partition by domain, mark) as holders from marks) as held
    group by domain
)

select many.domain, many.customers
from many
left join colleagues on colleagues.domain = many.domain
where colleagues.domain is null or colleagues.with_others * 10 < colleagues.people
order by many.customers desc, many.domain
