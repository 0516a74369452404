//! The source: Spotify's Web API, or documents recorded from it.
//!
//! In: credentials, a source. Out: documents, byte for byte as received, in the order in which they belong together.
//! Never shapes a row (that is SQL's work) and never touches DuckDB.
//!
//! The data plane is our own HTTP client, one call at a time: `rspotify` serves only for its OAuth types, because its models
//! drop what they do not know, its paginator repeats rows after a null, its log lines show secrets and its client follows
//! redirects.

mod bucket;
mod document;
mod error;
mod folder;
mod foreign;
mod genres;
mod no_document;
mod recorded;
mod rejoin;
mod scopes;
mod size;
mod split;
mod spotify;

pub use bucket::Bucket;
pub(crate) use document::{Document, Entity, RowIdentity, title};
pub use error::Error;
pub(crate) use folder::PassedOver;
pub(crate) use genres::{GenreFile, GivenGenre};
pub use no_document::{InvalidDocument, TooLarge};
pub(crate) use recorded::{DemoPoint, Recorded, RecordedText, Recorder};
pub(crate) use rejoin::Joints;
pub(crate) use split::{ItemDigest, SplitDocument, SplitRow};
pub(crate) use spotify::{
    Client, Credentials, KnownList, ListReader, Lockouts, NewList, NewLogin, Permission,
    PlaylistReader, Questions, ReadSong, Reader, Step, TokenFile, Wish, login,
};
pub use spotify::{KnownUser, SpotifyTiming};

use url::Url;

/// The configured base URL of a service, or [`Error::BadUrl`] with the `name` of what sets it.
///
/// # Errors
/// [`Error::BadUrl`].
pub(crate) fn base_url(name: &'static str, value: &str) -> Result<Url, Error> {
    let bad = |reason: String| Error::BadUrl { name, value: value.to_owned(), reason };
    let url = Url::parse(value).map_err(|error| bad(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("it must begin with https:// or http://".to_owned()));
    }
    Ok(url)
}
