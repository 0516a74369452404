# Made by `make generate` from dbt/models/semantic: change it there.
view: release_years {
  label: "Songs by release year"
  sql_table_name: @{marts}.release_years ;;

  dimension: pk2_release_years {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.release_year as varchar), '') ;;
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

  dimension: release_year {
    label: "Release year"
    description: "year in which the song's album was released; NULL where Spotify gives no date"
    type: number
    value_format_name: id
    sql: ${TABLE}.release_year ;;
  }

  measure: songs_by_release_year {
    label: "Songs by release year"
    description: "Songs of the release years, counted once in each playlist."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.song_count ;;
  }
}
