-- is_published: whether the published file has as many rows of a table as core
-- grain: one row · reads: core.{table}, published.core.{table} · shipped: no
select
    (select count(*) from published.core.{table}) = (select count(*) from core.{table}) as is_equal
