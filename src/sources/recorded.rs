//! Recorded documents: writes what a fetch received, and reads such folders (and the demo) back.
//!
//! A folder holds `*.json` (one body each, verbatim) and `*.ndjson` (one `{"url", "fetched_at", "body"}` a line; a body that has line
//! breaks is a string there), both also as `.gz` or `.zst`, also in folders within.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::document::{Body, Document, Entity};
use super::error::Error;
use super::folder::{Folder, Line, Lines, Opened, PassedOver, RecordedFile, UTF8_MARK};
use super::foreign;
use super::no_document::{InvalidDocument, NoDocument};
use super::size;
use super::split::{Recognised, SplitDocument, in_one_pass};
use crate::ids::Subject;

/// The demo library as it was on two days, a day apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DemoPoint {
    /// 2026-01-05.
    First,
    /// 2026-01-06: a few songs came and went.
    Second,
}

/// One recorded body, split for landing; or what is no document.
pub(crate) type RecordedDocument = Result<(Document, SplitDocument), PassedOver>;

/// A recorded file, or a line of one, not yet looked at: reading on and looking are work for two threads.
pub(crate) struct RecordedText {
    /// The file, and in it the line.
    place: String,
    /// The text, or why it could not be read.
    bytes: Result<Vec<u8>, NoDocument>,
    is_line: bool,
    now: DateTime<Utc>,
}

impl RecordedText {
    /// The document that it is.
    ///
    /// # Errors
    /// The place, and why it is not a document.
    pub(crate) fn read(self) -> RecordedDocument {
        let (place, now) = (self.place, self.now);
        let read = self.bytes.and_then(|mut bytes| {
            // At any line, because files are also joined with `cat`.
            if bytes.starts_with(UTF8_MARK) {
                bytes.drain(..UTF8_MARK.len());
            }
            let text = String::from_utf8(bytes)
                .map_err(|error| InvalidDocument::Utf8(error.utf8_error()))?;
            let (document, split) = if self.is_line {
                of_line(text, now)?
            } else {
                of_body(About { url: None, fetched_at: now }, text)?
            };
            size::require_room(&document, &split)?;
            Ok((document, split))
        });
        read.map_err(|why| PassedOver { place, why })
    }
}

/// Documents from a folder or from the binary itself.
pub(crate) struct Recorded {
    passed_over: std::vec::IntoIter<PassedOver>,
    files: std::vec::IntoIter<RecordedFile>,
    lines: Option<Lines>,
    now: DateTime<Utc>,
}

impl Recorded {
    /// The files of `directory`, by name; `now` dates bodies that carry no time of their own.
    ///
    /// # Errors
    /// [`Error::File`] where the folder cannot be read or holds no document files.
    pub(crate) fn open(directory: &Path, now: DateTime<Utc>) -> Result<Self, Error> {
        let failed = |source| failed("read the recordings in", directory, source);
        let Folder { files, passed_over } = Folder::open(directory).map_err(failed)?;
        if files.is_empty() {
            let mut text =
                "it holds no .json, .ndjson or .jsonl file (also .gz or .zst)".to_owned();
            for PassedOver { place, why } in passed_over {
                text += &format!("; {place}: {why}");
            }
            return Err(failed(std::io::Error::other(text)));
        }
        let (passed_over, files) = (passed_over.into_iter(), files.into_iter());
        Ok(Self { passed_over, files, lines: None, now })
    }

    /// The demo library.
    ///
    /// # Errors
    /// None in practice: the archive is part of the binary.
    pub(crate) fn demo(point: DemoPoint, now: DateTime<Utc>) -> Result<Self, Error> {
        let (name, bytes): (_, &[u8]) = match point {
            DemoPoint::First => ("demo/first.ndjson.zst", include_bytes!("demo/first.ndjson.zst")),
            DemoPoint::Second => {
                ("demo/second.ndjson.zst", include_bytes!("demo/second.ndjson.zst"))
            }
        };
        let reader =
            zstd::Decoder::new(bytes).map_err(|source| failed("read", Path::new(name), source))?;
        Ok(Self {
            passed_over: Vec::new().into_iter(),
            files: Vec::new().into_iter(),
            lines: Some(Lines::new(name.to_owned(), BufReader::new(reader))),
            now,
        })
    }

