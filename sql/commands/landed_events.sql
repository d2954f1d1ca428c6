-- What was landed of one table of product events, or of persons or groups.
select
    count(*) as rows,
    count(*) as versions,
    min({time}) as first_at,
    max({time}) as last_at,
    cast(0 as bigint) as other_mode
from {table}
