-- The domains that most unlinked events come from.
select coalesce(email_domain(email), 'no e-mail') as domain, count(*) as events
from product.event_links
where status = 'unlinked'
group by coalesce(email_domain(email), 'no e-mail')
order by events desc, domain
limit 5
