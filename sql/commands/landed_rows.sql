-- What was landed of one Postgres table.
select
    count(distinct row_id) as rows,
    count(*) as versions,
    min(known_from) as first_at,
    max(known_from) as last_at,
    cast(0 as bigint) as other_mode
from {table}
