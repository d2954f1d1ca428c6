select count(*), max(occurred_at), count(distinct email)
from posthog_log.events
where event = '{event}'
