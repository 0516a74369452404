//! Renews the analysts' file: `core` and `marts` in a file of its own, swapped in by rename.
//!
//! Readers keep the file that they have open; nobody waits for anybody.

use std::path::Path;

use super::{Doing, Error, Warehouse, catalog};
use crate::ids::Table;

impl Warehouse {
    /// Writes `core` and `marts` to `target`, replacing what is there in one step.
    ///
    /// # Errors
    /// [`Error::File`] where the folder is not writable, [`Error::Statement`].
    pub fn publish(&self, target: &Path) -> Result<(), Error> {
        let fresh = target.with_extension("duckdb.new");
        for leftover in [fresh.clone(), target.with_extension("duckdb.new.wal")] {
            match std::fs::remove_file(&leftover) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::File { doing: "remove", path: leftover, source });
                }
                _ => {}
            }
        }
        let attach = format!(
            "attach {} as published (storage_version 'v1.0.0')",
            catalog::literal(&fresh.to_string_lossy())
        );
        self.connection.execute_batch(&attach).doing("make the published file")?;
        let filled = self.fill_published();
        let detached =
            self.connection.execute_batch("detach published").doing("close the published file");
        filled.and(detached)?;
        tracing::debug!("move the published file into place");
        std::fs::File::open(&fresh)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&fresh, target))
            .map_err(|source| Error::File { doing: "publish", path: target.to_owned(), source })
    }

    fn fill_published(&self) -> Result<(), Error> {
        let run = |sql: &str, doing: &str| {
            tracing::debug!("{doing}");
            self.connection.execute_batch(sql).doing(doing)
        };
        run(
            "create schema published.core; create schema published.marts",
            "make the published schemas",
        )?;
        for table in Table::ALL {
            run(&catalog::publish_table(table), &format!("publish `{table}`"))?;
        }
        // A view remembers the database in which it was made, so the names inside must be found there.
        run("use published", "make the marts")?;
        let marts = catalog::MARTS.iter().try_for_each(|mart| {
            run(&catalog::mart_view(mart), &format!("make the mart `{}`", mart.name))
        });
        let back = run("use work", "leave the published file");
        marts.and(back)?;
        run("checkpoint published", "write the published file")
    }
}
