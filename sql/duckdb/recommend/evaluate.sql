-- evaluate: how well the hidden songs of some lists are found, summed over the lists. ?1: the first of them by number · ?2: the last
-- The same formula as recommend.sql, over what is known alone; the other method is what stands in most lists.
-- grain: method · reads: what begin_evaluation made · shipped: no
with lists as materialized (
    select * from tested_lists
    where number between ?1 and ?2
),

seeds as materialized (
    select pairs.list, pairs.song
    from known_pairs as pairs
    semi join lists on lists.list = pairs.list
),

together as (
    select near.song as seed, pairs.song, count(*) as list_count
    from known_pairs as near
    semi join seeds on seeds.song = near.song
    inner join known_pairs as pairs on pairs.list = near.list and pairs.song <> near.song
    group by near.song, pairs.song
),

likeness as (
    select
        together.seed, together.song,
        together.list_count / sqrt(seed_counts.list_count::double * song_counts.list_count)
        * together.list_count / (together.list_count + 10) as likeness
    from together
    inner join known_songs as seed_counts on seed_counts.song = together.seed
    inner join known_songs as song_counts on song_counts.song = together.song
),

scored as materialized (
    select seeds.list, likeness.song, round(sum(likeness.likeness), 12) as score
    from seeds
    inner join likeness on likeness.seed = seeds.song
    anti join seeds as held on held.list = seeds.list and held.song = likeness.song
    group by seeds.list, likeness.song
),

best as materialized (
    select
        scored.list, scored.song,
        row_number() over (partition by scored.list order by scored.score desc, songs.id) as rank
    from scored
    inner join lists on lists.list = scored.list
    inner join known_songs as songs on songs.song = scored.song
    qualify rank <= any_value(lists.shown_count) over (partition by scored.list)
),

-- Lists that co-occurrence leaves short.
short_lists as (
    select lists.list, lists.shown_count, count(best.song) as found_count
    from lists
    left join best on best.list = lists.list
    group by lists.list, lists.shown_count
    having count(best.song) < lists.shown_count
),

seed_artists as (
    select seeds.list, songs.artist_id, count(*) as seed_count
    from seeds
    inner join known_songs as songs on songs.song = seeds.song
    group by seeds.list, songs.artist_id
),

fallbacks as (
    select
        short_lists.list, songs.song,
        short_lists.found_count + row_number() over (
            partition by short_lists.list
            order by seed_artists.seed_count desc nulls last, songs.popularity_rank
        ) as rank
    from short_lists
    cross join known_songs as songs
    left join seed_artists
        on seed_artists.list = short_lists.list and seed_artists.artist_id = songs.artist_id
    anti join best on best.list = short_lists.list and best.song = songs.song
    anti join seeds on seeds.list = short_lists.list and seeds.song = songs.song
),

popular as (
    select
        lists.list, songs.song,
        row_number() over (partition by lists.list order by songs.popularity_rank) as rank
    from lists
    -- What the list holds is left out: no more than that can stand before what is shown.
    inner join known_songs as songs on songs.popularity_rank <= lists.shown_count + lists.known_count
    anti join seeds on seeds.list = lists.list and seeds.song = songs.song
),

hits as (
    select 'model' as method, list, rank from best
    semi join hidden_pairs using (list, song)
    union all
    select 'model', list, rank from fallbacks
    semi join hidden_pairs using (list, song)
    union all
    select 'popularity', list, rank from popular
    semi join hidden_pairs using (list, song)
),

found as (
    select
        methods.method, lists.list, any_value(lists.hidden_count) as hidden_count,
        count(*) filter (hits.rank <= lists.hidden_count) as right_count,
        coalesce(sum(gains.gain), 0) as gain,
        min(gains.rank) as first_rank
    from lists
    cross join (select unnest(['model', 'popularity']) as method) as methods
    left join hits on hits.list = lists.list and hits.method = methods.method
    left join gains on gains.rank = hits.rank
    group by methods.method, lists.list
)

select
    found.method,
    count(*) as list_count,
    sum(found.right_count / found.hidden_count) as r_precision,
    sum(found.gain / ideals.ideal) as ndcg,
    sum(coalesce((found.first_rank - 1) // 10, 51))::double as clicks
from found
inner join gains as ideals on ideals.rank = least(found.hidden_count, 500)
group by found.method
order by found.method
