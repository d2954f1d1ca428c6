-- How many rows a backtest read of each relation.
select 'models.trials' as relation, count(*) as rows from models.trials
union all
select 'outcomes.payments', count(*) from outcomes.payments
union all
select 'product.account_events', coalesce(sum(known_events), 0)
from models.identity_activity
where status = 'linked'
order by relation
