//! Says of a stage that lasts that it began: where nothing is drawn, nobody would know what is at work.
//!
//! In: stages as they begin and end. Out: a line of the log, but not of a stage whose end is the better news.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::exit::Error;
use super::{Cli, print};
use crate::event::{Event, Stage, What};
use crate::observe::STAGES;
use crate::run::RunReport;
use crate::status::RunStatus;

/// How long nothing is said of a stage.
const SHORT: Duration = Duration::from_secs(2);

/// Says of long stages that they began.
pub(super) struct LongStages(Option<Sender<Option<Stage>>>);

impl LongStages {
    /// Says it, or nothing at all.
    pub(super) fn new(tells: bool) -> Self {
        Self(tells.then(|| {
            listen(SHORT, |stage| tracing::info!(target: STAGES, "{} started", stage.name()))
        }))
    }

    /// Takes note of an event.
    pub(super) fn hear(&self, event: &Event) {
        let stage = match event.what {
            What::StageStarted { stage } => Some(stage),
            What::StageEnded { .. } => None,
            _ => return,
        };
        // That nobody listens loses a line.
        let _ = self.0.as_ref().map(|listener| listener.send(stage));
    }
}

/// A thread that tells of each stage that is not over after so long. It ends with whoever tells it of stages.
fn listen(short: Duration, tell: impl Fn(Stage) + Send + 'static) -> Sender<Option<Stage>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || while told(&receiver, short, &tell) {});
    sender
}

/// One stage, or the end of one; whether there may be more.
fn told(receiver: &Receiver<Option<Stage>>, short: Duration, tell: &impl Fn(Stage)) -> bool {
    let Ok(mut news) = receiver.recv() else { return false };
    while let Some(stage) = news {
        news = match receiver.recv_timeout(short) {
            Ok(news) => news,
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => {
                tell(stage);
                None
            }
        };
    }
    true
}

/// A stage had nothing to go on with, which is no failure: it did nothing, and says why.
pub(super) fn tell_nothing_here(cli: &Cli, why: &crate::run::Error) -> Result<(), Error> {
    let why = why.to_string();
    let document = || serde_json::Value::from(RunReport::of_no_run(RunStatus::Unchanged, &why));
    match (cli.json, cli.quiet) {
        (true, _) => print(&document().to_string()),
        (false, true) => Ok(()),
        (false, false) => print(&why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stage_that_lasts_is_told() {
        let (told, heard) = channel();
        let long = Duration::from_secs(3_600);
        let stages = listen(long, {
            let told = told.clone();
            move |stage| told.send(stage).unwrap()
        });
        for news in [Some(Stage::Fetch), None, Some(Stage::Check), Some(Stage::Publish), None] {
            stages.send(news).unwrap();
        }
        drop(stages);
        let stages = listen(Duration::ZERO, move |stage| told.send(stage).unwrap());
        stages.send(Some(Stage::Verify)).unwrap();
        assert_eq!(heard.recv(), Ok(Stage::Verify));
        drop(stages);
        assert!(heard.recv().is_err(), "none of the others");
    }
}
