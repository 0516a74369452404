//! Spotify counts calls by bucket of endpoints, so that a lockout of one leaves the others usable.

use crate::ids::Subject;

/// A group of endpoints that Spotify counts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// `/playlists/{id}`
    Playlist,
    /// `/playlists/{id}/items`
    PlaylistItems,
    /// `/me` and `/me/playlists`
    OwnPlaylists,
    /// `/me/tracks`
    LikedSongs,
    /// `/artists` and below
    Artists,
    /// `/albums` and below
    Albums,
    /// `/me/player` and below
    Player,
    /// Whatever changes something.
    Writes,
}

impl Bucket {
    /// Every bucket.
    pub(crate) const ALL: [Self; 8] = [
        Self::Playlist,
        Self::PlaylistItems,
        Self::OwnPlaylists,
        Self::LikedSongs,
        Self::Artists,
        Self::Albums,
        Self::Player,
        Self::Writes,
    ];

    /// Its name in the ledger, in reports and in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Playlist => "playlist",
            Self::PlaylistItems => "playlist_items",
            Self::OwnPlaylists => "own_playlists",
            Self::LikedSongs => "liked_songs",
            Self::Artists => "artists",
            Self::Albums => "albums",
            Self::Player => "player",
            Self::Writes => "writes",
        }
    }

    /// The bucket of full artists, or of albums.
    pub(crate) const fn of_details(subject: &Subject) -> Self {
        match subject {
            Subject::Albums => Self::Albums,
            _ => Self::Artists,
        }
    }

    /// The bucket of a GET of this path and query.
    pub(crate) fn of(url: &str) -> Self {
        let path = url.split('?').next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match segments.as_slice() {
            ["playlists", _] => Self::Playlist,
            ["playlists", ..] => Self::PlaylistItems,
            ["me", "tracks", ..] => Self::LikedSongs,
            ["me", "player", ..] => Self::Player,
            ["artists", ..] => Self::Artists,
            ["albums", ..] => Self::Albums,
            _ => Self::OwnPlaylists,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_belongs_to_the_bucket_that_spotify_counts_it_to() {
        for (url, bucket) in [
            ("/playlists/x?additional_types=track", Bucket::Playlist),
            ("/playlists/x/items?limit=50&offset=100", Bucket::PlaylistItems),
            ("/playlists/x/tracks?limit=50", Bucket::PlaylistItems),
            ("/me", Bucket::OwnPlaylists),
            ("/me/playlists?limit=50&offset=0", Bucket::OwnPlaylists),
            ("/me/tracks?limit=50", Bucket::LikedSongs),
            ("/me/player/recently-played", Bucket::Player),
            ("/artists?ids=a,b", Bucket::Artists),
            ("/artists/a/albums", Bucket::Artists),
            ("/albums/a", Bucket::Albums),
        ] {
            assert_eq!(Bucket::of(url), bucket, "{url}");
        }
    }
}
