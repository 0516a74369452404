//! The journal: a file beside the work file in which each page is on disk before it is in a table.
//!
//! In: notes, and with a page's note its body. Out: the same after a kill, up to the first that is not whole. It knows no DuckDB, and
//! never a note of another generation: what was taken into the tables in one transaction is one generation, and the ledger remembers
//! the last.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::Error;
use crate::ids::Subject;
use crate::sources::{Document, Entity};

/// What happens to a read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Note {
    /// It begins.
    Begun { read_id: i64, run_id: String, subject: Subject, at: DateTime<Utc> },
    /// A page of it came.
    Page { read_id: i64, run_id: String, described: Described, page: Page },
    /// It ends.
    Ended { read_id: i64, status: String, at: DateTime<Utc> },
}

/// What a page says of its list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Described {
    /// The snapshot that is being read.
    pub(crate) snapshot_id: Option<String>,
    /// Rows announced.
    pub(crate) total: Option<u32>,
}

/// A document without its body, which follows the note as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Page {
    entity: String,
    playlist_id: Option<String>,
    url: String,
    fetched_at: DateTime<Utc>,
    etag: Option<String>,
}

/// Every entity that a page can have.
const ENTITIES: [Entity; 6] = [
    Entity::Playlist,
    Entity::PlaylistItems,
    Entity::LikedSongs,
    Entity::MyPlaylists,
    Entity::Artists,
    Entity::Albums,
];

impl Page {
    pub(super) fn of(document: &Document) -> Self {
        Self {
            entity: document.entity.name().to_owned(),
            playlist_id: document.subject.playlist_id().map(Cow::into_owned),
            url: document.url.clone(),
            fetched_at: document.fetched_at,
            etag: document.etag.clone(),
        }
    }

    /// The document again. `None`: a later version wrote it.
    pub(super) fn with_body(self, body: String) -> Option<Document> {
        let entity = ENTITIES.into_iter().find(|entity| entity.name() == self.entity)?;
        let Self { playlist_id, url, fetched_at, etag, .. } = self;
        let of_what = if entity == Entity::PlaylistItems { Entity::Playlist } else { entity };
        let subject = Subject::of(of_what.name(), playlist_id.as_deref())?;
        Some(Document { entity, subject, url, fetched_at, etag, body })
    }
}

/// The file, open for more.
pub(super) struct Journal {
    path: PathBuf,
    file: Option<File>,
    size_bytes: u64,
}

/// What was taken into the tables together, or is to be.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Generation {
    pub(super) number: u64,
    pub(super) notes: Vec<NoteWithBody>,
}

/// A note as it is read: its body is empty where it has none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NoteWithBody {
    pub(super) note: Note,
    pub(super) body: String,
}

/// The first words of the file. A reader takes nothing that begins otherwise.
const FORMAT: &str = "snowtrack pages 1";

impl Journal {
    /// The journal of the work file `work_file`; it is made with its first note.
    pub(super) fn beside(work_file: &Path) -> Self {
        Self { path: work_file.with_extension("pages"), file: None, size_bytes: 0 }
    }

    /// Writes a note. With its body it is on disk when this returns; without, when the next one with a body is.
    pub(super) fn write(
        &mut self,
        generation: u64,
        note: &Note,
        body: Option<&str>,
    ) -> Result<(), Error> {
        let written = self.try_write(generation, note, body);
        if written.is_err()
            && let Some(file) = &self.file
        {
            // What is left of half a note would end the reading of all behind it; the error is the one to tell.
            let _ = file.set_len(self.size_bytes);
        }
        written.map_err(|source| self.failed("write", source))
    }

    fn try_write(&mut self, generation: u64, note: &Note, body: Option<&str>) -> io::Result<()> {
        let mut file = match &self.file {
            Some(file) => file,
            None => {
                let file = File::options().append(true).create_new(true).open(&self.path)?;
                if let Some(folder) = self.path.parent() {
                    // Else the name of the file may be lost where its bytes are not.
                    File::open(folder)?.sync_all()?;
                }
                let file = self.file.insert(file);
                let head = format!("{FORMAT} {generation}\n");
                file.write_all(head.as_bytes())?;
                self.size_bytes = head.len() as u64;
                file
            }
        };
        let text = serde_json::to_string(note)?;
        let body_text = body.unwrap_or_default();
        let digest = digest(&text, body_text);
        let head = format!("{} {} {digest}\n", text.len(), body_text.len());
        let record = [head.as_str(), &text, "\n", body_text, "\n"].concat();
        file.write_all(record.as_bytes())?;
        if body.is_some() {
            file.sync_data()?;
        }
        self.size_bytes += record.len() as u64;
        Ok(())
    }

    /// Takes the file away, because the tables have what is in it.
    pub(super) fn remove(&mut self) -> Result<(), Error> {
        self.file = None;
        match std::fs::remove_file(&self.path) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                Err(self.failed("remove", source))
            }
            _ => Ok(()),
        }
    }

    /// What an earlier process left: the generation, and each whole note with its body.
    pub(super) fn read(&self) -> Result<Option<Generation>, Error> {
        let bytes = match std::fs::read(&self.path) {
            Err(source) if source.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|source| self.failed("read", source))?,
        };
        let Some((head, mut rest)) = line(&bytes) else {
            return Ok(Some(Generation::default()));
        };
        let number = head.strip_prefix(FORMAT).and_then(|rest| rest.trim().parse().ok());
        let Some(number) = number else { return Ok(Some(Generation::default())) };
        let mut notes = Vec::new();
        while let Some((note, body, behind)) = record(rest) {
            notes.push(NoteWithBody { note, body: body.to_owned() });
            rest = behind;
        }
        if !rest.is_empty() {
            tracing::debug!("the last page that was written is not whole; it is asked for again");
        }
        Ok(Some(Generation { number, notes }))
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> Error {
        Error::File { doing, path: self.path.clone(), source }
    }
}

