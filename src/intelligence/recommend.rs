//! `recommend`: songs that stand in the same lists as a list's songs, each with its reason.
//!
//! In: the published file. Out: songs, best first, never one that the list holds. Where no list has anything beside its songs, more of
//! the same artists, then what stands in most lists; each says which of the three it is.

use super::error::Error;
use super::origin::{self, ApiContent};
use crate::ids::{DataDir, PlaylistId, SongId};
use crate::warehouse::{Evaluation, FoundList, Listening, RecommendedSong, Seeds};

/// What the recommendation starts from.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// The songs of this list: its id, address or name.
    List(String),
    /// These songs.
    Songs(Vec<SongId>),
}

/// Why a song was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// This song of the list stands with it in so many lists.
    With(String, u64),
    /// So many of the songs to start from are by its artist.
    SameArtist(u64),
    /// It stands in so many lists.
    InLists(u64),
}

/// A song, and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recommendation {
    pub(crate) song: RecommendedSong,
    pub(crate) reason: Reason,
}

/// The published file, opened where its rows may be used.
fn open(data_dir: &DataDir, content: ApiContent) -> Result<Listening, Error> {
    let file = Listening::open(&data_dir.published(), &data_dir.temp())?;
    origin::check(&file, content, "recommend")?;
    Ok(file)
}

/// The songs that go best with what is wanted.
///
/// # Errors
/// [`Error`] says what is unknown, or what must be said first.
pub(crate) fn recommend(
    data_dir: &DataDir,
    content: ApiContent,
    wanted: &Wanted,
    count: u32,
) -> Result<Vec<Recommendation>, Error> {
    let file = open(data_dir, content)?;
    let songs = match wanted {
        Wanted::List(said) => {
            let list = list(&file, said)?;
            if list.song_count == 0 {
                return Err(Error::NoSeed { list: list.called() });
            }
            file.recommend(Seeds::List(&list.id), count)?
        }
        Wanted::Songs(songs) => {
            let ids: Vec<String> = songs.iter().map(|song| song.as_str().to_owned()).collect();
            let unknown = file.unknown_songs(&ids)?;
            if !unknown.is_empty() {
                return Err(Error::UnknownSongs { ids: unknown });
            }
            file.recommend(Seeds::Songs(&ids), count)?
        }
    };
    Ok(songs.into_iter().map(with_reason).collect())
}

/// How well the method finds what was hidden, beside what stands in most lists.
///
/// # Errors
/// [`Error`].
pub(crate) fn evaluate(data_dir: &DataDir, content: ApiContent) -> Result<Evaluation, Error> {
    Ok(open(data_dir, content)?.evaluate()?)
}

/// The list that somebody means.
pub(super) fn list(file: &Listening, said: &str) -> Result<FoundList, Error> {
    let id = said.parse::<PlaylistId>();
    let mut found = file.lists(id.as_ref().map_or(said, PlaylistId::as_str))?;
    if found.is_empty() {
        let nearest = file.nearest_list(said)?;
        return Err(Error::UnknownList { said: said.to_owned(), nearest });
    }
    let first = found.swap_remove(0);
    let is_named = first.id != *said && id.is_err();
    if is_named && !found.is_empty() {
        let ids = std::iter::once(first.id).chain(found.into_iter().map(|list| list.id));
        return Err(Error::ManyLists { said: said.to_owned(), ids: ids.collect() });
    }
    Ok(first)
}

/// What a song is called that was taken down, and has lost its name.
const NAMELESS: &str = "a song that was taken down";

fn with_reason(mut song: RecommendedSong) -> Recommendation {
    let reason = match (song.seed_name.take(), song.method.as_str()) {
        (Some(seed), _) if seed.trim().is_empty() => {
            Reason::With(NAMELESS.to_owned(), song.reason_count)
        }
        (Some(seed), _) => Reason::With(seed, song.reason_count),
        (None, "same_artist") => Reason::SameArtist(song.reason_count),
        (None, _) => Reason::InLists(song.reason_count),
    };
    Recommendation { song, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_the_song_or_says_why_it_has_no_name() {
        for (name, wanted) in [("Tide", "Tide"), ("", NAMELESS), (" ", NAMELESS)] {
            let song = RecommendedSong {
                rank: 1,
                song_id: "x".to_owned(),
                song_name: "Other".to_owned(),
                artist_name: None,
                score: 1.0,
                method: "co_occurrence".to_owned(),
                seed_name: Some(name.to_owned()),
                reason_count: 3,
            };
            assert_eq!(with_reason(song).reason, Reason::With(wanted.to_owned(), 3));
        }
    }
}
