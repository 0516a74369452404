//! `features` of the published file: tables that a model can learn from, made anew with each version of the file once they are wanted.

use duckdb::{Connection, OptionalExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::writer::{Earlier, Writer};
use crate::warehouse::error::{Doing, Error};
use crate::warehouse::sql_files::{self, features, ledger, literal, quoted, recommend};

/// That features are wanted, and how. The ledger keeps it in `meta.settings`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FeatureWish {
    /// Whether the user said that content from Spotify's API may be used.
    pub(crate) api_content: bool,
    /// Where the files are written; the empty name is the lake's own folder.
    pub(crate) folders: Vec<String>,
}

impl FeatureWish {
    /// The setting that it is kept in.
    pub(crate) const SETTING: &str = "features";

    /// As the ledger has it.
    pub(super) fn noted(connection: &Connection) -> Result<Option<Self>, Error> {
        let value: Option<String> = connection
            .query_row(ledger::SETTING, [Self::SETTING], |row| row.get(0))
            .optional()
            .doing("look up whether features are wanted")?;
        Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
    }

    /// As the ledger keeps it.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Writer<'_> {
    /// Makes `features` of the attached file anew, where the ledger says that they are wanted.
    pub(super) fn renew_features(&self, earlier: Earlier<'_>) -> Result<(), Error> {
        match FeatureWish::noted(self.connection)? {
            Some(wish) => self.write_features(&wish, earlier),
            None => Ok(()),
        }
    }

    /// Makes `features` of the attached file anew, or leaves them as they were.
    pub(super) fn write_features(
        &self,
        wish: &FeatureWish,
        earlier: Earlier<'_>,
    ) -> Result<(), Error> {
        // The statements are those that a person would write in the file.
        self.run("use published")?;
        let written = self.make_or_keep_features(wish, earlier);
        self.undo("use work")?;
        written
    }

    fn make_or_keep_features(&self, wish: &FeatureWish, earlier: Earlier<'_>) -> Result<(), Error> {
        if wish.api_content || api_list_count(self.connection)? == 0 {
            return self.make_feature_tables();
        }
        match earlier {
            Earlier::In(former) if former.exists() => {
                let name = literal(&former.to_string_lossy());
                self.run(&format!("attach {name} as former (read_only)"))?;
                let taken = self.take_over_features();
                let detached = self.undo("detach former");
                taken.and(detached)
            }
            Earlier::In(_) | Earlier::InTheCopy | Earlier::Forgotten => Ok(()),
        }
    }

    /// Brings over what the attached `former` has, with what is said of it.
    fn take_over_features(&self) -> Result<(), Error> {
        let doing = "take over the features";
        let mut statement = self.connection.prepare(features::OF_FORMER).doing(doing)?;
        let told = statement.query_map([], |row| {
            let (table, column, comment) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Told { table, column, comment })
        });
        let told: Vec<Told> = told.and_then(Iterator::collect).doing(doing)?;
        drop(statement);
        if !told.is_empty() {
            self.run("create schema features")?;
        }
        for Told { table, column, comment } in told {
            let (table, comment) = (quoted(&table), literal(&comment.unwrap_or_default()));
            match column {
                None => self.run(&format!(
                    "create table features.{table} as from former.features.{table};\ncomment on table features.{table} is {comment}"
                ))?,
                Some(column) => {
                    let column = quoted(&column);
                    self.run(&format!("comment on column features.{table}.{column} is {comment}"))?;
                }
            }
        }
        Ok(())
    }

    fn make_feature_tables(&self) -> Result<(), Error> {
        let doing = "make the features";
        let count = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, u64>(0));
        tracing::debug!("make the features");
        self.run(&sql_files::begin_features())?;
        let part_count = count(features::PART_COUNT).doing(doing)?;
        for part in 0..part_count {
            self.run("")?;
            self.connection.execute(features::DEGREES, [part, part_count]).doing(doing)?;
        }
        for (name, sql) in [
            ("song_features", features::SONG_FEATURES),
            ("playlist_features", features::PLAYLIST_FEATURES),
        ] {
            self.run(&format!("create table features.{name} as\n{sql}"))?;
        }
        let as_of: Option<String> =
            self.connection.query_row(features::AS_OF, [], |row| row.get(0)).doing(doing)?;
        self.run(&comments(as_of.as_deref()))?;
        self.run("drop table temp.train_pairs; drop table temp.degrees")
    }
}

/// A table, or one of its columns, and what is said of it.
struct Told {
    table: String,
    column: Option<String>,
    comment: Option<String>,
}

/// How many lists of the file in use came from Spotify's API.
pub(super) fn api_list_count(connection: &Connection) -> Result<u64, Error> {
    let count = connection.query_row(recommend::API_LISTS, [], |row| row.get(0));
    count.doing("look where the lists come from")
}

/// What stands between a table's meaning and the start of the run whose data it is made of.
pub(super) const AS_OF: &str = " Made as of the run that began ";

/// A comment on each table and column of features.
fn comments(as_of: Option<&str>) -> String {
    let meanings: Value = serde_json::from_str(features::MEANINGS_JSON).unwrap_or_default();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut sql = String::new();
    for (table, described) in meanings["tables"].as_object().into_iter().flatten() {
        let as_of = as_of.map(|at| format!("{AS_OF}{at}.")).unwrap_or_default();
        let meaning = literal(&format!("{}{as_of}", text(described, "meaning")));
        sql.push_str(&format!("comment on table features.{table} is {meaning};\n"));
        for (column, about) in described["columns"].as_object().into_iter().flatten() {
            let (unit, nulls) = (text(about, "unit"), text(about, "nulls"));
            let nulls = if nulls.starts_with("never") { nulls } else { format!("where {nulls}") };
            let about = format!("{} Unit: {unit}. NULL: {nulls}.", text(about, "meaning"));
            let (column, about) = (quoted(column), literal(&about));
            sql.push_str(&format!("comment on column features.{table}.{column} is {about};\n"));
        }
    }
    sql
}