    /// The next text; `None` at the end.
    ///
    /// # Errors
    /// [`Error::File`] where a file cannot be read.
    pub(crate) fn next_text(&mut self) -> Result<Option<RecordedText>, Error> {
        let now = self.now;
        let text = |place, bytes, is_line| Ok(Some(RecordedText { place, bytes, is_line, now }));
        if let Some(PassedOver { place, why }) = self.passed_over.next() {
            return text(place, Err(why), false);
        }
        loop {
            if let Some(lines) = &mut self.lines {
                let next = lines.next();
                let next = next.map_err(|source| failed("read", Path::new(&lines.name), source))?;
                let place = lines.place();
                match next {
                    Line::Text(line) => return text(place, Ok(line), true),
                    Line::Not(why, goes_on) => {
                        if !goes_on {
                            self.lines = None;
                        }
                        return text(place, Err(why), true);
                    }
                    Line::End => self.lines = None,
                }
            }
            let Some(file) = self.files.next() else { return Ok(None) };
            let (path, name) = (file.path.clone(), file.name.clone());
            match file.open().map_err(|source| failed("read", &path, source))? {
                Opened::Whole(bytes) => return text(name, bytes, false),
                Opened::Lines(lines) => self.lines = Some(lines),
            }
        }
    }
}

fn of_line(mut line: String, now: DateTime<Utc>) -> Result<(Document, SplitDocument), NoDocument> {
    if let Some((head, place)) = with_body_last(&line)
        && let Ok(head) = serde_json::from_str::<Envelope<'_>>(&head)
        && let about = head.about(now)
        && let Some(recognised) = in_one_pass(about.url, &line[place.clone()])
    {
        line.truncate(place.end);
        line.drain(..place.start);
        return Ok(about.document(line, recognised));
    }
    let line: Envelope<'_> = serde_json::from_str(&line).map_err(InvalidDocument::from)?;
    let body = match line.body.map_or("null", RawValue::get) {
        // A body with line breaks stands in its line as a string.
        text if text.starts_with('"') => {
            serde_json::from_str(text).map_err(InvalidDocument::from)?
        }
        body => body.to_owned(),
    };
    of_body(line.about(now), body)
}

/// A line; without a body, what stands before it.
#[derive(Deserialize)]
struct Envelope<'a> {
    url: Option<String>,
    fetched_at: Option<DateTime<Utc>>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

impl Envelope<'_> {
    fn about(&self, now: DateTime<Utc>) -> About<'_> {
        About { url: self.url.as_deref(), fetched_at: self.fetched_at.unwrap_or(now) }
    }
}

/// What stands before the body, closed, and where the body is, if it is the last member: then nothing needs to look for its end.
/// Where the guess is wrong, one of the two is no JSON.
fn with_body_last(line: &str) -> Option<(String, Range<usize>)> {
    let (head, rest) = line.split_once(BODY)?;
    let body = rest.trim_end().strip_suffix('}')?.trim_end();
    let start = head.len() + BODY.len();
    body.starts_with('{').then(|| (format!("{head}}}"), start..start + body.len()))
}

const BODY: &str = r#","body":"#;

fn of_body(about: About<'_>, text: String) -> Result<(Document, SplitDocument), NoDocument> {
    // The pieces hold no slices of the text, which moves into the document.
    let recognised = match in_one_pass(about.url, &text) {
        Some(done) => done,
        None => in_two_passes(about.url, &text).map_err(|error| explained(error, &text))?,
    };
    Ok(about.document(text, recognised))
}

fn in_two_passes(url: Option<&str>, text: &str) -> Result<Recognised, NoDocument> {
    let body: Body<'_> = serde_json::from_str(text).map_err(InvalidDocument::from)?;
    let (entity, subject) = body.entity(url)?;
    if let (Entity::Artists | Entity::Albums, Some(kind)) = (entity, foreign::in_batch(text)) {
        return Err(NoDocument::Foreign(kind));
    }
    let parts = body.parts(entity, text)?;
    let split = SplitDocument::of(entity, text, &parts);
    Ok(Recognised { entity, subject, split })
}

/// Says more of a text that is not an answer of Spotify's: it may be a file of another program.
fn explained(error: NoDocument, text: &str) -> NoDocument {
    match error {
        NoDocument::Invalid(InvalidDocument::Json(_)) if holds_several(text) => NoDocument::Several,
        NoDocument::Invalid(InvalidDocument::Json(_) | InvalidDocument::Unknown) => {
            foreign::kind(text).map_or(error, NoDocument::Foreign)
        }
        error => error,
    }
}

fn holds_several(text: &str) -> bool {
    let values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    values.take(2).filter(Result::is_ok).count() == 2
}

/// What is known of a recorded body from beside it.
#[derive(Clone, Copy)]
struct About<'a> {
    url: Option<&'a str>,
    fetched_at: DateTime<Utc>,
}

