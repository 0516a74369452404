//! Makes one planned list, from wherever an earlier attempt was cut off.

use std::time::Duration;

use crate::blocking::blocking;
use crate::event::Events;
use crate::ids::PlaylistId;
use crate::intelligence::error::Error;
use crate::ledger::new_lists::{self, NewListPlan};
use crate::retry::pause;
use crate::sources::{self, Client, NewList, ReadSong};
use crate::warehouse::Warehouse;

/// Songs that one call takes.
const SONGS_A_CALL: usize = 100;
/// How often something is sent whose answer is lost each time.
const TRIES: u32 = 3;
/// More songs that Spotify does not take are no songs that are gone.
const MOST_REFUSED: usize = 50;
/// How long Spotify may take to show what it was given.
const PATIENCE: Duration = Duration::from_secs(1);

/// A list on its way.
pub(super) struct Making<'a> {
    pub(super) client: &'a mut Client,
    pub(super) warehouse: &'a mut Warehouse,
    pub(super) events: Events<'a>,
    /// The command, as the ledger knows it.
    pub(super) command: &'a str,
    pub(super) plan: NewListPlan,
}

/// A list that is there, and how many of its songs are, as far as is known.
struct Begun {
    list: PlaylistId,
    /// `None`: it must be read.
    song_count: Option<usize>,
}

