-- album_details: how much of an album's release date Spotify said; a year is stored as its first day, and nobody would know.
-- grain: album_id · reads: pending_albums, core.album_details · shipped: no · guarded by: tests/suite/warehouse/details.rs
create or replace temp table changed_album_details as
with details as (
    select
        album.id as album_id,
        -- The text's length decides, as for the date itself.
        case
            when staging.to_date(album.release_date) is null then null
            when length(album.release_date) = 4 then 'year'
            when length(album.release_date) = 7 then 'month'
            else 'day'
        end as release_date_precision
    from pending_albums
)

select details.album_id, details.release_date_precision
from details
left join core.album_details as stored using (album_id)
where stored.album_id is null or stored.release_date_precision is distinct from details.release_date_precision;
