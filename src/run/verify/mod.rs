//! Asks Snowflake about files until every one is settled or the time is up: the cheapest question first.
//!
//! What was judged before is asked of its landing table alone, and at once. Otherwise: 1. The pipe's report, which costs no warehouse, until it has settled every file of a table (`rest`), or the pipe's status
//!    (`auto`). 2. The landing table, as soon as that says that the files are in: only it proves. 3. Copy history and pipe status,
//!    only to explain what did not come.

mod announced;
mod look;
mod pipe_watch;
pub(crate) mod presence;
mod table_watch;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::account::Target;
use super::error::Error;
use super::job::Edge;
use crate::event::Event;
use crate::ids::Table;
use crate::lake::ExportedFile;
use crate::ledger::Parcel;
use crate::retry::pause;
use crate::snowflake::{Evidence, Verdict, Verification, verify};
use table_watch::Question;

/// `COPY_HISTORY` goes back 14 days and refuses an earlier start.
const HISTORY_LIFETIME: TimeDelta = TimeDelta::days(13);
/// How far this machine's clock may be ahead of Snowflake's: nothing of a run may fall out of its history for that.
const CLOCK_DOUBT: TimeDelta = TimeDelta::hours(1);

/// What was found, and why some of it could not be.
pub(crate) struct Watched {
    /// Every file judged by what Snowflake answered.
    pub(crate) verification: Verification,
    /// The first refusal of an answer that only a person can mend; the tables it concerns are `pending`.
    pub(crate) refusal: Option<Error>,
}

/// Asks until every file is settled, nothing will move by itself, or the time is up.
///
/// One table that cannot be asked about stops no other: what is known to be wrong must be told.
///
/// # Errors
/// That the run was interrupted, and nothing else: what could not be asked this time leaves its files `pending`.
pub(crate) async fn watch(
    edge: Edge<'_>,
    target: &Target,
    parcels: &[Parcel],
    mut evidence: BTreeMap<Table, Evidence>,
) -> Result<Watched, Error> {
    let files: Vec<ExportedFile> = parcels.iter().flat_map(Parcel::files).cloned().collect();
    let oldest = parcels.iter().map(|parcel| parcel.started_at).min().unwrap_or_else(|| edge.now());
    let mut questions: Vec<Question> = Table::ALL
        .into_iter()
        .filter_map(|table| {
            let known = evidence.remove(&table).unwrap_or_default();
            Question::of(edge, target, (table, parcels), known)
        })
        .collect();
    let timeout = Duration::from_secs(edge.config.snowflake.verify_timeout_secs.unwrap_or(1800));
    let (began, mut wait) = (Instant::now(), edge.settings.shipping.first_round);
    let since = (oldest - CLOCK_DOUBT).max(edge.now() - HISTORY_LIFETIME);
    let asked_about = match parcels {
        [only] => (since, only.run_id.as_str()),
        _ => (since, ""),
    };
    questions.iter().for_each(|question| question.tell(edge, Some(target.mode)));
    'rounds: for round in 1.. {
        for question in questions.iter_mut().filter(|question| question.is_open()) {
            edge.check_stop()?;
            let asked = question.ask(edge, target, asked_about, round).await;
            question.keep(asked)?;
            question.tell(edge, Some(target.mode));
            if question.is_refused_for_all() {
                break 'rounds;
            }
        }
        let verification = judge(&files, &questions);
        let verified = count_verified(&verification);
        (edge.events)(Event::Judged { verified, total: files.len() });
        if questions.iter().all(|question| !question.is_open() || question.is_stuck()) {
            break;
        }
        let left = timeout.saturating_sub(began.elapsed());
        if left.is_zero() {
            break;
        }
        let next = wait.min(left);
        (edge.events)(Event::AskingAgain { wait: next });
        edge.stop.or(pause(next)).await.ok_or(Error::Interrupted)?;
        wait = wait.mul_f64(1.5).min(edge.settings.shipping.longest_round);
    }
    let mut is_refused = questions.iter().any(Question::is_refused_for_all);
    for question in questions.iter_mut().filter(|question| question.wants_explanation()) {
        question.doubt();
        if !is_refused {
            let asked = question.explain(edge, target, asked_about).await;
            question.keep(asked)?;
            question.tell(edge, None);
            is_refused = question.is_refused_for_all();
        }
    }
    let verification = judge(&files, &questions);
    let refusal = questions.iter_mut().find_map(Question::take_refusal);
    Ok(Watched { verification, refusal })
}

fn count_verified(verification: &Verification) -> usize {
    verification.files.iter().filter(|file| file.verdict == Verdict::Verified).count()
}

fn judge(files: &[ExportedFile], questions: &[Question]) -> Verification {
    let evidence = questions.iter().map(Question::answers).collect();
    verify(files, &evidence)
}
