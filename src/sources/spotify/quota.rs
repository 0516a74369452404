//! Spotify's quota: counted by bucket of endpoints, so that a lockout of one leaves the others usable.
//!
//! In: the address of a call. Out: its bucket, and whether that may be asked. What is locked is not called: a call during a
//! lockout lengthens it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::client::Client;
use crate::ids::Subject;
use crate::sources::error::Error;

/// A group of endpoints that Spotify counts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// `/playlists/{id}`
    Playlist,
    /// `/playlists/{id}/items`
    PlaylistItems,
    /// `/me` and `/me/playlists`
    OwnPlaylists,
    /// `/me/tracks`
    LikedSongs,
    /// `/artists` and below
    Artists,
    /// `/albums` and below
    Albums,
    /// `/me/player` and below
    Player,
    /// Whatever changes something.
    Writes,
}

impl Bucket {
    /// Every bucket.
    pub(crate) const ALL: [Self; 8] = [
        Self::Playlist,
        Self::PlaylistItems,
        Self::OwnPlaylists,
        Self::LikedSongs,
        Self::Artists,
        Self::Albums,
        Self::Player,
        Self::Writes,
    ];

    /// Its name in the ledger, in reports and in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Playlist => "playlist",
            Self::PlaylistItems => "playlist_items",
            Self::OwnPlaylists => "own_playlists",
            Self::LikedSongs => "liked_songs",
            Self::Artists => "artists",
            Self::Albums => "albums",
            Self::Player => "player",
            Self::Writes => "writes",
        }
    }

    /// The bucket of full artists, or of albums.
    pub(crate) const fn of_details(subject: &Subject) -> Self {
        match subject {
            Subject::Albums => Self::Albums,
            _ => Self::Artists,
        }
    }

    /// The bucket of a GET of this path and query.
    pub(crate) fn of(url: &str) -> Self {
        let path = url.split('?').next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match segments.as_slice() {
            ["playlists", _] => Self::Playlist,
            ["playlists", ..] => Self::PlaylistItems,
            ["me", "tracks", ..] => Self::LikedSongs,
            ["me", "player", ..] => Self::Player,
            ["artists", ..] => Self::Artists,
            ["albums", ..] => Self::Albums,
            _ => Self::OwnPlaylists,
        }
    }
}

/// The buckets that may not be asked, and until when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lockouts(BTreeMap<Bucket, DateTime<Utc>>);

impl Lockouts {
    /// Notes that a bucket is locked; of two times the later one holds.
    pub(crate) fn note(&mut self, bucket: Bucket, until: DateTime<Utc>) {
        let held = self.0.entry(bucket).or_insert(until);
        *held = until.max(*held);
    }

    /// Each locked bucket and its end.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Bucket, DateTime<Utc>)> + '_ {
        self.0.iter().map(|(bucket, until)| (*bucket, *until))
    }

    /// When this bucket may be asked, if that is later than `now`.
    pub(crate) fn not_before(&self, bucket: Bucket, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.get(&bucket).copied().filter(|until| now < *until)
    }
}

/// How many questions each bucket was asked, or is going to be: a call that is repeated counts once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Questions(BTreeMap<Bucket, u64>);

impl Questions {
    /// Each bucket that has any, and how many.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Bucket, u64)> + '_ {
        self.0.iter().map(|(bucket, count)| (*bucket, *count)).filter(|(_, count)| 0 < *count)
    }

    pub(super) fn add(&mut self, bucket: Bucket, count: u64) {
        *self.0.entry(bucket).or_default() += count;
    }

    /// One that was counted is going to be put again.
    pub(super) fn put_again(&mut self, bucket: Bucket) {
        self.0.entry(bucket).and_modify(|count| *count = count.saturating_sub(1));
    }
}

/// What the calls of a run cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Data calls, repeated ones included; none of the accounts service.
    pub(crate) call_count: u64,
    /// Those among them that repeat another, whatever for.
    pub(crate) retry_count: u64,
    /// Time spent waiting because Spotify or our backoff asked for it.
    pub(crate) waited: Duration,
}

impl Client {
    /// A client that knows what earlier ones were told.
    #[must_use]
    pub(crate) fn with_lockouts(mut self, lockouts: Lockouts) -> Self {
        self.lockouts = lockouts;
        self
    }

    /// What may not be asked, as far as Spotify has said.
    pub(crate) const fn lockouts(&self) -> &Lockouts {
        &self.lockouts
    }

    /// The questions so far, put and foreseen.
    pub(crate) const fn questions(&self) -> &Questions {
        &self.questions
    }

    /// Counts questions that a run is going to put, and puts none. What is locked would not be asked.
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub(crate) fn foresee(&mut self, bucket: Bucket, count: u64) -> Result<(), Error> {
        self.require_unlocked(bucket)?;
        self.questions.add(bucket, count);
        Ok(())
    }

    /// Whether this may be asked now.
    pub(super) fn require_open(&self, url: &str) -> Result<(), Error> {
        self.require_unlocked(Bucket::of(url))
    }

    fn require_unlocked(&self, bucket: Bucket) -> Result<(), Error> {
        match self.lockouts.not_before(bucket, self.now()) {
            Some(until) => {
                let reason = "an earlier call was told so; no other was made";
                Err(Error::RateLimited { bucket, until, reason })
            }
            None => Ok(()),
        }
    }

    /// Notes a lockout, and says it.
    pub(super) fn lock_out(&mut self, url: &str, wait: Duration, reason: &'static str) -> Error {
        let bucket = Bucket::of(url);
        let until = self.now() + TimeDelta::from_std(wait).unwrap_or(TimeDelta::days(1));
        // A whole second, and never a moment too early.
        let until = until.trunc_subsecs(0) + TimeDelta::seconds(1);
        self.lockouts.note(bucket, until);
        Error::RateLimited { bucket, until, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_belongs_to_the_bucket_that_spotify_counts_it_to() {
        for (url, bucket) in [
            ("/playlists/x?additional_types=track", Bucket::Playlist),
            ("/playlists/x/items?limit=50&offset=100", Bucket::PlaylistItems),
            ("/playlists/x/tracks?limit=50", Bucket::PlaylistItems),
            ("/me", Bucket::OwnPlaylists),
            ("/me/playlists?limit=50&offset=0", Bucket::OwnPlaylists),
            ("/me/tracks?limit=50", Bucket::LikedSongs),
            ("/me/player/recently-played", Bucket::Player),
            ("/artists?ids=a,b", Bucket::Artists),
            ("/artists/a/albums", Bucket::Artists),
            ("/albums/a", Bucket::Albums),
        ] {
            assert_eq!(Bucket::of(url), bucket, "{url}");
        }
    }

    #[test]
    fn a_lockout_ends_and_the_later_of_two_holds() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let mut lockouts = Lockouts::default();
        lockouts.note(Bucket::Albums, at(20));
        lockouts.note(Bucket::Albums, at(10));
        assert_eq!(lockouts.not_before(Bucket::Albums, at(19)), Some(at(20)));
        assert_eq!(lockouts.not_before(Bucket::Albums, at(20)), None);
        assert_eq!(lockouts.not_before(Bucket::Artists, at(0)), None);
    }
}
