# Made by `make generate` from dbt/models/semantic: change it there.
view: artist_songs {
  label: "Artists"
  sql_table_name: @{marts}.artist_songs ;;

  dimension: pk1_artist_id {
    primary_key: yes
    hidden: yes
    type: string
    sql: ${TABLE}.artist_id ;;
  }

  dimension: artist_id {
    label: "Artist id"
    description: "Spotify's id of the artist; references artists.id"
    type: string
    sql: ${TABLE}.artist_id ;;
  }

  dimension: artist_name {
    label: "Artist"
    description: "name of the artist as last read"
    type: string
    sql: ${TABLE}.artist_name ;;
  }

  dimension: artist_url {
    label: "Page on Spotify"
    description: "the artist's page on open.spotify.com"
    type: string
    link: {
      label: "Open in Spotify"
      url: "{{ value }}"
    }
    sql: ${TABLE}.artist_url ;;
  }

  dimension_group: first_added {
    label: "First added"
    description: "earliest time (UTC) at which one of the songs was added to a list that holds it now; NULL where no time is known"
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

  measure: artists {
    label: "Artists"
    description: "Different artists."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${TABLE}.artist_id ;;
  }

  measure: credited_songs {
    label: "Songs with a credit"
    description: "Songs that name the artist in any place; a song of two artists counts for both."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.song_count ;;
  }

  measure: primary_songs {
    label: "Songs as primary artist"
    description: "Songs that name the artist first."
    type: sum
    value_format_name: decimal_0
    sql: ${TABLE}.primary_song_count ;;
  }

  measure: most_playlists {
    label: "Most playlists"
    description: "Playlists of the artist that is in most of them."
    type: max
    value_format_name: decimal_0
    sql: ${TABLE}.playlist_count ;;
  }

  measure: top_artist_song_popularity {
    label: "Top song popularity"
    description: "Popularity of the most popular song; NULL where Spotify gave none."
    type: max
    value_format_name: decimal_0
    sql: ${TABLE}.top_song_popularity ;;
  }
}
