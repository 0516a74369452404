//! The work file as a whole, to be copied while it is open.

use std::fs::File;
use std::io::Seek;

use super::Warehouse;
use super::error::{Doing, Error};

/// Grows whenever the work file changes so that an older version of this program must not touch it.
pub(crate) const SCHEMA_VERSION: u32 = 1;

impl Warehouse {
    /// The bytes of the work file, from its beginning, with everything in it that was ever noted. They stay as they are for as long as
    /// the warehouse is borrowed.
    ///
    /// # Errors
    /// [`Error::Statement`] where something else is under way, [`Error::File`].
    pub(crate) fn image(&mut self) -> Result<&File, Error> {
        self.land_pages()?;
        let doing = "write everything into the work file";
        self.connection.execute_batch("checkpoint work").doing(doing)?;
        let failed = |source| Error::File { doing: "read", path: self.path.clone(), source };
        if self.image.get().is_none() {
            let file = File::open(&self.path).map_err(failed)?;
            // Nobody else can have set it.
            let _ = self.image.set(file);
        }
        let missing = || failed(std::io::ErrorKind::NotFound.into());
        let mut file = self.image.get().ok_or_else(missing)?;
        file.rewind().map_err(failed)?;
        Ok(file)
    }
}
