-- What the project's own tables name and nobody is: accounts without a customer, customers that do
-- not exist.
with named as (
    select 'aliases' as file, line, account as name from identity.aliases
    union all
    select 'overrides', line, account from identity.overrides where account is not null
),

customers as (
    select 'overrides' as file, line, key as name from identity.overrides where kind = 'customer'
    union all
    select file, line, name from named where starts_with(name, 'cus_')
),

known as (
    select distinct customer_id from models.customer_accounts where is_in_mode
)

select customers.file, customers.line, customers.name || ' is no Stripe customer' as problem
from customers
left join known on known.customer_id = customers.name
where known.customer_id is null
union all
select named.file, named.line, named.name || ' is no account'
from named
left join models.accounts as accounts on accounts.account_id = named.name
where accounts.account_id is null and not starts_with(named.name, 'cus_')
order by file, line, problem
