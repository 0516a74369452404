//! Rounds: the same run again and again in one process, until somebody asks to stop.
//!
//! In: how a run is made, and the interval. Out: each [`Round`] when it is over. What a run keeps for the next one is the caller's.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::Config;
use crate::event::Ending;
use crate::ids::DataDir;
use crate::retry::pause;
use crate::run::{EndedRun, Error, Look, Settings, Source, Wanted, look};
use crate::sources::ListReader;
use crate::status::PlaylistStatus;
use crate::stop::Stop;

/// Calls a day from which an interval is warned of.
pub(crate) const CALLS_A_DAY: u64 = 500;
/// Seconds of a day.
const DAY: u64 = 86_400;
/// The longest sleep before the time of day is looked at: a machine that slept for a night does not wait for the rest of its interval.
const NAP: Duration = Duration::from_secs(30);

/// How often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// From the beginning of a round to that of the next.
    pub(crate) every: Duration,
    /// How many rounds; `None`: until somebody asks to stop.
    pub(crate) max_runs: Option<u64>,
}

/// A round that is over.
pub(crate) struct Round {
    /// The first is 1.
    pub(crate) number: u64,
    /// When it was over.
    pub(crate) at: DateTime<Utc>,
    /// What it did, or why it did not begin.
    pub(crate) ended: Result<EndedRun, Error>,
    /// When the next one begins; `None` after the last.
    pub(crate) next_at: Option<DateTime<Utc>>,
    /// Whether Spotify put off all that it asks for, so that the next one waits for that.
    pub(crate) is_put_off: bool,
}

impl Round {
    /// What ended it early.
    pub(crate) fn error(&self) -> Option<&Error> {
        match &self.ended {
            Ok(ended) => ended.error.as_ref(),
            Err(error) => Some(error),
        }
    }

    /// Until when Spotify put off all that the round asked for. What is put off beside others is left alone by each run of itself.
    fn put_off_until(&self) -> Option<DateTime<Utc>> {
        let report = &self.ended.as_ref().ok()?.report;
        let mut all = report.playlists.iter();
        report.not_before.filter(|_| all.all(|it| it.status == PlaylistStatus::PutOff))
    }

    /// Whether another one would change nothing: a person has to change an argument or a setting, or asked to stop.
    fn ends_all(&self) -> bool {
        let ending = self.error().map(Error::ending);
        matches!(ending, Some(Ending::Usage | Ending::Interrupted))
    }

    fn into_error(self) -> Option<Error> {
        match self.ended {
            Ok(ended) => ended.error,
            Err(error) => Some(error),
        }
    }
}

/// Makes rounds until there were enough, one shows that no other can do better, or somebody asks to stop.
///
/// # Errors
/// What ended the last round, and [`Error::Interrupted`].
pub(crate) async fn watch(
    pace: Pace,
    clock: fn() -> DateTime<Utc>,
    stop: &Stop,
    mut make: impl AsyncFnMut() -> Result<EndedRun, Error>,
    mut tell: impl FnMut(&Round),
) -> Result<(), Error> {
    for number in 1.. {
        let began = Instant::now();
        let ended = make().await;
        let at = clock();
        let mut round = Round { number, at, ended, next_at: None, is_put_off: false };
        if pace.max_runs.is_some_and(|most| most <= number) || round.ends_all() {
            tell(&round);
            return round.into_error().map_or(Ok(()), Err);
        }
        if stop.is_asked() {
            tell(&round);
            // Whoever lost the state to another asked for the end, too, and says so.
            return Err(round.into_error().unwrap_or(Error::Interrupted));
        }
        let left = pace.every.saturating_sub(began.elapsed());
        let put_off = round.put_off_until().and_then(|until| (until - at).to_std().ok());
        round.is_put_off = put_off.is_some_and(|put_off| left < put_off);
        let wait = left.max(put_off.unwrap_or_default());
        let next_at = at + TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX / 2);
        round.next_at = Some(next_at);
        tell(&round);
        // What a round held is not held while nothing happens.
        drop(round);
        wait_until(next_at, wait, clock, stop).await.ok_or(Error::Interrupted)?;
    }
    Ok(())
}

/// Waits so long, or until that time of day, whichever comes first: the one hears of no changed clock, the other of no sleep.
async fn wait_until(
    next_at: DateTime<Utc>,
    wait: Duration,
    clock: fn() -> DateTime<Utc>,
    stop: &Stop,
) -> Option<()> {
    let began = Instant::now();
    loop {
        let left = wait.saturating_sub(began.elapsed());
        if left.is_zero() || next_at <= clock() {
            return (!stop.is_asked()).then_some(());
        }
        stop.or(pause(left.min(NAP))).await?;
    }
}

/// What an interval costs at Spotify where nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Upkeep {
    /// Calls a round.
    pub(crate) call_count: u64,
    /// Whether the number of own playlists is not known yet.
    pub(crate) is_least: bool,
}

