//! `features` of the published file: tables that a model can learn from, made anew with each version of the file once they are wanted.

use duckdb::{Connection, OptionalExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::writer::Writer;
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
    pub(super) fn renew_features(&self) -> Result<(), Error> {
        match FeatureWish::noted(self.connection)? {
            Some(wish) => self.write_features(&wish),
            None => Ok(()),
        }
    }

    /// Makes `features` of the attached file anew.
    pub(super) fn write_features(&self, wish: &FeatureWish) -> Result<(), Error> {
        // The statements are those that a person would write in the file.
        self.run("use published")?;
        let written = self.write_feature_tables(wish);
        self.undo("use work")?;
        written
    }

    fn write_feature_tables(&self, wish: &FeatureWish) -> Result<(), Error> {
        let doing = "make the features";
        let count = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, u64>(0));
        let api_list_count = count(recommend::API_LISTS).doing(doing)?;
        if 0 < api_list_count && !wish.api_content {
            tracing::warn!(
                "features are not renewed: {api_list_count} list(s) came from Spotify's API since they were made; `snowtrack features --i-may-use-api-content` makes them again, where you may"
            );
            return self.run("drop schema if exists features cascade");
        }
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
        self.run(&comments())?;
        self.run("drop table temp.train_pairs; drop table temp.degrees")
    }
}

/// A comment on each table and column of features.
fn comments() -> String {
    let meanings: Value = serde_json::from_str(features::MEANINGS_JSON).unwrap_or_default();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut sql = String::new();
    for (table, described) in meanings["tables"].as_object().into_iter().flatten() {
        let meaning = literal(&text(described, "meaning"));
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
