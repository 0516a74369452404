//! What the published file says to a recommendation: which songs stand in lists together, and how well that finds what was hidden.
//!
//! The formula is SQL (`sql/duckdb/recommend`); here its rows become values. The file is read as `query` reads it: by itself, beside any
//! run.

use std::collections::BTreeMap;
use std::path::Path;

use duckdb::{AccessMode, Config, Connection, OptionalExt, params};
use serde_json::json;

use super::error::{Doing, Error};
use super::sql_files::{NEAREST_NAME, begin_evaluation, recommend as sql};
use super::{connect, memory_limit, most_threads};

/// A name that is less like another is none that somebody can have meant.
const LEAST_LIKENESS: f64 = 0.7;
/// Lists that are looked at together when it is said how well a method does: more of them need more memory, fewer more time.
const LISTS_AT_ONCE: u64 = 50;

/// A list of the published file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundList {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) song_count: u64,
}

impl FoundList {
    /// What a person calls it: its name, else its id.
    pub(crate) fn called(self) -> String {
        self.name.filter(|name| !name.trim().is_empty()).unwrap_or(self.id)
    }
}

/// What the recommendation starts from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seeds<'a> {
    /// The songs of a list.
    List(&'a str),
    /// These songs.
    Songs(&'a [String]),
}

/// A song, why it was chosen, and what of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RecommendedSong {
    pub(crate) rank: u64,
    pub(crate) song_id: String,
    pub(crate) song_name: String,
    pub(crate) artist_name: Option<String>,
    pub(crate) score: f64,
    /// `co_occurrence`, `same_artist` or `popularity`.
    pub(crate) method: String,
    /// The song of the seeds that speaks most for it, where one does.
    pub(crate) seed_name: Option<String>,
    /// Lists that hold both; else the seeds' songs of its artist; else the lists that hold it.
    pub(crate) reason_count: u64,
}

/// How well a method finds what was hidden.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub(crate) struct Score {
    /// Of as many songs as are hidden, the share that is among them.
    pub(crate) r_precision: f64,
    /// The same with the better ranks counting more, over 500.
    pub(crate) ndcg: f64,
    /// Pages of ten until the first hit; 51 where there is none among 500.
    pub(crate) clicks: f64,
}

/// The method beside what stands in most lists, over the same lists.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Evaluation {
    pub(crate) list_count: u64,
    pub(crate) model: Score,
    pub(crate) popularity: Score,
}

/// The published file, open for one recommendation.
pub(crate) struct Listening {
    connection: Connection,
}

impl Listening {
    /// Opens the file; what does not fit into memory goes to `temp_directory`.
    ///
    /// # Errors
    /// [`Error::NotPublished`] where there is no file yet, [`Error::Open`].
    pub(crate) fn open(file: &Path, temp_directory: &Path) -> Result<Self, Error> {
        if !file.exists() {
            return Err(Error::NotPublished { path: file.to_owned() });
        }
        let config = Config::default()
            .access_mode(AccessMode::ReadOnly)
            .and_then(|config| config.max_memory(&memory_limit()))
            .and_then(|config| config.threads(most_threads()))
            // Before access is off, which would refuse it.
            .and_then(|config| config.with("temp_directory", temp_directory.to_string_lossy()))
            .and_then(|config| config.enable_external_access(false))
            .doing("set DuckDB's limits")?;
        Ok(Self { connection: connect(file, config)? })
    }

