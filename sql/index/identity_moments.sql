-- The moments at which the candidates of an identity change.
select identity_key, from_at as at from index.identity_candidates
union
select identity_key, to_at from index.identity_candidates where to_at is not null
