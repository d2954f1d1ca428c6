with shown as (
    select distinct trials.account_id
    from posthog_log.events as events
    inner join people on people.distinct_id = events.distinct_id
    inner join trials on trials.account_id = people.account_id
    where events.event = '{event}'
        and events.occurred_at >= trials.started_at
        and events.occurred_at <= trials.landmark_at
)

select
    case when shown.account_id is null then 'control' else 'exposed' end as arm,
    count(*) as trials,
    sum(case when trials.is_converted then 1 else 0 end) as converted
from trials
left join shown on shown.account_id = trials.account_id
group by case when shown.account_id is null then 'control' else 'exposed' end
order by arm;