    /// The name of a list that is most like this one, where one is like it at all.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn nearest_list(&self, said: &str) -> Result<Option<String>, Error> {
        let found = self.connection.query_row(NEAREST_NAME, [said, "playlists"], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, f64>(1)?))
        });
        let found = found.optional().doing("look for the nearest name")?;
        Ok(found.filter(|(_, likeness)| LEAST_LIKENESS <= *likeness).map(|(name, _)| name))
    }

    /// How many lists have rows that came from Spotify's API, or that nobody knows the origin of.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn api_list_count(&self) -> Result<u64, Error> {
        let doing = "look up where the rows come from";
        let knows = "select count(*) from duckdb_tables() where schema_name = 'meta'";
        let knows: u64 = self.connection.query_row(knows, [], |row| row.get(0)).doing(doing)?;
        // A file of an earlier version does not know, which is as good as the API's.
        let sql = match knows {
            0 => "select count(*) from core.playlists",
            _ => sql::API_LISTS,
        };
        self.connection.query_row(sql, [], |row| row.get(0)).doing(doing)
    }

    /// The lists that somebody may mean, by id or by name.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn lists(&self, said: &str) -> Result<Vec<FoundList>, Error> {
        let doing = "look up a list";
        let mut statement = self.connection.prepare(sql::LISTS).doing(doing)?;
        let rows = statement.query_map([said], |row| {
            Ok(FoundList { id: row.get(0)?, name: row.get(1)?, song_count: row.get(2)? })
        });
        rows.and_then(Iterator::collect).doing(doing)
    }

    /// Which of these songs the file does not know.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn unknown_songs(&self, songs: &[String]) -> Result<Vec<String>, Error> {
        let doing = "look up songs";
        let mut statement = self.connection.prepare(sql::UNKNOWN_SONGS).doing(doing)?;
        let rows = statement.query_map([json!(songs).to_string()], |row| row.get(0));
        rows.and_then(Iterator::collect).doing(doing)
    }

    /// What these songs are called, by id, as far as the file knows: `song · artist`.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn song_names(&self, songs: &[String]) -> Result<BTreeMap<String, String>, Error> {
        let doing = "look up songs";
        let mut statement = self.connection.prepare(sql::SONG_NAMES).doing(doing)?;
        let rows = statement.query_map([json!(songs).to_string()], |row| {
            let (name, artist): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
            let artist = artist.map(|artist| format!(" · {artist}")).unwrap_or_default();
            Ok((row.get(0)?, format!("{}{artist}", name.unwrap_or_default())))
        });
        rows.and_then(Iterator::collect).doing(doing)
    }

    /// The `count` songs that go best with the seeds and are none of them, best first.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn recommend(
        &self,
        seeds: Seeds<'_>,
        count: u32,
    ) -> Result<Vec<RecommendedSong>, Error> {
        let doing = "look for songs that go with these";
        let (list, songs) = match seeds {
            Seeds::List(id) => (Some(id), &[][..]),
            Seeds::Songs(songs) => (None, songs),
        };
        let mut statement = self.connection.prepare(sql::RECOMMEND).doing(doing)?;
        let rows = statement.query_map(params![list, json!(songs).to_string(), count], |row| {
            Ok(RecommendedSong {
                rank: row.get(0)?,
                song_id: row.get(1)?,
                song_name: row.get(2)?,
                artist_name: row.get(3)?,
                score: row.get(4)?,
                method: row.get(5)?,
                seed_name: row.get(6)?,
                reason_count: row.get(7)?,
            })
        });
        rows.and_then(Iterator::collect).doing(doing)
    }

    /// How well the last tenth of each list is found from what was added before, beside what stands in most lists.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn evaluate(&self) -> Result<Evaluation, Error> {
        let doing = "say how well songs are recommended";
        self.connection.execute_batch(&begin_evaluation()).doing(doing)?;
        let count = "select count(*) from tested_lists";
        let list_count: u64 =
            self.connection.query_row(count, [], |row| row.get(0)).doing(doing)?;
        let mut sums = Evaluation { list_count, ..Evaluation::default() };
        let mut statement = self.connection.prepare(sql::EVALUATE).doing(doing)?;
        let mut first = 1;
        while first <= list_count {
            let last = list_count.min(first + LISTS_AT_ONCE - 1);
            let mut rows = statement.query([first, last]).doing(doing)?;
            while let Some(row) = rows.next().doing(doing)? {
                let method: String = row.get(0).doing(doing)?;
                let sum = if method == "model" { &mut sums.model } else { &mut sums.popularity };
                sum.r_precision += row.get::<_, f64>(2).doing(doing)?;
                sum.ndcg += row.get::<_, f64>(3).doing(doing)?;
                sum.clicks += row.get::<_, f64>(4).doing(doing)?;
            }
            first = last + 1;
        }
        let (model, popularity) = (sums.model.over(list_count), sums.popularity.over(list_count));
        Ok(Evaluation { model, popularity, ..sums })
    }
}

impl Score {
    /// The mean of so many, which are summed in it.
    fn over(self, count: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a number of lists")]
        let count = count.max(1) as f64;
        let Self { r_precision, ndcg, clicks } = self;
        Self { r_precision: r_precision / count, ndcg: ndcg / count, clicks: clicks / count }
    }
}
