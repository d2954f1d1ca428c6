-- Which account each person of the product belongs to, where it is one alone.
select distinct_id, min(account_id) as account_id
from product.account_events
where distinct_id is not null
group by distinct_id
having min(account_id) = max(account_id)