/// 128 bits of what a record holds.
fn digest(note: &str, body: &str) -> String {
    let sum = Sha256::new().chain_update(note).chain_update(body).finalize();
    sum[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first line, and what is behind it.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

/// The first note, its body, and what is behind them. `None` where it is not whole.
fn record(bytes: &[u8]) -> Option<(Note, &str, &[u8])> {
    let (head, rest) = line(bytes)?;
    let mut parts = head.split(' ');
    let note_size: usize = parts.next()?.parse().ok()?;
    let body_size: usize = parts.next()?.parse().ok()?;
    let wanted = parts.next()?;
    let (text, rest) = (rest.get(..note_size)?, rest.get(note_size..)?.strip_prefix(b"\n")?);
    let (body, rest) = (rest.get(..body_size)?, rest.get(body_size..)?.strip_prefix(b"\n")?);
    let (text, body) = (std::str::from_utf8(text).ok()?, std::str::from_utf8(body).ok()?);
    (digest(text, body) == wanted).then_some(())?;
    Some((serde_json::from_str(text).ok()?, body, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(read_id: i64) -> Note {
        Note::Ended { read_id, status: "complete".to_owned(), at: DateTime::UNIX_EPOCH }
    }

    fn page(read_id: i64) -> Note {
        let document = Document {
            entity: Entity::LikedSongs,
            subject: Subject::LikedSongs(None),
            url: "/v1/me/tracks".to_owned(),
            fetched_at: DateTime::UNIX_EPOCH,
            etag: None,
            body: String::new(),
        };
        let (run_id, described) = ("r".to_owned(), Described::default());
        Note::Page { read_id, run_id, described, page: Page::of(&document) }
    }

    #[test]
    fn what_was_written_is_read_up_to_the_byte_at_which_the_file_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let work_file = folder.path().join("w.duckdb");
        let mut journal = Journal::beside(&work_file);
        assert_eq!(journal.read().unwrap(), None);
        let bodies = ["{\"a\":\n\"\u{fffd}\"}", "", "12 34 x\n"];
        let mut ends = Vec::new();
        for (read_id, body) in (1..).zip(bodies) {
            journal.write(7, &page(read_id), Some(body)).unwrap();
            ends.push(journal.size_bytes);
            journal.write(7, &note(read_id), None).unwrap();
            ends.push(journal.size_bytes);
        }
        let wanted: Vec<_> = (1..)
            .zip(bodies)
            .flat_map(|(id, body)| [(page(id), body), (note(id), "")])
            .map(|(note, body)| NoteWithBody { note, body: body.to_owned() })
            .collect();
        assert_eq!(journal.read().unwrap(), Some(Generation { number: 7, notes: wanted.clone() }));
        let path = folder.path().join("w.pages");
        let whole = std::fs::read(&path).unwrap();
        for size in 0..=whole.len() {
            std::fs::write(&path, &whole[..size]).unwrap();
            let Generation { number, notes } = journal.read().unwrap().unwrap();
            let count = ends.iter().filter(|end| **end <= size as u64).count();
            assert_eq!(notes, wanted[..count], "{size} bytes");
            assert_eq!(number, if size < FORMAT.len() + 3 { 0 } else { 7 }, "{size} bytes");
        }
        for at in FORMAT.len() + 3..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            std::fs::write(&path, damaged).unwrap();
            let Generation { notes, .. } = journal.read().unwrap().unwrap();
            let count = ends.iter().filter(|end| **end <= at as u64).count();
            assert_eq!(notes, wanted[..count], "byte {at}");
        }
    }

    #[test]
    fn notes_of_an_earlier_version_are_read() {
        let begun = r#"{"begun":{"read_id":1,"run_id":"r","subject":{"entity":"liked_songs","playlist_id":"liked:u"},"at":"1970-01-01T00:00:00Z"}}"#;
        let subject = Subject::LikedSongs(Some("u".to_owned()));
        let (run_id, at) = ("r".to_owned(), DateTime::UNIX_EPOCH);
        let wanted = Note::Begun { read_id: 1, run_id, subject, at };
        assert_eq!(serde_json::from_str::<Note>(begun).unwrap(), wanted);
        assert_eq!(serde_json::to_string(&wanted).unwrap(), begun);
        for (entity, playlist_id, wanted) in [
            ("playlist_items", r#""p""#, Some("p")),
            ("liked_songs", "null", Some("liked")),
            ("my_playlists", "null", None),
        ] {
            let page = format!(
                r#"{{"entity":"{entity}","playlist_id":{playlist_id},"url":"/x","fetched_at":"1970-01-01T00:00:00Z","etag":null}}"#
            );
            let page: Page = serde_json::from_str(&page).unwrap();
            let document = page.with_body(String::new()).unwrap();
            assert_eq!(
                (document.entity.name(), document.subject.playlist_id().as_deref()),
                (entity, wanted)
            );
        }
    }

    #[test]
    fn a_journal_is_gone_when_it_is_removed_and_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::beside(&folder.path().join("w.duckdb"));
        journal.remove().unwrap();
        journal.write(1, &page(1), Some("x")).unwrap();
        journal.remove().unwrap();
        assert_eq!(journal.read().unwrap(), None);
        journal.write(2, &note(5), None).unwrap();
        let notes = vec![NoteWithBody { note: note(5), body: String::new() }];
        assert_eq!(journal.read().unwrap(), Some(Generation { number: 2, notes }));
    }
}
