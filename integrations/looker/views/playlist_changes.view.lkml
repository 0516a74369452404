# Made by `make generate` from dbt/models/semantic: change it there.
view: playlist_changes {
  label: "Changes"
  sql_table_name: @{marts}.playlist_changes ;;

  dimension: pk3_playlist_changes {
    primary_key: yes
    hidden: yes
    type: string
    sql: coalesce(cast(${TABLE}.playlist_id as varchar), '') || '|' || coalesce(cast(${TABLE}.snapshot_id as varchar), '') || '|' || coalesce(cast(${TABLE}.song_id as varchar), '') ;;
  }

  dimension: playlist_id {
    label: "Playlist id"
    description: "the playlist that changed; references playlists.id"
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

  dimension: change {
    label: "Change"
    description: "added: the song is there and was not before; removed: the other way round. A move within the list is none"
    type: string
    sql: ${TABLE}.change ;;
  }

  dimension: song_name {
    label: "Song"
    description: "title of the song as last read; empty where it was taken down"
    type: string
    sql: ${TABLE}.song_name ;;
  }

  dimension_group: changed {
    label: "Changed"
    description: "start (UTC) of the run that first read the version with the change; the change itself lies between that and the reading before"
    type: time
    timeframes: [raw, time, date, week, month, quarter, year]
    convert_tz: no
    datatype: timestamp
    sql: ${TABLE}.changed_at ;;
  }

  measure: changed_songs {
    label: "Changed songs"
    description: "Different songs that came or went."
    type: count_distinct
    value_format_name: decimal_0
    sql: ${TABLE}.song_id ;;
  }
}
