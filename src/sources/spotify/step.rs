//! One step of a reader: one call to Spotify, and what it gave.

use crate::sources::bucket::Bucket;
use crate::sources::document::Document;

/// Rows per page of `/playlists/{id}/items`, `/me/tracks` and `/me/playlists`: Spotify's maximum.
pub(super) const PAGE_LIMIT: u32 = 50;

/// What one step of a reader gave.
#[derive(Debug)]
pub(crate) enum Step {
    /// A document to land; the reader is not done.
    Page(Document),
    /// The list is the one that is already in the warehouse.
    Unchanged,
    /// The list is still the one of which an earlier run landed the first rows.
    AsBegun,
    /// The playlist exists, its contents are not for us.
    MetadataOnly(Document),
    /// The list changed while it was read. What was landed of it must not be used; the document, where there is one, is the
    /// first page of the new snapshot.
    Changed(Option<Document>),
    /// Everything was read, at one snapshot.
    Complete,
}

/// Calls that are left of a list whose first page is known: to which bucket, and how many, in the order in which they are made.
pub(crate) type Rest = Vec<(Bucket, u64)>;
