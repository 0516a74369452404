//! Verify: asks Snowflake about files until every one is settled or the time is up: the cheapest question first.
//!
//! What was judged before is asked of its landing table alone, and at once. Otherwise: 1. The pipe's report, which costs no warehouse, until it has settled every file of a table (`rest`), or the pipe's status
//!    (`auto`). 2. The landing table, as soon as that says that the files are in: only it proves. 3. Copy history and pipe status,
//!    only to explain what did not come.

mod announced;
mod null_marks;
mod pipe_watch;
mod presence;
mod replacements;
mod table_query;
mod table_watch;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::error::Error;
use super::ingest::Submitted;
use super::{Run, pipes};
use crate::config::Account;
use crate::event::{Counts, Stage, What};
use crate::ids::{RunId, Table};
use crate::lake::ExportedFile;
use crate::ledger::{self, Shipment, ShippedFile};
use crate::retry::pause;
use crate::snowflake::{self, Evidence, IngestMode, Outcome, Verification};
use crate::status::FileState;
use crate::status::Verdict;
use replacements::{replaced_keys, replacements};
use table_watch::TableWatch;

/// `COPY_HISTORY` goes back 14 days and refuses an earlier start.
const HISTORY_LIFETIME: TimeDelta = TimeDelta::days(13);
/// How far this machine's clock may be ahead of Snowflake's: nothing of a run may fall out of its history for that.
const CLOCK_DOUBT: TimeDelta = TimeDelta::hours(1);

/// Asks what became of the files, notes it, and keeps what the run's end is concluded from.
pub(crate) async fn verify(run: &mut Run<'_>, submitted: Submitted) -> Result<(), Error> {
    let Some(account) = run.account.filter(|_| run.does(Stage::Verify)) else { return Ok(()) };
    // How old each submission is decides who is asked.
    let keys = run.findings.keys();
    let mut shipments = ledger::shipments::with_keys(&run.warehouse, &keys)?;
    for shipment in &mut shipments {
        shipment.files.retain(|file| file.state != FileState::Superseded);
    }
    shipments.retain(|shipment| !shipment.files.is_empty());
    run.findings.shipments = shipments;
    let mut judged_at = run.now();
    if !run.findings.shipments.is_empty() {
        run.enter(Stage::Verify)?;
        account.connection.limit(run.config.snowflake.verify_timeout);
        if is_any_awaited(run, account) {
            pipes::look(run, account).await?;
        }
        if run.only_verifies() {
            pipes::look_at_waiting(run, account).await?;
        }
        let Watched { verification, refusal } = watch(run, account, submitted.evidence).await?;
        let verification = null_marks::doubt(run, account, verification).await?;
        let replacements = replacements(&run.warehouse, &run.findings.shipments, &verification)?;
        let file_count = Some(count_verified(&verification) as u64);
        let (place, now) = (account.place(), run.now());
        judged_at = now;
        let warehouse = &mut run.warehouse;
        ledger::files::note_verdicts(warehouse, &verification, &replacements, &place, now)?;
        ledger::files::submit_again(warehouse, &verification, now)?;
        let replaced = replaced_keys(&run.findings.shipments, &replacements, &verification);
        let verification = verification.without(&replaced);
        // That there is nothing at all explains whatever else could not be asked.
        let no_setup = run.findings.no_setup.clone().map(|why| Error::NoSetup { why });
        let refusal = no_setup.or(refusal).or(run.findings.refusal.take());
        // What is not known because nobody answers is for a person to look at, not for another night.
        let away = || account.connection.unreachable().filter(|_| verification.worst().is_some());
        run.findings.refusal = refusal.or_else(|| away().map(Error::from));
        run.findings.verification = Some(verification);
        if run.only_verifies() {
            run.findings.missing = presence::missing(run, account).await?;
        }
        run.leave(Counts { file_count, ..Counts::default() });
    }
    if !run.findings.doubts.is_empty() {
        let known = run.findings.verification.take().unwrap_or_else(Verification::of_nothing);
        run.findings.verification = Some(known.doubted(&run.findings.doubts));
    }
    run.findings.reached = Stage::Verify;
    note_proof(run, judged_at)
}

/// Notes a verification that ended whole; one that somebody refused an answer proves nothing of the rest.
fn note_proof(run: &mut Run<'_>, at: DateTime<Utc>) -> Result<(), Error> {
    let outcome = run.findings.verification.as_ref().map(|it| it.outcome);
    if outcome != Some(Outcome::Verified) || run.findings.refusal.is_some() {
        return Ok(());
    }
    let latest = run.findings.shipments.last().map(|it| it.run.id.clone());
    let about = latest.unwrap_or_else(|| run.id().clone());
    Ok(ledger::files::note_proof(&mut run.warehouse, &about, at)?)
}

