# Made by `make generate` from dbt/models/semantic: change it there.
view: playlist_overview {
  label: "Playlists"
  sql_table_name: @{marts}.playlist_overview ;;

  dimension: pk1_playlist_id {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "the playlist, Spotify's or the list of liked songs; references playlists.id"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "name of the playlist as last read; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: owner_id {
    label: "Owner"
    description: "Spotify's id of the user who owns it; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.owner_id ;;
  }

  dimension: is_public {
    label: "Public"
    description: "whether it stands on the owner's profile; NULL where Spotify did not say"
    type: yesno
    sql: ${TABLE}.is_public ;;
  }

  dimension: is_collaborative {
    label: "Collaborative"
    description: "whether others may add songs to it"
    type: yesno
    sql: ${TABLE}.is_collaborative ;;
  }

  dimension: playlist_url {
    label: "Page on Spotify"
    description: "the playlist's page on open.spotify.com"
    type: string
    link: {
      label: "Open in Spotify"
      url: "{{ value }}"
    }
    sql: ${TABLE}.playlist_url ;;
  }

  dimension_group: first_added {
    label: "First added"
    description: "earliest time (UTC) at which one of its rows was added; NULL where no time is known"
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

  measure: playlists {
    label: "Playlists"
    description: "Different playlists."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${TABLE}.playlist_id ;;
  }

  measure: playlist_rows {
    label: "Rows"
    description: "Rows of the playlists, whatever they hold."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.row_count ;;
  }

  measure: playlist_songs {
    label: "Songs"
    description: "Songs, counted once per playlist however often they stand there."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.song_count ;;
  }

  measure: songs_per_playlist {
    label: "Songs per playlist"
    description: "Mean number of different songs in a playlist."
    type: average
    value_format_name: decimal_1
    sql: ${TABLE}.song_count ;;
  }

  measure: longest_playlist_ms {
    label: "Longest playlist (ms)"
    description: "Length of the longest playlist in milliseconds."
    type: max
    value_format_name: decimal_0
    sql: ${TABLE}.song_duration_ms ;;
  }

  measure: removed_rows {
    label: "Rows without an item"
    description: "Rows without an item, which Spotify took away."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.removed_count ;;
  }
}
