//! Takes out what is held of someone: whose rows they are, in `core` and in files, and everything else that names them.
//!
//! In: playlists and users. Out: temporary tables that say what goes (`sql/duckdb/forget`), the rows of files that stay, and, in one
//! transaction of the caller's, a work file without theirs. Nothing here leaves this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use duckdb::params;
use serde_json::Value;

use super::error::{Doing, Error};
use super::files::FileForm;
use super::published::{PublishedFile, rewrite_published};
use super::sql_files::{self, forget};
use super::{Warehouse, files};
use crate::ids::Table;
use crate::table::ColumnKind;

/// What an id of somebody's is the id of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A playlist, the liked songs among them.
    Playlist,
    /// A user.
    User,
    /// A song that no other list needs.
    Song,
    /// An album of such songs alone.
    Album,
    /// An artist of such songs and albums alone.
    Artist,
    /// A playlist's name, by which texts are found that tell of it.
    Name,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Playlist, Self::User, Self::Song, Self::Album, Self::Artist, Self::Name];

    /// As the SQL files write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Playlist => "playlist",
            Self::User => "user",
            Self::Song => "song",
            Self::Album => "album",
            Self::Artist => "artist",
            Self::Name => "name",
        }
    }

    /// The kind of this name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Everything that is somebody's, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Theirs(BTreeMap<Kind, BTreeSet<String>>);

impl Theirs {
    /// Adds one.
    pub(crate) fn add(&mut self, kind: Kind, value: impl Into<String>) {
        self.0.entry(kind).or_default().insert(value.into());
    }

    /// Those of a kind.
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.0.get(&kind).into_iter().flatten().map(String::as_str)
    }

    /// Those of the kind with this name, as a JSON array.
    pub(crate) fn json_of(&self, kind: &str) -> String {
        let values: Vec<&str> =
            Kind::of_name(kind).into_iter().flat_map(|it| self.of(it)).collect();
        serde_json::json!(values).to_string()
    }

    /// Whether it is one of theirs, of whatever kind.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|(kind, values)| *kind != Kind::Name && values.contains(id))
    }

    /// Whether it is one of theirs of a kind.
    pub(crate) fn has_of(&self, kind: Kind, id: &str) -> bool {
        self.0.get(&kind).is_some_and(|values| values.contains(id))
    }

    /// Every one of them with its kind.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.0.iter().flat_map(|(kind, values)| values.iter().map(|value| (*kind, value.as_str())))
    }
}

/// Rows that go, and rows that stay without something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Rows that go.
    pub(crate) gone: u64,
    /// Rows that stay, changed.
    pub(crate) changed: u64,
}

impl Touched {
    /// Whether there are none.
    pub(crate) const fn is_nothing(self) -> bool {
        self.gone == 0 && self.changed == 0
    }
}

/// A file of one table that is on this machine.
#[derive(Debug, Clone)]
pub(crate) struct KeptFile {
    /// Where.
    pub(crate) path: PathBuf,
    /// `parquet` or `csv`.
    pub(crate) format: &'static str,
}

/// A landed text that names one of theirs.
struct Naming {
    /// `rows`, `items` or `documents`.
    place: String,
    id: i64,
    position: i64,
    /// Whether its item stands elsewhere.
    is_cut: bool,
    text: String,
}

/// Takes out of a document whatever is theirs: `null` stands in its place.
pub(crate) fn redact(value: &mut Value, theirs: &Theirs) {
    let parts: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(fields) => fields.values_mut().collect(),
        _ => return,
    };
    for part in parts {
        if part.get("id").and_then(Value::as_str).is_some_and(|id| theirs.has(id)) {
            *part = Value::Null;
        } else {
            redact(part, theirs);
        }
    }
}

const DOING: &str = "look for what is to be forgotten";

