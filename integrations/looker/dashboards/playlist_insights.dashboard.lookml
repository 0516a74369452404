# Made by `make generate` from dbt/models/semantic: change it there.
---
- dashboard: playlist_insights
  title: Playlist Insights
  description: 'What is in the playlists, what came and went, who added it when, what is there twice, and what is missing.'
  layout: newspaper
  preferred_viewer: dashboards-next
  elements:
  - title: 'Songs by playlist'
    name: 'Songs by playlist'
    model: snowtrack
    explore: playlist_overview
    type: looker_bar
    fields: [playlist_overview.playlist_name, playlist_overview.playlist_songs]
    sorts: [playlist_overview.playlist_songs desc]
    limit: 500
    row: 0
    col: 0
    width: 12
    height: 8
  - title: 'What came and went'
    name: 'What came and went'
    model: snowtrack
    explore: playlist_changes
    type: looker_column
    fields: [playlist_changes.changed_date, playlist_changes.change, playlist_changes.changed_songs]
    pivots: [playlist_changes.change]
    sorts: [playlist_changes.changed_date]
    limit: 500
    row: 0
    col: 12
    width: 12
    height: 8
  - title: 'Turnover'
    name: 'Turnover'
    model: snowtrack
    explore: playlist_overview
    type: table
    fields: [playlist_overview.playlist_name, playlist_churn.churn_added_songs, playlist_churn.churn_removed_songs, playlist_churn.average_retained_share, playlist_churn.shortest_half_life_days]
    sorts: [playlist_churn.average_retained_share]
    limit: 500
    row: 8
    col: 0
    width: 12
    height: 8
  - title: 'Playlists that share songs'
    name: 'Playlists that share songs'
    model: snowtrack
    explore: playlist_overlap
    type: table
    fields: [playlist_overlap.playlist_name, playlist_overlap.other_playlist_name, playlist_overlap.largest_shared_songs, playlist_overlap.largest_jaccard]
    sorts: [playlist_overlap.largest_jaccard desc]
    limit: 500
    row: 8
    col: 12
    width: 12
    height: 8
  - title: 'When songs are added (UTC)'
    name: 'When songs are added (UTC)'
    model: snowtrack
    explore: added_at_heatmap
    type: looker_grid
    fields: [added_at_heatmap.iso_weekday, added_at_heatmap.hour_of_day, added_at_heatmap.songs_added_in_hour]
    pivots: [added_at_heatmap.iso_weekday]
    sorts: [added_at_heatmap.hour_of_day]
    limit: 500
    row: 16
    col: 0
    width: 12
    height: 8
  - title: 'Who adds songs'
    name: 'Who adds songs'
    model: snowtrack
    explore: playlist_adders
    type: looker_bar
    fields: [playlist_adders.added_by, playlist_adders.songs_of_adder]
    sorts: [playlist_adders.songs_of_adder desc]
    limit: 500
    row: 16
    col: 12
    width: 12
    height: 8
  - title: 'Songs that are there twice'
    name: 'Songs that are there twice'
    model: snowtrack
    explore: playlist_duplicates
    type: table
    fields: [playlist_duplicates.playlist_name, playlist_duplicates.artist_name, playlist_duplicates.song_name, playlist_duplicates.duplicate_rows]
    sorts: [playlist_duplicates.playlist_name]
    limit: 500
    row: 24
    col: 0
    width: 12
    height: 8
  - title: 'Rows that cannot be played'
    name: 'Rows that cannot be played'
    model: snowtrack
    explore: unavailable_songs
    type: table
    fields: [unavailable_songs.playlist_name, unavailable_songs.reason, unavailable_songs.unavailable_rows]
    sorts: [unavailable_songs.unavailable_rows desc]
    limit: 500
    row: 24
    col: 12
    width: 12
    height: 8
