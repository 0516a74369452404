//! How a run ended: the one place from which its report, its summary, its exit code and its ledger entry come.
//!
//! In: what the stages came to, and what was compared with Snowflake in this process. Out: a [`Conclusion`]. `verified` is said
//! of what was compared, and of nothing else; a wrong file is told as that of the run that sent it.

use std::mem;

use chrono::{DateTime, SecondsFormat, Utc};

use super::error::Error;
use super::findings::{Findings, check_report, table_report};
use super::report::{RunReport, VerificationReport};
use crate::causes::chain;
use crate::event::{EndedStage, Stage};
use crate::ids::RunId;
use crate::ledger::{Proof, Shipment};
use crate::phrase::either;
use crate::snowflake::{Outcome, Verification};
use crate::status::RunStatus;
use crate::status::RunVerdict;

/// How a run ended.
pub(crate) struct Conclusion {
    /// What the report calls it.
    pub(crate) status: RunStatus,
    /// What was compared with Snowflake, and what came of it.
    pub(crate) verification: VerificationReport,
    /// What stands between the run and success; the exit code is its.
    pub(crate) error: Option<Error>,
    /// What the ledger calls it, where the run's own files do not say better.
    pub(crate) state: RunStatus,
}

impl Findings {
    /// The report of the run.
    pub(crate) fn report(
        &self,
        conclusion: &Conclusion,
        stages: Vec<EndedStage>,
        now: DateTime<Utc>,
    ) -> RunReport {
        RunReport {
            run_id: self.run.id.to_string(),
            status: conclusion.status,
            started_at: self.run.started_at,
            finished_at: now,
            not_before: self.not_before(conclusion.error.as_ref()).filter(|until| now < *until),
            spotify: self.spotify,
            playlists: self.playlists.clone(),
            enrichment: self.enrichment,
            skipped_documents: self.skipped.clone(),
            tables: self.tables.iter().map(table_report).collect(),
            checks: self.checks.iter().map(check_report).collect(),
            files: self.files(),
            streams: self.streams.clone(),
            verification: conclusion.verification.clone(),
            notes: self.notes.clone(),
            stages,
            error: conclusion.error.as_ref().map(|error| chain(error)),
        }
    }

    /// When Spotify may be asked for what it put off: for what the run was about, else for what was to come with it.
    fn not_before(&self, error: Option<&Error>) -> Option<DateTime<Utc>> {
        match error {
            Some(
                Error::PutOff { until, .. }
                | Error::Spotify(crate::sources::Error::RateLimited { until, .. }),
            ) => Some(*until),
            _ => self.enrichment.not_before,
        }
    }

    /// What ended the run. Files that are known to be wrong count for more than whatever kept others on their way.
    pub(super) fn weigh(&mut self, ended: Result<(), Error>) -> Result<(), Error> {
        let outcome = self.verification.as_ref().map(|verification| verification.outcome);
        match ended {
            Err(error)
                if !error.is_interruption()
                    && matches!(outcome, Some(Outcome::Mismatch | Outcome::Refused)) =>
            {
                let words = crate::causes::chain(&error);
                tracing::warn!("{words}");
                self.require_proof()
            }
            ended => ended.and_then(|()| self.require_proof()),
        }
    }

