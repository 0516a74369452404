//! Which songs a new list is made of.
//!
//! In: the published file, a file of songs, or the ledger's history. Out: songs in their order, as often as they stand there; what is no
//! song is counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::ListRequest;
use crate::guard::{Guard, Question, Shape};
use crate::ids::{DataDir, SongId};
use crate::intelligence::error::Error;
use crate::intelligence::recommend::{self, Wanted};
use crate::ledger::new_lists::LeftOut;
use crate::ledger::past_lists;
use crate::warehouse::{Listening, Warehouse};

/// What a playlist holds at most at Spotify.
const MOST_SONGS: usize = 10_000;
/// How long a query may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the songs come from.
#[derive(Debug, Clone)]
pub(crate) enum ListSource {
    /// What is recommended for a list.
    RecommendFor {
        /// Its id, address or name.
        list: String,
        /// How many.
        count: u32,
    },
    /// The column `song_id` of a query.
    Query(String),
    /// A song a line.
    Songs(PathBuf),
    /// What a list was at a time.
    Past {
        /// Its id, address or name.
        list: String,
        /// When.
        at: DateTime<Utc>,
    },
}

impl ListSource {
    /// Whether the ledger alone knows.
    pub(super) const fn is_in_ledger(&self) -> bool {
        matches!(self, Self::Past { .. })
    }

    /// The same for the same songs; of a file it is what stands in it that counts.
    pub(super) fn words(&self) -> String {
        match self {
            Self::RecommendFor { list, count } => format!("recommend-for {count} {list}"),
            Self::Query(sql) => format!("query {sql}"),
            Self::Songs(path) => {
                let text = std::fs::read(path).unwrap_or_default();
                format!("songs {:?}", Sha256::digest(text))
            }
            Self::Past { list, at } => format!("restore {at} {list}"),
        }
    }
}

/// Songs, and what else the source had.
pub(super) struct FoundSongs {
    /// What the list is called where nobody says otherwise.
    pub(super) name: String,
    pub(super) songs: Vec<String>,
    pub(super) left_out: Vec<LeftOut>,
}

/// The rows of the source's query, where it is one, by the one guard of all foreign SQL.
pub(super) async fn rows(data_dir: &DataDir, source: &ListSource) -> Result<Vec<Value>, Error> {
    let ListSource::Query(sql) = source else { return Ok(Vec::new()) };
    let file = data_dir.published();
    if !file.exists() {
        return Err(crate::warehouse::Error::NotPublished { path: file }.into());
    }
    let question = Question {
        file,
        sql: sql.clone(),
        parameters: BTreeMap::new(),
        shape: Shape::Objects,
        // One more than a list holds says that it does not hold them.
        most_rows: Some(MOST_SONGS as u64 + 1),
        most_bytes: None,
        timeout: PATIENCE,
        is_plan: false,
    };
    let answer = Guard::new()?.ask(&question).await?;
    if !answer.columns.iter().any(|column| column.name == "song_id") {
        return Err(Error::NoSongColumn);
    }
    Ok(answer.rows)
}

/// What the list is to be made of. `rows` are those of its query.
pub(super) fn find(
    data_dir: &DataDir,
    request: &ListRequest,
    rows: &[Value],
    warehouse: Option<&Warehouse>,
) -> Result<FoundSongs, Error> {
    let found = match (&request.source, warehouse) {
        (ListSource::RecommendFor { list, count }, _) => {
            let wanted = Wanted::List(list.clone());
            let found = recommend::recommend(data_dir, request.content, &wanted, *count)?;
            of_songs(found.into_iter().map(|it| Some(it.song.song_id)))
        }
        (ListSource::Query(_), _) => of_query(rows)?,
        (ListSource::Songs(path), _) => of_file(path)?,
        (ListSource::Past { list, at }, Some(warehouse)) => {
            of_past(data_dir, warehouse, list, *at)?
        }
        (ListSource::Past { list, .. }, None) => {
            return Err(Error::UnknownList { said: list.clone(), nearest: None });
        }
    };
    match found.songs.len() {
        0 => Err(Error::NoSongs),
        count if MOST_SONGS < count => Err(Error::TooManySongs { count, most: MOST_SONGS }),
        _ => Ok(found),
    }
}

/// What songs are called, by id, as far as the published file knows.
///
/// # Errors
/// [`Error::Warehouse`].
pub(crate) fn names(
    data_dir: &DataDir,
    songs: &[String],
) -> Result<BTreeMap<String, String>, Error> {
    if !data_dir.published().exists() {
        return Ok(BTreeMap::new());
    }
    Ok(Listening::open(&data_dir.published(), &data_dir.temp())?.song_names(songs)?)
}

fn of_songs(songs: impl Iterator<Item = Option<String>>) -> FoundSongs {
    let (mut found, mut unknown) = (Vec::new(), 0);
    for song in songs {
        match song {
            Some(song) => found.push(song),
            None => unknown += 1,
        }
    }
    let unknown = LeftOut { kind: "unknown".to_owned(), count: unknown };
    let left_out = if unknown.count == 0 { Vec::new() } else { vec![unknown] };
    FoundSongs { name: String::new(), songs: found, left_out }
}

fn of_query(rows: &[Value]) -> Result<FoundSongs, Error> {
    let song = |row: &Value| match row.get("song_id") {
        None => Err(Error::NoSongColumn),
        Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => match text.parse::<SongId>() {
            Ok(song) => Ok(Some(song.as_str().to_owned())),
            Err(source) => Err(Error::NoSong { place: "the query".to_owned(), source }),
        },
        Some(_) => Err(Error::NoSongColumn),
    };
    let songs: Vec<Option<String>> = rows.iter().map(song).collect::<Result<_, _>>()?;
    Ok(of_songs(songs.into_iter()))
}

fn of_file(path: &Path) -> Result<FoundSongs, Error> {
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|source| Error::SongFile { path: path.to_owned(), source })?;
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let song = |(number, line): (usize, &str)| {
        let place = format!("line {} of `{}`", number + 1, path.display());
        match line.parse::<SongId>() {
            Ok(song) => Ok(Some(song.as_str().to_owned())),
            Err(source) => Err(Error::NoSong { place, source }),
        }
    };
    let written = lines.filter(|(_, line)| !line.trim().is_empty());
    let songs: Vec<Option<String>> = written.map(song).collect::<Result<_, _>>()?;
    Ok(of_songs(songs.into_iter()))
}

fn of_past(
    data_dir: &DataDir,
    warehouse: &Warehouse,
    said: &str,
    at: DateTime<Utc>,
) -> Result<FoundSongs, Error> {
    let file = Listening::open(&data_dir.published(), &data_dir.temp())?;
    let list = recommend::list(&file, said)?;
    let Some(past) = past_lists::at(warehouse, &list.id, at)? else {
        let first = past_lists::first_read_at(warehouse, &list.id)?;
        let list = list.name.unwrap_or(list.id);
        return Err(Error::NotReadYet { list, at, first });
    };
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let mut songs = Vec::new();
    for row in past.rows {
        match row.song_id {
            Some(song) => songs.push(song),
            None => *kinds.entry(row.kind).or_default() += 1,
        }
    }
    let left_out = kinds.into_iter().map(|(kind, count)| LeftOut { kind, count }).collect();
    let name = format!("{} ({})", list.name.unwrap_or(list.id), at.format("%Y-%m-%d"));
    Ok(FoundSongs { name, songs, left_out })
}
