-- Objects of a resource that are not known to be deleted, were seen by themselves and were created
-- before a moment, in unix seconds.
select id
from stripe_version.{resource}
where is_in_mode and not is_deleted and created_at < to_timestamp_seconds({bound})
    and id in (select id from stripe_log.{resource} where source <> 'embedded')
