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
    description: "`playlist_duplicates.playlist_id` has no description"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: song_id {
    label: "Song id"
    description: "`playlist_duplicates.song_id` has no description"
    type: string
    sql: ${TABLE}.song_id ;;
  }

  dimension: artist_id {
    label: "Artist id"
    description: "`playlist_duplicates.artist_id` has no description"
    type: string
    sql: ${TABLE}.artist_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "`playlist_duplicates.playlist_name` has no description"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: song_name {
    label: "Song"
    description: "`playlist_duplicates.song_name` has no description"
    type: string
    sql: ${TABLE}.song_name ;;
  }

  dimension: artist_name {
    label: "Artist"
    description: "`playlist_duplicates.artist_name` has no description"
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
