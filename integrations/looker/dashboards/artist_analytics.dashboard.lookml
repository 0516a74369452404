# Made by `make generate` from dbt/models/semantic: change it there.
---
- dashboard: artist_analytics
  title: Artist Analytics
  description: 'Who is in the playlists, with what share of them, and how evenly the songs are spread.'
  layout: newspaper
  preferred_viewer: dashboards-next
  elements:
  - title: 'Artists'
    name: 'Artists'
    model: snowtrack
    explore: artist_songs
    type: single_value
    fields: [artist_songs.artists]
    limit: 500
    row: 0
    col: 0
    width: 12
    height: 8
  - title: 'Artists with most songs'
    name: 'Artists with most songs'
    model: snowtrack
    explore: artist_songs
    type: looker_bar
    fields: [artist_songs.artist_name, artist_songs.credited_songs]
    sorts: [artist_songs.credited_songs desc]
    limit: 15
    row: 0
    col: 12
    width: 12
    height: 8
  - title: 'Largest shares of a playlist'
    name: 'Largest shares of a playlist'
    model: snowtrack
    explore: artist_playlists
    type: table
    fields: [artist_playlists.playlist_name, artist_playlists.artist_name, artist_playlists.largest_song_share, artist_playlists.songs_of_artist]
    sorts: [artist_playlists.largest_song_share desc]
    limit: 25
    row: 8
    col: 0
    width: 12
    height: 8
  - title: 'How evenly songs are spread'
    name: 'How evenly songs are spread'
    model: snowtrack
    explore: playlist_overview
    type: looker_bar
    fields: [playlist_overview.playlist_name, playlist_concentration.average_gini, playlist_concentration.average_top_10_share]
    sorts: [playlist_concentration.average_gini desc]
    limit: 500
    row: 8
    col: 12
    width: 12
    height: 8
