-- lose_tombstones: forgets rows whose tombstones were sent because somebody is forgotten
-- grain: none · reads: meta.stream_gone · shipped: no
delete from meta.stream_rows
where row_hash is null and ("table", key_hash) in (
    select ("table", md5_number_upper(key_json)) from meta.stream_gone
)
