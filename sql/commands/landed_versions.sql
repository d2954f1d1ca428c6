-- Of each object of a resource that is not deleted the version that counts, and whether it was only
-- ever seen inside other objects.
select versions.*, coalesce(inside.is_inside_only, false) as is_inside_only
from stripe_version.{resource} as versions
left join (
    select id, bool_and(source = 'embedded') as is_inside_only
    from stripe_log.{resource}
    group by id
) as inside on inside.id = versions.id
where versions.is_in_mode and not versions.is_deleted
