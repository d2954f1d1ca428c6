-- Account ids in the metadata of customers that more than three companies share, with three of their
-- domains.
select
    account_metadata_id as id,
    count(*) as customers,
    count(distinct domain) as domains,
    array_to_string(array_slice(array_agg(distinct domain order by domain), 1, 3), ', ') as examples
from (
    select account_metadata_id, account_domain(first_email) as domain
    from models.customer_accounts
    where is_in_mode and account_metadata_id is not null
) as explicit
group by account_metadata_id
having count(distinct domain) > 3
order by count(*) desc, account_metadata_id
