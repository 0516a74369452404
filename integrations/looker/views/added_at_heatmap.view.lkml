# Made by `make generate` from dbt/models/semantic: change it there.
view: added_at_heatmap {
  label: "When songs are added"
  sql_table_name: @{marts}.added_at_heatmap ;;

  dimension: pk3_added_at_heatmap {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.iso_weekday as varchar), '') || '|' || coalesce(cast(${TABLE}.hour as varchar), '') ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "the playlist that holds the songs now; references playlists.id"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "name of the playlist as last read; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: iso_weekday {
    label: "Weekday (1 = Monday)"
    description: "day of the week (UTC) of added_at, 1 = Monday to 7 = Sunday"
    type: number
    sql: ${TABLE}.iso_weekday ;;
  }

  dimension: hour_of_day {
    label: "Hour (UTC)"
    description: "hour of the day (UTC) of added_at, 0 to 23; songs added at an unknown time are left out"
    type: number
    sql: ${TABLE}.hour ;;
  }

  measure: songs_added_in_hour {
    label: "Songs added in the hour"
    description: "Songs added in the weekday's hour, once per playlist."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.song_count ;;
  }
}
