//! What a verification says: a verdict on each file, and by the worst of them one on the run.

use std::collections::BTreeSet;

use super::cure::{self, Cure, Wrong};
use super::pipe_health::PipeHealth;
use crate::ids::Table;
use crate::phrase::{counted, either, every};
use crate::status::{RunVerdict, Verdict};

/// A file judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileVerdict {
    /// The file's key.
    pub key: String,
    /// Its table.
    pub table: Table,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// What to do; empty where nothing is.
    pub next_step: String,
    /// What mends it where it is wrong.
    pub cure: Option<Mend>,
    /// Where it waits for its submission, what is known of that.
    pub unsubmitted: Option<Unsubmitted>,
    /// Whether it is pending behind a pipe that a person must mend.
    pub is_pipe_broken: bool,
    /// The pipe that `next_step` is about, where it is about that alone.
    pub pipe: Option<PipeHealth>,
}

/// A file that Snowflake is to be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsubmitted {
    /// It was not.
    Never,
    /// It was, and did not answer, or forgot it: nothing says that it has it.
    Unanswered,
}

impl Unsubmitted {
    /// Which of them it is.
    pub(super) const fn of(is_unanswered: bool) -> Self {
        if is_unanswered { Self::Unanswered } else { Self::Never }
    }
}

/// What mends a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mend {
    pub cure: Cure,
    /// The full name of its landing table.
    pub landing_table: String,
}

/// A run judged, by its worst file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every file is verified.
    Verified,
    /// Something is not known yet: too early, or the pipe is paused (exit 8).
    Pending,
    /// Something is not known, and will not be before a person mends a pipe (exit 6).
    PipeBroken,
    /// Snowflake refused a file (exit 7).
    Refused,
    /// Rows or contents differ (exit 7).
    Mismatch,
}

impl Outcome {
    /// Whether asking again would not change it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Verified | Self::Refused | Self::Mismatch)
    }
}

impl From<Outcome> for RunVerdict {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Verified => Self::Verified,
            Outcome::Pending => Self::Pending,
            Outcome::PipeBroken | Outcome::Refused => Self::Failed,
            Outcome::Mismatch => Self::Mismatch,
        }
    }
}

/// Every file judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verification {
    /// The verdict on the run.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: String,
    /// The verdicts on the files, in the manifest's order.
    pub files: Vec<FileVerdict>,
}

impl Verification {
    /// The same without files that newer ones have replaced.
    pub(crate) fn without(self, keys: &BTreeSet<String>) -> Self {
        let is_left = |file: &FileVerdict| !keys.contains(&file.key);
        Self::of(self.files.into_iter().filter(is_left).collect())
    }

    /// That of no file.
    pub(crate) fn of_nothing() -> Self {
        Self::of(Vec::new())
    }

    /// The same where there is more that could not be looked at: not known, unless something is known to be worse.
    pub(crate) fn doubted(self, doubts: &[String]) -> Self {
        match (self.outcome, doubts) {
            (Outcome::Verified, [_, ..]) => {
                Self { outcome: Outcome::Pending, reason: doubts.join("; "), files: self.files }
            }
            _ => self,
        }
    }

    /// The same with the proof of some files doubted, for a reason that a person must mend.
    pub(crate) fn doubting(
        mut self,
        is_doubted: impl Fn(&FileVerdict) -> bool,
        reason: &str,
        next_step: &str,
    ) -> Self {
        let proven = self.files.iter_mut().filter(|file| file.verdict == Verdict::Verified);
        for file in proven.filter(|file| is_doubted(file)) {
            file.verdict = Verdict::Pending;
            reason.clone_into(&mut file.reason);
            next_step.clone_into(&mut file.next_step);
            file.is_pipe_broken = true;
        }
        Self::of(self.files)
    }

    /// The first of the worst files; `None` where every file is proven.
    pub(crate) fn worst(&self) -> Option<&FileVerdict> {
        worst(&self.files)
    }

    /// What to do about every file that is wrong; else about the first of the worst, and by the same words and one script about all
    /// that wait for the same.
    pub(crate) fn next_step(&self) -> String {
        let Some(worst) = self.worst() else { return String::new() };
        let wrong = self.files.iter().filter_map(|file| {
            let Mend { cure, landing_table } = file.cure.as_ref()?;
            let (cure, key, reason) = (*cure, &*file.key, &*file.reason);
            Some(Wrong { cure, table: file.table, key, reason, landing_table })
        });
        let wrong: Vec<Wrong<'_>> = wrong.collect();
        if 1 < wrong.len() {
            return cure::text_of_all(&wrong);
        }
        let Some(pipe) = &worst.pipe else {
            return match worst.unsubmitted {
                Some(_) => cure::submission_of(unsubmitted(&self.files).count() as u64),
                None => worst.next_step.clone(),
            };
        };
        pipe.next_step_among(self.files.iter().filter_map(|file| file.pipe.as_ref()))
    }

