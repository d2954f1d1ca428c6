-- Of each object the one version that counts at as_of(): the latest observed by then, else the
-- earliest later one, with is_deleted if Stripe had deleted it by then. An id may stand in both
-- modes (a product copied to live keeps its own). Ties: created < updated < deleted, then content,
-- never the order of landing.
select *, coalesce(livemode, is_live()) = is_live() as is_in_mode
from stripe_as_of.{resource}
