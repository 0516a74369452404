# Made by `make generate` from dbt/models/semantic: change it there.
view: playlist_duplicates {
  label: "Duplicates"
  sql_table_name: @{marts}.playlist_duplicates ;;

  dimension: pk2_playlist_duplicates {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.song_id as varchar), '') ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "the playlist; references playlists.id"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: song_id {
    label: "Song id"
    description: "Spotify's id of the song; references songs.id"
    type: string
    sql: ${TABLE}.song_id ;;
  }

  dimension: artist_id {
    label: "Artist id"
    description: "the song's primary artist; references artists.id; NULL where unknown"
    type: string
    sql: ${TABLE}.artist_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "name of the playlist as last read; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: song_name {
    label: "Song"
    description: "title of the song as last read; empty where it was taken down"
    type: string
    sql: ${TABLE}.song_name ;;
  }

  dimension: artist_name {
    label: "Artist"
    description: "name of that artist as last read; NULL where unknown"
    type: string
    sql: ${TABLE}.artist_name ;;
  }

  measure: duplicate_songs {
    label: "Duplicate songs"
    description: "Different songs that stand twice, under one id or several."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${TABLE}.song_id ;;
  }

  measure: duplicate_rows {
    label: "Rows of duplicates"
    description: "Rows of those songs, the first included."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.row_count ;;
  }
}
