-- song_observations: the rows of a table or of files, and what becomes of each.
-- grain: that of {source} · reads: {source}, theirs, their_spans · shipped: no · guarded by: tests/suite/forget.rs
-- gone: song_id song
-- In how many lists a song stood is told without those that go. A row that was shipped again later says so by its day.
with lost as (
    select stored.song_id, stored.observed_on, stored.extracted_at, count(distinct spans.playlist_id)::integer as list_count
    from {source} as stored
    inner join their_spans as spans
        on spans.song_id = stored.song_id
        and spans.since <= if(
            stored.extracted_at::date = stored.observed_on, stored.extracted_at, stored.observed_on + interval 1 day
        )
        and if(
            stored.extracted_at::date = stored.observed_on, stored.extracted_at, stored.observed_on + interval 1 day
        ) < spans.until
    group by stored.song_id, stored.observed_on, stored.extracted_at
),

seen as (
    select
        stored.* replace (
            if(lost.song_id is not null, greatest(stored.playlist_count - lost.list_count, 0), stored.playlist_count)
            as playlist_count
        ),
        stored.row_hash as former_hash,
        coalesce(stored.song_id in (select value from theirs where kind = 'song'), false) as is_gone,
        lost.song_id is not null and stored.playlist_count is not null as is_changed
    from {source} as stored
    left join lost
        on lost.song_id = stored.song_id
        and lost.observed_on = stored.observed_on
        and lost.extracted_at = stored.extracted_at
)

select
    {columns}, run_id, extracted_at,
    if(is_changed, staging.{table}_hash({columns}), former_hash) as row_hash,
    is_gone,
    is_changed
from seen
