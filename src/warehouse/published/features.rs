//! `features` of the published file: tables that a model can learn from, brought up to date with each version of the file once they are
//! wanted: from nothing in a file that is written from nothing, and by what changed in a copy.

use duckdb::{Connection, OptionalExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::writer::{Extent, Writer};
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

    /// Whether the files are wanted in the lake's own folder, and so in the bucket.
    pub(crate) fn is_in_lake(&self) -> bool {
        self.folders.iter().any(String::is_empty)
    }

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

/// The tables that are made of `interactions`: each with its statement, and with the one that brings what changed into it.
const MADE_OF_INTERACTIONS: [Made; 2] = [
    Made { name: "song_features", sql: features::SONG_FEATURES, replace: features::REPLACE_SONGS },
    Made {
        name: "playlist_features",
        sql: features::PLAYLIST_FEATURES,
        replace: features::REPLACE_LISTS,
    },
];

struct Made {
    name: &'static str,
    sql: &'static str,
    replace: &'static str,
}

const DOING: &str = "make the features";

impl Writer<'_> {
    /// Brings `features` of the attached file to what the file says, where the ledger says that they are wanted.
    pub(super) fn renew_features(&self, extent: Extent) -> Result<(), Error> {
        match FeatureWish::noted(self.connection)? {
            Some(wish) => self.write_features(&wish, extent),
            None => Ok(()),
        }
    }

    /// Makes `features` of the attached file. Of changes, those that a run made which the published file does not know yet.
    pub(super) fn write_features(&self, wish: &FeatureWish, extent: Extent) -> Result<(), Error> {
        // The statements are those that a person would write in the file.
        self.run("use published")?;
        let written = self.write_feature_tables(wish, extent);
        self.undo("use work")?;
        written
    }

    fn write_feature_tables(&self, wish: &FeatureWish, extent: Extent) -> Result<(), Error> {
        let api_list_count = self.feature_number(recommend::API_LISTS)?;
        if 0 < api_list_count && !wish.api_content {
            tracing::warn!(
                "features are not renewed: {api_list_count} list(s) came from Spotify's API since they were made; `snowtrack features --i-may-use-api-content` makes them again, where you may"
            );
            return self.run("drop schema if exists features cascade");
        }
        let there = "select count(*) from duckdb_tables() \
            where database_name = 'published' and schema_name = 'features'";
        if extent == Extent::Changes && self.feature_number(there)? == 3 {
            tracing::debug!("make the features of what changed");
            return self.in_transaction(|| self.change_feature_tables());
        }
        tracing::debug!("make the features");
        self.run(&sql_files::begin_features())?;
        self.write_degrees()?;
        for Made { name, sql, .. } in MADE_OF_INTERACTIONS {
            self.run(&format!("create table features.{name} as\n{sql}"))?;
        }
        self.run(&comments())?;
        self.run(DROP_PAIRS)
    }

    /// The same tables come out as from nothing, by less work.
    fn change_feature_tables(&self) -> Result<(), Error> {
        self.run(&sql_files::change_features())?;
        self.write_degrees()?;
        self.run(features::CONCERNED_SONGS)?;
        for Made { name, sql, replace } in MADE_OF_INTERACTIONS {
            self.run(&format!("create or replace temp table next_{name} as\n{sql}"))?;
            self.run(replace)?;
            self.run(&format!("drop table temp.next_{name}"))?;
        }
        self.run(DROP_PAIRS)
    }

    fn write_degrees(&self) -> Result<(), Error> {
        let part_count = self.feature_number(features::PART_COUNT)?;
        for part in 0..part_count {
            self.run("")?;
            self.connection.execute(features::DEGREES, [part, part_count]).doing(DOING)?;
        }
        Ok(())
    }

    fn feature_number(&self, sql: &str) -> Result<u64, Error> {
        self.connection.query_row(sql, [], |row| row.get(0)).doing(DOING)
    }
}

/// What is large of what the tables were made from.
const DROP_PAIRS: &str =
    "drop table temp.near_pairs; drop table temp.shifted_songs; drop table temp.degree_parts";

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
