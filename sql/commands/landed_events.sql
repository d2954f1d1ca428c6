-- What was landed of one table of product events.
select
    count(*) as rows,
    count(*) as versions,
    min(occurred_at) as first_at,
    max(occurred_at) as last_at,
    cast(0 as bigint) as other_mode
from {table}
