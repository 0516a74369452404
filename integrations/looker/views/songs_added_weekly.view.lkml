# Made by `make generate` from dbt/models/semantic: change it there.
view: songs_added_weekly {
  label: "Songs added by week"
  sql_table_name: @{marts}.songs_added_weekly ;;

  dimension: pk2_songs_added_weekly {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.week as varchar), '') ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "`songs_added_weekly.playlist_id` has no description"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "`songs_added_weekly.playlist_name` has no description"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension_group: added_week {
    label: "Added"
    description: "`songs_added_weekly.week` has no description"
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.week ;;
  }

  measure: songs_added {
    label: "Songs added"
    description: "Different songs added, counted once per playlist and week."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.added_song_count ;;
  }
}
