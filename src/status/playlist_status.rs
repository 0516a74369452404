//! What became of a playlist.

/// What became of a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaylistStatus {
    /// All of it was read.
    Fetched,
    /// It is as it was.
    Unchanged,
    /// Spotify names it and does not give what is in it.
    ContentsUnavailable,
    /// Spotify knows none of that id.
    NotFound,
    /// It could not be read.
    Failed,
    /// Spotify wants to be asked later.
    PutOff,
}

impl PlaylistStatus {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::Unchanged => "unchanged",
            Self::ContentsUnavailable => "contents_unavailable",
            Self::NotFound => "not_found",
            Self::Failed => "failed",
            Self::PutOff => "put_off",
        }
    }
}

written_by_name!(PlaylistStatus);
