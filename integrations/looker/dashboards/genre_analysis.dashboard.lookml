# Made by `make generate` from dbt/models/semantic: change it there.
---
- dashboard: genre_analysis
  title: Genre Analysis
  description: 'Which genres make up the playlists, and of how much of them a genre is known.'
  layout: newspaper
  preferred_viewer: dashboards-next
  elements:
  - name: about
    type: text
    title_text: ''
    body_text: 'Where the tiles are empty, Spotify gave none. New apps get no genres; `snowtrack run --genres FILE.csv` takes them from elsewhere.'
    row: 0
    col: 0
    width: 24
    height: 2
  - title: 'Known genres'
    name: 'Known genres'
    model: snowtrack
    explore: playlist_overview
    type: table
    fields: [playlist_overview.playlist_name, genre_coverage.songs_in_coverage, genre_coverage.songs_with_genre, genre_coverage.average_known_share]
    sorts: [genre_coverage.average_known_share]
    limit: 500
    note_state: expanded
    note_display: above
    note_text: 'To be read beside every share of a genre.'
    row: 2
    col: 0
    width: 12
    height: 8
  - title: 'Genres with most songs'
    name: 'Genres with most songs'
    model: snowtrack
    explore: playlist_genres
    type: looker_bar
    fields: [playlist_genres.genre, playlist_genres.songs_of_genre]
    sorts: [playlist_genres.songs_of_genre desc]
    limit: 20
    row: 2
    col: 12
    width: 12
    height: 8
  - title: 'Genres by playlist'
    name: 'Genres by playlist'
    model: snowtrack
    explore: playlist_genres
    type: looker_grid
    fields: [playlist_genres.playlist_name, playlist_genres.genre, playlist_genres.largest_genre_share]
    sorts: [playlist_genres.playlist_name, playlist_genres.largest_genre_share desc]
    limit: 500
    row: 10
    col: 0
    width: 12
    height: 8
