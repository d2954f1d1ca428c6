-- Domains that belong to an account of another name, from identity/aliases.csv.
select domain, account_id from index.domain_aliases
