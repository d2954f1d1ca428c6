-- The domains that most unlinked events come from.
select coalesce(email_domain(email), 'no e-mail') as domain, sum(events) as events
from models.identity_activity
where status = 'unlinked'
group by coalesce(email_domain(email), 'no e-mail')
order by events desc, domain
limit 5
