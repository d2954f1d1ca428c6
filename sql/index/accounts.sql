-- Accounts of all time, and from when each has a customer.
select account_id, min(created_at) as created_at
from index.customer_accounts
where is_in_mode and created_at is not null
group by account_id
