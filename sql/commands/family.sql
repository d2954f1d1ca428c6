-- The family of hypotheses ever tried on an outcome here: the latest p of each.
select family_key, name, p, looks
from (
    select
        family_key,
        name,
        p,
        count(*) over (partition by family_key) as looks,
        row_number() over (partition by family_key order by at desc, name) as nth
    from system.backtests
    where outcome = $outcome
) as runs
where nth = 1
order by family_key
