//! Recorded documents: writes what a fetch received, and reads such folders (and the demo) back.
//!
//! A folder holds `*.json` (one body each, verbatim) and `*.ndjson[.zst]` (one `{"url", "fetched_at", "body"}` a line; a body that
//! has line breaks is a string there).

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Error;
use super::page::{Document, Entity, InvalidDocument, classify};

/// The demo library as it was on two days, a week apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoPoint {
    /// 2026-01-05.
    First,
    /// 2026-01-12: a few songs came and went.
    Second,
}

/// One recorded body, or why a file is none.
pub(super) type RecordedDocument = Result<Document, (String, InvalidDocument)>;

/// Documents from a folder or from the binary itself.
pub struct Recorded {
    files: std::vec::IntoIter<PathBuf>,
    lines: Option<(String, Box<dyn BufRead>)>,
    now: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Line<'a> {
    url: Option<String>,
    fetched_at: Option<DateTime<Utc>>,
    #[serde(borrow)]
    body: &'a RawValue,
}

impl Recorded {
    /// The files of `directory`, by name; `now` dates bodies that carry no time of their own.
    ///
    /// # Errors
    /// [`Error::File`] where the folder cannot be read or holds no document files.
    pub fn open(directory: &Path, now: DateTime<Utc>) -> Result<Self, Error> {
        let failed = |source| failed("read the recordings in", directory, source);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            if [".json", ".ndjson", ".ndjson.zst"].iter().any(|ending| name.ends_with(ending)) {
                files.push(path);
            }
        }
        if files.is_empty() {
            let source = std::io::Error::other("it holds no .json, .ndjson or .ndjson.zst file");
            return Err(failed(source));
        }
        files.sort();
        Ok(Self { files: files.into_iter(), lines: None, now })
    }

    /// The demo library.
    ///
    /// # Errors
    /// None in practice: the archive is part of the binary.
    pub fn demo(point: DemoPoint, now: DateTime<Utc>) -> Result<Self, Error> {
        let (name, bytes): (_, &[u8]) = match point {
            DemoPoint::First => ("demo/first.ndjson.zst", include_bytes!("demo/first.ndjson.zst")),
            DemoPoint::Second => {
                ("demo/second.ndjson.zst", include_bytes!("demo/second.ndjson.zst"))
            }
        };
        let reader =
            zstd::Decoder::new(bytes).map_err(|source| failed("read", Path::new(name), source))?;
        Ok(Self {
            files: Vec::new().into_iter(),
            lines: Some((name.to_owned(), Box::new(BufReader::new(reader)))),
            now,
        })
    }

    /// The next document; `None` at the end.
    ///
    /// # Errors
    /// [`Error::File`] where a file cannot be read.
    pub fn next_document(&mut self) -> Result<Option<RecordedDocument>, Error> {
        loop {
            if let Some((name, reader)) = &mut self.lines {
                let mut line = String::new();
                let path = PathBuf::from(&*name);
                if reader.read_line(&mut line).map_err(|source| failed("read", &path, source))? == 0
                {
                    self.lines = None;
                } else if !line.trim().is_empty() {
                    return Ok(Some(
                        of_line(&line, self.now).map_err(|error| (name.clone(), error)),
                    ));
                }
                continue;
            }
            let Some(path) = self.files.next() else { return Ok(None) };
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let file = File::open(&path).map_err(|source| failed("read", &path, source))?;
            if name.ends_with(".json") {
                let mut body = String::new();
                BufReader::new(file)
                    .read_to_string(&mut body)
                    .map_err(|source| failed("read", &path, source))?;
                let document = of_body(None, body, self.now).map_err(|error| (name, error));
                return Ok(Some(document));
            }
            let reader: Box<dyn BufRead> = if name.ends_with(".zst") {
                let decoder =
                    zstd::Decoder::new(file).map_err(|source| failed("read", &path, source))?;
                Box::new(BufReader::new(decoder))
            } else {
                Box::new(BufReader::with_capacity(1 << 20, file))
            };
            self.lines = Some((name, reader));
        }
    }
}

fn of_line(line: &str, now: DateTime<Utc>) -> Result<Document, InvalidDocument> {
    let line: Line<'_> = serde_json::from_str(line)?;
    // A body with line breaks stands in its line as a string.
    let body = match line.body.get() {
        text if text.starts_with('"') => serde_json::from_str(text)?,
        body => body.to_owned(),
    };
    of_body(line.url.as_deref(), body, line.fetched_at.unwrap_or(now))
}

fn of_body(
    url: Option<&str>,
    body: String,
    fetched_at: DateTime<Utc>,
) -> Result<Document, InvalidDocument> {
    let (entity, playlist_id) = classify(url, &body)?;
    let url = url.unwrap_or_default().to_owned();
    Ok(Document { entity, playlist_id, url, fetched_at, etag: None, body })
}

fn failed(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { doing, path: path.display().to_string(), source }
}

/// Writes each received body into a folder.
#[derive(Debug)]
pub struct Recorder {
    directory: PathBuf,
}

impl Recorder {
    /// Makes the folder.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be made.
    pub fn create(directory: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(directory).map_err(|source| failed("create", directory, source))?;
        Ok(Self { directory: directory.to_owned() })
    }

    /// Writes one body. A playlist that is read again replaces its earlier pages.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be written.
    pub fn write(&self, document: &Document, offset: u32) -> Result<(), Error> {
        let entity = document.entity.name();
        // An unknown id was answered with an error, and errors are not documents.
        if document.body == "null" {
            return Ok(());
        }
        let name = match (&document.playlist_id, document.entity) {
            (Some(id), _) => format!("playlist_{id}_{offset:06}.json"),
            (None, Entity::Artists | Entity::Albums) => {
                let ids = document.url.rsplit(['/', '=']).next().unwrap_or_default();
                format!("{entity}_{}.json", ids.split(',').next().unwrap_or_default())
            }
            (None, _) => format!("{entity}_{offset:06}.json"),
        };
        let path = self.directory.join(name);
        std::fs::write(&path, &document.body).map_err(|source| failed("write", &path, source))
    }
}
