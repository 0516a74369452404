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
    description: "the playlist that the songs were added to; references playlists.id"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "name of the playlist as last read; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension_group: added_week {
    label: "Added"
    description: "Monday of the ISO week (UTC) in which the songs were added; additions of unknown time are left out"
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