impl About<'_> {
    fn document(self, body: String, recognised: Recognised) -> (Document, SplitDocument) {
        let Recognised { entity, subject, split } = recognised;
        let url = self.url.unwrap_or_default().to_owned();
        let fetched_at = self.fetched_at;
        (Document { entity, subject, url, fetched_at, etag: None, body }, split)
    }
}

fn failed(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { doing, path: path.display().to_string(), source }
}

/// Writes each received body into a folder.
#[derive(Debug)]
pub(crate) struct Recorder {
    directory: PathBuf,
    /// The files in it.
    names: Mutex<BTreeSet<String>>,
}

impl Recorder {
    /// Makes the folder.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be made.
    pub(crate) fn create(directory: &Path) -> Result<Self, Error> {
        let failed = |source| failed("create", directory, source);
        std::fs::create_dir_all(directory).map_err(failed)?;
        let entries = std::fs::read_dir(directory).map_err(failed)?;
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        Ok(Self { directory: directory.to_owned(), names: Mutex::new(names.collect()) })
    }

    /// Writes one body. A list that is read again replaces its earlier pages, all of them: it can have become shorter.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be written.
    pub(crate) fn write(&self, document: &Document, offset: u32) -> Result<(), Error> {
        let entity = document.entity.name();
        // An unknown id was answered with an error, and errors are not documents.
        if document.body == "null" {
            return Ok(());
        }
        let list = match &document.subject {
            Subject::Playlist(id) => format!("playlist_{id}_"),
            Subject::Artists | Subject::Albums => {
                let ids = document.url.rsplit(['/', '=']).next().unwrap_or_default();
                let name = format!("{entity}_{}.json", ids.split(',').next().unwrap_or_default());
                return self.write_file(&name, &document.body);
            }
            Subject::LikedSongs(_) | Subject::OwnPlaylists => format!("{entity}_"),
        };
        if offset == 0 {
            self.remove_pages(&list)?;
        }
        self.write_file(&format!("{list}{offset:06}.json"), &document.body)
    }

    fn remove_pages(&self, list: &str) -> Result<(), Error> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let of_list = names.range(list.to_owned()..).take_while(|name| name.starts_with(list));
        for name in of_list.filter(|name| name.ends_with(".json")) {
            let path = self.directory.join(name);
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed("remove", &path, source));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn write_file(&self, name: &str, body: &str) -> Result<(), Error> {
        let path = self.directory.join(name);
        std::fs::write(&path, body).map_err(|source| failed("write", &path, source))?;
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAYLIST: &str =
        r#"{"type":"playlist","id":"p","items":{"items":[{"item":{"n":"}"}}],"total":1}}"#;

    fn read(line: &str) -> Option<(String, String, DateTime<Utc>)> {
        let (document, _) = of_line(line.to_owned(), DateTime::UNIX_EPOCH).ok()?;
        Some((document.url, document.body, document.fetched_at))
    }

    #[test]
    fn the_body_may_stand_anywhere_in_its_line_and_have_spaces_around_it() {
        let at = DateTime::from_timestamp(1_767_571_200, 0).unwrap();
        let time = r#""fetched_at":"2026-01-05T00:00:00Z""#;
        let expected = (r#"/x?","body":{}"#.to_owned(), PLAYLIST.to_owned(), at);
        // An address that looks like the end of a member is still text.
        let url = r#""url":"/x?\",\"body\":{}""#;
        for line in [
            format!("{{{url},{time},\"body\":{PLAYLIST}}}\n"),
            format!("{{{url},{time},\"body\": {PLAYLIST} }}\r\n"),
            format!("{{{url},\"body\":{PLAYLIST},{time}}}\n"),
            format!("{{\"body\":{PLAYLIST},{url},{time}}}\n"),
            format!("{{{url},{time},\"body\":{}}}\n", serde_json::to_string(PLAYLIST).unwrap()),
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

    #[test]
    fn what_is_no_utf8_is_named_and_no_reason_to_stop() {
        let text = RecordedText {
            place: "a.ndjson, line 3".to_owned(),
            bytes: Ok(b"{\"body\":\"\xff\"}".to_vec()),
            is_line: true,
            now: DateTime::UNIX_EPOCH,
        };
        let PassedOver { place, why: error } = text.read().unwrap_err();
        assert_eq!(
            format!("{place}: {error}"),
            "a.ndjson, line 3: its bytes are no UTF-8 text (invalid utf-8 sequence of 1 bytes from index 9)"
        );
    }
}
