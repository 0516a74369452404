# Made by `make generate` from dbt/models/semantic: change it there.
---
- dashboard: music_trends
  title: Music Trends
  description: 'What moves over time - songs added by week, popularity by day, and the years that the songs come from.'
  layout: newspaper
  preferred_viewer: dashboards-next
  elements:
  - title: 'Songs added by week'
    name: 'Songs added by week'
    model: snowtrack
    explore: songs_added_weekly
    type: looker_column
    fields: [songs_added_weekly.added_week_week, songs_added_weekly.songs_added]
    sorts: [songs_added_weekly.added_week_week]
    limit: 500
    row: 0
    col: 0
    width: 12
    height: 8
  - title: 'Popularity by day'
    name: 'Popularity by day'
    model: snowtrack
    explore: song_popularity_over_time
    type: looker_line
    fields: [song_popularity_over_time.observed_date, song_popularity_over_time.average_popularity, song_popularity_over_time.average_list_count]
    sorts: [song_popularity_over_time.observed_date]
    limit: 500
    note_state: expanded
    note_display: above
    note_text: 'Where Spotify gave none, popularity is empty; the number of playlists and the songs added show the trend.'
    row: 0
    col: 12
    width: 12
    height: 8
  - title: 'Songs by release year'
    name: 'Songs by release year'
    model: snowtrack
    explore: release_years
    type: looker_column
    fields: [release_years.release_year, release_years.songs_by_release_year]
    sorts: [release_years.release_year]
    limit: 500
    row: 8
    col: 0
    width: 12
    height: 8
  - title: 'Songs that rose'
    name: 'Songs that rose'
    model: snowtrack
    explore: song_popularity_over_time
    type: table
    fields: [song_popularity_over_time.song_name, song_popularity_over_time.artist_name, song_popularity_over_time.average_popularity_change]
    sorts: [song_popularity_over_time.average_popularity_change desc]
    limit: 500
    row: 8
    col: 12
    width: 12
    height: 8
