# Made by `make generate` from dbt/models/semantic: change it there.
view: playlist_overlap {
  label: "Overlap"
  sql_table_name: @{marts}.playlist_overlap ;;

  dimension: pk2_playlist_overlap {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.other_playlist_id as varchar), '') ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "one playlist of the pair; references playlists.id"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: other_playlist_id {
    label: "Other playlist id"
    description: "the other one; references playlists.id"
    type: string
    sql: ${TABLE}.other_playlist_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "name of the playlist as last read; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: other_playlist_name {
    label: "Other playlist"
    description: "name of the other one as last read; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.other_playlist_name ;;
  }

  measure: largest_shared_songs {
    label: "Shared songs"
    description: "Songs that the two playlists share; of several pairs, the largest number."
    type: max
    value_format_name: decimal_0
    sql: ${TABLE}.shared_song_count ;;
  }

  measure: largest_jaccard {
    label: "Jaccard"
    description: "Shared songs among those of either playlist; of several pairs, the largest share."
    type: max
    value_format_name: percent_1
    sql: ${TABLE}.jaccard ;;
  }
}
