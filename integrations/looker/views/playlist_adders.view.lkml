# Made by `make generate` from dbt/models/semantic: change it there.
view: playlist_adders {
  label: "Who adds songs"
  sql_table_name: @{marts}.playlist_adders ;;

  dimension: pk2_playlist_adders {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.added_by as varchar), '') ;;
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

  dimension: added_by {
    label: "Added by"
    description: "Spotify's id of the user who added the songs; NULL where Spotify does not tell"
    type: string
    sql: ${TABLE}.added_by ;;
  }

  dimension_group: first_added {
    label: "First added"
    description: "earliest time (UTC) at which the user added one of them; NULL where no time is known"
    type: time
    timeframes: [raw, time, date, week, month, quarter, year]
    convert_tz: no
    datatype: timestamp
    sql: ${TABLE}.first_added_at ;;
  }

  dimension_group: last_added {
    label: "Last added"
    description: "latest such time (UTC); NULL where no time is known"
    type: time
    timeframes: [raw, time, date, week, month, quarter, year]
    convert_tz: no
    datatype: timestamp
    sql: ${TABLE}.last_added_at ;;
  }

  measure: adders {
    label: "People who add"
    description: "Different people that are known to have added a song."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${TABLE}.added_by ;;
  }

  measure: songs_of_adder {
    label: "Songs they added"
    description: "Songs that they added, once per playlist."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.song_count ;;
  }
}
