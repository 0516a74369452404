//! The shipped tables, as `sql/duckdb/schema/030_core.sql` describes them: which there are, in the order in which they are
//! transformed and shipped, their keys and their columns.
//!
//! In: that file, at compile time. Out: a [`Table`] for each, and what the templates of both dialects fill in for it. Nothing else in
//! the program says what a table is made of.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

const CORE: &str = include_str!("../sql/duckdb/schema/030_core.sql");
const CREATE: &str = "create table if not exists core.";

static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| shapes(CORE));

/// A shipped table. Tables sort in the order in which they are transformed and shipped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(usize);

impl Table {
    /// Every shipped table.
    pub const ALL: [Self; COUNT] = {
        let mut all = [Self(0); COUNT];
        let mut at = 0;
        while at < COUNT {
            all[at] = Self(at);
            at += 1;
        }
        all
    };

    /// The table's name, the same in DuckDB, in paths and (upper case) in Snowflake.
    pub fn name(self) -> &'static str {
        &self.shape().name
    }

    /// The key columns, comma separated.
    pub fn key(self) -> &'static str {
        &self.shape().key
    }

    /// The columns whose rows are shipped together, comma separated: a row can go away without a trace only if what is left of
    /// its group says so.
    pub fn group(self) -> &'static str {
        &self.shape().group
    }

    /// The columns that its row hash is made of, in order.
    pub fn columns(self) -> Vec<String> {
        self.shape().columns.iter().map(|column| column.name.clone()).collect()
    }

    /// What it is made of.
    pub(crate) fn shape(self) -> &'static Shape {
        &SHAPES[self.0]
    }

    /// What all of them are made of.
    pub(crate) fn shapes() -> &'static [Shape] {
        &SHAPES
    }
}

/// By name, for tests only: the program knows no table by its name.
#[cfg(test)]
#[expect(non_upper_case_globals, reason = "they read as the variants of an enum")]
#[expect(missing_docs, reason = "named as the tables are")]
impl Table {
    pub const Albums: Self = Self(0);
    pub const Artists: Self = Self(1);
    pub const Songs: Self = Self(2);
    pub const SongArtists: Self = Self(3);
    pub const Playlists: Self = Self(4);
    pub const PlaylistSongs: Self = Self(5);
    pub const SongObservations: Self = Self(6);
    pub const Genres: Self = Self(7);
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl serde::Serialize for Table {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many tables the file describes.
const COUNT: usize = {
    let (text, wanted) = (CORE.as_bytes(), CREATE.as_bytes());
    let (mut count, mut at) = (0, 0);
    while at + wanted.len() <= text.len() {
        let mut same = 0;
        while same < wanted.len() && text[at + same] == wanted[same] {
            same += 1;
        }
        if same == wanted.len() {
            count += 1;
        }
        at += 1;
    }
    count
};

/// What a table is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) name: String,
    /// Comma separated.
    pub(crate) key: String,
    /// Comma separated; the key where the table has no groups.
    pub(crate) group: String,
    /// The columns that the row hash is made of, in order. The run, its time and the hash follow in every table.
    pub(crate) columns: Vec<Column>,
}

/// A column that the row hash is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
    pub(crate) is_key: bool,
}

/// The types of 030_core.sql; another one needs a text form that both dialects agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Boolean,
    Date,
    Integer,
    Timestamp,
    Varchar,
}

impl ColumnKind {
    fn of_sql(name: &str) -> Option<Self> {
        match name {
            "boolean" => Some(Self::Boolean),
            "date" => Some(Self::Date),
            "integer" => Some(Self::Integer),
            "timestamp" => Some(Self::Timestamp),
            "varchar" => Some(Self::Varchar),
            _ => None,
        }
    }
}

