# Made by `make generate` from dbt/models/semantic: change it there.
view: artist_playlists {
  label: "Artists by playlist"
  sql_table_name: @{marts}.artist_playlists ;;

  dimension: pk2_artist_playlists {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.artist_id as varchar), '') ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "the playlist that holds the songs now; references playlists.id"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: artist_id {
    label: "Artist id"
    description: "the songs' primary artist; references artists.id"
    type: string
    sql: ${TABLE}.artist_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "name of the playlist as last read; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: artist_name {
    label: "Artist"
    description: "name of that artist as last read"
    type: string
    sql: ${TABLE}.artist_name ;;
  }

  dimension: artist_rank {
    label: "Rank in the playlist"
    description: "1 for the artist with most songs in the playlist; ties share a rank and leave the next ones out (1, 2, 2, 4)"
    type: number
    sql: ${TABLE}.artist_rank ;;
  }

  measure: songs_of_artist {
    label: "Songs of the artist"
    description: "Songs whose primary artist it is, once per playlist."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.song_count ;;
  }

  measure: duration_of_artist_ms {
    label: "Duration (ms)"
    description: "Length of those songs in milliseconds."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.duration_ms ;;
  }

  measure: largest_song_share {
    label: "Largest share of songs"
    description: "Largest share of a playlist's songs that one artist has."
    type: max
    value_format_name: percent_1
    sql: ${TABLE}.song_share ;;
  }

  measure: largest_duration_share {
    label: "Largest share of time"
    description: "Largest share of a playlist's length that one artist has."
    type: max
    value_format_name: percent_1
    sql: ${TABLE}.duration_share ;;
  }
}
