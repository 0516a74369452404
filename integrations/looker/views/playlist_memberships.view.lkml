# Made by `make generate` from dbt/models/semantic: change it there.
view: playlist_memberships {
  label: "Memberships"
  sql_table_name: @{marts}.playlist_memberships ;;

  dimension: pk3_playlist_memberships {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.song_id as varchar), '') || '|' || coalesce(cast(${TABLE}.valid_from as varchar), '') ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "`playlist_memberships.playlist_id` has no description"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: song_id {
    label: "Song id"
    description: "`playlist_memberships.song_id` has no description"
    type: string
    sql: ${TABLE}.song_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "`playlist_memberships.playlist_name` has no description"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: song_name {
    label: "Song"
    description: "`playlist_memberships.song_name` has no description"
    type: string
    sql: ${TABLE}.song_name ;;
  }

  dimension_group: valid_from {
    label: "In since"
    description: "`playlist_memberships.valid_from` has no description"
    type: time
    timeframes: [raw, time, date, week, month, quarter, year]
    convert_tz: no
    datatype: timestamp
    sql: ${TABLE}.valid_from ;;
  }

  dimension_group: valid_to {
    label: "Gone since"
    description: "`playlist_memberships.valid_to` has no description"
    type: time
    timeframes: [raw, time, date, week, month, quarter, year]
    convert_tz: no
    datatype: timestamp
    sql: ${TABLE}.valid_to ;;
  }

  measure: member_songs {
    label: "Songs ever seen"
    description: "Different songs that are or were in a playlist."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${TABLE}.song_id ;;
  }
}
