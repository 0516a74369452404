//! How a run ended: the one place from which its report, its summary, its exit code and its ledger entry come.
//!
//! In: what the stages came to, and what was compared with Snowflake in this process. Out: a [`Conclusion`]. `verified` is said
//! of what was compared, and of nothing else; a wrong file is told as that of the run that sent it.

use std::mem;

use chrono::{DateTime, SecondsFormat, Utc};

use super::error::Error;
use super::findings::Findings;
use super::report::VerificationReport;
use crate::event::Stage;
use crate::ids::RunId;
use crate::snowflake::{Outcome, Verification};

/// How a run ended.
pub(crate) struct Conclusion {
    /// What the report calls it.
    pub(crate) status: &'static str,
    /// What was compared with Snowflake, and what came of it.
    pub(crate) verification: VerificationReport,
    /// What stands between the run and success; the exit code is its.
    pub(crate) error: Option<Error>,
    /// What the ledger calls it, where the run's own files do not say better.
    pub(crate) state: &'static str,
}

/// The run whose file was last proven, and when that was.
pub(crate) type Proof = (String, DateTime<Utc>);

impl Findings {
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
            let next_step = worst.next_step.clone();
            let (outcome, reason) = (verification.outcome, verification.reason.clone());
            return Err(Error::Unverified {
                whose: self.whose(&worst.key),
                outcome,
                reason,
                next_step,
            });
        }
        match self.missing.iter().find(|name| name.starts_with("pipe `")) {
            None => Ok(()),
            Some(pipe) => Err(Error::PipeGone { pipe: pipe.clone() }),
        }
    }

    /// `run 01…`, the sender of a file.
    fn whose(&self, key: &str) -> String {
        match self.sender(key).filter(|run| **run != self.run_id) {
            None => format!("run {}", self.run_id),
            Some(run) if *run < self.run_id => format!("run {run}, an earlier run,"),
            Some(run) => format!("run {run}, a later run,"),
        }
    }

    fn sender(&self, key: &str) -> Option<&RunId> {
        let sent = |parcel: &&crate::ledger::Parcel| parcel.files().any(|file| file.key == key);
        self.parcels.iter().find(sent).map(|parcel| &parcel.run_id)
    }

    /// How the run ended.
    pub(crate) fn conclude(&self, ended: Result<(), Error>, proof: Option<Proof>) -> Conclusion {
        let status = self.status(&ended);
        let state = self.state(status, &ended);
        let verification = self.verification_report(proof);
        Conclusion { status, verification, error: ended.err(), state }
    }

    fn status(&self, ended: &Result<(), Error>) -> &'static str {
        match ended {
            // The others are where they shall be.
            Ok(()) | Err(Error::PlaylistsUnread { .. } | Error::PutOff { .. }) => {
                match self.reached {
                    Stage::Verify if self.verification.is_some() => "verified",
                    Stage::Export | Stage::Upload | Stage::Ingest | Stage::Verify
                        if self.files().is_empty() || self.reached == Stage::Verify =>
                    {
                        "unchanged"
                    }
                    Stage::Ingest => "ingested",
                    Stage::Upload => "uploaded",
                    Stage::Export => "exported",
                    _ => "pending",
                }
            }
            Err(Error::Refused { .. }) => "refused",
            Err(error) if error.is_later() => "pending",
            Err(_) => "failed",
        }
    }

    /// Whatever did not come to an end is `running`, and the same command continues it.
    fn state(&self, status: &'static str, ended: &Result<(), Error>) -> &'static str {
        let is_wrong = matches!(ended, Err(Error::Unverified { outcome, .. }) if outcome.is_final())
                // A new run ships what this one cannot any more.
                || matches!(ended, Err(Error::Lake(crate::lake::Error::Lost { .. })));
        let own = self.parcels.iter().filter(|parcel| parcel.run_id == self.run_id);
        let has_arrived = own.flat_map(|parcel| &parcel.entries).all(|entry| entry.is_settled());
        match status {
            "pending" | "failed" if is_wrong => "failed",
            // Only others' files are left, which every later run takes along.
            "pending" | "failed" if self.verification.is_some() && has_arrived => "pending",
            "pending" | "failed" => "running",
            status => status,
        }
    }

    fn verification_report(&self, proof: Option<Proof>) -> VerificationReport {
        let (verdict, reason) = match (&self.verification, self.goes_to_snowflake) {
            (Some(verification), _) => (verification.outcome.name(), self.reason(verification)),
            (None, Err(why)) => ("skipped", why.to_owned()),
            (None, Ok(())) if self.reached == Stage::Verify => ("skipped", unchanged(proof)),
            (None, Ok(())) => ("pending", "the run did not come that far".to_owned()),
        };
        VerificationReport { verdict: verdict.to_owned(), reason, missing: self.missing.clone() }
    }

    fn reason(&self, verification: &Verification) -> String {
        let sender = verification.worst().and_then(|worst| self.sender(&worst.key));
        match sender.filter(|run| **run != self.run_id) {
            Some(run) => format!("run {run}: {}", verification.reason),
            None => verification.reason.clone(),
        }
    }
}

/// Why nothing was asked, and what is known from before.
fn unchanged(proof: Option<Proof>) -> String {
    match proof {
        Some((run, at)) => {
            let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!("nothing to send; last proof: run {run}, {at}")
        }
        None => "nothing to send; nothing was ever proven".to_owned(),
    }
}
