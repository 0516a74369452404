//! Between stages and sinks: gives what is said its run and its time, and says of each stage what it did and how long it took.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Counts, Ending, Event, Sink, Stage, What};
use crate::ids::RunId;

/// Passes on what is said.
pub(crate) struct Teller<'a> {
    sink: Sink<'a>,
    clock: fn() -> DateTime<Utc>,
    run: OnceLock<RunId>,
    under_way: Mutex<Option<UnderWay>>,
    ended: Mutex<Vec<EndedStage>>,
}

/// A stage that came to its end, well or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EndedStage {
    /// Which.
    pub stage: Stage,
    /// How long it took, in this process.
    #[serde(rename = "duration_ms", serialize_with = "super::millis")]
    pub duration: Duration,
    /// What it did.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A stage that has begun and not ended.
struct UnderWay {
    stage: Stage,
    began: Instant,
    counts: Counts,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(sink: Sink<'a>, clock: fn() -> DateTime<Utc>) -> Self {
        let (under_way, ended) = Default::default();
        Self { sink, clock, run: OnceLock::new(), under_way, ended }
    }

    /// From now on everything is this run's.
    pub(crate) fn begin_run(&self, id: &RunId) {
        // A process has one run.
        let _ = self.run.set(id.clone());
    }

    /// Passes it on.
    pub(crate) fn tell(&self, what: What) {
        if let Some(under_way) = self.under_way().as_mut() {
            under_way.counts.add(what.counts());
        }
        (self.sink)(&Event { run: self.run.get().cloned(), at: (self.clock)(), what });
    }

    /// A stage begins; one that is still under way has done its work.
    pub(crate) fn enter(&self, stage: Stage) {
        self.leave(Ending::Done, Counts::default());
        let under_way = UnderWay { stage, began: Instant::now(), counts: Counts::default() };
        *self.under_way() = Some(under_way);
        self.tell(What::StageStarted { stage });
    }

    /// The stage under way, if any, ends; `counts` are those that stand in no event.
    pub(crate) fn leave(&self, ending: Ending, counts: Counts) {
        let Some(mut under_way) = self.under_way().take() else { return };
        under_way.counts.add(counts);
        let UnderWay { stage, began, counts } = under_way;
        let duration = began.elapsed();
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(EndedStage {
            stage,
            duration,
            counts,
        });
        self.tell(What::StageEnded { stage, ending, duration, counts });
    }

    /// The stages that came to their end so far, in order.
    pub(crate) fn ended(&self) -> Vec<EndedStage> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn under_way(&self) -> MutexGuard<'_, Option<UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        let add = |sum: &mut Option<u64>, more: Option<u64>| {
            *sum = more.map(|more| sum.unwrap_or_default() + more).or(*sum);
        };
        add(&mut self.row_count, other.row_count);
        add(&mut self.file_count, other.file_count);
        add(&mut self.call_count, other.call_count);
        add(&mut self.check_count, other.check_count);
        add(&mut self.size_bytes, other.size_bytes);
    }
}

impl What {
    /// What it adds to what its stage did.
    fn counts(&self) -> Counts {
        let none = Counts::default();
        match *self {
            Self::RowsLanded { row_count } => Counts { row_count: Some(row_count), ..none },
            Self::FileWritten { row_count, size_bytes, .. } => {
                let (row_count, size_bytes) = (Some(row_count), Some(size_bytes));
                Counts { row_count, file_count: Some(1), size_bytes, ..none }
            }
            Self::FileUploaded { size_bytes, .. } => {
                Counts { file_count: Some(1), size_bytes: Some(size_bytes), ..none }
            }
            Self::Submitted { file_count, .. } => {
                Counts { file_count: Some(file_count as u64), ..none }
            }
            Self::SpotifyUsage { call_count, .. }
            | Self::SnowflakeUsage { request_count: call_count, .. } => {
                Counts { call_count: Some(call_count), ..none }
            }
            _ => none,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    #[test]
    fn a_stage_that_begins_ends_the_one_before_it() {
        let told = Mutex::new(Vec::new());
        let sink = |event: &Event| told.lock().unwrap().push(event.what.clone());
        let teller = Teller::new(&sink, epoch);
        teller.enter(Stage::Fetch);
        teller.tell(What::RowsLanded { row_count: 3 });
        teller.enter(Stage::Transform);
        teller.leave(Ending::Done, Counts::default());
        let ended = told.lock().unwrap().clone().into_iter().filter_map(|what| match what {
            What::StageEnded { stage, counts, .. } => Some((stage, counts.row_count)),
            _ => None,
        });
        let wanted = [(Stage::Fetch, Some(3)), (Stage::Transform, None)];
        assert_eq!(ended.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn a_stage_ends_once_with_what_was_said_during_it() {
        let told = Mutex::new(Vec::new());
        let sink = |event: &Event| told.lock().unwrap().push(event.clone());
        let teller = Teller::new(&sink, epoch);
        teller.tell(What::RowsLanded { row_count: 100 });
        let run = RunId::new(epoch(), 7);
        teller.begin_run(&run);
        teller.enter(Stage::Fetch);
        for row_count in [3, 4] {
            teller.tell(What::RowsLanded { row_count });
        }
        let usage =
            |call_count| What::SpotifyUsage { call_count, retry_count: 0, waited: Duration::ZERO };
        teller.tell(usage(5));
        teller.leave(Ending::Done, Counts { check_count: Some(2), ..Counts::default() });
        teller.leave(Ending::Bug, Counts::default());
        let told = told.lock().unwrap();
        let runs: Vec<_> = told.iter().map(|event| event.run.as_ref()).collect();
        assert_eq!(runs, [None, Some(&run), Some(&run), Some(&run), Some(&run), Some(&run)]);
        let What::StageEnded { stage: Stage::Fetch, ending: Ending::Done, counts, .. } =
            told[5].what
        else {
            panic!("{told:?}")
        };
        let wanted = Counts {
            row_count: Some(7),
            call_count: Some(5),
            check_count: Some(2),
            ..Counts::default()
        };
        assert_eq!(counts, wanted);
        assert_eq!(
            teller.ended().iter().map(|it| (it.stage, it.counts)).collect::<Vec<_>>(),
            [(Stage::Fetch, wanted)]
        );
    }
}
