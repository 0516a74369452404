-- holds_text: whether a column of a table is one of some texts, in any row. ?1: the texts as a JSON list
-- grain: one row · reads: core.{table} · shipped: no
select exists (
    select 1
    from core.{table}
    where list_has_any([{texts}], from_json(?1::json, '["VARCHAR"]'))
) as is_held