impl Shape {
    /// What both dialects spell the same.
    pub(crate) fn filling(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            "table" => Some(Cow::Borrowed(&self.name)),
            "key" => Some(Cow::Borrowed(&self.key)),
            "group" => Some(Cow::Borrowed(&self.group)),
            "columns" => Some(Cow::Owned(self.each_column(", ", |column| column.name.clone()))),
            _ => None,
        }
    }

    /// Every column in words, joined.
    pub(crate) fn each_column(&self, between: &str, words: impl Fn(&Column) -> String) -> String {
        self.columns.iter().map(words).collect::<Vec<_>>().join(between)
    }

    /// Every column of the key in words, joined. Their order is that of the columns, in every table.
    pub(crate) fn each_key(&self, between: &str, words: impl Fn(&Column) -> String) -> String {
        let keys = self.columns.iter().filter(|column| column.is_key);
        keys.map(words).collect::<Vec<_>>().join(between)
    }
}

/// Reads the tables out of the text of 030_core.sql: `-- key: …` and perhaps `-- group: …`, then the statement that makes the table,
/// a column a line.
pub(crate) fn shapes(core: &str) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let (mut key, mut group) = (None, None);
    let mut lines = core.lines();
    while let Some(line) = lines.next() {
        if let Some(columns) = line.strip_prefix("-- key: ") {
            key = Some(columns.trim().to_owned());
        } else if let Some(columns) = line.strip_prefix("-- group: ") {
            group = Some(columns.trim().to_owned());
        } else if let Some(rest) = line.strip_prefix(CREATE) {
            let key = key.take().expect("a table of 030_core.sql says its key");
            let keys: Vec<&str> = key.split(", ").collect();
            let of_hash = lines.by_ref().map(str::trim);
            let of_hash = of_hash.take_while(|line| !line.starts_with("run_id "));
            shapes.push(Shape {
                name: rest.split(' ').next().unwrap_or(rest).to_owned(),
                columns: of_hash.map(|line| column(line, &keys)).collect(),
                group: group.take().unwrap_or_else(|| key.clone()),
                key,
            });
        }
    }
    shapes
}

fn column(line: &str, keys: &[&str]) -> Column {
    let mut words = line.split([' ', ',']).filter(|word| !word.is_empty());
    let (name, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let kind = ColumnKind::of_sql(kind).expect("a column of 030_core.sql has one of five types");
    Column { name: name.to_owned(), kind, is_key: keys.contains(&name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_that_is_counted_is_described_and_has_its_key_among_its_columns() {
        assert_eq!(Table::shapes().len(), Table::ALL.len());
        for shape in Table::shapes() {
            let names: Vec<&str> = shape.columns.iter().map(|it| it.name.as_str()).collect();
            assert!(shape.key.split(", ").all(|key| names.contains(&key)), "{shape:?}");
            assert!(shape.group.split(", ").all(|key| names.contains(&key)), "{shape:?}");
            // The order of the key is the order in which both dialects join it into one text.
            assert_eq!(shape.each_key(", ", |it| it.name.clone()), shape.key);
        }
        let named = [Table::Albums, Table::SongArtists, Table::PlaylistSongs, Table::Genres];
        assert_eq!(
            named.map(|table| format!("{table}: {} ({})", table.key(), table.group())),
            [
                "albums: id (id)",
                "song_artists: song_id, artist_position (song_id)",
                "playlist_songs: playlist_id, snapshot_id, position (playlist_id, snapshot_id, position)",
                "genres: artist_id, genre (artist_id)",
            ]
        );
    }

    #[test]
    fn a_column_is_read_with_its_type_whatever_else_its_line_says() {
        let core = "-- key: a, b\n-- group: a\ncreate table if not exists core.t ( -- noqa\n    a varchar using compression x,\n    b integer, -- 0, the first\n    c timestamp,\n    run_id varchar,\n";
        let column = |name: &str, kind, is_key| Column { name: name.to_owned(), kind, is_key };
        let columns = vec![
            column("a", ColumnKind::Varchar, true),
            column("b", ColumnKind::Integer, true),
            column("c", ColumnKind::Timestamp, false),
        ];
        let (key, group) = ("a, b".to_owned(), "a".to_owned());
        assert_eq!(shapes(core), [Shape { name: "t".to_owned(), key, group, columns }]);
    }
}
