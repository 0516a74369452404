//! What everything is called in Snowflake, and how files get in.
//!
//! In: the configured names, our closed lists of tables, formats and modes. Out: names; what is asked of them is `sql`'s.

use serde::Deserialize;

use super::api::{Ident, Literal, QualifiedName, literal};
use crate::lake::Format;
use crate::table::Table;

/// What everything is called in Snowflake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// The database.
    pub database: Ident,
    /// Its schema of landing tables, stage, file formats and pipes.
    pub schema: Ident,
    /// Its schema of current rows.
    pub core_schema: Ident,
    /// Its schema of what dbt derives.
    pub marts_schema: Ident,
    /// The stage on the lake.
    pub stage: Ident,
    /// The storage integration that lets Snowflake read the lake.
    pub integration: Ident,
    /// The role that loads and verifies.
    pub role: Ident,
    /// The role that only reads current rows and marts.
    pub reader_role: Ident,
    /// The warehouse that verification and dynamic tables use.
    pub warehouse: Ident,
    /// The user that runs us.
    pub user: Ident,
}

impl Default for Names {
    fn default() -> Self {
        let name = |text: &str| text.parse().expect("the default names are names");
        Self {
            database: name("SPOTIFY"),
            schema: name("RAW"),
            core_schema: name("CORE"),
            marts_schema: name("MARTS"),
            stage: name("SPOTIFY_S3_STAGE"),
            integration: name("SPOTIFY_S3"),
            role: name("SPOTIFY_LOADER"),
            reader_role: name("SPOTIFY_READER"),
            warehouse: name("SPOTIFY_WH"),
            user: name("SPOTIFY_LOADER_SVC"),
        }
    }
}

/// How files get from the lake into the landing tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IngestMode {
    /// We tell a pipe of each file (`insertFiles`).
    #[default]
    Rest,
    /// S3's events tell it.
    Auto,
    /// No pipe: `COPY INTO` in a warehouse.
    Copy,
}

impl IngestMode {
    /// As configuration and pipes' names write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Auto => "auto",
            Self::Copy => "copy",
        }
    }

    /// The mode of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Rest, Self::Auto, Self::Copy].into_iter().find(|mode| mode.name() == name)
    }
}

impl Names {
    /// The table's landing table.
    pub(crate) fn table(&self, table: Table) -> QualifiedName {
        self.in_schema(ident(table.name()))
    }

    /// The pipe of one table, format and mode; `None` where the mode has no pipes. The number at its end grows when its
    /// definition changes, because a pipe's never does.
    pub(crate) fn pipe(
        &self,
        table: Table,
        format: Format,
        mode: IngestMode,
    ) -> Option<QualifiedName> {
        let version = version(format);
        let name = format!("{}_{}_{}_V{version}", table.name(), format.name(), mode.name());
        (mode != IngestMode::Copy).then(|| self.in_schema(ident(&name)))
    }

    /// What says how files of this format are read.
    pub(crate) fn file_format(&self, format: Format) -> QualifiedName {
        self.in_schema(file_format(format))
    }

    fn in_schema(&self, name: Ident) -> QualifiedName {
        QualifiedName { database: self.database.clone(), schema: self.schema.clone(), name }
    }

    /// What a template means by a name.
    pub(super) fn named(&self, name: &str) -> &Ident {
        match name {
            "database" => &self.database,
            "schema" => &self.schema,
            "core_schema" => &self.core_schema,
            "marts_schema" => &self.marts_schema,
            "reader_role" => &self.reader_role,
            "stage" => &self.stage,
            "integration" => &self.integration,
            "role" => &self.role,
            "warehouse" => &self.warehouse,
            "user" => &self.user,
            _ => unreachable!("`{name}` is filled in by whoever uses the file"),
        }
    }
}

/// The file format object of a kind of file.
pub(super) fn file_format(format: Format) -> Ident {
    ident(&format!("{}_V{}", format.name(), version(format)))
}

/// How often the way in which a kind of file is read has changed, and with it the pipes that read it.
const fn version(format: Format) -> u8 {
    match format {
        Format::Parquet => 1,
        // 1 took the text `\N` for NULL.
        Format::Csv => 2,
    }
}

/// What a pipe's files are called, as a regular expression over the whole path.
pub(super) fn pattern(format: Format) -> Literal {
    literal(match format {
        Format::Parquet => ".*[.]parquet",
        Format::Csv => ".*[.]csv[.]gz",
    })
}

/// A name made of our own closed lists.
pub(super) fn ident(name: &str) -> Ident {
    name.to_ascii_uppercase().parse().expect("our own names are names")
}
