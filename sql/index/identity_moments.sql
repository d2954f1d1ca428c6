-- The moments at which the candidates of an identity change, and whether a customer was made then.
select identity_key, at, bool_or(is_creation) as is_creation
from (
    select identity_key, from_at as at, is_creation from index.identity_candidates
    union all
    select identity_key, to_at, false from index.identity_candidates where to_at is not null
) as changes
group by identity_key, at
