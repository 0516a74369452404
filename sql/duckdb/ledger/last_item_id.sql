-- last_item_id: the highest id that an item or a row of a list has
-- grain: one row · reads: raw.items, raw.rows · shipped: no
select greatest((select max(item_id) from raw.items), (select max(item_id) from raw.rows)) as item_id