    /// The verdict on a run of these files.
    pub(super) fn of(files: Vec<FileVerdict>) -> Self {
        let outcome = match worst(&files).map(|file| file.verdict) {
            None | Some(Verdict::Verified) => Outcome::Verified,
            Some(Verdict::Pending) if files.iter().any(|file| file.is_pipe_broken) => {
                Outcome::PipeBroken
            }
            Some(Verdict::Pending) => Outcome::Pending,
            Some(Verdict::Failed) => Outcome::Refused,
            Some(Verdict::Mismatch) => Outcome::Mismatch,
        };
        Self { outcome, reason: summary(&files), files }
    }
}

fn worst(files: &[FileVerdict]) -> Option<&FileVerdict> {
    // The first of equals: `max_by_key` would take the last.
    let worst = files.iter().rev().max_by_key(|file| file.verdict);
    worst.filter(|file| file.verdict != Verdict::Verified)
}

/// How many files are right, and what is wrong with the others; where nothing is, what keeps the first of them.
fn summary(verdicts: &[FileVerdict]) -> String {
    let count = verdicts.iter().filter(|file| file.verdict == Verdict::Verified).count();
    match worst(verdicts) {
        None if verdicts.is_empty() => "there was nothing to send".to_owned(),
        None => format!(
            "{} {} in, row by row as {} sent",
            every(count as u64, "file"),
            either(count as u64, "is", "are"),
            either(count as u64, "it was", "they were")
        ),
        Some(file) => {
            let total = verdicts.len();
            let wrong = match file.unsubmitted {
                Some(_) => never_submitted(verdicts),
                None => wrong_tables(verdicts),
            };
            let (files, are) = (counted(total as u64, "file"), either(count as u64, "is", "are"));
            let reasons = reasons(verdicts, file);
            format!("{count} of {files} {are} verified; {wrong}{reasons}")
        }
    }
}

/// Reasons that are told one by one.
const SHOWN_REASONS: usize = 8;

/// Each different reason once, with the first file that it holds of: the worst first, then those of all that are wrong.
fn reasons(verdicts: &[FileVerdict], worst: &FileVerdict) -> String {
    let mut groups: Vec<(&FileVerdict, usize)> = vec![(worst, 0)];
    let wrong = verdicts.iter().filter(|file| file.cure.is_some() && file.key != worst.key);
    for file in wrong {
        match groups.iter_mut().find(|(first, _)| first.reason == file.reason) {
            Some((_, more)) => *more += 1,
            None => groups.push((file, 0)),
        }
    }
    let told = groups.iter().take(SHOWN_REASONS).map(|(file, more)| match more {
        0 => format!("`{}`: {}", file.key, file.reason),
        more => format!("`{}` and {}: {}", file.key, counted(*more, "other"), file.reason),
    });
    let mut told: Vec<String> = told.collect();
    let left: usize = groups.iter().skip(SHOWN_REASONS).map(|(_, more)| 1 + more).sum();
    if 0 < left {
        told.push(format!("and {} more, for other reasons", counted(left, "file")));
    }
    told.join("; ")
}

/// The files that Snowflake is to be told of.
fn unsubmitted(verdicts: &[FileVerdict]) -> impl Iterator<Item = Unsubmitted> {
    verdicts.iter().filter_map(|file| file.unsubmitted)
}

/// How many files wait for their submission, where no other is worse.
fn never_submitted(verdicts: &[FileVerdict]) -> String {
    let count = unsubmitted(verdicts).count() as u64;
    let is_certain = unsubmitted(verdicts).all(|it| it == Unsubmitted::Never);
    let (files, were) = (counted(count, "file"), either(count, "was", "were"));
    let doubt = if is_certain { "" } else { ", as far as Snowflake says" };
    format!("{files} {were} never submitted{doubt}; ")
}

/// Names the tables where files are wrong, if they are several.
fn wrong_tables(verdicts: &[FileVerdict]) -> String {
    let wrong = verdicts.iter().filter(|file| file.cure.is_some());
    let tables: BTreeSet<Table> = wrong.map(|file| file.table).collect();
    let names: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
    match names.as_slice() {
        [] | [_] => String::new(),
        [others @ .., last] => format!("wrong in {} and {last}; ", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_of_an_outcome_what_its_reader_does_next() {
        let words = [
            (Outcome::Verified, "verified"),
            (Outcome::Pending, "pending"),
            (Outcome::PipeBroken, "failed"),
            (Outcome::Refused, "failed"),
            (Outcome::Mismatch, "mismatch"),
        ];
        for (outcome, word) in words {
            assert_eq!(RunVerdict::from(outcome).name(), word);
            assert_eq!(serde_json::to_value(RunVerdict::from(outcome)).unwrap(), word);
        }
    }
}
