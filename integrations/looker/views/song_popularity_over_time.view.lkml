# Made by `make generate` from dbt/models/semantic: change it there.
view: song_popularity_over_time {
  label: "Song popularity by day"
  sql_table_name: @{marts}.song_popularity_over_time ;;

  dimension: pk2_song_popularity_over_time {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.song_id as varchar), '') || '|' || coalesce(cast(${TABLE}.observed_on as varchar), '') ;;
  }

  dimension: song_id {
    label: "Song id"
    description: "Spotify's id of the song; references songs.id"
    type: string
    sql: ${TABLE}.song_id ;;
  }

  dimension: song_name {
    label: "Song"
    description: "title of the song as last read; empty where it was taken down"
    type: string
    sql: ${TABLE}.song_name ;;
  }

  dimension: artist_name {
    label: "Artist"
    description: "name of the song's primary artist; NULL where the artist is not known"
    type: string
    sql: ${TABLE}.artist_name ;;
  }

  dimension_group: observed {
    label: "Observed"
    description: "day (UTC) on which the song was read; where it was read twice, the later reading counts"
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    convert_tz: no
    datatype: date
    sql: ${TABLE}.observed_on ;;
  }

  measure: observed_songs {
    label: "Observed songs"
    description: "Different songs that were read."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${TABLE}.song_id ;;
  }

  measure: average_popularity {
    label: "Average popularity"
    description: "Mean of the popularities that are known; without one, NULL."
    type: average
    value_format_name: decimal_1
    sql: ${TABLE}.popularity ;;
  }

  measure: average_popularity_change {
    label: "Popularity change"
    description: "Mean change of popularity against the day before that was read, where both are known."
    type: average
    value_format_name: decimal_1
    sql: ${TABLE}.popularity_change ;;
  }

  measure: average_list_count {
    label: "Average playlists"
    description: "Mean number of playlists that held a song that day; the trend where Spotify gives no popularity."
    type: average
    value_format_name: decimal_1
    sql: ${TABLE}.playlist_count ;;
  }
}