impl Making<'_> {
    /// Makes the list, adds its songs and reads it back. Whatever ends that says which list there is, once there is one.
    pub(super) async fn finish(&mut self) -> Result<(), Error> {
        let made = self.make().await;
        made.map_err(|error| match &self.plan.playlist_id {
            Some(id) if !error.names_its_list() => {
                Error::ListUnfinished { id: id.clone(), source: Box::new(error) }
            }
            _ => error,
        })
    }

    async fn make(&mut self) -> Result<(), Error> {
        let Begun { list, song_count } = self.begin().await?;
        let mut position = match song_count {
            Some(count) => count,
            None => self.held(&list).await?,
        };
        let mut lost = 0;
        while position < self.wanted().len() {
            let last = self.wanted().len().min(position + SONGS_A_CALL);
            match self.add(&list, position, last).await {
                Ok(end) => {
                    position = end;
                    lost = 0;
                }
                Err(Error::Spotify(error @ sources::Error::Unanswered { .. })) => {
                    lost += 1;
                    let held = self.held(&list).await?;
                    if held <= position && TRIES <= lost {
                        return Err(error.into());
                    }
                    position = held;
                }
                Err(error) => return Err(error),
            }
        }
        self.read_back(&list).await?;
        blocking(|| new_lists::end(self.warehouse, self.command))?;
        self.incomplete(&list)
    }

    /// The songs that the list is to hold: what was planned but for what Spotify does not take.
    fn wanted(&self) -> Vec<String> {
        let NewListPlan { songs, refused, .. } = &self.plan;
        let taken = songs.iter().enumerate().filter(|(place, _)| !refused.contains(place));
        taken.map(|(_, song)| song.clone()).collect()
    }

    fn note(&mut self) -> Result<(), Error> {
        Ok(blocking(|| new_lists::note(self.warehouse, self.command, &self.plan))?)
    }

    /// The list: the one that an earlier attempt made, else a new one.
    async fn begin(&mut self) -> Result<Begun, Error> {
        if let Some(id) = &self.plan.playlist_id {
            return Ok(Begun { list: PlaylistId::as_given(id), song_count: None });
        }
        let mut tries = 0;
        loop {
            if self.plan.is_asked_for {
                let mark = self.plan.mark.clone();
                if let Some(list) = self.client.list_described(&mark, self.events).await? {
                    self.plan.playlist_id = Some(list.to_string());
                    self.note()?;
                    return Ok(Begun { list, song_count: None });
                }
            }
            self.plan.is_asked_for = true;
            self.note()?;
            tries += 1;
            let NewListPlan { name, mark, is_public, .. } = &self.plan;
            let description = format!("Made by {mark}");
            let list = NewList { name, description: &description, is_public: *is_public };
            match self.client.create_list(list, self.events).await {
                Ok(list) => {
                    self.plan.playlist_id = Some(list.to_string());
                    self.note()?;
                    return Ok(Begun { list, song_count: Some(0) });
                }
                Err(sources::Error::Unanswered { .. }) if tries < TRIES => {}
                Err(error @ sources::Error::Unanswered { .. }) => return Err(error.into()),
                Err(error) => {
                    // It was refused: nothing was made.
                    self.plan.is_asked_for = 1 < tries;
                    self.note()?;
                    return Err(match error {
                        source @ sources::Error::Refused { .. } => Error::ListNotMade { source },
                        error => error.into(),
                    });
                }
            }
        }
    }

    /// How many songs of the plan the list holds; it must hold nothing else.
    async fn held(&mut self, list: &PlaylistId) -> Result<usize, Error> {
        let rows = self.rows(list).await?;
        let wanted = self.wanted();
        let is_begun =
            rows.len() <= wanted.len() && rows.iter().zip(&wanted).all(|(row, id)| row.is(id));
        match is_begun {
            true => Ok(rows.len()),
            false => Err(self.differs(list, &rows)?),
        }
    }

    async fn rows(&mut self, list: &PlaylistId) -> Result<Vec<ReadSong>, Error> {
        match self.client.read_songs(list, self.events).await {
            Ok(rows) => Ok(rows),
            Err(sources::Error::NotFound { .. }) => {
                blocking(|| new_lists::end(self.warehouse, self.command))?;
                Err(Error::ListGone { id: list.to_string() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Adds the wanted songs of these places, and says where the list ends then. Those that Spotify does not take are found by halves,
    /// and noted.
    async fn add(&mut self, list: &PlaylistId, first: usize, last: usize) -> Result<usize, Error> {
        let wanted = self.wanted();
        let mut parts = vec![wanted[first..last].to_vec()];
        let mut position = first;
        while let Some(part) = parts.pop() {
            let songs: Vec<&str> = part.iter().map(String::as_str).collect();
            match self.client.add_songs(list, &songs, position, self.events).await {
                Ok(()) => position += part.len(),
                Err(error) if is_end_of_room(&error) => {
                    return Err(self.cut_off(list, position, error)?);
                }
                Err(error) if self.is_about_a_song(list, &error).await? => match part.len() {
                    1 if self.plan.refused.len() < MOST_REFUSED => self.leave_out(position)?,
                    1 => return Err(self.cut_off(list, position, error)?),
                    count => {
                        let (one, other) = part.split_at(count / 2);
                        parts.push(other.to_vec());
                        parts.push(one.to_vec());
                    }
                },
                Err(error) => return Err(error.into()),
            }
        }
        Ok(position)
    }

    /// Whether it is one of the songs that Spotify does not take, and neither the list nor whose it is.
    async fn is_about_a_song(
        &mut self,
        list: &PlaylistId,
        error: &sources::Error,
    ) -> Result<bool, Error> {
        match error {
            sources::Error::Refused { status, .. } => Ok(*status == 400),
            // Of the two things that can be missing, the list is the one to be seen.
            sources::Error::NotFound { .. } => self.rows(list).await.map(|_| true),
            _ => Ok(false),
        }
    }

    /// It ends here: the list stays as it is, and the same command makes another one.
    fn cut_off(
        &mut self,
        list: &PlaylistId,
        held: usize,
        source: sources::Error,
    ) -> Result<Error, Error> {
        blocking(|| new_lists::end(self.warehouse, self.command))?;
        let (id, wanted) = (list.to_string(), self.plan.songs.len());
        Ok(Error::ListCutOff { id, held, wanted, source })
    }

    /// Notes that Spotify does not take the song that would come at this place of the list.
    fn leave_out(&mut self, position: usize) -> Result<(), Error> {
        let refused = &self.plan.refused;
        let places = (0..self.plan.songs.len()).filter(|place| !refused.contains(place));
        if let Some(place) = places.clone().nth(position) {
            self.plan.refused.push(place);
        }
        self.note()
    }

    /// Compares the list with the plan, which Spotify may show a moment late.
    async fn read_back(&mut self, list: &PlaylistId) -> Result<(), Error> {
        let wanted = self.wanted();
        let mut rows = Vec::new();
        for attempt in 0..TRIES {
            if 0 < attempt {
                pause(PATIENCE).await;
            }
            rows = self.rows(list).await?;
            let is_same =
                rows.len() == wanted.len() && rows.iter().zip(&wanted).all(|(row, id)| row.is(id));
            if is_same {
                return Ok(());
            }
            // More than was sent, or something else, is not late.
            if wanted.len() <= rows.len() {
                break;
            }
        }
        Err(self.differs(list, &rows)?)
    }

    /// The list is not what was planned, and it is not ours to change: the same command makes another one.
    fn differs(&mut self, list: &PlaylistId, rows: &[ReadSong]) -> Result<Error, Error> {
        blocking(|| new_lists::end(self.warehouse, self.command))?;
        let wanted = self.wanted();
        let first =
            (0..wanted.len().max(rows.len())).find(|at| match (rows.get(*at), wanted.get(*at)) {
                (Some(row), Some(id)) => !row.is(id),
                _ => true,
            });
        Ok(Error::ListDiffers {
            id: list.to_string(),
            found: rows.len(),
            wanted: wanted.len(),
            position: first.unwrap_or_default(),
        })
    }

    fn incomplete(&self, list: &PlaylistId) -> Result<(), Error> {
        let songs = self.plan.refused.iter().map(|place| self.plan.songs[*place].clone());
        let songs: Vec<String> = songs.collect();
        match songs.is_empty() {
            true => Ok(()),
            false => Err(Error::ListIncomplete { id: list.to_string(), songs }),
        }
    }
}

/// Whether Spotify says that the list holds no more, which no other song changes.
fn is_end_of_room(error: &sources::Error) -> bool {
    let sources::Error::Refused { message, .. } = error else { return false };
    let message = message.to_ascii_lowercase();
    ["limit", "maximum", "too many"].iter().any(|word| message.contains(word))
}
