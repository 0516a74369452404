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
    description: "references playlists.id"
    type: string
    sql: ${TABLE}.playlist_id ;;
  }

  dimension: song_id {
    label: "Song id"
    description: "references songs.id"
    type: string
    sql: ${TABLE}.song_id ;;
  }

  dimension: playlist_name {
    label: "Playlist"
    description: "`playlist_changes.playlist_name` has no description"
    type: string
    sql: ${TABLE}.playlist_name ;;
  }

  dimension: change {
    label: "Change"
    description: "added or removed"
    type: string
    sql: ${TABLE}.change ;;
  }

  dimension: song_name {
    label: "Song"
    description: "`playlist_changes.song_name` has no description"
    type: string
    sql: ${TABLE}.song_name ;;
  }

  dimension_group: changed {
    label: "Changed"
    description: "start of the run that saw the change, UTC"
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