/// Whether a pipe may still have to load something: what was judged before, the table alone tells of.
fn is_any_awaited(run: &Run<'_>, account: &Account) -> bool {
    let mut files = run.findings.shipments.iter().flat_map(|shipment| &shipment.files);
    // A COPY uses no pipe; where none was sent, nothing else says whether there is a setup.
    let is_looked_for = |file: &ShippedFile| {
        file.mode.unwrap_or(account.mode) != IngestMode::Copy || !file.state.is_submitted()
    };
    files.any(|file| file.found().is_none() && is_looked_for(file))
}

/// What was found, and why some of it could not be.
struct Watched {
    /// Every file judged by what Snowflake answered.
    verification: Verification,
    /// The first refusal of an answer that only a person can mend; the tables it concerns are `pending`.
    refusal: Option<Error>,
}

/// What Snowflake's histories are asked for.
struct Window {
    since: DateTime<Utc>,
    /// The one run whose files these are; empty where they are several runs'.
    run_id: String,
}

impl Window {
    fn of(shipments: &[Shipment], now: DateTime<Utc>) -> Self {
        let oldest = shipments.iter().map(|shipment| shipment.run.started_at).min().unwrap_or(now);
        let run_id = match shipments {
            [only] => only.run.id.to_string(),
            _ => String::new(),
        };
        Self { since: (oldest - CLOCK_DOUBT).max(now - HISTORY_LIFETIME), run_id }
    }
}

/// Asks until every file is settled, nothing will move by itself, or the time is up.
///
/// One table that cannot be asked about stops no other: what is known to be wrong must be told.
///
/// # Errors
/// That the run was interrupted, or that the ledger cannot be read, and nothing else: what could not be asked this time leaves its files `pending`.
async fn watch(
    run: &Run<'_>,
    account: &Account,
    mut evidence: BTreeMap<Table, Evidence>,
) -> Result<Watched, Error> {
    let shipments = &run.findings.shipments;
    let files: Vec<&ExportedFile> = shipments.iter().flat_map(Shipment::exported).collect();
    let runs: Vec<&RunId> = shipments.iter().map(|shipment| &shipment.run.id).collect();
    let origins = ledger::origins::of_runs(&run.warehouse, &runs)?;
    let mut watches: Vec<TableWatch<'_>> = Table::ALL
        .into_iter()
        .filter_map(|table| {
            let known = evidence.remove(&table).unwrap_or_default();
            TableWatch::of(run, account, table, known, &origins)
        })
        .collect();
    let mut wait = run.settings.shipping.first_round;
    let window = Window::of(shipments, run.now());
    watches.iter().for_each(|watch| watch.report(run, Some(account.mode)));
    'rounds: for round in 1.. {
        for watch in watches.iter_mut().filter(|watch| watch.is_open()) {
            run.check_stop()?;
            let asked = watch.ask(run, account, &window, round).await;
            watch.keep(asked)?;
            watch.report(run, Some(account.mode));
            if watch.is_refused_for_all() {
                break 'rounds;
            }
        }
        let verification = judge(&files, &watches);
        let verified = count_verified(&verification);
        (run.events)(What::VerifyProgress { verified, total: files.len() });
        if watches.iter().all(|watch| !watch.is_open() || watch.is_stuck()) {
            break;
        }
        let left = account.connection.left();
        let is_over = left.is_some_and(|left| left.is_zero());
        if is_over || account.connection.is_paused_to_the_end() {
            break;
        }
        let until =
            left.and_then(|left| run.now().checked_add_signed(TimeDelta::from_std(left).ok()?));
        let next = left.map_or(wait, |left| wait.min(left));
        (run.events)(What::AskingAgain { wait: next, until });
        run.stop.or(pause(next)).await.ok_or(Error::Interrupted)?;
        wait = wait.mul_f64(1.5).min(run.settings.shipping.longest_round);
    }
    explain(run, account, &window, &mut watches).await?;
    let verification = judge(&files, &watches);
    let refusal = watches.iter_mut().find_map(TableWatch::take_refusal);
    Ok(Watched { verification, refusal })
}

/// Asks why files did not come, or not as they were sent.
async fn explain(
    run: &Run<'_>,
    account: &Account,
    window: &Window,
    watches: &mut [TableWatch<'_>],
) -> Result<(), Error> {
    let mut is_refused = watches.iter().any(TableWatch::is_refused_for_all);
    for watch in watches.iter_mut().filter(|watch| watch.wants_explanation()) {
        watch.require_confirmation();
        if !is_refused {
            let asked = watch.explain(run, account, window).await;
            watch.keep(asked)?;
            watch.report(run, None);
            is_refused = watch.is_refused_for_all();
        }
    }
    Ok(())
}

fn count_verified(verification: &Verification) -> usize {
    verification.files.iter().filter(|file| file.verdict == Verdict::Verified).count()
}

fn judge(files: &[&ExportedFile], watches: &[TableWatch<'_>]) -> Verification {
    let evidence = watches.iter().map(TableWatch::answers).collect();
    snowflake::verify(files.iter().copied(), &evidence)
}
