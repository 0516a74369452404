//! `features` of the published file: tables that a model can learn from, brought up to date with each version of the file once they are
//! wanted: from nothing in a file that is written from nothing, and by what changed in a copy. Where lists came from Spotify's API since
//! and nobody spoke of those, they stay as they were: what they were made of may still be used.

use std::path::Path;

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
    pub(super) fn renew_features(&self, extent: Extent<'_>) -> Result<(), Error> {
        match FeatureWish::noted(self.connection)? {
            Some(wish) => self.write_features(&wish, extent),
            None => Ok(()),
        }
    }

    /// Makes `features` of the attached file, or leaves them as they were. Of changes, those that a run made which the published file
    /// does not know yet.
    pub(super) fn write_features(
        &self,
        wish: &FeatureWish,
        extent: Extent<'_>,
    ) -> Result<(), Error> {
        self.in_the_file(|| match (self.may_make_features(wish)?, extent) {
            (true, _) => self.write_feature_tables(extent),
            (false, Extent::InPlaceOf(former)) if former.exists() => self.keep_features_of(former),
            (false, _) => Ok(()),
        })
    }

    /// What features are to be made of when what changed is brought into the attached copy, before it is: those that stayed as they were
    /// lack more than that.
    pub(super) fn extent_of_changes(&self) -> Result<Extent<'static>, Error> {
        let Some(wish) = FeatureWish::noted(self.connection)? else { return Ok(Extent::Changes) };
        self.in_the_file(|| match self.may_make_features(&wish)? {
            true => Ok(Extent::Changes),
            false => Ok(Extent::Whole),
        })
    }

    /// Works in the attached file: the statements are those that a person would write in it.
    pub(super) fn in_the_file<T>(
        &self,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.run("use published")?;
        let done = work();
        self.undo("use work")?;
        done
    }

    fn may_make_features(&self, wish: &FeatureWish) -> Result<bool, Error> {
        Ok(wish.api_content || api_list_count(self.connection)? == 0)
    }

    fn write_feature_tables(&self, extent: Extent<'_>) -> Result<(), Error> {
        let there = "select count(*) from duckdb_tables() \
            where database_name = 'published' and schema_name = 'features'";
        if extent == Extent::Changes && self.feature_number(there)? == 3 {
            tracing::debug!("make the features of what changed");
            return self.in_transaction(|| self.change_feature_tables());
        }
        tracing::debug!("make the features");
        self.run(&sql_files::begin_features())?;
        self.write_degrees()?;
        self.run(features::SONG_PARTS)?;
        for Made { name, sql, .. } in MADE_OF_INTERACTIONS {
            self.run(&format!("create table features.{name} as\n{sql}"))?;
        }
        self.run(&self.table_comments()?)?;
        self.run(&column_comments())?;
        self.run(DROP_PARTS)
    }

    /// Brings over what the file has whose place this one takes. Where it cannot be read, publishing does without.
    fn keep_features_of(&self, former: &Path) -> Result<(), Error> {
        let name = literal(&former.to_string_lossy());
        if let Err(error) = self.run(&format!("attach {name} as former (read_only)")) {
            // An interruption is no reason to lose them: the next statement ends the work.
            self.run("")?;
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the features of the former published file cannot be read");
            return Ok(());
        }
        let kept = self.in_transaction(|| self.bring_over_features());
        let detached = self.undo("detach former");
        kept.and(detached)
    }

    /// Each table, with what is said of it and of its columns.
    fn bring_over_features(&self) -> Result<(), Error> {
        let told = self.told_of_former()?;
        if !told.is_empty() {
            self.run("create schema features")?;
        }
        for Told { table, column, comment } in told {
            let (table, comment) = (quoted(&table), literal(&comment.unwrap_or_default()));
            let of = match column {
                Some(column) => format!("column features.{table}.{}", quoted(&column)),
                None => {
                    self.run(&format!(
                        "create table features.{table} as from former.features.{table}"
                    ))?;
                    format!("table features.{table}")
                }
            };
            self.run(&format!("comment on {of} is {comment}"))?;
        }
        Ok(())
    }

    fn told_of_former(&self) -> Result<Vec<Told>, Error> {
        let doing = "look for the features of the former published file";
        let mut statement = self.connection.prepare(features::OF_FORMER).doing(doing)?;
        let told = statement.query_map([], |row| {
            Ok(Told { table: row.get(0)?, column: row.get(1)?, comment: row.get(2)? })
        });
        told.and_then(Iterator::collect).doing(doing)
    }

    /// The same tables come out as from nothing, by less work.
    fn change_feature_tables(&self) -> Result<(), Error> {
        self.run(&sql_files::change_features())?;
        self.write_degrees()?;
        self.run(features::CONCERNED_SONGS)?;
        self.run(features::SONG_PARTS)?;
        for Made { name, sql, replace } in MADE_OF_INTERACTIONS {
            self.run(&format!("create or replace temp table next_{name} as\n{sql}"))?;
            self.run(replace)?;
            self.run(&format!("drop table temp.next_{name}"))?;
        }
        self.run(&self.table_comments()?)?;
        self.run(DROP_PARTS)
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

    /// A comment on each table of features: what it means, and as of when it is.
    fn table_comments(&self) -> Result<String, Error> {
        let as_of = self.connection.query_row(features::AS_OF, [], |row| row.get(0));
        let as_of: Option<String> = as_of.doing(DOING)?;
        let as_of = as_of.map(|at| format!("{AS_OF}{at}.")).unwrap_or_default();
        let comments = meanings().into_iter().map(|(table, described)| {
            let meaning = literal(&format!("{}{as_of}", text(&described, "meaning")));
            format!("comment on table features.{table} is {meaning};\n")
        });
        Ok(comments.collect())
    }
}

/// A table of features, or one of its columns, and what is said of it.
struct Told {
    table: String,
    column: Option<String>,
    comment: Option<String>,
}

/// What stands between a table's meaning and the start of the run whose data it is made of.
pub(super) const AS_OF: &str = " Made as of the run that began ";

/// How many lists of the file in use came from Spotify's API.
pub(super) fn api_list_count(connection: &Connection) -> Result<u64, Error> {
    let count = connection.query_row(recommend::API_LISTS, [], |row| row.get(0));
    count.doing("look where the lists come from")
}

/// What is large of what the tables were made from.
const DROP_PARTS: &str = "\
    drop table temp.near_pairs; drop table temp.shifted_songs; drop table temp.degree_parts; \
    drop table temp.song_lists; drop table temp.song_degrees; drop table temp.artist_counts; \
    drop table temp.album_counts; drop table temp.observed_days; \
    drop table temp.popularity_levels; drop table temp.popularity_lines";

/// The tables of features, and what each means.
fn meanings() -> serde_json::Map<String, Value> {
    let meanings: Value = serde_json::from_str(features::MEANINGS_JSON).unwrap_or_default();
    meanings["tables"].as_object().cloned().unwrap_or_default()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// A comment on each column of features.
fn column_comments() -> String {
    let mut sql = String::new();
    for (table, described) in meanings() {
        for (column, about) in described["columns"].as_object().into_iter().flatten() {
            let (unit, nulls) = (text(about, "unit"), text(about, "nulls"));
            let is_never = nulls.starts_with("never");
            let nulls = if is_never { nulls.to_owned() } else { format!("where {nulls}") };
            let about = format!("{} Unit: {unit}. NULL: {nulls}.", text(about, "meaning"));
            let (column, about) = (quoted(column), literal(&about));
            sql.push_str(&format!("comment on column features.{table}.{column} is {about};\n"));
        }
    }
    sql
}
