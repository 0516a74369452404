//! The archive of a run's raw documents: one compressed file that `--from-dir` reads back.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::Error;
use super::file::failed;
use super::key::archive_key;
use super::manifest::WrittenFile;
use crate::ids::Run;
use crate::warehouse::{LandedDocument, Warehouse};

/// The archive that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archive {
    /// The file.
    pub file: WrittenFile,
    /// Documents that are missing, because an earlier version landed them.
    pub left_out_count: u64,
}

/// One line. A body with line breaks stands in it as a JSON string, any other as it is.
#[derive(Serialize)]
struct Line<'a> {
    /// A recorded body came without one; its own `href` says what it is.
    #[serde(skip_serializing_if = "str::is_empty")]
    url: &'a str,
    fetched_at: String,
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Verbatim(&'a RawValue),
    Text(&'a str),
}

/// zstd's own default: the rows of a library shrink to a tenth, at more than 100 MB/s.
const LEVEL: i32 = 3;

/// Writes the run's documents to `<lake>/<prefix>documents/…/<run>.ndjson.zst`; `None` where the run landed none.
///
/// The same documents always give the same file. Touches no network.
///
/// # Errors
/// [`Error::File`] where the disk refuses, [`Error::Warehouse`].
pub(crate) fn archive(
    warehouse: &Warehouse,
    run: &Run,
    lake: &Path,
    prefix: &str,
) -> Result<Option<Archive>, Error> {
    let key = archive_key(prefix, run);
    let path = lake.join(&key);
    let temporary = path.with_extension("zst.new");
    let write = |source| failed("write", &temporary, source);
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder).map_err(|source| failed("create", folder, source))?;
    let file = BufWriter::new(File::create(&temporary).map_err(write)?);
    let mut packed = zstd::Encoder::new(file, LEVEL).map_err(write)?;
    packed.include_checksum(true).map_err(write)?;
    let mut is_empty = true;
    let left_out_count = warehouse.each_document(run.id.as_str(), |document| {
        write_line(&mut packed, &document).map_err(write)?;
        is_empty = false;
        Ok::<_, Error>(())
    })?;
    let file = packed.finish().and_then(|file| Ok(file.into_inner()?)).map_err(write)?;
    file.sync_all().map_err(write)?;
    if is_empty {
        std::fs::remove_file(&temporary).map_err(write)?;
        return Ok(None);
    }
    std::fs::rename(&temporary, &path).map_err(|source| failed("write", &path, source))?;
    let file = WrittenFile::of(lake, &key)?;
    Ok(Some(Archive { file, left_out_count }))
}

fn write_line(packed: &mut impl Write, document: &LandedDocument) -> std::io::Result<()> {
    let is_one_line = !document.body.contains(['\n', '\r']);
    let raw = is_one_line.then(|| serde_json::from_str::<&RawValue>(&document.body).ok()).flatten();
    // White space around the body would be lost as well.
    let raw = raw.filter(|raw| raw.get().len() == document.body.len());
    let line = Line {
        url: &document.url,
        fetched_at: document.fetched_at.to_rfc3339_opts(SecondsFormat::Micros, true),
        body: raw.map_or(Body::Text(&document.body), Body::Verbatim),
    };
    serde_json::to_writer(&mut *packed, &line)?;
    packed.write_all(b"\n")
}
