-- Of each object the one version that counts at as_of(): the latest observed by then, else the
-- earliest later one. An id may stand in both modes (a product copied to live keeps its own). Ties: created < updated < deleted, then content, never the order of landing.
select
    *,
    coalesce(livemode, is_live()) = is_live() as is_in_mode
from (
    select
        *,
        row_number() over (
            partition by id, coalesce(livemode, is_live())
            order by
                deleted,
                observed_at > as_of(),
                case when observed_at <= as_of() then observed_at end desc nulls last,
                observed_at,
                case
                    when event_type like '%.created' then 0
                    else 1
                end * case when observed_at <= as_of() then -1 else 1 end,
                key
        ) as version_rank,
        -- A deletion empties the object; its columns come from the last whole version.
        max(case when deleted and observed_at <= as_of() then 1 else 0 end)
            over (partition by id, coalesce(livemode, is_live())) = 1 as is_deleted
    from stripe_log.{resource}
) as versions
where version_rank = 1
