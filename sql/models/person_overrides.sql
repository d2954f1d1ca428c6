-- Addresses and users whose account is settled by hand, in identity/overrides.csv; NULL is none.
select kind, key, account_id from index.person_overrides
