# Made by `make generate` from dbt/models/semantic: change it there.
view: playlist_concentration {
  label: "Concentration"
  sql_table_name: @{marts}.playlist_concentration ;;

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

  measure: artists_per_playlist {
    label: "Artists per playlist"
    description: "Mean number of different artists in a playlist."
    type: average
    value_format_name: decimal_1
    sql: ${TABLE}.artist_count ;;
  }

  measure: average_top_10_share {
    label: "Share of top 10 artists"
    description: "Mean share of a playlist's songs that its ten largest artists have; NULL where no artist is known."
    type: average
    value_format_name: percent_1
    sql: ${TABLE}.top_10_share ;;
  }

  measure: average_gini {
    label: "Gini of artists"
    description: "Mean Gini coefficient of songs per artist, 0 where all have the same number; NULL where no artist is known."
    type: average
    value_format_name: decimal_2
    sql: ${TABLE}.gini ;;
  }
}
