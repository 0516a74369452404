# Made by `make generate` from dbt/models/semantic: change it there.
view: unavailable_songs {
  label: "Unavailable songs"
  sql_table_name: @{marts}.unavailable_songs ;;

  dimension: pk2_unavailable_songs {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.position as varchar), '') ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "`unavailable_songs.playlist_id` has no description"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: song_id {
    label: "Song id"
    description: "`unavailable_songs.song_id` has no description"
    type: string
    sql: ${TABLE}.song_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "`unavailable_songs.playlist_name` has no description"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: position {
    label: "Position"
    description: "`unavailable_songs.position` has no description"
    type: number
    sql: ${TABLE}.position ;;
  }

  dimension: reason {
    label: "Reason"
    description: "`unavailable_songs.reason` has no description"
    type: string
    sql: ${TABLE}.reason ;;
  }

  dimension: added_by {
    label: "Added by"
    description: "`unavailable_songs.added_by` has no description"
    type: string
    sql: ${TABLE}.added_by ;;
  }

  dimension_group: added {
    label: "Added"
    description: "`unavailable_songs.added_at` has no description"
    type: time
    timeframes: [raw, time, date, week, month, quarter, year]
    convert_tz: no
    datatype: timestamp
    sql: ${TABLE}.added_at ;;
  }

  measure: unavailable_rows {
    label: "Unavailable rows"
    description: "Rows that can no longer be played."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${pk2_unavailable_songs} ;;
  }
}