    /// What was found of the files, as an error where it is not that all of them are in.
    fn require_proof(&mut self) -> Result<(), Error> {
        let Some(verification) = &self.verification else { return Ok(()) };
        let is_wrong = matches!(verification.outcome, Outcome::Mismatch | Outcome::Refused);
        // A refused answer must not hide what other answers say.
        match mem::take(&mut self.refusal) {
            Some(error) if !is_wrong => return Err(error),
            Some(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "not everything could be asked of Snowflake");
            }
            None => {}
        }
        if let Some(worst) = verification.worst() {
            let next_step = verification.next_step();
            let (outcome, reason) = (verification.outcome, verification.reason.clone());
            return Err(Error::Unverified {
                whose: self.whose(&worst.key),
                outcome,
                reason,
                next_step,
            });
        }
        if verification.outcome != Outcome::Verified {
            return Err(Error::Unverified {
                whose: format!("run {}", self.run.id),
                outcome: verification.outcome,
                reason: verification.reason.clone(),
                next_step: "`snowtrack verify` asks again".to_owned(),
            });
        }
        self.pipe_trouble.take().map_or(Ok(()), Err)
    }

    /// `run 01…`, the sender of a file.
    fn whose(&self, key: &str) -> String {
        match self.sender(key).filter(|run| **run != self.run.id) {
            None => format!("run {}", self.run.id),
            Some(run) if *run < self.run.id => format!("run {run}, an earlier run,"),
            Some(run) => format!("run {run}, a later run,"),
        }
    }

    fn sender(&self, key: &str) -> Option<&RunId> {
        let sent = |shipment: &&Shipment| shipment.exported().any(|file| file.key == key);
        self.shipments.iter().find(sent).map(|shipment| &shipment.run.id)
    }

    /// How the run ended.
    pub(crate) fn conclude(&self, ended: Result<(), Error>, proof: Option<Proof>) -> Conclusion {
        let status = self.status(&ended);
        // What the stream lacks stands in the ledger by itself, and every later run sends it.
        let state = match &ended {
            Err(Error::Stream(_)) => self.state(self.status(&Ok(())), &Ok(())),
            ended => self.state(status, ended),
        };
        let verification = self.verification_report(status, proof);
        Conclusion { status, verification, error: ended.err(), state }
    }

    fn status(&self, ended: &Result<(), Error>) -> RunStatus {
        match ended {
            // The others are where they are to be.
            Ok(())
            | Err(
                Error::PlaylistsUnread { .. }
                | Error::ListingIncomplete { .. }
                | Error::PutOff { .. },
            ) => match self.reached {
                Stage::Verify if self.verification.is_some() => RunStatus::Verified,
                Stage::Export | Stage::Upload | Stage::Ingest | Stage::Verify
                    if self.files().is_empty() || self.reached == Stage::Verify =>
                {
                    RunStatus::Unchanged
                }
                Stage::Ingest => RunStatus::Ingested,
                Stage::Upload => RunStatus::Uploaded,
                Stage::Export => RunStatus::Exported,
                _ => RunStatus::Pending,
            },
            Err(Error::Refused { .. }) => RunStatus::Refused,
            Err(error) if error.is_later() => RunStatus::Pending,
            Err(_) => RunStatus::Failed,
        }
    }

    /// Whatever did not come to an end is `running`, and the same command continues it.
    fn state(&self, status: RunStatus, ended: &Result<(), Error>) -> RunStatus {
        let is_wrong = matches!(ended, Err(Error::Unverified { outcome, .. }) if outcome.is_final())
                // A new run ships what this one cannot any more.
                || matches!(ended, Err(Error::Lake(crate::lake::Error::Lost { .. })));
        let own = self.shipments.iter().filter(|shipment| shipment.run.id == self.run.id);
        let has_arrived =
            own.flat_map(|shipment| &shipment.files).all(|file| file.state.is_settled());
        let has_files = self
            .shipments
            .iter()
            .any(|shipment| shipment.run.id == self.run.id && !shipment.files.is_empty());
        match status {
            // Its own are in: what is wrong is an earlier run's, which says so itself.
            RunStatus::Failed
                if matches!(ended, Err(Error::Unverified { .. }))
                    && is_wrong
                    && has_files
                    && has_arrived =>
            {
                RunStatus::Verified
            }
            RunStatus::Pending | RunStatus::Failed if is_wrong => RunStatus::Failed,
            // Only others' files are left, which every later run takes along.
            RunStatus::Pending | RunStatus::Failed
                if self.verification.is_some() && has_arrived =>
            {
                RunStatus::Pending
            }
            RunStatus::Pending | RunStatus::Failed => RunStatus::Running,
            status => status,
        }
    }

    fn verification_report(&self, status: RunStatus, proof: Option<Proof>) -> VerificationReport {
        let (verdict, reason) = match (&self.verification, self.goes_to_snowflake) {
            (Some(verification), _) => (verification.outcome.into(), self.reason(verification)),
            (None, Err(why)) => (RunVerdict::Skipped, why.to_owned()),
            (None, Ok(())) if self.reached == Stage::Verify || status == RunStatus::Unchanged => {
                (RunVerdict::Skipped, unchanged(proof))
            }
            // Who only submits is done then.
            (None, Ok(())) if status == RunStatus::Ingested => {
                (RunVerdict::Skipped, SUBMITTED.to_owned())
            }
            (None, Ok(())) => (RunVerdict::Pending, "the run did not come that far".to_owned()),
        };
        VerificationReport { verdict, reason, missing: self.missing.clone() }
    }

    fn reason(&self, verification: &Verification) -> String {
        if verification.worst().is_none() && !self.compared.is_empty() {
            return self.reason_with_tables(verification);
        }
        let sender = verification.worst().and_then(|worst| self.sender(&worst.key));
        match sender.filter(|run| **run != self.run.id) {
            Some(run) => format!("run {run}: {}", verification.reason),
            None => verification.reason.clone(),
        }
    }

    /// Why everything is right, where settled files were not asked about, and their tables were.
    fn reason_with_tables(&self, verification: &Verification) -> String {
        let names: Vec<String> = self.compared.iter().map(|it| format!("`{it}`")).collect();
        let count = names.len() as u64;
        let tables = format!(
            "{} {} settled files, whose rows were compared by keys and business columns, and not by `RUN_ID` and `EXTRACTED_AT`",
            names.join(", "),
            either(count, "has", "have")
        );
        match verification.files.is_empty() {
            true => tables,
            false => format!("{}; {tables}", verification.reason),
        }
    }
}

