-- upgrade: what the ledger of an earlier version lacks, made once from what it has.
-- grain: see meta · reads: core.playlist_songs, core.playlists, meta.not_before · shipped: no
-- guarded by: tests/suite/spread.rs, tests/suite/quota.rs
insert into meta.song_spread
select rows.song_id, count(distinct rows.playlist_id) as playlist_count
from core.playlist_songs as rows
inner join (
    -- Nothing to join with, so that nothing is read, where there are counts.
    select id as playlist_id, snapshot_id from core.playlists
    where not exists (from meta.song_spread)
) as playlists using (playlist_id, snapshot_id)
where rows.song_id is not null
group by rows.song_id;

-- An earlier version knew one time for all of an account's calls.
insert into meta.not_before by name
select account, until, reason, unnest([
    'playlist', 'playlist_items', 'own_playlists', 'liked_songs', 'artists', 'albums', 'player', 'writes'
]) as bucket
from meta.not_before
where bucket is null;

delete from meta.not_before where bucket is null;
