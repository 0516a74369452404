-- time_spine: the days that dbt's semantic layer counts along. A view of dbt's alone, no mart; the binary makes none of it.
-- grain: date_day · reads: nothing
with recursive days as (
    select '2006-01-01'::date as date_day
    union all
    select (date_day + 1)::date as date_day from days
    where date_day < '2039-12-31'::date
)

select date_day from days
