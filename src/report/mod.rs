//! The report: one HTML file that says what is in the playlists, what changed, and what is proven.
//!
//! In: the published file, asked by the questions of `sql/duckdb/report`. Out: a page that needs no network and no script. Every name
//! in it is data: it is escaped, isolated from what stands around it, and cut where it would push that away. Reads no clock: the
//! report tells the state of its file, and is the same however often it is made.

mod asked;
mod charts;
mod page;
mod sections;
mod words;

use std::path::Path;

use asked::Asked;

/// The report on the published file; what does not fit into memory goes to `temp_directory`.
///
/// # Errors
/// [`crate::warehouse::Error::NotPublished`] where there is none yet.
pub(crate) fn report(
    published: &Path,
    temp_directory: &Path,
) -> Result<String, crate::warehouse::Error> {
    let asked = Asked::open(published, temp_directory)?;
    let head = page::Head::of(&asked)?;
    Ok(page::page(&head, &sections::all(&asked)?).into_string())
}
