# Made by `make generate` from dbt/models/semantic: change it there.
view: playlist_songs_current {
  label: "Songs in playlists"
  sql_table_name: @{marts}.playlist_songs_current ;;

  dimension: pk2_playlist_songs_current {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.position as varchar), '') ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "the playlist; references playlists.id"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: song_id {
    label: "Song id"
    description: "Spotify's id of the song; references songs.id; NULL unless item_kind is track"
    type: string
    sql: ${TABLE}.song_id ;;
  }

  dimension: artist_id {
    label: "Artist id"
    description: "the song's primary artist; references artists.id; NULL where unknown"
    type: string
    sql: ${TABLE}.artist_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "name of the playlist as last read; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: position {
    label: "Position"
    description: "place in the list, counted from 0; rows without an item count too"
    type: number
    sql: ${TABLE}.position ;;
  }

  dimension: item_kind {
    label: "Kind of item"
    description: "track, episode, local or removed; only a track is a song"
    type: string
    sql: ${TABLE}.item_kind ;;
  }

  dimension: song_name {
    label: "Song"
    description: "title of the song; empty where it was taken down, NULL unless item_kind is track"
    type: string
    sql: ${TABLE}.song_name ;;
  }

  dimension: artist_name {
    label: "Artist"
    description: "name of that artist as last read; NULL where unknown"
    type: string
    sql: ${TABLE}.artist_name ;;
  }

  dimension: album_name {
    label: "Album"
    description: "name of that album as last read; NULL where unknown"
    type: string
    sql: ${TABLE}.album_name ;;
  }

  dimension: song_url {
    label: "Page on Spotify"
    description: "the song's page on open.spotify.com; NULL unless item_kind is track"
    type: string
    link: {
      label: "Open in Spotify"
      url: "{{ value }}"
    }
    sql: ${TABLE}.song_url ;;
  }

  dimension_group: album_release {
    label: "Album released"
    description: "day on which the album came out; the first day of the year or month where Spotify gives no day, NULL where unknown"
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.album_release_date ;;
  }

  dimension_group: added {
    label: "Added"
    description: "time (UTC) at which the row was added to the list; NULL where unknown"
    type: time
    timeframes: [raw, time, date, week, month, quarter, year]
    convert_tz: no
    datatype: timestamp
    sql: ${TABLE}.added_at ;;
  }

  measure: current_songs {
    label: "Different songs"
    description: "Different songs that stand in a playlist now."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${TABLE}.song_id ;;
  }

  measure: current_albums {
    label: "Different albums"
    description: "Different albums of those songs."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${TABLE}.album_id ;;
  }

  measure: average_song_popularity {
    label: "Song popularity"
    description: "Mean popularity of the rows' songs where it is known; NULL where Spotify gave none."
    type: average
    value_format_name: decimal_1
    sql: ${TABLE}.popularity ;;
  }

  measure: average_song_duration_ms {
    label: "Song length (ms)"
    description: "Mean length of the rows' songs in milliseconds."
    type: average
    value_format_name: decimal_1
    sql: ${TABLE}.duration_ms ;;
  }
}
