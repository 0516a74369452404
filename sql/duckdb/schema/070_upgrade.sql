-- upgrade: what the ledger of an earlier version lacks, made once from what it has.
-- grain: see meta · reads: core.playlist_songs, core.playlists, meta · shipped: no
-- guarded by: tests/suite/spread.rs, tests/suite/quota.rs, tests/suite/older_ledgers.rs
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

-- An earlier version had two consumers. The lake lacked what no run had exported, and the published file had two tables of its own.
create table if not exists meta.unpublished_runs (
    run_id varchar
);

create table if not exists meta.gone_rows (
    "table"    varchar,
    first_key  varchar,
    second_key varchar
);

insert into meta.consumers
select unnest(['lake', 'published']) as consumer
except
from meta.consumers;

insert into meta.pending_runs
(
    select 'lake' as consumer, run_id from meta.runs where exported_at is null
    union
    select 'published', run_id from meta.unpublished_runs
)
except
from meta.pending_runs;

insert into meta.pending_gone_rows by name
select 'published' as consumer, "table", first_key, second_key from meta.gone_rows;

drop table meta.unpublished_runs;

drop table meta.gone_rows;

drop view if exists meta.unshipped_runs;
