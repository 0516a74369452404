//! One file that is no part of a run's shipment, under a key of its own: whole or not at all, checksums end to end.

use std::path::Path;

use super::Item;
use super::halt::Halt;
use super::local::digest;
use super::transfer::Transfer;
use crate::lake::error::Error;
use crate::lake::store::Bucket;

impl Bucket {
    /// Sends `file` as `key`. Returns its size.
    ///
    /// # Errors
    /// [`Error::Conflict`] where something else is under the key and is not to be overwritten; [`Error::Store`] says what to mend.
    pub async fn send(&self, file: &Path, key: &str) -> Result<u64, Error> {
        let (sha256, size_bytes) = digest(file).await?;
        let item =
            Item { table: None, key: key.to_owned(), path: file.to_owned(), size_bytes, sha256 };
        let halt = Halt::new();
        // Who tells of files tells of the lake's.
        let transfer = Transfer::new(self, &halt, &|_| {}, size_bytes);
        transfer.send(&item).await?;
        Ok(size_bytes)
    }
}
