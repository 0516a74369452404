//! Whether somebody is to be called: once when a kind of trouble begins, once when it is over, never by a run that says nothing
//! of the pipeline (a wrong argument, a stop, a lease that another holds).
//!
//! In: how a run ended, and what the ledger knows of earlier ones. Out: one [`Alert`] at most, and the ledger's note of it.

use chrono::{DateTime, Utc};

use super::Run;
use super::command;
use super::error::Error;
use super::job::Settings;
use crate::blocking::blocking;
use crate::causes::chain;
use crate::config::Config;
use crate::event::{
    Alert, AlertKind, Ending, Incident, IncidentKind, Receipt, Stage, Teller, What,
};
use crate::ids::DataDir;
use crate::ledger::incidents::{self, OpenIncident};
use crate::quality::Severity;
use crate::snowflake::Outcome;
use crate::state;
use crate::status::Verdict;

/// The end of a second run in a row is worth a call, where the first one only says that it is too early.
const PATIENT_RUNS: u64 = 2;

/// Tells of an incident that begins or is over, and notes it. Says whether there was something to tell; that it could not be told,
/// or noted, ends no run.
pub(super) fn tell(run: &mut Run<'_>, error: Option<&Error>) -> bool {
    let end = match error {
        None => End::Well,
        Some(error) => match trouble(run, error) {
            Some(trouble) => End::Trouble(trouble),
            None => return false,
        },
    };
    blocking(|| step(run, end, error)).unwrap_or_else(|error| {
        tracing::warn!("what to call somebody for could not be noted: {}", chain(&error));
        false
    })
}

/// The same of a run that did not begin. The ledger could not be had then, so a file beside it remembers who was called; on a
/// machine that keeps nothing each such run calls.
pub(super) fn tell_unbegun(
    config: &Config,
    settings: &Settings,
    teller: &Teller<'_>,
    error: &Error,
) {
    let Some(kind) = kind(error) else { return };
    let now = (settings.clock)();
    let what = match (&config.state.location, error) {
        (Some(state), Error::State(_)) => state.to_string(),
        _ => config.data_dir.display().to_string(),
    };
    let trouble = Trouble { kind, what: vec![what], stage: Stage::Upload };
    let before = beside(&config.data_dir);
    let Step { mut open, told } = after(before.clone(), End::Trouble(trouble), now, |_| false);
    if let Some(Told { alert, incidents }) = told {
        let reason = Some(chain(error));
        let (command, receipt) = (command::given(settings), Receipt::default());
        let alert = Alert { alert, incidents, reason, command, receipt };
        teller.tell(What::Alert(alert.clone()));
        settle(&mut open, &before, &alert, now);
    }
    let text = serde_json::to_string(&open).unwrap_or_default();
    // Where it cannot be kept the next run calls again.
    let _ = std::fs::write(config.data_dir.incidents(), text);
}

