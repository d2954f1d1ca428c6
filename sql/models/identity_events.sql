-- How many events each identity has, linked or not. Times are read of files only that reach past
-- as_of().
-- @keep result
select identity_key, sum(events) as events, min(first_at) as first_at
from (
    select identity_key, events, first_at
    from index.file_identities
    where last_at <= as_of()
    union all
    select
        identity_key,
        count_between(times, null, as_of() + interval '1 microsecond'),
        first_at
    from index.file_identities
    where last_at > as_of()
) as files
group by identity_key
