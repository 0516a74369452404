# Made by `make generate` from dbt/models/semantic: change it there.
view: playlist_memberships {
  label: "Memberships"
  sql_table_name: @{marts}.playlist_memberships ;;

  dimension: pk3_playlist_memberships {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.song_id as varchar), '') || '|' || coalesce(cast(${TABLE}.valid_from as varchar), '') ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "the playlist; references playlists.id"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: song_id {
    label: "Song id"
    description: "Spotify's id of the song; references songs.id"
    type: string
    sql: ${TABLE}.song_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "name of the playlist as last read; NULL where Spotify did not tell"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: song_name {
    label: "Song"
    description: "title of the song as last read; empty where it was taken down"
    type: string
    sql: ${TABLE}.song_name ;;
  }

  dimension_group: valid_from {
    label: "In since"
    description: "start (UTC) of the run that first read the song in an unbroken row of snapshots"
    type: time
    timeframes: [raw, time, date, week, month, quarter, year]
    convert_tz: no
    datatype: timestamp
    sql: ${TABLE}.valid_from ;;
  }

  dimension_group: valid_to {
    label: "Gone since"
    description: "start (UTC) of the run that first read a snapshot without it; NULL = still in"
    type: time
    timeframes: [raw, time, date, week, month, quarter, year]
    convert_tz: no
    datatype: timestamp
    sql: ${TABLE}.valid_to ;;
  }

  measure: member_songs {
    label: "Songs ever seen"
    description: "Different songs that are or were in a playlist."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${TABLE}.song_id ;;
  }
}
