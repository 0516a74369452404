-- reship: makes rows of some keys this run's, so that they are checked and shipped again.
-- grain: {group} · reads: core.{table} · ?1: the keys (of a group: its own), a JSON array · shipped: yes
-- A template like merge.sql. Of song_artists and genres whole groups go, because Snowflake takes the newest group for current.
update core.{table}
set run_id = getvariable('run_id'), extracted_at = getvariable('extracted_at')::timestamp
where concat_ws(chr(31), {group}) in (select unnest(json_transform(?, '["VARCHAR"]')));