/// Why nobody was asked what arrived.
const SUBMITTED: &str = "submitted; `snowtrack verify` asks what arrived";

/// Why nothing was asked, and what is known from before.
fn unchanged(proof: Option<Proof>) -> String {
    match proof {
        Some(Proof { run, at }) => {
            let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!("nothing to send; last proof: run {run}, {at}")
        }
        None => "nothing to send; nothing was ever proven".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;

    use super::*;
    use crate::ledger::ShippedFile;
    use crate::snowflake::{Evidence, verify};
    use crate::status::FileState;

    fn findings(reached: Stage, files: Vec<ShippedFile>) -> Findings {
        let shipment = Shipment::example(1, files);
        let mut findings = Findings::new(shipment.run.clone());
        findings.reached = reached;
        if !shipment.files.is_empty() {
            findings.shipments = vec![shipment];
        }
        findings
    }

    fn put_off() -> Error {
        Error::PutOff { what: String::new(), until: DateTime::UNIX_EPOCH, rest: "" }
    }

    fn refused() -> Error {
        Error::Refused { run: String::new(), failed_checks: String::new(), first: "" }
    }

    #[test]
    fn a_run_that_ends_well_is_called_by_the_last_stage_that_it_reached() {
        let status = |reached, files| findings(reached, files).status(&Ok(()));
        let file = || vec![ShippedFile::example("a", FileState::Uploaded, None)];
        assert_eq!(status(Stage::Fetch, vec![]), RunStatus::Pending);
        assert_eq!(status(Stage::Check, file()), RunStatus::Pending);
        assert_eq!(status(Stage::Export, file()), RunStatus::Exported);
        assert_eq!(status(Stage::Upload, file()), RunStatus::Uploaded);
        assert_eq!(status(Stage::Ingest, file()), RunStatus::Ingested);
        for reached in [Stage::Export, Stage::Upload, Stage::Ingest, Stage::Verify] {
            assert_eq!(status(reached, vec![]), RunStatus::Unchanged, "{reached:?}");
        }
        // Nothing was compared in this process, so nothing is said to be verified.
        assert_eq!(status(Stage::Verify, file()), RunStatus::Unchanged);
    }

    #[test]
    fn only_what_was_compared_in_this_process_is_verified() {
        let mut findings =
            findings(Stage::Verify, vec![ShippedFile::example("a", FileState::Verified, None)]);
        findings.verification = Some(verify(&[], &BTreeMap::<_, Evidence>::new()));
        assert_eq!(findings.status(&Ok(())), RunStatus::Verified);
        assert_eq!(findings.status(&Err(put_off())), RunStatus::Verified);
        assert_eq!(findings.status(&Err(refused())), RunStatus::Refused);
        assert_eq!(findings.status(&Err(Error::Interrupted)), RunStatus::Pending);
        assert_eq!(findings.status(&Err(Error::NothingExported)), RunStatus::Failed);
    }

    #[test]
    fn the_ledger_calls_running_what_the_same_command_continues() {
        let file = |state| vec![ShippedFile::example("a", state, None)];
        let of = |mut findings: Findings, ended: Result<(), Error>| {
            findings.verification = Some(verify(&[], &BTreeMap::<_, Evidence>::new()));
            findings.state(findings.status(&ended), &ended)
        };
        let interrupted = || Err(Error::Interrupted);
        let wrong = |outcome| {
            let (whose, reason, next_step) = Default::default();
            Err(Error::Unverified { whose, outcome, reason, next_step })
        };
        let accepted = || findings(Stage::Verify, file(FileState::Accepted));
        assert_eq!(of(accepted(), interrupted()), RunStatus::Running);
        assert_eq!(of(accepted(), wrong(Outcome::Pending)), RunStatus::Running);
        assert_eq!(of(accepted(), wrong(Outcome::Mismatch)), RunStatus::Failed);
        assert_eq!(of(accepted(), Err(refused())), RunStatus::Refused);
        // The run's own files are in: what is left is others'.
        let verified = || findings(Stage::Verify, file(FileState::Verified));
        assert_eq!(of(verified(), wrong(Outcome::Pending)), RunStatus::Pending);
        assert_eq!(of(verified(), Ok(())), RunStatus::Verified);
    }
}
