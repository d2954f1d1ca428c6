-- Rows of a landed Postgres table as they stood at as_of(): of each row the latest version known by
-- then, unless the row was deleted by then.
select * exclude (key, row_id, observed_at, landed_at, deleted, content_hash, place)
from (
    select
        *,
        row_number() over (
            partition by row_id
            order by known_from desc, observed_at desc, key desc
        ) as place
    from postgres_log.{resource}
    where known_from <= as_of()
) as versions
where place = 1 and not deleted
