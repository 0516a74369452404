//! Why a body, or a recorded text, is no document that is landed.

use crate::phrase::{counted, either};

/// The longest value. Spotify's longest, an album with its songs, has some hundred KiB; all others have a few.
pub(super) const MAX_VALUE: usize = 1 << 20;
/// What the rows of a list may have on an average; Spotify's have 2 KiB. 10,000 rows of 16 KiB of noise pass, 1,000 of 64 KiB do not.
pub(super) const MAX_MEAN_ROW: usize = 16 << 10;

/// Why a body is not the document that it should be.
#[derive(Debug, thiserror::Error)]
pub enum InvalidDocument {
    /// Not UTF-8.
    #[error("its bytes are no UTF-8 text ({0})")]
    Utf8(std::str::Utf8Error),
    /// Broken or of another shape.
    #[error("its JSON is broken or of another shape")]
    Json(#[from] serde_json::Error),
    /// A playlist without an id.
    #[error("it is a playlist without an `id`")]
    Nameless,
    /// A position or a number of rows that is negative, or far too large.
    #[error("its `{member}` is {value}, which is no number of rows")]
    NoCount {
        /// Its name.
        member: &'static str,
        /// What it is.
        value: f64,
    },
    /// A list that does not say how long it is.
    #[error("it has no `total`, so nobody can know whether it is whole")]
    NoTotal,
    /// A page that begins elsewhere.
    #[error("it begins at row {given}, and row {asked} was asked for")]
    OtherOffset {
        /// What was asked for.
        asked: u32,
        /// What came.
        given: u32,
    },
    /// Another playlist than the one that was asked for, or none.
    #[error("it is {}, and `{asked}` was asked for", given.as_ref().map_or("no playlist".to_owned(), |id| format!("the playlist `{id}`")))]
    OtherPlaylist {
        /// What was asked for.
        asked: String,
        /// What came.
        given: Option<String>,
    },
    /// Another number of artists or albums than was asked for.
    #[error("it has {}, and {asked} {} asked for", counted(*given as u64, "object"), either(*asked as u64, "was", "were"))]
    OtherCount {
        /// What was asked for.
        asked: u32,
        /// What came.
        given: u32,
    },
    /// Another artist or album than the one that was asked for, or none.
    #[error("it has {}, and `{asked}` was asked for", given.as_ref().map_or("no `id`".to_owned(), |id| format!("the object `{id}`")))]
    OtherObject {
        /// What was asked for.
        asked: String,
        /// What came.
        given: Option<String>,
    },
    /// A playlist that does not say which version of itself it is.
    #[error("it is a playlist without a `snapshot_id`")]
    NoSnapshot,
    /// Values that are too large for the warehouse.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// No list where one belongs.
    #[error("its `items` are no list of rows")]
    NoPage,
    /// Valid JSON of a shape that is not read.
    #[error(
        "snowtrack does not read this shape (playlists, their pages, liked songs, artists, albums)"
    )]
    Unknown,
}

/// Why a document is not landed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum TooLarge {
    /// One value.
    #[error("too large: its {part} has {} KiB, and at most {} KiB are read", size_bytes / 1024, MAX_VALUE / 1024)]
    Value { part: String, size_bytes: usize },
    /// All rows together.
    #[error("too large: its {row_count} rows have {} KiB, and at most {} KiB a row are read", size_bytes / 1024, MAX_MEAN_ROW / 1024)]
    Rows { row_count: usize, size_bytes: usize },
}

/// Why a recorded text is no document.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoDocument {
    /// Its body is not a document.
    #[error(transparent)]
    Invalid(#[from] InvalidDocument),
    /// The file is cut short or damaged, or was never compressed.
    #[error("from here on it cannot be decompressed ({0}); what came before counts")]
    Broken(std::io::Error),
    /// The same of a file that is one document.
    #[error("it cannot be decompressed ({0})")]
    Packed(std::io::Error),
    /// Another program made it.
    #[error("it is {0}, not one of Spotify's answers")]
    Foreign(&'static str),
    /// A `.json` file of several documents.
    #[error("it holds more than one document: name it `.ndjson` where each has a line of its own")]
    Several,
    /// A file of lines that has none.
    #[error("it holds no document")]
    Empty,
    /// More text than memory has room for.
    #[error("too large: a document of more than 256 MiB")]
    LongText,
    /// More to skip than anybody waits for.
    #[error("too large: it goes on without another document; the rest of the file is passed over")]
    Endless,
    /// The warehouse has no room for what it holds.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A FIFO, a device, a socket.
    #[error("passed over, because it is no regular file")]
    NotRegular,
    /// A folder that is not looked into.
    #[error("passed over, because it is a link to a folder, or lies too deep")]
    FarFolder,
    /// Names of another ending.
    #[error("passed over, because only .json, .ndjson and .jsonl are read (also as .gz or .zst)")]
    OtherFile,
}
