-- Placeholders that stand where an id should, with how many customers and product events carry each.
with metadata_keys as (
    select trim(unnest(string_to_array(setting('account_metadata_keys'), ','))) as metadata_key
),

of_customers as (
    select distinct
        customers.id as customer_id,
        trim(json_as_text(customers.metadata, metadata_keys.metadata_key)) as id
    from stripe_log.customers as customers
    cross join metadata_keys
    where coalesce(customers.livemode, is_live()) = is_live() and customers.created_at <= as_of()
),

of_events as (
    select identity_key, trim(account_ref) as id from product.identities
    union
    select identity_key, trim(stripe_customer_id) from product.identities
    union
    select identity_key, trim(json_as_text(groups, group_type))
    from (
        select identity_key, groups, unnest(json_object_keys(groups)) as group_type
        from product.identities
        where groups is not null
    ) as types
    where setting('group_types') = ''
        or array_has(string_to_array(replace(setting('group_types'), ' ', ''), ','), group_type)
),

carried as (
    select id, 1 as customers, 0 as events
    from of_customers
    where is_placeholder_id(id)
    union all
    select of_events.id, 0, activity.events
    from of_events
    inner join models.identity_events as activity on activity.identity_key = of_events.identity_key
    where is_placeholder_id(of_events.id)
)

select id, sum(customers) as customers, sum(events) as events
from carried
group by id
order by customers desc, events desc, id
