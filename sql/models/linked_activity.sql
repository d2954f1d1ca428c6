-- What each identity did under each link that it had, however sure. A link is told by the moment at
-- which it was decided.
-- @keep result
select * from (
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
) as activity
where events > 0
