# Made by `make generate` from dbt/models/semantic: change it there.
connection: "@{connection}"
label: "Spotify playlists"

include: "/views/*.view.lkml"
include: "/dashboards/*.dashboard.lookml"

# What Looker remembers holds until a snapshot is read that was not there before, and a day at most.
datagroup: marts_renewed {
  label: "Marts renewed"
  description: "A run read something new"
  sql_trigger: select max(first_read_at) from @{marts}.playlist_snapshots ;;
  max_cache_age: "24 hours"
}

persist_with: marts_renewed

explore: artist_songs {
  label: "Artists"
  group_label: "Artist Analytics"
  description: "How many songs and playlists each artist is in now, in any place of a song's credits."
  persist_with: marts_renewed
}

explore: artist_playlists {
  label: "Artists by playlist"
  group_label: "Artist Analytics"
  description: "What share of each playlist each artist has, by songs and by time; a song's artist is its primary artist."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${artist_playlists.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }

  join: artist_songs {
    type: left_outer
    relationship: many_to_one
    sql_on: ${artist_playlists.artist_id} = ${artist_songs.pk1_artist_id} ;;
  }
}

explore: playlist_genres {
  label: "Genres by playlist"
  group_label: "Genre Analysis"
  description: "How many songs of each playlist have each genre; a song has its artist's genres. Empty where Spotify gave none."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${playlist_genres.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }
}

explore: song_popularity_over_time {
  label: "Song popularity by day"
  group_label: "Music Trends"
  description: "Popularity of each song per day it was read, and in how many playlists it stood. One row per song and day."
  persist_with: marts_renewed
}

explore: songs_added_weekly {
  label: "Songs added by week"
  group_label: "Music Trends"
  description: "How many different songs were added to each playlist in each week, those that left since included."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${songs_added_weekly.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }
}

explore: release_years {
  label: "Songs by release year"
  group_label: "Music Trends"
  description: "How many songs of each playlist were released in each year; the year is NULL where it is unknown."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${release_years.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }
}

explore: playlist_overview {
  label: "Playlists"
  group_label: "Playlist Insights"
  description: "Size, length and age of each playlist now."
  persist_with: marts_renewed

  join: playlist_concentration {
    type: left_outer
    relationship: one_to_one
    sql_on: ${playlist_overview.pk1_playlist_id} = ${playlist_concentration.pk1_playlist_id} ;;
  }

  join: genre_coverage {
    type: left_outer
    relationship: one_to_one
    sql_on: ${playlist_overview.pk1_playlist_id} = ${genre_coverage.pk1_playlist_id} ;;
  }

  join: playlist_churn {
    type: left_outer
    relationship: one_to_one
    sql_on: ${playlist_overview.pk1_playlist_id} = ${playlist_churn.pk1_playlist_id} ;;
  }
}

explore: playlist_songs_current {
  label: "Songs in playlists"
  group_label: "Playlist Insights"
  description: "What is in each playlist now, with names. One row per playlist and position."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${playlist_songs_current.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }

  join: artist_songs {
    type: left_outer
    relationship: many_to_one
    sql_on: ${playlist_songs_current.artist_id} = ${artist_songs.pk1_artist_id} ;;
  }
}

explore: playlist_changes {
  label: "Changes"
  group_label: "Playlist Insights"
  description: "Songs that came and went between two snapshots that were read one after the other."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${playlist_changes.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }
}

explore: playlist_memberships {
  label: "Memberships"
  group_label: "Playlist Insights"
  description: "From when to when each song was in each playlist, as far as it was seen; a return is a row of its own."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${playlist_memberships.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }
}

explore: playlist_duplicates {
  label: "Duplicates"
  group_label: "Playlist Insights"
  description: "Songs that stand in a playlist twice, or beside another song of the same artist and title."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${playlist_duplicates.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }

  join: artist_songs {
    type: left_outer
    relationship: many_to_one
    sql_on: ${playlist_duplicates.artist_id} = ${artist_songs.pk1_artist_id} ;;
  }
}

explore: playlist_overlap {
  label: "Overlap"
  group_label: "Playlist Insights"
  description: "How many songs two playlists share; each pair stands there in both directions."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${playlist_overlap.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }
}

explore: added_at_heatmap {
  label: "When songs are added"
  group_label: "Playlist Insights"
  description: "On which weekday and at which hour (UTC) songs were added to each playlist."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${added_at_heatmap.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }
}

explore: playlist_adders {
  label: "Who adds songs"
  group_label: "Playlist Insights"
  description: "Who added how many songs to each playlist; added_by is NULL where Spotify does not say."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${playlist_adders.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }
}

explore: unavailable_songs {
  label: "Unavailable songs"
  group_label: "Playlist Insights"
  description: "Rows that can no longer be played, because the item is gone or was taken down."
  persist_with: marts_renewed

  join: playlist_overview {
    type: left_outer
    relationship: many_to_one
    sql_on: ${unavailable_songs.playlist_id} = ${playlist_overview.pk1_playlist_id} ;;
  }
}
