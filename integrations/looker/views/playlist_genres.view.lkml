# Made by `make generate` from dbt/models/semantic: change it there.
view: playlist_genres {
  label: "Genres by playlist"
  sql_table_name: @{marts}.playlist_genres ;;

  dimension: pk2_playlist_genres {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.genre as varchar), '') ;;
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

  dimension: genre {
    label: "Genre"
    description: "a genre of the songs' artists, as Spotify or the file of genres writes it"
    type: string
    sql: ${TABLE}.genre ;;
  }

  measure: genres {
    label: "Genres"
    description: "Different genres."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${TABLE}.genre ;;
  }

  measure: songs_of_genre {
    label: "Songs of the genre"
    description: "Songs of the genre, once per playlist; a song of two genres counts for both."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.song_count ;;
  }

  measure: largest_genre_share {
    label: "Largest genre share"
    description: "Largest share that a genre has of a playlist's songs with a known genre."
    type: max
    value_format_name: percent_1
    sql: ${TABLE}.song_share ;;
  }
}
