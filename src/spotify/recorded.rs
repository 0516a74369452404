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
use super::cut::{self, Cut};
use super::page::{Body, Document, Entity, InvalidDocument};

/// The demo library as it was on two days, a week apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoPoint {
    /// 2026-01-05.
    First,
    /// 2026-01-12: a few songs came and went.
    Second,
}

/// One recorded body, cut for landing, or what is none and why.
pub(super) type RecordedDocument = Result<(Document, Cut), (String, InvalidDocument)>;

/// Documents from a folder or from the binary itself.
pub struct Recorded {
    files: std::vec::IntoIter<PathBuf>,
    lines: Option<Lines>,
    now: DateTime<Utc>,
}

/// A line; without a body, what stands before it.
#[derive(Deserialize)]
struct Line<'a> {
    url: Option<String>,
    fetched_at: Option<DateTime<Utc>>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

/// A file that is being read line by line.
struct Lines {
    name: String,
    reader: Box<dyn BufRead + Send>,
    line: String,
    number: u64,
}

impl Lines {
    fn new(name: String, reader: impl BufRead + Send + 'static) -> Self {
        Self { name, reader: Box::new(reader), line: String::new(), number: 0 }
    }

    /// The next document; `None` at the end.
    fn next(&mut self, now: DateTime<Utc>) -> Result<Option<RecordedDocument>, Error> {
        loop {
            self.line.clear();
            self.number += 1;
            let read = self.reader.read_line(&mut self.line);
            if read.map_err(|source| failed("read", Path::new(&self.name), source))? == 0 {
                return Ok(None);
            }
            if !self.line.trim().is_empty() {
                let document = of_line(&self.line, now);
                let place = || format!("{}, line {}", self.name, self.number);
                return Ok(Some(document.map_err(|error| (place(), error))));
            }
        }
    }
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
            lines: Some(Lines::new(name.to_owned(), BufReader::new(reader))),
            now,
        })
    }

    /// The next document; `None` at the end.
    ///
    /// # Errors
    /// [`Error::File`] where a file cannot be read.
    pub fn next_document(&mut self) -> Result<Option<RecordedDocument>, Error> {
        loop {
            if let Some(lines) = &mut self.lines {
                if let Some(document) = lines.next(self.now)? {
                    return Ok(Some(document));
                }
                self.lines = None;
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
                let document = of_body((None, self.now), body).map_err(|error| (name, error));
                return Ok(Some(document));
            }
            self.lines = Some(if name.ends_with(".zst") {
                let decoder =
                    zstd::Decoder::new(file).map_err(|source| failed("read", &path, source))?;
                Lines::new(name, BufReader::new(decoder))
            } else {
                Lines::new(name, BufReader::with_capacity(1 << 20, file))
            });
        }
    }
}

fn of_line(line: &str, now: DateTime<Utc>) -> Result<(Document, Cut), InvalidDocument> {
    if let Some((head, body)) = with_body_last(line)
        && let Ok(head) = serde_json::from_str::<Line<'_>>(&head)
        && let Ok(document) =
            of_body((head.url.as_deref(), head.fetched_at.unwrap_or(now)), body.to_owned())
    {
        return Ok(document);
    }
    let line: Line<'_> = serde_json::from_str(line)?;
    let body = match line.body.map_or("null", RawValue::get) {
        // A body with line breaks stands in its line as a string.
        text if text.starts_with('"') => serde_json::from_str(text)?,
        body => body.to_owned(),
    };
    of_body((line.url.as_deref(), line.fetched_at.unwrap_or(now)), body)
}

/// What stands before the body, closed, and the body, if it is the last member: then nothing needs to look for its end. Where
/// the guess is wrong, one of the two is no JSON.
fn with_body_last(line: &str) -> Option<(String, &str)> {
    let (head, rest) = line.split_once(r#","body":"#)?;
    let body = rest.trim_end().strip_suffix('}')?.trim();
    body.starts_with('{').then(|| (format!("{head}}}"), body))
}

fn of_body(
    (url, fetched_at): (Option<&str>, DateTime<Utc>),
    text: String,
) -> Result<(Document, Cut), InvalidDocument> {
    // The cut holds no slices of the text, which moves into the document.
    let (entity, playlist_id, cut) = match cut::in_one_pass(url, &text) {
        Some(done) => done,
        None => {
            let body: Body<'_> = serde_json::from_str(&text)?;
            let (entity, playlist_id) = body.entity(url)?;
            let parts = body.parts(entity, &text)?;
            (entity, playlist_id, Cut::of(entity, &text, &parts))
        }
    };
    let url = url.unwrap_or_default().to_owned();
    Ok((Document { entity, playlist_id, url, fetched_at, etag: None, body: text }, cut))
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

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        r#"{"type":"playlist","id":"p","items":{"items":[{"item":{"n":"}"}}],"total":1}}"#;

    fn read(line: &str) -> Option<(String, String, DateTime<Utc>)> {
        let (document, _) = of_line(line, DateTime::UNIX_EPOCH).ok()?;
        Some((document.url, document.body, document.fetched_at))
    }

    #[test]
    fn the_body_may_stand_anywhere_in_its_line_and_have_spaces_around_it() {
        let at = DateTime::from_timestamp(1_767_571_200, 0).unwrap();
        let time = r#""fetched_at":"2026-01-05T00:00:00Z""#;
        let expected = (r#"/x?","body":{}"#.to_owned(), BODY.to_owned(), at);
        // An address that looks like the end of a member is still text.
        let url = r#""url":"/x?\",\"body\":{}""#;
        for line in [
            format!("{{{url},{time},\"body\":{BODY}}}\n"),
            format!("{{{url},{time},\"body\": {BODY} }}\r\n"),
            format!("{{{url},\"body\":{BODY},{time}}}\n"),
            format!("{{\"body\":{BODY},{url},{time}}}\n"),
            format!("{{{url},{time},\"body\":{}}}\n", serde_json::to_string(BODY).unwrap()),
        ] {
            let (url, body, fetched_at) = read(&line).unwrap();
            assert_eq!((url, body, fetched_at), expected, "{line}");
        }
    }

    #[test]
    fn a_line_without_a_whole_body_is_no_document() {
        for line in [
            "5",
            "{}",
            r#"{"url":"/x","body":}"#,
            r#"{"url":"/x","body":{"type":"playlist"}"#,
            r#"{"url":"/x","body":{"type":"playlist"}}}"#,
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
