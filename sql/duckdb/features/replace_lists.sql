-- replace_lists: brings the lists of next_playlist_features into features.playlist_features, where they are otherwise than they were.
-- grain: playlist_id · reads: next_playlist_features, features.playlist_features · shipped: no
-- guarded by: published/feature_tests.rs
create or replace temp table replaced_lists as
select next.playlist_id, former.rowid as former_row
from next_playlist_features as next
left join features.playlist_features as former on former.playlist_id = next.playlist_id
where next is distinct from former;

delete from features.playlist_features
where rowid in (select former_row from replaced_lists where former_row is not null);

insert into features.playlist_features by name
select next.*
from next_playlist_features as next
semi join replaced_lists as replaced on replaced.playlist_id = next.playlist_id
order by next.playlist_id;