impl Warehouse {
    /// Finds everything that goes with `seeds`, for the statements below, and returns it.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn whose(&self, seeds: &Theirs) -> Result<Theirs, Error> {
        self.land_pages()?;
        let begin = "create or replace temp table theirs (kind varchar, value varchar)";
        self.connection.execute_batch(begin).doing(DOING)?;
        for (kind, value) in seeds.iter() {
            let add = "insert into theirs values (?, ?)";
            self.connection.execute(add, params![kind.name(), value]).doing(DOING)?;
        }
        self.connection.execute_batch(forget::WHOSE).doing(DOING)?;
        self.theirs()
    }

    fn theirs(&self) -> Result<Theirs, Error> {
        let mut found = Theirs::default();
        for (kind, value) in self.rows("select kind, value from theirs", DOING, |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })? {
            if let Some(kind) = Kind::of_name(&kind) {
                found.add(kind, value);
            }
        }
        Ok(found)
    }

    /// Rows of `core` that go or change.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn touched_in_core(&self, table: Table) -> Result<Touched, Error> {
        self.touched(table, &format!("core.{table}"))
    }

    /// Rows of a file that go or change.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Statement`].
    pub(crate) fn touched_in_file(&self, table: Table, file: &KeptFile) -> Result<Touched, Error> {
        self.touched(table, &source(table, std::slice::from_ref(file)))
    }

    fn touched(&self, table: Table, source: &str) -> Result<Touched, Error> {
        let rows = sql_files::forgotten_rows(table, source);
        let sql = format!(
            "select count(*) filter (is_gone), count(*) filter (is_changed and not is_gone) \
             from (\n{rows}\n)"
        );
        let counts = self
            .connection
            .query_row(&sql, [], |row| Ok(Touched { gone: row.get(0)?, changed: row.get(1)? }));
        counts.doing(DOING)
    }

    /// How many texts of a Parquet file, whatever it holds, are an id of theirs.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn naming_count_in_parquet(&self, file: &Path) -> Result<u64, Error> {
        let path = file.to_string_lossy();
        self.connection.query_row(forget::IN_PARQUET, [path], |row| row.get(0)).doing(DOING)
    }

    /// Writes the rows of files that stay into `folder`, as they are to be, and returns the new files in order; csv is plain.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Statement`].
    pub(crate) fn write_kept(
        &self,
        table: Table,
        kept: &[KeptFile],
        form: FileForm<'_>,
        folder: &Path,
    ) -> Result<Vec<PathBuf>, Error> {
        let rows = sql_files::forgotten_rows(table, &source(table, kept));
        let query =
            format!("select * exclude (is_gone, is_changed) from (\n{rows}\n) where not is_gone");
        self.write_rows(table, &query, form, folder)
    }

    /// Where the rows of files come from that stay: `run time` of each.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Statement`].
    pub(crate) fn origins_in(
        &self,
        table: Table,
        kept: &[KeptFile],
    ) -> Result<BTreeSet<String>, Error> {
        let sql = forget::ORIGINS
            .replace("{rows}", &sql_files::forgotten_rows(table, &source(table, kept)));
        Ok(self.rows(&sql, DOING, |row| row.get(0))?.into_iter().collect())
    }

    /// Takes all of theirs out of `core`, `raw` and `meta`, in the caller's transaction.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn purge(&self) -> Result<(), Error> {
        let doing = "take out what is forgotten";
        for table in Table::ALL {
            self.connection.execute_batch(&sql_files::purge_table(table)).doing(doing)?;
        }
        self.connection.execute_batch(forget::PURGE).doing(doing)?;
        let theirs = self.theirs()?;
        for naming in self.naming_rows()? {
            self.redact_row(&naming, &theirs)?;
        }
        Ok(())
    }

    /// How many landed texts name one of theirs: none, once they are purged.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn naming_count(&self) -> Result<usize, Error> {
        Ok(self.naming_rows()?.len())
    }

    fn naming_rows(&self) -> Result<Vec<Naming>, Error> {
        self.rows(forget::NAMING_ROWS, DOING, |row| {
            Ok(Naming {
                place: row.get(0)?,
                id: row.get(1)?,
                position: row.get(2)?,
                is_cut: row.get(3)?,
                text: row.get(4)?,
            })
        })
    }

    /// An album lists songs, a song names the one that it stands for: of such a text everything stays but that.
    fn redact_row(&self, naming: &Naming, theirs: &Theirs) -> Result<(), Error> {
        let Naming { place, id, position, is_cut, text } = naming;
        let redacted = match is_cut {
            // The place of its item would be another.
            true => None,
            false => serde_json::from_str(text).ok().map(|mut value| {
                redact(&mut value, theirs);
                value.to_string()
            }),
        };
        let names = |text: &String| {
            let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
            words.any(|word| theirs.has(word))
        };
        let rest = redacted.filter(|text| !names(text)).unwrap_or_else(|| "null".to_owned());
        let connection = &self.connection;
        let replaced = match place.as_str() {
            "rows" => connection.execute(forget::REPLACE_ROW, params![rest, id, position]),
            "items" => connection
                .execute("update raw.items set item_json = ? where item_id = ?", params![rest, id]),
            _ => connection.execute(
                "update raw.documents set envelope = ? where document_id = ?",
                params![rest, id],
            ),
        };
        replaced.doing("take out what is forgotten").map(|_| ())
    }

    /// Rows that each table holds now.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn row_count(&self, table: Table) -> Result<u64, Error> {
        let sql = format!("select count(*) from core.{table}");
        self.connection.query_row(&sql, [], |row| row.get(0)).doing("count the tables")
    }

    /// Writes the published file anew without theirs; `None` where there is none, or nothing of theirs in it.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Statement`].
    pub(crate) fn purge_published(&self, target: &Path) -> Result<Option<PublishedFile>, Error> {
        match target.exists() {
            true => rewrite_published(self, target).map(Some),
            false => Ok(None),
        }
    }
}

/// Files of one table as a source of rows, each column of its own type.
fn source(table: Table, kept: &[KeptFile]) -> String {
    let of = |format: &str| {
        let paths = kept.iter().filter(|file| file.format == format);
        paths.map(|file| sql_files::literal(&file.path.to_string_lossy())).collect::<Vec<_>>()
    };
    let (parquet, csv) = (of("parquet"), of("csv"));
    let names = format!("{}, run_id, extracted_at, row_hash", table.columns().join(", "));
    let mut parts = Vec::new();
    if !parquet.is_empty() {
        parts.push(format!(
            "select {names} from read_parquet([{}], union_by_name = true)",
            parquet.join(", ")
        ));
    }
    if !csv.is_empty() {
        let columns = table.shape().each_column(", ", |column| {
            format!("{}: '{}'", sql_files::literal(&column.name), type_of(column.kind))
        });
        let columns = format!(
            "{columns}, 'run_id': 'varchar', 'extracted_at': 'timestamp', 'row_hash': 'decimal(20, 0)'"
        );
        parts.push(format!(
            "select {names} from read_csv([{}], columns = {{{columns}}}, {})",
            csv.join(", "),
            files::CSV_AS_WRITTEN
        ));
    }
    format!("(\n{}\n)", parts.join("\nunion all\n"))
}

const fn type_of(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Boolean => "boolean",
        ColumnKind::Date => "date",
        ColumnKind::Integer => "integer",
        ColumnKind::Timestamp => "timestamp",
        ColumnKind::Varchar => "varchar",
    }
}
