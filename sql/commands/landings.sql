-- Rows that were landed before, per table, over all landings.
select relation, sum(duplicates) as duplicates
from system.syncs
where relation is not null
group by relation
