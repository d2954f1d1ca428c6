-- What was ever tried on an outcome here: the latest run of each hypothesis at each as-of time.
select family_key, as_of, name, p, n_exposed + n_control as trials
from (
    select
        *,
        row_number() over (partition by family_key, as_of order by at desc) as nth
    from system.backtests
    where outcome = $outcome
) as runs
where nth = 1
order by family_key, at
