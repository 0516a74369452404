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
    description: "references artists.id"
    type: string
    sql: ${TABLE}.artist_id ;;
  }

  dimension: artist_name {
    label: "Artist"
    description: "`artist_songs.artist_name` has no description"
    type: string
    sql: ${TABLE}.artist_name ;;
  }

  dimension: artist_url {
    label: "Page on Spotify"
    description: "`artist_songs.artist_url` has no description"
    type: string
    link: {
      label: "Open in Spotify"
      url: "{{ value }}"
    }
    sql: ${TABLE}.artist_url ;;
  }

  dimension_group: first_added {
    label: "First added"
    description: "`artist_songs.first_added_at` has no description"
    type: time
    timeframes: [raw, time, date, week, month, quarter, year]
    convert_tz: no
    datatype: timestamp
    sql: ${TABLE}.first_added_at ;;
  }

  dimension_group: last_added {
    label: "Last added"
    description: "`artist_songs.last_added_at` has no description"
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
