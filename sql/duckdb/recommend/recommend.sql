-- recommend: songs that stand in the same lists as a list's songs. ?1: the list or NULL · ?2: songs, a JSON array · ?3: how many
-- Likeness of two songs = n(i,j) / √(n(i)·n(j)) · n(i,j) / (n(i,j) + 10), n counting lists as they are now; a song's score is the sum
-- over the list's songs. What no list has with them: more of the same artists, then what stands in most lists. Rows are known by their
-- number, which is a fifth of an id. A score is rounded, so that the order in which it was summed does not show.
-- grain: song · reads: core.playlist_songs, core.playlists, core.songs, core.artists of the published file · shipped: no
with pairs as materialized (
    select distinct playlists.rowid as list, songs.rowid as song
    from core.playlist_songs as rows
    inner join core.playlists as playlists
        on playlists.id = rows.playlist_id and playlists.snapshot_id = rows.snapshot_id
    inner join core.songs as songs on songs.id = rows.song_id
),

seeds as materialized (
    select pairs.song
    from pairs
    inner join core.playlists as playlists on playlists.rowid = pairs.list
    where playlists.id = ?1
    union
    select rowid as song from core.songs
    where id in (select unnest(json_transform(?2, '["VARCHAR"]')))
),

counts as materialized (
    select song, count(*) as list_count from pairs
    group by song
),

together as (
    select near.song as seed, pairs.song, count(*) as list_count
    from pairs as near
    semi join seeds on seeds.song = near.song
    inner join pairs on pairs.list = near.list
    anti join seeds as held on held.song = pairs.song
    group by near.song, pairs.song
),

likeness as (
    select
        together.seed, together.song, together.list_count,
        together.list_count / sqrt(seed_counts.list_count::double * song_counts.list_count)
        * together.list_count / (together.list_count + 10) as likeness
    from together
    inner join counts as seed_counts on seed_counts.song = together.seed
    inner join counts as song_counts on song_counts.song = together.song
),

scored as (
    select
        song,
        round(sum(likeness), 12) as score,
        max({ likeness: round(likeness, 12), list_count: list_count, seed: seed }) as strongest
    from likeness
    group by song
),

seed_artists as (
    select songs.artist_ids as artist_id, count(*) as seed_count
    from seeds
    inner join core.songs as songs on songs.rowid = seeds.song
    group by songs.artist_ids
),

candidates as (
    select
        songs.id, songs.name, songs.artist_ids, songs.popularity,
        case
            when scored.song is not null then 'co_occurrence'
            when seed_artists.artist_id is not null then 'same_artist'
            else 'popularity'
        end as method,
        coalesce(scored.score, 0) as score,
        scored.strongest,
        seed_artists.seed_count,
        coalesce(counts.list_count, 0) as list_count
    from core.songs as songs
    left join scored on scored.song = songs.rowid
    left join seed_artists on seed_artists.artist_id = songs.artist_ids
    left join counts on counts.song = songs.rowid
    anti join seeds on seeds.song = songs.rowid
    -- A song without a name was taken down.
    where songs.name <> ''
),

ranked as (
    select
        *,
        row_number() over (
            order by
                method = 'co_occurrence' desc, score desc, method = 'same_artist' desc,
                if(method = 'same_artist', seed_count, 0) desc, if(method = 'co_occurrence', 0, list_count) desc,
                if(method = 'co_occurrence', 0, popularity) desc nulls last, id
        ) as rank
    from candidates
    qualify rank <= ?3
)

select
    ranked.rank,
    ranked.id as song_id,
    ranked.name as song_name,
    artists.name as artist_name,
    ranked.score,
    ranked.method,
    seeds.name as seed_name,
    case ranked.method
        when 'co_occurrence' then ranked.strongest.list_count
        when 'same_artist' then ranked.seed_count
        else ranked.list_count
    end as reason_count
from ranked
left join core.artists as artists on artists.id = ranked.artist_ids
left join core.songs as seeds on seeds.rowid = ranked.strongest.seed
order by ranked.rank
