-- Made by `make generate` from dbt/models/semantic: change it there.
-- The marts as a semantic view, for Cortex Analyst and for whoever asks by names: run by hand, in the database, after `dbt build`.
-- reads: MARTS · writes: the semantic view SPOTIFY in MARTS
-- noqa: disable=all
create or replace semantic view marts.spotify
tables (
    artist_songs as marts.artist_songs primary key (artist_id)
        with synonyms ('performers', 'bands', 'musicians')
        comment = 'How many songs and playlists each artist is in now, in any place of a song''s credits.',
    artist_playlists as marts.artist_playlists primary key (playlist_id, artist_id)
        with synonyms ('artist share', 'who dominates a playlist')
        comment = 'What share of each playlist each artist has, by songs and by time; a song''s artist is its primary artist.',
    playlist_concentration as marts.playlist_concentration primary key (playlist_id)
        with synonyms ('diversity', 'gini')
        comment = 'How unevenly the songs of each playlist are spread over its artists.',
    playlist_genres as marts.playlist_genres primary key (playlist_id, genre)
        with synonyms ('styles', 'genre mix')
        comment = 'How many songs of each playlist have each genre; a song has its artist''s genres. Empty where Spotify gave none.',
    genre_coverage as marts.genre_coverage primary key (playlist_id)
        with synonyms ('known genres')
        comment = 'Of how many songs of each playlist a genre is known, to be read beside every share of a genre.',
    song_popularity_over_time as marts.song_popularity_over_time primary key (song_id, observed_on)
        with synonyms ('popularity history', 'song trends')
        comment = 'Popularity of each song per day it was read, and in how many playlists it stood. One row per song and day.',
    songs_added_weekly as marts.songs_added_weekly primary key (playlist_id, week)
        with synonyms ('additions', 'growth', 'new songs per week')
        comment = 'How many different songs were added to each playlist in each week, those that left since included.',
    release_years as marts.release_years primary key (playlist_id, release_year)
        with synonyms ('vintage', 'decades', 'age of the music')
        comment = 'How many songs of each playlist were released in each year; the year is NULL where it is unknown.',
    playlist_overview as marts.playlist_overview primary key (playlist_id)
        with synonyms ('lists', 'playlists')
        comment = 'Size, length and age of each playlist now.',
    playlist_songs_current as marts.playlist_songs_current primary key (playlist_id, position)
        with synonyms ('tracks', 'current songs', 'contents')
        comment = 'What is in each playlist now, with names. One row per playlist and position.',
    playlist_changes as marts.playlist_changes primary key (playlist_id, snapshot_id, song_id)
        with synonyms ('what changed', 'additions and removals')
        comment = 'Songs that came and went between two snapshots that were read one after the other.',
    playlist_memberships as marts.playlist_memberships primary key (playlist_id, song_id, valid_from)
        with synonyms ('history of a playlist', 'since when')
        comment = 'From when to when each song was in each playlist, as far as it was seen; a return is a row of its own.',
    playlist_churn as marts.playlist_churn primary key (playlist_id)
        with synonyms ('turnover', 'half life', 'retention')
        comment = 'How much each playlist turned over since it was first read.',
    playlist_duplicates as marts.playlist_duplicates primary key (playlist_id, song_id)
        with synonyms ('double songs')
        comment = 'Songs that stand in a playlist twice, or beside another song of the same artist and title.',
    playlist_overlap as marts.playlist_overlap primary key (playlist_id, other_playlist_id)
        with synonyms ('shared songs', 'similarity of playlists')
        comment = 'How many songs two playlists share; each pair stands there in both directions.',
    added_at_heatmap as marts.added_at_heatmap primary key (playlist_id, iso_weekday, hour)
        with synonyms ('heat map', 'time of day')
        comment = 'On which weekday and at which hour (UTC) songs were added to each playlist.',
    playlist_adders as marts.playlist_adders primary key (playlist_id, added_by)
        with synonyms ('contributors', 'collaborators')
        comment = 'Who added how many songs to each playlist; added_by is NULL where Spotify does not say.',
    unavailable_songs as marts.unavailable_songs primary key (playlist_id, position)
        with synonyms ('missing songs', 'taken down')
        comment = 'Rows that can no longer be played, because the item is gone or was taken down.'
)
relationships (
    artist_playlists_of_playlist as artist_playlists (playlist_id) references playlist_overview,
    artist_playlists_of_artist as artist_playlists (artist_id) references artist_songs,
    playlist_concentration_of_playlist as playlist_concentration (playlist_id) references playlist_overview,
    playlist_genres_of_playlist as playlist_genres (playlist_id) references playlist_overview,
    genre_coverage_of_playlist as genre_coverage (playlist_id) references playlist_overview,
    songs_added_weekly_of_playlist as songs_added_weekly (playlist_id) references playlist_overview,
    release_years_of_playlist as release_years (playlist_id) references playlist_overview,
    playlist_songs_current_of_playlist as playlist_songs_current (playlist_id) references playlist_overview,
    playlist_songs_current_of_artist as playlist_songs_current (artist_id) references artist_songs,
    playlist_changes_of_playlist as playlist_changes (playlist_id) references playlist_overview,
    playlist_memberships_of_playlist as playlist_memberships (playlist_id) references playlist_overview,
    playlist_churn_of_playlist as playlist_churn (playlist_id) references playlist_overview,
    playlist_duplicates_of_playlist as playlist_duplicates (playlist_id) references playlist_overview,
    playlist_duplicates_of_artist as playlist_duplicates (artist_id) references artist_songs,
    playlist_overlap_of_playlist as playlist_overlap (playlist_id) references playlist_overview,
    added_at_heatmap_of_playlist as added_at_heatmap (playlist_id) references playlist_overview,
    playlist_adders_of_playlist as playlist_adders (playlist_id) references playlist_overview,
    unavailable_songs_of_playlist as unavailable_songs (playlist_id) references playlist_overview
)
facts (
    artist_songs.playlist_count as playlist_count,
    artist_songs.primary_song_count as primary_song_count,
    artist_songs.song_count as song_count,
    artist_songs.top_song_popularity as top_song_popularity,
    artist_playlists.duration_ms as duration_ms,
    artist_playlists.duration_share as duration_share,
    artist_playlists.song_count as song_count,
    artist_playlists.song_share as song_share,
    playlist_concentration.artist_count as artist_count,
    playlist_concentration.gini as gini,
    playlist_concentration.top_10_share as top_10_share,
    playlist_genres.song_count as song_count,
    playlist_genres.song_share as song_share,
    genre_coverage.known_share as known_share,
    genre_coverage.known_song_count as known_song_count,
    genre_coverage.song_count as song_count,
    song_popularity_over_time.playlist_count as playlist_count,
    song_popularity_over_time.popularity as popularity,
    song_popularity_over_time.popularity_change as popularity_change,
    songs_added_weekly.added_song_count as added_song_count,
    release_years.song_count as song_count,
    playlist_overview.removed_count as removed_count,
    playlist_overview.row_count as row_count,
    playlist_overview.song_count as song_count,
    playlist_overview.song_duration_ms as song_duration_ms,
    playlist_songs_current.album_id as album_id,
    playlist_songs_current.duration_ms as duration_ms,
    playlist_songs_current.popularity as popularity,
    playlist_churn.added_song_count as added_song_count,
    playlist_churn.half_life_days as half_life_days,
    playlist_churn.removed_song_count as removed_song_count,
    playlist_churn.retained_share as retained_share,
    playlist_duplicates.row_count as row_count,
    playlist_overlap.jaccard as jaccard,
    playlist_overlap.shared_song_count as shared_song_count,
    added_at_heatmap.song_count as song_count,
    playlist_adders.song_count as song_count
)
dimensions (
    artist_songs.artist_id as artist_id comment = 'Spotify''s id of the artist; references artists.id',
    artist_songs.artist_name as artist_name with synonyms ('artist') comment = 'name of the artist as last read',
    artist_songs.artist_url as artist_url with synonyms ('page on spotify') comment = 'the artist''s page on open.spotify.com',
    artist_songs.first_added_at as first_added_at with synonyms ('first added on') comment = 'earliest time (UTC) at which one of the songs was added to a list that holds it now; NULL where no time is known',
    artist_songs.last_added_at as last_added_at with synonyms ('last added on') comment = 'latest such time (UTC); NULL where no time is known',
    artist_playlists.playlist_id as playlist_id comment = 'the playlist that holds the songs now; references playlists.id',
    artist_playlists.artist_id as artist_id comment = 'the songs'' primary artist; references artists.id',
    artist_playlists.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    artist_playlists.artist_name as artist_name with synonyms ('artist') comment = 'name of that artist as last read',
    artist_playlists.artist_rank as artist_rank with synonyms ('rank in the playlist') comment = '1 for the artist with most songs in the playlist; ties share a rank and leave the next ones out (1, 2, 2, 4)',
    playlist_concentration.playlist_id as playlist_id comment = 'the playlist; references playlists.id',
    playlist_concentration.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    playlist_genres.playlist_id as playlist_id comment = 'the playlist that holds the songs now; references playlists.id',
    playlist_genres.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    playlist_genres.genre as genre with synonyms ('genre') comment = 'a genre of the songs'' artists, as Spotify or the file of genres writes it',
    genre_coverage.playlist_id as playlist_id comment = 'the playlist; references playlists.id',
    genre_coverage.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    song_popularity_over_time.song_id as song_id comment = 'Spotify''s id of the song; references songs.id',
    song_popularity_over_time.song_name as song_name with synonyms ('song') comment = 'title of the song as last read; empty where it was taken down',
    song_popularity_over_time.artist_name as artist_name with synonyms ('artist') comment = 'name of the song''s primary artist; NULL where the artist is not known',
    song_popularity_over_time.observed_on as observed_on with synonyms ('observed on') comment = 'day (UTC) on which the song was read; where it was read twice, the later reading counts',
    songs_added_weekly.playlist_id as playlist_id comment = 'the playlist that the songs were added to; references playlists.id',
    songs_added_weekly.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    songs_added_weekly.week as week with synonyms ('added on') comment = 'Monday of the ISO week (UTC) in which the songs were added; additions of unknown time are left out',
    release_years.playlist_id as playlist_id comment = 'the playlist that holds the songs now; references playlists.id',
    release_years.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    release_years.release_year as release_year with synonyms ('release year') comment = 'year in which the song''s album was released; NULL where Spotify gives no date',
    playlist_overview.playlist_id as playlist_id comment = 'the playlist, Spotify''s or the list of liked songs; references playlists.id',
    playlist_overview.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    playlist_overview.owner_id as owner_id with synonyms ('owner') comment = 'Spotify''s id of the user who owns it; NULL where Spotify did not tell',
    playlist_overview.is_public as is_public with synonyms ('public') comment = 'whether it stands on the owner''s profile; NULL where Spotify did not say',
    playlist_overview.is_collaborative as is_collaborative with synonyms ('collaborative') comment = 'whether others may add songs to it',
    playlist_overview.playlist_url as playlist_url with synonyms ('page on spotify') comment = 'the playlist''s page on open.spotify.com',
    playlist_overview.first_added_at as first_added_at with synonyms ('first added on') comment = 'earliest time (UTC) at which one of its rows was added; NULL where no time is known',
    playlist_overview.last_added_at as last_added_at with synonyms ('last added on') comment = 'latest such time (UTC); NULL where no time is known',
    playlist_songs_current.playlist_id as playlist_id comment = 'the playlist; references playlists.id',
    playlist_songs_current.song_id as song_id comment = 'Spotify''s id of the song; references songs.id; NULL unless item_kind is track',
    playlist_songs_current.artist_id as artist_id comment = 'the song''s primary artist; references artists.id; NULL where unknown',
    playlist_songs_current.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    playlist_songs_current.position as position with synonyms ('position') comment = 'place in the list, counted from 0; rows without an item count too',
    playlist_songs_current.item_kind as item_kind with synonyms ('kind of item') comment = 'track, episode, local or removed; only a track is a song',
    playlist_songs_current.song_name as song_name with synonyms ('song') comment = 'title of the song; empty where it was taken down, NULL unless item_kind is track',
    playlist_songs_current.artist_name as artist_name with synonyms ('artist') comment = 'name of that artist as last read; NULL where unknown',
    playlist_songs_current.album_name as album_name with synonyms ('album') comment = 'name of that album as last read; NULL where unknown',
    playlist_songs_current.song_url as song_url with synonyms ('page on spotify') comment = 'the song''s page on open.spotify.com; NULL unless item_kind is track',
    playlist_songs_current.album_release_date as album_release_date with synonyms ('album released on') comment = 'day on which the album came out; the first day of the year or month where Spotify gives no day, NULL where unknown',
    playlist_songs_current.added_at as added_at with synonyms ('added on') comment = 'time (UTC) at which the row was added to the list; NULL where unknown',
    playlist_changes.playlist_id as playlist_id comment = 'the playlist that changed; references playlists.id',
    playlist_changes.song_id as song_id comment = 'Spotify''s id of the song; references songs.id',
    playlist_changes.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    playlist_changes.change as change with synonyms ('change') comment = 'added: the song is there and was not before; removed: the other way round. A move within the list is none',
    playlist_changes.song_name as song_name with synonyms ('song') comment = 'title of the song as last read; empty where it was taken down',
    playlist_changes.changed_at as changed_at with synonyms ('changed on') comment = 'start (UTC) of the run that first read the version with the change; the change itself lies between that and the reading before',
    playlist_memberships.playlist_id as playlist_id comment = 'the playlist; references playlists.id',
    playlist_memberships.song_id as song_id comment = 'Spotify''s id of the song; references songs.id',
    playlist_memberships.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    playlist_memberships.song_name as song_name with synonyms ('song') comment = 'title of the song as last read; empty where it was taken down',
    playlist_memberships.valid_from as valid_from with synonyms ('in since on') comment = 'start (UTC) of the run that first read the song in an unbroken row of snapshots',
    playlist_memberships.valid_to as valid_to with synonyms ('gone since on') comment = 'start (UTC) of the run that first read a snapshot without it; NULL = still in',
    playlist_churn.playlist_id as playlist_id comment = 'the playlist; references playlists.id',
    playlist_churn.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    playlist_duplicates.playlist_id as playlist_id comment = 'the playlist; references playlists.id',
    playlist_duplicates.song_id as song_id comment = 'Spotify''s id of the song; references songs.id',
    playlist_duplicates.artist_id as artist_id comment = 'the song''s primary artist; references artists.id; NULL where unknown',
    playlist_duplicates.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    playlist_duplicates.song_name as song_name with synonyms ('song') comment = 'title of the song as last read; empty where it was taken down',
    playlist_duplicates.artist_name as artist_name with synonyms ('artist') comment = 'name of that artist as last read; NULL where unknown',
    playlist_overlap.playlist_id as playlist_id comment = 'one playlist of the pair; references playlists.id',
    playlist_overlap.other_playlist_id as other_playlist_id comment = 'the other one; references playlists.id',
    playlist_overlap.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    playlist_overlap.other_playlist_name as other_playlist_name with synonyms ('other playlist') comment = 'name of the other one as last read; NULL where Spotify did not tell',
    added_at_heatmap.playlist_id as playlist_id comment = 'the playlist that holds the songs now; references playlists.id',
    added_at_heatmap.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    added_at_heatmap.iso_weekday as iso_weekday with synonyms ('weekday (1 = monday)') comment = 'day of the week (UTC) of added_at, 1 = Monday to 7 = Sunday',
    added_at_heatmap.hour as hour with synonyms ('hour (utc)') comment = 'hour of the day (UTC) of added_at, 0 to 23; songs added at an unknown time are left out',
    playlist_adders.playlist_id as playlist_id comment = 'the playlist that holds the songs now; references playlists.id',
    playlist_adders.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    playlist_adders.added_by as added_by with synonyms ('added by') comment = 'Spotify''s id of the user who added the songs; NULL where Spotify does not tell',
    playlist_adders.first_added_at as first_added_at with synonyms ('first added on') comment = 'earliest time (UTC) at which the user added one of them; NULL where no time is known',
    playlist_adders.last_added_at as last_added_at with synonyms ('last added on') comment = 'latest such time (UTC); NULL where no time is known',
    unavailable_songs.playlist_id as playlist_id comment = 'the playlist; references playlists.id',
    unavailable_songs.song_id as song_id comment = 'Spotify''s id of a song that was taken down; references songs.id; NULL where the item was removed',
    unavailable_songs.playlist_name as playlist_name with synonyms ('playlist') comment = 'name of the playlist as last read; NULL where Spotify did not tell',
    unavailable_songs.position as position with synonyms ('position') comment = 'place in the list, counted from 0',
    unavailable_songs.reason as reason with synonyms ('reason') comment = 'removed: Spotify gives no item at all; taken_down: a song whose name Spotify has emptied',
    unavailable_songs.added_by as added_by with synonyms ('added by') comment = 'Spotify''s id of the user who added it; NULL where unknown',
    unavailable_songs.added_at as added_at with synonyms ('added on') comment = 'time (UTC) at which the row was added to the list; NULL where unknown'
)
metrics (
    artist_songs.artists as count(distinct artist_songs.artist_id) with synonyms ('artists') comment = 'Different artists.',
    artist_songs.credited_songs as sum(artist_songs.song_count) with synonyms ('songs with a credit') comment = 'Songs that name the artist in any place; a song of two artists counts for both.',
    artist_songs.primary_songs as sum(artist_songs.primary_song_count) with synonyms ('songs as primary artist') comment = 'Songs that name the artist first.',
    artist_songs.most_playlists as max(artist_songs.playlist_count) with synonyms ('most playlists') comment = 'Playlists of the artist that is in most of them.',
    artist_songs.top_artist_song_popularity as max(artist_songs.top_song_popularity) with synonyms ('top song popularity') comment = 'Popularity of the most popular song; NULL where Spotify gave none.',
    artist_playlists.songs_of_artist as sum(artist_playlists.song_count) with synonyms ('songs of the artist') comment = 'Songs whose primary artist it is, once per playlist.',
    artist_playlists.duration_of_artist_ms as sum(artist_playlists.duration_ms) with synonyms ('duration (ms)') comment = 'Length of those songs in milliseconds.',
    artist_playlists.largest_song_share as max(artist_playlists.song_share) with synonyms ('largest share of songs') comment = 'Largest share of a playlist''s songs that one artist has.',
    artist_playlists.largest_duration_share as max(artist_playlists.duration_share) with synonyms ('largest share of time') comment = 'Largest share of a playlist''s length that one artist has.',
    playlist_concentration.artists_per_playlist as avg(playlist_concentration.artist_count) with synonyms ('artists per playlist') comment = 'Mean number of different artists in a playlist.',
    playlist_concentration.average_top_10_share as avg(playlist_concentration.top_10_share) with synonyms ('share of top 10 artists') comment = 'Mean share of a playlist''s songs that its ten largest artists have; NULL where no artist is known.',
    playlist_concentration.average_gini as avg(playlist_concentration.gini) with synonyms ('gini of artists') comment = 'Mean Gini coefficient of songs per artist, 0 where all have the same number; NULL where no artist is known.',
    playlist_genres.genres as count(distinct playlist_genres.genre) with synonyms ('genres') comment = 'Different genres.',
    playlist_genres.songs_of_genre as sum(playlist_genres.song_count) with synonyms ('songs of the genre') comment = 'Songs of the genre, once per playlist; a song of two genres counts for both.',
    playlist_genres.largest_genre_share as max(playlist_genres.song_share) with synonyms ('largest genre share') comment = 'Largest share that a genre has of a playlist''s songs with a known genre.',
    genre_coverage.songs_in_coverage as sum(genre_coverage.song_count) with synonyms ('songs asked about') comment = 'Songs, once per playlist, of which a genre is known or not.',
    genre_coverage.songs_with_genre as sum(genre_coverage.known_song_count) with synonyms ('songs with a genre') comment = 'Songs whose artist has a genre; 0 where Spotify gave none.',
    genre_coverage.average_known_share as avg(genre_coverage.known_share) with synonyms ('known share') comment = 'Mean share of a playlist''s songs whose artist has a genre.',
    song_popularity_over_time.observed_songs as count(distinct song_popularity_over_time.song_id) with synonyms ('observed songs') comment = 'Different songs that were read.',
    song_popularity_over_time.average_popularity as avg(song_popularity_over_time.popularity) with synonyms ('average popularity') comment = 'Mean of the popularities that are known; without one, NULL.',
    song_popularity_over_time.average_popularity_change as avg(song_popularity_over_time.popularity_change) with synonyms ('popularity change') comment = 'Mean change of popularity against the day before that was read, where both are known.',
    song_popularity_over_time.average_list_count as avg(song_popularity_over_time.playlist_count) with synonyms ('average playlists') comment = 'Mean number of playlists that held a song that day; the trend where Spotify gives no popularity.',
    songs_added_weekly.songs_added as sum(songs_added_weekly.added_song_count) with synonyms ('songs added') comment = 'Different songs added, counted once per playlist and week.',
    release_years.songs_by_release_year as sum(release_years.song_count) with synonyms ('songs by release year') comment = 'Songs of the release years, counted once in each playlist.',
    playlist_overview.playlists as count(distinct playlist_overview.playlist_id) with synonyms ('playlists') comment = 'Different playlists.',
    playlist_overview.playlist_rows as sum(playlist_overview.row_count) with synonyms ('rows') comment = 'Rows of the playlists, whatever they hold.',
    playlist_overview.playlist_songs as sum(playlist_overview.song_count) with synonyms ('songs') comment = 'Songs, counted once per playlist however often they stand there.',
    playlist_overview.songs_per_playlist as avg(playlist_overview.song_count) with synonyms ('songs per playlist') comment = 'Mean number of different songs in a playlist.',
    playlist_overview.longest_playlist_ms as max(playlist_overview.song_duration_ms) with synonyms ('longest playlist (ms)') comment = 'Length of the longest playlist in milliseconds.',
    playlist_overview.removed_rows as sum(playlist_overview.removed_count) with synonyms ('rows without an item') comment = 'Rows without an item, which Spotify took away.',
    playlist_songs_current.current_songs as count(distinct playlist_songs_current.song_id) with synonyms ('different songs') comment = 'Different songs that stand in a playlist now.',
    playlist_songs_current.current_albums as count(distinct playlist_songs_current.album_id) with synonyms ('different albums') comment = 'Different albums of those songs.',
    playlist_songs_current.average_song_popularity as avg(playlist_songs_current.popularity) with synonyms ('song popularity') comment = 'Mean popularity of the rows'' songs where it is known; NULL where Spotify gave none.',
    playlist_songs_current.average_song_duration_ms as avg(playlist_songs_current.duration_ms) with synonyms ('song length (ms)') comment = 'Mean length of the rows'' songs in milliseconds.',
    playlist_changes.changed_songs as count(distinct playlist_changes.song_id) with synonyms ('changed songs') comment = 'Different songs that came or went.',
    playlist_memberships.member_songs as count(distinct playlist_memberships.song_id) with synonyms ('songs ever seen') comment = 'Different songs that are or were in a playlist.',
    playlist_churn.churn_added_songs as sum(playlist_churn.added_song_count) with synonyms ('songs that came') comment = 'Songs that came since the first reading, each time they came.',
    playlist_churn.churn_removed_songs as sum(playlist_churn.removed_song_count) with synonyms ('songs that went') comment = 'Songs that went since the first reading, each time they went.',
    playlist_churn.average_retained_share as avg(playlist_churn.retained_share) with synonyms ('retained share') comment = 'Mean share of the first snapshot''s songs that are still in their playlist.',
    playlist_churn.shortest_half_life_days as min(playlist_churn.half_life_days) with synonyms ('half-life (days)') comment = 'Days after which half of the songs are gone, at the pace of the playlist that turns over fastest.',
    playlist_duplicates.duplicate_songs as count(distinct playlist_duplicates.song_id) with synonyms ('duplicate songs') comment = 'Different songs that stand twice, under one id or several.',
    playlist_duplicates.duplicate_rows as sum(playlist_duplicates.row_count) with synonyms ('rows of duplicates') comment = 'Rows of those songs, the first included.',
    playlist_overlap.largest_shared_songs as max(playlist_overlap.shared_song_count) with synonyms ('shared songs') comment = 'Songs that the two playlists share; of several pairs, the largest number.',
    playlist_overlap.largest_jaccard as max(playlist_overlap.jaccard) with synonyms ('jaccard') comment = 'Shared songs among those of either playlist; of several pairs, the largest share.',
    added_at_heatmap.songs_added_in_hour as sum(added_at_heatmap.song_count) with synonyms ('songs added in the hour') comment = 'Songs added in the weekday''s hour, once per playlist.',
    playlist_adders.adders as count(distinct playlist_adders.added_by) with synonyms ('people who add') comment = 'Different people that are known to have added a song.',
    playlist_adders.songs_of_adder as sum(playlist_adders.song_count) with synonyms ('songs they added') comment = 'Songs that they added, once per playlist.',
    unavailable_songs.unavailable_rows as count(unavailable_songs.position) with synonyms ('unavailable rows') comment = 'Rows that can no longer be played.'
)
comment = 'Spotify playlists: what is in them, what came and went, by whom, artists and genres'
ai_verified_queries (
    playlist_concentration as (
        question 'How unevenly are the songs of each playlist spread over its artists?'
        sql 'select playlist_id, playlist_name, artist_count, top_10_share, gini
from playlist_concentration
order by gini desc nulls last, playlist_id'
    ),
    top_artists as (
        question 'Which artists have most songs in the playlists, in any place of a song''s credits?'
        sql 'select artist_id, artist_name, song_count, primary_song_count, playlist_count, top_song_popularity
from artist_songs
order by song_count desc, playlist_count desc, artist_id
limit 20'
    ),
    artist_playlists as (
        question 'In which playlists is an artist, with what share of the songs and of the time, and on which rank?'
        sql 'select
    playlist_id, playlist_name, artist_id, artist_name,
    song_count, song_share, duration_ms, duration_share, artist_rank
from artist_playlists
order by playlist_name, playlist_id, artist_rank, artist_id'
    ),
    leading_artists as (
        question 'Who is the artist with most songs in each playlist, with what share of it?'
        sql 'select playlist_id, playlist_name, artist_id, artist_name, song_count, song_share
from artist_playlists
where artist_rank = 1
order by song_share desc, playlist_id, artist_id'
    ),
    songs_by_artist as (
        question 'Which songs of an artist are in the playlists, and in which ones?'
        sql 'select playlist_id, playlist_name, position, song_id, song_name, album_name, added_at
from playlist_songs_current
where ''Window Embers'' in (artist_id, artist_name)
order by playlist_name, playlist_id, position'
    ),
    widespread_artists as (
        question 'Which artists stand in most of the playlists, however few songs they have there?'
        sql 'select artist_id, artist_name, playlist_count, song_count
from artist_songs
order by playlist_count desc, song_count desc, artist_id
limit 20'
    ),
    new_artists as (
        question 'Which artists came into the playlists last, counted by the first song of theirs that was added?'
        sql 'select artist_id, artist_name, first_added_at, song_count, playlist_count
from artist_songs
where first_added_at is not null
order by first_added_at desc, artist_id
limit 20'
    ),
    top_albums as (
        question 'Of which albums do the playlists hold most different songs?'
        sql 'select
    album_id, album_name, album_release_date,
    count(distinct song_id) as song_count, count(distinct playlist_id) as playlist_count
from playlist_songs_current
where album_id is not null
group by album_id, album_name, album_release_date
order by song_count desc, playlist_count desc, album_id
limit 20'
    ),
    genre_coverage as (
        question 'Of how many songs of each playlist is a genre known?'
        sql 'select playlist_id, playlist_name, song_count, known_song_count, known_share
from genre_coverage
order by playlist_name, playlist_id'
    ),
    genre_mix as (
        question 'Which genres make up each playlist, among the songs whose genre is known?'
        sql 'select playlist_id, playlist_name, genre, song_count, song_share
from playlist_genres
order by playlist_name, playlist_id, song_count desc, genre'
    ),
    songs_added_weekly as (
        question 'How many different songs were added to each playlist in each week?'
        sql 'select playlist_id, playlist_name, week, added_song_count
from songs_added_weekly
order by playlist_name, playlist_id, week'
    ),
    release_years as (
        question 'In which years were the songs of each playlist released?'
        sql 'select playlist_id, playlist_name, release_year, song_count
from release_years
order by playlist_name, playlist_id, release_year nulls last'
    ),
    release_decades as (
        question 'How many different songs of all playlists together come from each decade?'
        sql 'select
    (floor(extract(year from album_release_date) / 10) * 10)::integer as decade,
    count(distinct song_id) as song_count
from playlist_songs_current
where song_id is not null
group by decade
order by decade nulls last'
    ),
    playlist_growth as (
        question 'How did each playlist grow, week by week, counted by the songs added up to each week?'
        sql 'select
    playlist_id, playlist_name, week, added_song_count,
    (sum(added_song_count) over (partition by playlist_id order by week))::bigint as songs_added_so_far
from songs_added_weekly
where week is not null
order by playlist_name, playlist_id, week'
    ),
    busiest_weeks as (
        question 'In which weeks were most songs added to all playlists together, each song counted once per playlist?'
        sql 'select week, sum(added_song_count)::bigint as added_song_count, count(distinct playlist_id) as playlist_count
from songs_added_weekly
where week is not null
group by week
order by added_song_count desc, week desc
limit 20'
    ),
    rising_songs as (
        question 'Which songs gained most, in popularity or in playlists, between the first and the last day they were read?'
        sql 'with ends as (
    select song_id, min(observed_on) as first_observed_on, max(observed_on) as last_observed_on
    from song_popularity_over_time
    group by song_id
),

gains as (
    select
        later.song_id, later.song_name, later.artist_name, ends.first_observed_on, ends.last_observed_on,
        later.popularity - earlier.popularity as popularity_gain,
        later.playlist_count - earlier.playlist_count as playlist_gain
    from ends
    inner join song_popularity_over_time as earlier
        on earlier.song_id = ends.song_id and earlier.observed_on = ends.first_observed_on
    inner join song_popularity_over_time as later
        on later.song_id = ends.song_id and later.observed_on = ends.last_observed_on
)

select song_id, song_name, artist_name, first_observed_on, last_observed_on, popularity_gain, playlist_gain
from gains
where popularity_gain > 0 or playlist_gain > 0
order by popularity_gain desc nulls last, playlist_gain desc nulls last, song_id
limit 20'
    ),
    song_history as (
        question 'How popular was a song on each day it was read, and in how many playlists did it stand?'
        sql 'select song_id, song_name, artist_name, observed_on, popularity, popularity_change, playlist_count
from song_popularity_over_time
where ''Kaunas, My Love'' in (song_id, song_name)
order by song_name, song_id, observed_on'
    ),
    newest_songs as (
        question 'Which songs were added last, to which playlist?'
        sql 'select added_at, playlist_id, playlist_name, song_id, song_name, artist_name
from playlist_songs_current
where song_id is not null and added_at is not null
order by added_at desc, playlist_id, position
limit 20'
    ),
    oldest_releases as (
        question 'Which songs in the playlists were released longest ago?'
        sql 'select
    song_id, song_name, artist_name, album_name, album_release_date,
    count(distinct playlist_id) as playlist_count
from playlist_songs_current
where song_id is not null and album_release_date is not null
group by song_id, song_name, artist_name, album_name, album_release_date
order by album_release_date, song_id
limit 20'
    ),
    newest_releases as (
        question 'Which songs in the playlists were released most recently?'
        sql 'select
    song_id, song_name, artist_name, album_name, album_release_date,
    count(distinct playlist_id) as playlist_count
from playlist_songs_current
where song_id is not null and album_release_date is not null
group by song_id, song_name, artist_name, album_name, album_release_date
order by album_release_date desc, song_id
limit 20'
    ),
    top_songs as (
        question 'Which songs stand in most playlists, and are most popular among those?'
        sql 'select song_id, song_name, artist_name, count(distinct playlist_id) as playlist_count, popularity
from playlist_songs_current
where song_id is not null
group by song_id, song_name, artist_name, popularity
order by playlist_count desc, popularity desc nulls last, song_id
limit 20'
    ),
    most_popular_songs as (
        question 'Which songs of a playlist, or of all, are the most popular on Spotify where it says so?'
        sql 'select distinct song_id, song_name, artist_name, popularity
from playlist_songs_current
where popularity is not null
order by popularity desc, song_id
limit 20'
    ),
    popularity_by_playlist as (
        question 'How popular are the songs of each playlist on average, and of how many is it known?'
        sql 'with songs as (
    select distinct playlist_id, playlist_name, song_id, popularity
    from playlist_songs_current
    where true
        and song_id is not null
)