/// What runs that did not begin left beside the ledger.
fn beside(data_dir: &DataDir) -> Vec<OpenIncident> {
    let text = std::fs::read_to_string(data_dir.incidents()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn step(
    run: &mut Run<'_>,
    end: End,
    error: Option<&Error>,
) -> Result<bool, crate::warehouse::Error> {
    let mut before = incidents::load(&run.warehouse)?;
    let data_dir = &run.config.data_dir;
    let beside: Vec<OpenIncident> = beside(data_dir);
    let is_moved = !beside.is_empty();
    for incident in beside {
        if before.iter().all(|it| it.kind() != incident.kind()) {
            before.push(incident);
        }
    }
    let Step { mut open, told } = after(before.clone(), end, run.now(), |it| is_proof(run, it));
    let given = keep_command(&mut open, run.settings, error);
    if let Some(Told { alert, incidents }) = &told {
        let command = match error {
            Some(error) => command::continuing(&given, error, run.id()),
            None => format!("snowtrack status --run {}", run.id()),
        };
        let receipt = Receipt::default();
        let alert = Alert {
            alert: *alert,
            incidents: incidents.clone(),
            reason: error.map(|error| chain(error)),
            command,
            receipt: receipt.clone(),
        };
        (run.events)(What::Alert(alert.clone()));
        settle(&mut open, &before, &alert, run.now());
    }
    if open != before || is_moved {
        incidents::store(&mut run.warehouse, &open)?;
        // The ledger has them now; a file that stays says nothing new.
        let _ = std::fs::remove_file(run.config.data_dir.incidents());
    }
    Ok(told.is_some())
}

/// The command that was given, and is kept with the incident: a stage that comes after it knows no source, and what continues is
/// still the run with its source.
fn keep_command(open: &mut [OpenIncident], settings: &Settings, error: Option<&Error>) -> String {
    let given = command::given(settings);
    let kind = error.and_then(kind);
    let Some(held) = open.iter_mut().find(|it| Some(it.kind()) == kind) else { return given };
    if settings.source.is_some() || held.command.is_none() {
        held.command = Some(given.clone());
    }
    held.command.clone().unwrap_or(given)
}

/// What nobody took is told again by the next run.
fn settle(
    open: &mut Vec<OpenIncident>,
    before: &[OpenIncident],
    alert: &Alert,
    now: DateTime<Utc>,
) {
    let is_told = |kind| alert.incidents.iter().any(|incident| incident.kind == kind);
    match (alert.alert, alert.receipt.is_given()) {
        (AlertKind::Began, true) => {
            open.iter_mut().filter(|it| is_told(it.kind())).for_each(|it| it.told_at = Some(now));
        }
        (AlertKind::Over, false) => {
            open.extend(before.iter().filter(|it| is_told(it.kind())).cloned());
        }
        _ => {}
    }
}

/// Whether a run that ended well went where this incident was.
fn is_proof(run: &Run<'_>, incident: &OpenIncident) -> bool {
    let goes_far_enough = incident.stage < Stage::Ingest || run.findings.goes_to_snowflake.is_ok();
    run.does(incident.stage) && goes_far_enough
}

/// How a run ended, as far as somebody is called for it.
#[derive(Debug, Clone)]
enum End {
    Well,
    Trouble(Trouble),
}

/// What a run ended with.
#[derive(Debug, Clone)]
struct Trouble {
    kind: IncidentKind,
    what: Vec<String>,
    stage: Stage,
}

/// What follows from an end.
struct Step {
    open: Vec<OpenIncident>,
    told: Option<Told>,
}

/// What there is to tell.
struct Told {
    alert: AlertKind,
    incidents: Vec<Incident>,
}

/// The incidents that are open after a run, and what somebody is told.
fn after(
    mut open: Vec<OpenIncident>,
    end: End,
    now: DateTime<Utc>,
    is_proof: impl Fn(&OpenIncident) -> bool,
) -> Step {
    let trouble = match end {
        End::Trouble(trouble) => trouble,
        End::Well => {
            let (over, left): (Vec<_>, Vec<_>) = open.into_iter().partition(is_proof);
            let told = over.into_iter().filter(|it| it.told_at.is_some());
            let incidents: Vec<Incident> = told.map(|it| it.incident).collect();
            let told =
                (!incidents.is_empty()).then_some(Told { alert: AlertKind::Over, incidents });
            return Step { open: left, told };
        }
    };
    let Trouble { kind, what, stage } = trouble;
    // Only runs in a row count.
    open.retain(|it| {
        it.kind() == kind || it.kind() != IncidentKind::Pending || it.told_at.is_some()
    });
    let held = match open.iter_mut().find(|it| it.kind() == kind) {
        Some(held) => {
            held.run_count += 1;
            // The first one may have been about less; a recovery names what was wrong last.
            (held.incident.what, held.stage) = (what, stage.max(held.stage));
            held.clone()
        }
        None => {
            let incident = Incident { kind, since: now, what };
            open.push(OpenIncident { incident, run_count: 1, stage, told_at: None, command: None });
            open[open.len() - 1].clone()
        }
    };
    let patience = if kind == IncidentKind::Pending { PATIENT_RUNS } else { 1 };
    let is_due = held.told_at.is_none() && patience <= held.run_count;
    let told = is_due.then(|| Told { alert: AlertKind::Began, incidents: vec![held.incident] });
    Step { open, told }
}

/// What the error says of the pipeline; `None` where it says nothing of it.
fn trouble(run: &Run<'_>, error: &Error) -> Option<Trouble> {
    let kind = kind(error)?;
    let stage = match kind {
        IncidentKind::Source => Stage::Fetch,
        IncidentKind::Refused => Stage::Check,
        IncidentKind::Lake => Stage::Upload,
        IncidentKind::Snowflake | IncidentKind::Mismatch => Stage::Verify,
        IncidentKind::Pending => match error {
            Error::Unverified { .. } | Error::Snowflake(_) => Stage::Verify,
            Error::Lake(_) | Error::State(_) | Error::Stream(_) => Stage::Upload,
            _ => Stage::Fetch,
        },
    };
    Some(Trouble { kind, what: what(run, kind, error), stage })
}

fn kind(error: &Error) -> Option<IncidentKind> {
    match (error, error.ending()) {
        // Somebody else is at work.
        (Error::Locked { .. }, _) => None,
        (Error::State(error), Ending::Later) if !matches!(**error, state::Error::Lake(_)) => None,
        (_, Ending::Source) => Some(IncidentKind::Source),
        (_, Ending::Quality) => Some(IncidentKind::Refused),
        (_, Ending::Lake) => Some(IncidentKind::Lake),
        (_, Ending::Snowflake) => Some(IncidentKind::Snowflake),
        (_, Ending::Mismatch) => Some(IncidentKind::Mismatch),
        (_, Ending::Later) => Some(IncidentKind::Pending),
        // What a schedule ran yesterday is no wrong argument today: a bucket, a login or a role was taken away.
        (Error::Spotify(_), Ending::Usage) => Some(IncidentKind::Source),
        (Error::Lake(_) | Error::State(_), Ending::Usage) => Some(IncidentKind::Lake),
        (Error::Snowflake(_), Ending::Usage) => Some(IncidentKind::Snowflake),
        // What keeps the stream waits for somebody, and nothing else does.
        (Error::Stream(_), Ending::Usage) => Some(IncidentKind::Pending),
        _ => None,
    }
}

/// The failing checks, files or pipes by name, or what else failed.
fn what(run: &Run<'_>, kind: IncidentKind, error: &Error) -> Vec<String> {
    let findings = &run.findings;
    let files = |is_meant: &dyn Fn(&crate::snowflake::FileVerdict) -> bool| -> Vec<String> {
        let files = findings.verification.iter().flat_map(|it| &it.files);
        files.filter(|file| is_meant(file)).map(|file| file.key.clone()).collect()
    };
    let names: Vec<String> = match kind {
        IncidentKind::Refused => {
            let refusing =
                |it: &&crate::quality::CheckResult| it.severity == Severity::Error && !it.passed();
            findings.checks.iter().filter(refusing).map(|it| it.check.to_owned()).collect()
        }
        IncidentKind::Mismatch => {
            files(&|file| matches!(file.verdict, Verdict::Failed | Verdict::Mismatch))
        }
        IncidentKind::Pending if matches!(error, Error::Unverified { .. }) => {
            files(&|file| file.verdict == Verdict::Pending)
        }
        IncidentKind::Snowflake => pipes(run, error),
        IncidentKind::Source | IncidentKind::Lake | IncidentKind::Pending => Vec::new(),
    };
    if !names.is_empty() {
        return names;
    }
    vec![match (kind, error) {
        (IncidentKind::Lake, _) | (_, Error::Lake(_)) => match &run.config.lake.bucket {
            Some(bucket) => format!("s3://{bucket}"),
            None => run.config.data_dir.display().to_string(),
        },
        (IncidentKind::Snowflake | IncidentKind::Mismatch, _) | (_, Error::Snowflake(_)) => {
            let account = run.config.snowflake.account.as_deref();
            account.map_or("Snowflake".to_owned(), |account| format!("Snowflake {account}"))
        }
        (_, Error::Stream(_)) => {
            let stream = run.config.stream.address.as_ref();
            stream.map_or("the stream".to_owned(), ToString::to_string)
        }
        // Nothing of a list: whoever is forgotten stands in no note.
        _ => "Spotify".to_owned(),
    }]
}

/// Pipes that a person must mend.
fn pipes(run: &Run<'_>, error: &Error) -> Vec<String> {
    if let Error::PipesGone { pipes } | Error::PipesStopped { pipes, .. } = error {
        return pipes.clone();
    }
    let Error::Unverified { outcome: Outcome::PipeBroken, .. } = error else { return Vec::new() };
    let files = run.findings.verification.iter().flat_map(|it| &it.files);
    let broken = files.filter(|file| file.is_pipe_broken);
    let mut names: Vec<String> =
        broken.filter_map(|file| Some(file.pipe.as_ref()?.pipe.clone())).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(kind: IncidentKind) -> End {
        End::Trouble(Trouble { kind, what: vec!["it".to_owned()], stage: Stage::Verify })
    }

    /// What each of these runs tells, where somebody takes every alert.
    fn told(ends: &[Option<IncidentKind>]) -> Vec<String> {
        let mut open: Vec<OpenIncident> = Vec::new();
        let mut lines = Vec::new();
        for (at, end) in (0..).zip(ends) {
            let now = DateTime::from_timestamp(at, 0).unwrap();
            let end = end.map_or(End::Well, trouble);
            let step = after(open.clone(), end, now, |_| true);
            let before = std::mem::replace(&mut open, step.open);
            let Some(Told { alert, incidents }) = step.told else {
                lines.push("-".to_owned());
                continue;
            };
            let names = incidents
                .iter()
                .map(|it| format!("{} since {}", it.kind.name(), it.since.timestamp()));
            lines.push(format!("{alert:?}: {}", names.collect::<Vec<_>>().join(", ")));
            let alert = Alert {
                alert,
                incidents,
                reason: None,
                command: String::new(),
                receipt: Receipt::default(),
            };
            alert.receipt.give();
            settle(&mut open, &before, &alert, now);
        }
        lines
    }

    #[test]
    fn an_incident_is_told_once_and_once_that_it_is_over() {
        use IncidentKind::{Lake, Mismatch, Pending, Refused, Source};
        let five = [None, Some(Source), Some(Source), None, None];
        assert_eq!(told(&five), ["-", "Began: source since 1", "-", "Over: source since 1", "-"]);
        let later = [Some(Pending), None, Some(Pending), Some(Pending), Some(Pending), None];
        let wanted = ["-", "-", "-", "Began: pending since 2", "-", "Over: pending since 2"];
        assert_eq!(told(&later), wanted);
        // Only in a row.
        let apart = [Some(Pending), Some(Refused), Some(Pending), None];
        assert_eq!(told(&apart), ["-", "Began: refused since 1", "-", "Over: refused since 1"]);
        // Two kinds by turns are two incidents, and one recovery.
        let both = [Some(Mismatch), Some(Lake), Some(Mismatch), Some(Lake), None, None];
        let over = "Over: mismatch since 0, lake since 1";
        let wanted = ["Began: mismatch since 0", "Began: lake since 1", "-", "-", over, "-"];
        assert_eq!(told(&both), wanted);
    }

    #[test]
    fn what_nobody_took_is_told_again() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let failed = || trouble(IncidentKind::Source);
        let first = after(Vec::new(), failed(), at(0), |_| true);
        let second = after(first.open, failed(), at(1), |_| true);
        let told = second.told.expect("nobody was told");
        assert_eq!((told.alert, told.incidents[0].since), (AlertKind::Began, at(0)));
        // Who was never called is not told that it is over either.
        assert!(after(second.open, End::Well, at(2), |_| true).told.is_none());
    }

    #[test]
    fn a_run_that_did_not_go_there_ends_no_incident() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let mut open = after(Vec::new(), trouble(IncidentKind::Mismatch), at(0), |_| true).open;
        open[0].told_at = Some(at(0));
        let step = after(open.clone(), End::Well, at(1), |_| false);
        assert!(step.told.is_none());
        assert_eq!(step.open, open);
    }
}
