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
    description: "the playlist; references playlists.id"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: song_id {
    label: "Song id"
    description: "Spotify's id of a song that was taken down; references songs.id; NULL where the item was removed"
    type: string
    sql: ${TABLE}.song_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "name of the playlist as last read; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: position {
    label: "Position"
    description: "place in the list, counted from 0"
    type: number
    sql: ${TABLE}.position ;;
  }

  dimension: reason {
    label: "Reason"
    description: "removed: Spotify gives no item at all; taken_down: a song whose name Spotify has emptied"
    type: string
    sql: ${TABLE}.reason ;;
  }

  dimension: added_by {
    label: "Added by"
    description: "Spotify's id of the user who added it; NULL where unknown"
    type: string
    sql: ${TABLE}.added_by ;;
  }

  dimension_group: added {
    label: "Added"
    description: "time (UTC) at which the row was added to the list; NULL where unknown"
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
