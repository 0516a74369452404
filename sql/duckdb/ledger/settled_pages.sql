-- settled_pages: the last generation of the journal's pages that the tables hold; NULL = none
-- grain: one row · reads: meta.settings · shipped: no
select max(value::bigint) as generation from meta.settings where name = 'settled_pages'
