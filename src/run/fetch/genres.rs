//! Lands a file of genres beside whatever else is read; its bad rows are told and nothing more.

use std::path::Path;

use crate::run::error::Error;
use crate::run::job::Job;
use crate::sources::{self, GenreFile};
use crate::warehouse::{GenreRead, Warehouse};

/// Bad rows that are told by their line; of a file that is all wrong, the first ones say enough.
const TOLD_ROWS: usize = 1000;

/// Lands the file, and says which of its rows it could not.
pub(super) fn land(
    job: &Job<'_>,
    warehouse: &mut Warehouse,
    run_id: &str,
    path: &Path,
) -> Result<Vec<String>, Error> {
    let mut file = GenreFile::open(path)?;
    let (mut told, mut left_out) = (Vec::new(), 0);
    let read = GenreRead { run_id, now: (job.settings.clock)() };
    let rows = std::iter::from_fn(|| {
        loop {
            if job.stop.is_asked() {
                return Some(Err(Error::Interrupted));
            }
            match file.next_row() {
                Ok(None) => return None,
                Ok(Some(Ok(row))) => return Some(Ok(row)),
                Ok(Some(Err(bad))) if told.len() < TOLD_ROWS => told.push(file.told(&bad)),
                Ok(Some(Err(_))) => left_out += 1,
                Err(source) => {
                    let path = path.display().to_string();
                    let doing = "read the genres in";
                    return Some(Err(sources::Error::File { doing, path, source }.into()));
                }
            }
        }
    });
    warehouse.land_genres(read, rows)?;
    if left_out > 0 {
        told.push(format!("{}: {left_out} more bad rows", file.name()));
    }
    Ok(told)
}
