-- How the events behind each signal were linked to the account, and from which sources they came.
select
    shown.subscription_id,
    coalesce(
        max(case when events.occurred_at = shown.event_at then events.tier end),
        min(events.tier)
    ) as tier,
    coalesce(
        bool_and(events.is_override) filter (where events.occurred_at = shown.event_at),
        bool_and(events.is_override)
    ) as is_override,
    string_agg(distinct events.source, ',' order by events.source) as sources
from backtest.shown as shown
inner join product.account_events as events
    on events.account_id = shown.account_id
    and events.occurred_at >= shown.started_at
    and events.occurred_at <= shown.signal_at
where events.occurred_at >= $since
group by shown.subscription_id
