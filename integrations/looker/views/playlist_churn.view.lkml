# Made by `make generate` from dbt/models/semantic: change it there.
view: playlist_churn {
  label: "Churn"
  sql_table_name: @{marts}.playlist_churn ;;

  dimension: pk1_playlist_id {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "the playlist; references playlists.id"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "name of the playlist as last read; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  measure: churn_added_songs {
    label: "Songs that came"
    description: "Songs that came since the first reading, each time they came."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.added_song_count ;;
  }

  measure: churn_removed_songs {
    label: "Songs that went"
    description: "Songs that went since the first reading, each time they went."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.removed_song_count ;;
  }

  measure: average_retained_share {
    label: "Retained share"
    description: "Mean share of the first snapshot's songs that are still in their playlist."
    type: average
    value_format_name: percent_1
    sql: ${TABLE}.retained_share ;;
  }

  measure: shortest_half_life_days {
    label: "Half-life (days)"
    description: "Days after which half of the songs are gone, at the pace of the playlist that turns over fastest."
    type: min
    value_format_name: decimal_2
    sql: ${TABLE}.half_life_days ;;
  }
}
