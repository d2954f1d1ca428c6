-- Accounts: the companies and people that pay or may pay.
select
    account_id,
    min(created_at) as created_at,
    count(*) as customers,
    min(account_domain(first_email)) as domain,
    bool_or(is_internal) as is_internal
from models.customer_accounts
where is_in_mode
group by account_id
