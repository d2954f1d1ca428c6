-- What each identity did under each link that it had, however sure, and what it did under none. A link
-- is told by the moment at which it was decided.
-- @keep result
with done as (
    select
        identity_key,
        sum(count_between(times, null, as_of() + interval '1 microsecond')) as events
    from index.file_identities
    group by identity_key
),

under_links as (
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

select identity_key, events, first_at, linked_at, account_id, tier, is_ambiguous, is_override
from under_links
where events > 0
union all
select done.identity_key, done.events - coalesce(linked.events, 0), null, null, null, null, null, null
from done
left join (
    select identity_key, sum(events) as events from under_links group by identity_key
) as linked on linked.identity_key = done.identity_key
where done.events > coalesce(linked.events, 0)
