//! `operations` of the published file at the end of a run: in a copy that takes the file's place, because readers may hold it open.

use std::path::Path;

use super::file::PublishedFile;
use super::next_version::move_into_place;
use super::writer::{Writer, beside, remove_leftovers};
use crate::warehouse::Warehouse;
use crate::warehouse::error::Error;

impl Warehouse {
    /// Brings what `target` says of runs to what the ledger says; does nothing where there is no such file. What the file then is, for the
    /// ledger to note; `None` where it was not the one that was published, which it must not be taken for.
    ///
    /// # Errors
    /// [`Error::File`] where the folder is not writable or full, [`Error::Statement`]; the file is as it was.
    pub(crate) fn renew_operations(&self, target: &Path) -> Result<Option<PublishedFile>, Error> {
        if !target.exists() {
            return Ok(None);
        }
        tracing::debug!("renew what the published file says of runs");
        let known = PublishedFile::noted(self)?.filter(|known| known.is(target));
        let next = beside(target);
        let is_unwanted = || self.stop.is_asked();
        let writer =
            Writer { connection: &self.connection, file: &next, is_unwanted: &is_unwanted };
        if let Err(error) = writer.copy(target).and_then(|()| writer.renew_operations()) {
            // The error is the one to tell.
            let _ = remove_leftovers(&next);
            return Err(error);
        }
        move_into_place(&next, target)?;
        known.map(|known| known.renewed(target)).transpose()
    }
}
