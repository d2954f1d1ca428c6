-- What each identity did under each link that it had, however sure. A link is told by the moment at
-- which it was decided.
-- @keep result
with steps as (
    select
        links.identity_key,
        links.linked_at,
        links.account_id,
        links.tier,
        links.is_ambiguous,
        links.is_override,
        sum(count_between(files.times, links.from_at, links.end_at)) as events,
        min(first_between(files.times, links.from_at, links.end_at)) as first_at
    from (
        select *, least(to_at, as_of() + interval '1 microsecond') as end_at
        from models.identity_links
        where from_at is not null or to_at is not null
    ) as links
    inner join index.file_identities as files on files.identity_key = links.identity_key
    group by
        links.identity_key,
        links.linked_at,
        links.account_id,
        links.tier,
        links.is_ambiguous,
        links.is_override
)

select * from steps where events > 0
union all
-- Most identities have one link for all time: all that they did is under it.
select
    links.identity_key,
    links.linked_at,
    links.account_id,
    links.tier,
    links.is_ambiguous,
    links.is_override,
    of_all.events,
    of_all.first_at
from models.identity_links as links
inner join models.identity_events as of_all on of_all.identity_key = links.identity_key
where links.from_at is null and links.to_at is null and of_all.events > 0
