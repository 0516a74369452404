# Made by `make generate` from dbt/models/semantic: change it there.
view: genre_coverage {
  label: "Genre coverage"
  sql_table_name: @{marts}.genre_coverage ;;

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

  measure: songs_in_coverage {
    label: "Songs asked about"
    description: "Songs, once per playlist, of which a genre is known or not."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.song_count ;;
  }

  measure: songs_with_genre {
    label: "Songs with a genre"
    description: "Songs whose artist has a genre; 0 where Spotify gave none."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.known_song_count ;;
  }

  measure: average_known_share {
    label: "Known share"
    description: "Mean share of a playlist's songs whose artist has a genre."
    type: average
    value_format_name: percent_1
    sql: ${TABLE}.known_share ;;
  }
}
