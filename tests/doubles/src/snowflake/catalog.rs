//! Everything that has been created, under exact names.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::copy::Copy;
use super::cursor::Settings;
use super::pipe::Pipe;
use super::problem::{Outcome, Problem};
use super::types::Type;

/// A name of three parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name {
    pub(super) database: String,
    pub(super) schema: String,
    pub(super) object: String,
}

/// What a statement means by names of fewer parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) database: Option<String>,
    pub(super) schema: Option<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) is_required: bool,
    pub(super) comment: Option<String>,
}

/// A landing table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) comment: Option<String>,
    /// `COPY_HISTORY` shows nothing older.
    pub(super) truncated_at: Option<DateTime<Utc>>,
    /// What `COPY INTO` remembers: object keys and when they were loaded.
    pub(super) copied: BTreeMap<String, DateTime<Utc>>,
}

/// A table that Snowflake computes from others.
#[derive(Debug, Clone)]
pub(super) struct DynamicTable {
    /// The select as it was written.
    pub(super) text: String,
    /// The select as DuckDB runs it.
    pub(super) sql: String,
    /// What was said of its columns, in their order; empty where nothing was.
    pub(super) comments: Vec<Option<String>>,
    pub(super) settings: Settings,
    pub(super) lag: std::time::Duration,
    /// What Snowflake resolved, and why.
    pub(super) refresh_mode: (String, Option<String>),
    pub(super) refreshed_at: DateTime<Utc>,
    pub(super) created_at: DateTime<Utc>,
}

/// An external stage.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) url: String,
    pub(super) integration: Option<String>,
    pub(super) created_at: DateTime<Utc>,
}

/// A file format, as its settings say.
#[derive(Debug, Clone)]
pub(super) struct FileFormat {
    pub(super) settings: Settings,
    pub(super) created_at: DateTime<Utc>,
}

/// Anything with settings that the double only keeps: warehouses, users, integrations.
#[derive(Debug, Clone)]
pub(super) struct Plain {
    pub(super) settings: Settings,
    pub(super) created_at: DateTime<Utc>,
}

/// The account's objects.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    /// Databases and their schemas.
    pub(super) databases: BTreeMap<String, BTreeMap<String, DateTime<Utc>>>,
    pub(super) warehouses: BTreeMap<String, Plain>,
    pub(super) users: BTreeMap<String, Plain>,
    pub(super) integrations: BTreeMap<String, Plain>,
    pub(super) tables: BTreeMap<Name, Table>,
    pub(super) dynamic_tables: BTreeMap<Name, DynamicTable>,
    pub(super) stages: BTreeMap<Name, Stage>,
    pub(super) formats: BTreeMap<Name, FileFormat>,
    pub(super) pipes: BTreeMap<Name, Pipe>,
}

impl Name {
    pub(super) fn text(&self) -> String {
        format!("{}.{}.{}", self.database, self.schema, self.object)
    }

    pub(super) fn schema_name(&self) -> String {
        format!("{}.{}", self.database, self.schema)
    }

    /// Quoted for DuckDB.
    pub(super) fn quoted(&self) -> String {
        [&self.database, &self.schema, &self.object].map(|part| quoted(part)).join(".")
    }
}

/// An identifier for DuckDB.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string for DuckDB, whose strings know no escapes.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Place {
    /// The whole name behind one to three parts.
    pub(super) fn resolve(&self, parts: &[String], doing: &str) -> Outcome<Name> {
        let (database, schema, object) = match parts {
            [database, schema, object] => (database.clone(), schema.clone(), object),
            [schema, object] => {
                let database = self.database.clone().ok_or_else(|| Problem::no_database(doing))?;
                (database, schema.clone(), object)
            }
            [object] => match (&self.database, &self.schema) {
                (Some(database), Some(schema)) => (database.clone(), schema.clone(), object),
                _ => return Err(Problem::no_database(doing)),
            },
            _ => return Err(Problem::syntax("a name has one to three parts")),
        };
        Ok(Name { database, schema, object: object.clone() })
    }

    /// A schema's name of one or two parts.
    pub(super) fn resolve_schema(&self, parts: &[String]) -> Outcome<(String, String)> {
        match parts {
            [database, schema] => Ok((database.clone(), schema.clone())),
            [schema] => {
                let database =
                    self.database.clone().ok_or_else(|| Problem::no_database("CREATE SCHEMA"))?;
                Ok((database, schema.clone()))
            }
            _ => Err(Problem::syntax("a schema's name has one or two parts")),
        }
    }
}

impl Catalog {
    pub(super) fn has_schema(&self, database: &str, schema: &str) -> bool {
        self.databases.get(database).is_some_and(|schemas| schemas.contains_key(schema))
    }

    /// The bucket and the key prefix of a stage path.
    pub(super) fn location(&self, stage: &Name, path: &str) -> Outcome<(String, String)> {
        let found =
            self.stages.get(stage).ok_or_else(|| Problem::missing("Stage", &stage.text()))?;
        let url = found.url.strip_prefix("s3://").unwrap_or(&found.url);
        let (bucket, prefix) = url.split_once('/').unwrap_or((url, ""));
        // A stage is a prefix: without a slash at its end its path is glued on as it is.
        let joined = match path.is_empty() || prefix.is_empty() || prefix.ends_with('/') {
            true => format!("{prefix}{path}"),
            false => format!("{prefix}/{path}"),
        };
        Ok((bucket.to_owned(), joined))
    }

    /// Where a COPY reads: bucket and prefix.
    pub(super) fn source(&self, copy: &Copy) -> Outcome<(String, String)> {
        self.location(&copy.stage, &copy.path)
    }
}
