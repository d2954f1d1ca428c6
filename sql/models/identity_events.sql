-- How many events each identity has, linked or not.
-- @keep result
select
    identity_key,
    sum(count_between(times, null, as_of() + interval '1 microsecond')) as events
from index.file_identities
group by identity_key