select
    playlist_id, playlist_name, count(*) as song_count, count(popularity) as known_song_count,
    avg(popularity) as average_popularity, max(popularity) as highest_popularity
from songs
group by playlist_id, playlist_name
order by average_popularity desc nulls last, playlist_id'
    ),
    playlist_overlap as (
        question 'How many songs does each playlist share with each other one?'
        sql 'select playlist_id, playlist_name, other_playlist_id, other_playlist_name, shared_song_count, jaccard
from playlist_overlap
order by jaccard desc, playlist_id, other_playlist_id'
    ),
    unavailable_songs as (
        question 'Which rows of the playlists can no longer be played, and why?'
        sql 'select playlist_id, playlist_name, position, song_id, added_at, added_by, reason
from unavailable_songs
order by playlist_name, playlist_id, position'
    ),
    playlist_adders as (
        question 'Who added how many songs to each playlist, from when to when?'
        sql 'select playlist_id, playlist_name, added_by, song_count, first_added_at, last_added_at
from playlist_adders
order by playlist_name, playlist_id, song_count desc, added_by nulls last'
    ),
    added_at_heatmap as (
        question 'On which weekday and at which hour (UTC) are songs added to each playlist?'
        sql 'select playlist_id, playlist_name, iso_weekday, hour, song_count
from added_at_heatmap
order by playlist_name, playlist_id, iso_weekday, hour'
    ),
    playlist_churn as (
        question 'How many songs came and went in each playlist since it was first read, and what is its half-life?'
        sql 'select
    playlist_id, playlist_name, added_song_count, removed_song_count, retained_share, half_life_days
from playlist_churn
order by playlist_name, playlist_id'
    ),
    playlist_changes as (
        question 'Which songs came and went, in which playlist, the latest first?'
        sql 'select changed_at, change, playlist_id, playlist_name, song_id, song_name
from playlist_changes
order by changed_at desc, playlist_id, change, song_id
limit 100'
    ),
    gone_songs as (
        question 'Which songs were once in a playlist and are not in it now?'
        sql 'select
    playlist_id, playlist_name, song_id, song_name,
    min(valid_from) as first_seen_at, max(valid_to) as gone_since
from playlist_memberships
group by playlist_id, playlist_name, song_id, song_name
having count(*) = count(valid_to)
order by gone_since desc, playlist_id, song_id'
    ),
    playlist_on_day as (
        question 'Which songs did a playlist hold at the end of a day (UTC), as far as it was read by then?'
        sql 'select playlist_id, playlist_name, song_id, song_name, valid_from, valid_to
from playlist_memberships
where ''Long Way Home'' in (playlist_id, playlist_name)
    and (valid_to is null or valid_to >= coalesce(null::date, ''9999-12-30''::date) + 1)
order by playlist_id, valid_from, song_id'
    ),
    returned_songs as (
        question 'Which songs left a playlist and came back, and how often were they in it?'
        sql 'select playlist_id, playlist_name, song_id, song_name, count(*) as stay_count
from playlist_memberships
group by playlist_id, playlist_name, song_id, song_name
having count(*) > 1
order by stay_count desc, playlist_id, song_id'
    ),
    longest_songs as (
        question 'Which songs in the playlists are the longest?'
        sql 'select distinct song_id, song_name, artist_name, duration_ms
from playlist_songs_current
where duration_ms is not null
order by duration_ms desc, song_id
limit 20'
    ),
    shared_songs as (
        question 'Which songs do two playlists have in common?'
        sql 'select distinct ours.song_id, ours.song_name, ours.artist_name
from playlist_songs_current as ours
inner join playlist_songs_current as theirs
    on theirs.song_id = ours.song_id and theirs.playlist_id <> ours.playlist_id
where ''Long Way Home'' in (ours.playlist_id, ours.playlist_name)
    and ''Liked Songs'' in (theirs.playlist_id, theirs.playlist_name)
order by ours.artist_name, ours.song_name, ours.song_id'
    ),
    only_here as (
        question 'Which songs of a playlist stand in no other one?'
        sql 'with spread as (
    select song_id, count(distinct playlist_id) as playlist_count
    from playlist_songs_current
    where song_id is not null
    group by song_id
)

select distinct songs.song_id, songs.song_name, songs.artist_name
from playlist_songs_current as songs
inner join spread on spread.song_id = songs.song_id
where ''Long Way Home'' in (songs.playlist_id, songs.playlist_name)
    and spread.playlist_count = 1
order by songs.artist_name, songs.song_name, songs.song_id'
    )
);
