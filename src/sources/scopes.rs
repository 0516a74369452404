//! What a login may do, in Spotify's words.

/// What snowtrack may read.
pub(super) const READ: &str = "playlist-read-private playlist-read-collaborative user-library-read";
/// What it takes to make a playlist, besides; asked for only where the user says so.
pub(super) const WRITE: &str = "playlist-modify-public playlist-modify-private";
