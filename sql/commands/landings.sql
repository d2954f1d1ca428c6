-- Per table, over all landings: rows that were landed before, the last landing, and times whose
-- events are lost.
select
    syncs.relation,
    coalesce(sum(syncs.duplicates), 0) as duplicates,
    max(syncs.at) as last_sync,
    coalesce(max(gaps.gaps), 0) as gaps
from system.syncs as syncs
left join (
    select relation, count(*) as gaps
    from system.diagnostics
    where kind = 'gap'
    group by relation
) as gaps on gaps.relation = syncs.relation
where syncs.relation is not null
group by syncs.relation