impl Upkeep {
    /// Of a run that is asked for so. The ledger knows how many playlists there were last.
    pub(crate) fn of(config: &Config, settings: &Settings) -> Self {
        let Some(Source::Spotify(wanted)) = &settings.source else {
            return Self { call_count: 0, is_least: false };
        };
        Self::of_wanted(wanted, || own_playlists(&config.data_dir))
    }

    fn of_wanted(wanted: &Wanted, own_playlists: impl Fn() -> Option<u32>) -> Self {
        let Wanted { playlists, mine, liked, .. } = wanted;
        let known = mine.then(own_playlists);
        let pages = known.map_or(0, |known| ListReader::page_count(known.unwrap_or(0)).into());
        // The liked songs are looked at with one page; whose login it is, only the first round asks.
        let call_count = playlists.len() as u64 + u64::from(*liked) + pages;
        Self { call_count, is_least: known == Some(None) }
    }

    /// Calls a day.
    pub(crate) fn a_day(self, every: Duration) -> u64 {
        per_day(self.call_count, every)
    }

    /// The shortest interval, in whole seconds, that is not warned of.
    pub(crate) fn unwarned(self) -> Duration {
        Duration::from_secs((self.call_count * DAY).div_ceil(CALLS_A_DAY))
    }
}

/// How often something happens a day that happens so often each time.
fn per_day(count: u64, every: Duration) -> u64 {
    (count * DAY).div_ceil(every.as_secs().max(1))
}

/// How many playlists the last list named.
fn own_playlists(data_dir: &DataDir) -> Option<u32> {
    if !data_dir.warehouse().exists() {
        return None;
    }
    match look(data_dir) {
        Ok(Look::Free(warehouse)) => warehouse.newest_listing().ok()??.total,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn epoch() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    /// A machine that sleeps for two hours whenever nobody looks.
    fn leaping() -> DateTime<Utc> {
        static HOURS: AtomicI64 = AtomicI64::new(0);
        DateTime::UNIX_EPOCH + TimeDelta::hours(HOURS.fetch_add(2, Ordering::Relaxed))
    }

    /// Rounds that end with these errors; their numbers, and how all of it ended.
    async fn rounds(
        pace: Pace,
        clock: fn() -> DateTime<Utc>,
        errors: Vec<Error>,
    ) -> (Vec<u64>, Error) {
        let (mut errors, mut numbers) = (errors.into_iter(), Vec::new());
        let stop = Stop::new();
        let make = async || match errors.next() {
            Some(error) => Err(error),
            None => {
                stop.ask();
                Err(Error::Interrupted)
            }
        };
        let ended = watch(pace, clock, &stop, make, |round| numbers.push(round.number)).await;
        (numbers, ended.unwrap_err())
    }

    fn later() -> Error {
        Error::Locked { path: "data".into(), holder: "another".to_owned() }
    }

    #[tokio::test]
    async fn failures_that_may_pass_are_followed_by_another_round_and_wrong_settings_are_not() {
        let pace = Pace { every: Duration::from_millis(1), max_runs: None };
        let (numbers, error) = rounds(pace, epoch, vec![later(), later()]).await;
        assert_eq!((numbers, error.ending()), (vec![1, 2, 3], Ending::Interrupted));
        let (numbers, error) = rounds(pace, epoch, vec![later(), Error::NoSource]).await;
        assert_eq!((numbers, error.ending()), (vec![1, 2], Ending::Usage));
        let pace = Pace { max_runs: Some(1), ..pace };
        let (numbers, error) = rounds(pace, epoch, vec![later(), later()]).await;
        assert_eq!((numbers, error.ending()), (vec![1], Ending::Later));
    }

    #[tokio::test]
    async fn a_round_that_was_due_while_the_machine_slept_is_made_at_once() {
        let pace = Pace { every: 3_600 * SECOND, max_runs: Some(3) };
        let began = Instant::now();
        assert_eq!(rounds(pace, leaping, vec![later(), later(), later()]).await.0, [1, 2, 3]);
        assert!(began.elapsed() < 60 * SECOND);
    }

    #[test]
    fn upkeep_is_a_page_per_fifty_own_playlists_and_a_call_for_each_other_list() {
        let wanted = |named: usize, mine, liked| Wanted {
            playlists: vec!["37i9dQZF1DXcBWIGoYBM5M".parse().unwrap(); named],
            mine,
            liked,
            ..Wanted::default()
        };
        for (asked, known, call_count) in [
            (wanted(0, true, false), Some(0), 1),
            (wanted(0, true, false), Some(50), 1),
            (wanted(0, true, true), Some(51), 3),
            (wanted(7, false, true), None, 8),
        ] {
            let upkeep = Upkeep { call_count, is_least: false };
            assert_eq!(Upkeep::of_wanted(&asked, || known), upkeep);
        }
        let unknown = Upkeep::of_wanted(&wanted(0, true, false), || None);
        assert_eq!(unknown, Upkeep { call_count: 1, is_least: true });
        // Every ten minutes: 144 rounds a day.
        assert_eq!(Upkeep { call_count: 4, is_least: false }.a_day(600 * SECOND), 576);
        assert_eq!(Upkeep { call_count: 4, is_least: false }.unwarned(), 692 * SECOND);
    }
}
