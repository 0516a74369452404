//! The questions of the report and what becomes of their answers: a chart, or words where there is nothing to draw.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::de::DeserializeOwned;

use super::charts::{Chart, Picture, Table, Text};
use crate::warehouse::{Error, Reader, question};

/// The published file, as the report asks it.
pub(super) struct Asked {
    reader: Reader,
    /// What was answered already: a section asks for its words what a chart asks again.
    answers: RefCell<BTreeMap<&'static str, Vec<String>>>,
}

/// Marts that several questions read, and that take longer to compute than what is asked of them; and their columns that are asked for.
const KEPT: [(&str, &str); 4] = [
    ("marts.artist_songs", "*"),
    ("marts.playlist_changes", "*"),
    ("marts.playlist_duplicates", "*"),
    (
        "marts.playlist_songs_current",
        "playlist_id, playlist_name, song_id, artist_id, album_release_date",
    ),
];

/// A chart before it is drawn.
pub(super) struct Wanted {
    pub(super) title: &'static str,
    /// The file of `sql/duckdb/report` that asks for its rows.
    pub(super) question: &'static str,
    /// Of its table.
    pub(super) head: &'static [&'static str],
    /// What it says where there are no rows, in four words or more.
    pub(super) nothing: &'static str,
}

/// What was made of the rows.
pub(super) struct Drawn {
    pub(super) finding: String,
    pub(super) picture: Picture,
    /// Of the table.
    pub(super) rows: Vec<Vec<Text>>,
}

impl Asked {
    pub(super) fn open(published: &Path, temp_directory: &Path) -> Result<Self, Error> {
        Ok(Self { reader: Reader::open(published, temp_directory)?, answers: RefCell::default() })
    }

    /// The rows that answer a question; none, too, where the file lacks what is asked, as one of an older version can.
    pub(super) fn rows<Row: DeserializeOwned>(
        &self,
        name: &'static str,
    ) -> Result<Vec<Row>, Error> {
        let sql = question(name);
        if self.lacking(sql).is_some() {
            return Ok(Vec::new());
        }
        let mut answers = self.answers.borrow_mut();
        let answer = match answers.entry(name) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.reader.rows(name, &self.on_kept(sql)?)?),
        };
        let rows = answer.iter().map(|row| serde_json::from_str(row));
        rows.collect::<Result<_, _>>().map_err(|source| Error::Answer { name, source })
    }

    /// A question put to what was computed once.
    fn on_kept(&self, sql: &str) -> Result<String, Error> {
        let asked: BTreeSet<&str> = relations(sql).collect();
        let mut kept = KEPT.into_iter().filter(|(view, _)| asked.contains(view));
        kept.try_fold(sql.to_owned(), |sql, (view, columns)| {
            Ok(sql.replace(view, &self.reader.keep(view, columns)?))
        })
    }

    /// The first table or view that a question names and the file lacks.
    fn lacking(&self, sql: &'static str) -> Option<&'static str> {
        relations(sql).find(|relation| !self.reader.has(relation))
    }

    /// Asks, and draws what was answered.
    pub(super) fn chart<Row: DeserializeOwned>(
        &self,
        wanted: &Wanted,
        draw: impl FnOnce(&[Row]) -> Drawn,
    ) -> Result<Chart, Error> {
        let Wanted { title, question: name, head, nothing } = *wanted;
        let sql = question(name);
        let plain = |finding: String, words: &str| Drawn {
            finding,
            picture: Picture::nothing(words),
            rows: Vec::new(),
        };
        let drawn = match self.lacking(sql) {
            Some(relation) => plain(
                format!(
                    "The published file has no {relation}: an older snowtrack wrote it, and the next run adds it."
                ),
                "The next run adds this",
            ),
            None => match self.rows::<Row>(name)?.as_slice() {
                [] => plain(format!("{nothing}."), nothing),
                rows => draw(rows),
            },
        };
        let Drawn { finding, picture, rows } = drawn;
        Ok(Chart { title, finding, picture, table: Table { head, rows }, sql })
    }
}

/// The published tables and views that a question names.
fn relations(sql: &str) -> impl Iterator<Item = &str> {
    let words = sql.split(|c: char| c.is_whitespace() || "(),;".contains(c));
    words.filter(|word| {
        ["core.", "marts.", "operations."].iter().any(|schema| word.starts_with(schema))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_question_names_is_seen() {
        let sql = "select (select count(*) from marts.a), b.c\nfrom operations.b as b -- marts\n";
        assert_eq!(relations(sql).collect::<Vec<_>>(), ["marts.a", "operations.b"]);
    }

    #[test]
    fn what_several_questions_read_is_computed_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("spotify.duckdb");
        let made = duckdb::Connection::open(&file).unwrap();
        let views =
            "create schema marts; create view marts.artist_songs as select uuid() as artist_id";
        made.execute_batch(views).unwrap();
        drop(made);
        let asked = Asked::open(&file, folder.path()).unwrap();
        let answer = |sql: &str| asked.reader.rows("a test", &asked.on_kept(sql).unwrap()).unwrap();
        let first = answer("select artist_id from marts.artist_songs");
        assert_eq!(first, answer("select artist_id\nfrom marts.artist_songs\nlimit 1"));
    }

    #[test]
    fn what_is_kept_is_read_by_several_questions_and_no_other_name_begins_like_it() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/duckdb/report");
        let files = std::fs::read_dir(folder).unwrap();
        let questions: Vec<String> =
            files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        for (view, _) in KEPT {
            let reads = |sql: &&String| relations(sql).any(|relation| relation == view);
            assert!(1 < questions.iter().filter(reads).count(), "{view}");
            let named = questions.iter().flat_map(|sql| relations(sql));
            assert!(named.filter(|it| it.starts_with(view)).all(|it| it == view), "{view}");
        }
    }
}
