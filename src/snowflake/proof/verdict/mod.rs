//! Whether what was sent has arrived: the manifest's files against everything that Snowflake says of them.
//!
//! In: files, and per table the evidence, each piece of which may be missing, with the reason. Out: a verdict per file and one for
//! the run, in words, with what to do next. Pure; who asks Snowflake, and how often, is the run's.
//!
//! # Rules
//! - Only the landing table proves anything: `verified` needs its row count, its count of different rows and both hash sums to be
//!   the manifest's, each row beside its own hash, and run and time of each as they were sent. What pipes and histories say explains a file that is not there; it never vouches for one that is.
//! - A file that a repair settled is what its whole table is: its own rows were replaced, and their number says nothing.
//! - Wrong is final, not known is not: a file about which nothing certain is known is `pending`, never guessed.
//! - Ask the table last. A report that is younger than the table's answer would make a file look lost that is just arriving.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::cure::Cure;
use super::evidence::{
    Answer, Claimed, Evidence, Found, Landed, claim_of, error_of, is_of, is_same_sum, progress_of,
};
use super::pipe_health::{Health, PipeHealth};
use super::verification::{FileVerdict, Mend, Unsubmitted, Verification};
use crate::ids::Table;
use crate::lake::ExportedFile;
use crate::phrase::{counted, either, every};
use crate::snowflake::api::FileReport;
use crate::status::Verdict;

/// Judges every file of a manifest.
pub(crate) fn verify<'f>(
    files: impl IntoIterator<Item = &'f ExportedFile>,
    evidence: &BTreeMap<Table, impl Borrow<Evidence>>,
) -> Verification {
    let nothing = Evidence::default();
    let of = |file: &ExportedFile| evidence.get(&file.table).map_or(&nothing, Borrow::borrow);
    Verification::of(files.into_iter().map(|file| judge(file, of(file))).collect())
}

/// Whether what pipes and histories say of a file settles anything, so that its table is worth a query.
pub(crate) fn is_reported(file: &ExportedFile, evidence: &Evidence) -> bool {
    claim_of(file, evidence).is_some_and(|claim| Claimed::by(claim) != Claimed::Unsettled)
}

/// Whether pipes or histories say anything of a file.
pub(crate) fn is_mentioned(file: &ExportedFile, evidence: &Evidence) -> bool {
    claim_of(file, evidence).is_some()
}

/// Judges one file.
fn judge(file: &ExportedFile, evidence: &Evidence) -> FileVerdict {
    let claim = claim_of(file, evidence);
    let judgement = judge_by_rows(file, evidence, claim);
    let of_table = evidence.found_in_table.get(&file.key);
    let of_table = of_table.map(|why| judged(Verdict::Mismatch, why.clone(), Cure::Ship));
    let Judgement { verdict, mut reason, cure } = of_table.unwrap_or(judgement);
    let mut next_step = match verdict {
        Verdict::Verified => String::new(),
        _ => match evidence.unannounced.get(&file.key).filter(|_| cure == Cure::Announce) {
            Some(statement) => statement.clone(),
            None => cure.text(file, &evidence.landing_table),
        },
    };
    let mut mended = None;
    let pipe = pipe_of(file, evidence);
    let pipe = pipe.filter(|pipe| verdict == Verdict::Pending && pipe.health != Health::Ok);
    if let Some(pipe) = pipe {
        reason = format!("{reason}; its pipe `{}` is {}", pipe.pipe, pipe.reason);
        // What is said of one file says more than what is said of its pipe.
        next_step = match evidence.unannounced.get(&file.key) {
            Some(own) if pipe.health == Health::Warn && next_step == *own => {
                format!("{own}; {}", pipe.remedy)
            }
            _ => {
                mended = Some(pipe.clone());
                pipe.next_step()
            }
        };
    }
    let is_pipe_broken = pipe.is_some_and(|pipe| pipe.health == Health::Fail);
    let is_unanswered = evidence.unheard.contains_key(&file.key);
    let unsubmitted = (cure == Cure::Submit).then_some(Unsubmitted::of(is_unanswered));
    let mends = matches!(verdict, Verdict::Failed | Verdict::Mismatch);
    let cure = mends.then(|| Mend { cure, landing_table: evidence.landing_table.clone() });
    let (key, table) = (file.key.clone(), file.table);
    FileVerdict {
        key,
        table,
        verdict,
        reason,
        next_step,
        cure,
        unsubmitted,
        is_pipe_broken,
        pipe: mended,
    }
}

/// What is known of the pipe that a file waits for.
fn pipe_of<'e>(file: &ExportedFile, evidence: &'e Evidence) -> Option<&'e PipeHealth> {
    match (evidence.absent_pipes.get(&file.key), &evidence.pipe) {
        (Some(absent), _) => Some(absent),
        (None, Answer::Given(pipe)) => Some(pipe),
        (None, Answer::Unknown(_)) => None,
    }
}

struct Judgement {
    verdict: Verdict,
    reason: String,
    cure: Cure,
}

const fn judged(verdict: Verdict, reason: String, cure: Cure) -> Judgement {
    Judgement { verdict, reason, cure }
}

/// What the table says of a file, and, where nobody says anything now, what was found before.
fn judge_by_rows(
    file: &ExportedFile,
    evidence: &Evidence,
    claim: Option<&FileReport>,
) -> Judgement {
    // What is said to be loaded may have come after the table was asked.
    let is_outdated = evidence.is_landed_old
        && claim.is_some_and(|it| matches!(Claimed::by(it), Claimed::Loaded | Claimed::Partial));
    let before = evidence.found_before.get(&file.key);
    let judgement = match &evidence.landed {
        Answer::Given(rows) => match rows.iter().find(|landed| landed.key == file.key) {
            Some(landed) => judge_landed(file, landed, claim.filter(|_| !is_outdated), before),
            None if is_outdated => {
                judge_unasked(file, evidence, claim, "it could not be asked again since")
            }
            None => judge_absent(file, evidence, claim),
        },
        Answer::Unknown(why) => judge_unasked(file, evidence, claim, why),
    };
    let is_silent = judgement.verdict == Verdict::Pending && claim.is_none();
    match before {
        Some(Found::Failed(why)) if is_silent => judged(Verdict::Failed, why.clone(), Cure::Ship),
        Some(Found::Mismatch(why)) if is_silent => {
            judged(Verdict::Mismatch, why.clone(), Cure::Ship)
        }
        Some(Found::Mismatch(_)) => judgement,
        _ if judgement.verdict == Verdict::Mismatch && evidence.is_unconfirmed => {
            let reason = format!(
                "{}; asked a second time, Snowflake gave no answer, and once is not enough to call it wrong",
                judgement.reason
            );
            judged(Verdict::Pending, reason, Cure::Later)
        }
        _ => judgement,
    }
}

/// The table has rows of the file.
fn judge_landed(
    file: &ExportedFile,
    landed: &Landed,
    claim: Option<&FileReport>,
    before: Option<&Found>,
) -> Judgement {
    let Landed { row_count, distinct_row_count, right_hash_count, right_origin_count, .. } = landed;
    let (table, wanted) = (&file.table, file.row_count);
    let all = every(wanted, "row");
    if distinct_row_count < row_count {
        let reason = format!(
            "`{table}` holds {} of it, {distinct_row_count} different of {wanted} sent: it was loaded more than once",
            counted(*row_count, "row")
        );
        return judged(Verdict::Mismatch, reason, Cure::Compare);
    }
    let most = distinct_row_count.max(right_hash_count).max(right_origin_count);
    if row_count < most {
        let reason = format!(
            "`{table}` claims {most} different or right ones among {} of it, which cannot be",
            counted(*row_count, "row")
        );
        return judged(Verdict::Pending, reason, Cure::Later);
    }
    if wanted < *row_count {
        let (rows, were) = (counted(*row_count, "row"), either(wanted, "was", "were"));
        let reason = format!("`{table}` holds {rows} of it, {wanted} {were} sent");
        return judged(Verdict::Mismatch, reason, Cure::Reload);
    }
    if *row_count < wanted {
        return judge_partial(file, *row_count, claim, before);
    }
    if !is_same_sum(&landed.row_hash_sum, &file.row_hash_sum) {
        let reason = format!(
            "`{table}` holds {all} of it, but not the {} sent: {} to {}, sent was {}",
            either(wanted, "one", "ones"),
            either(wanted, "its hash sums", "their hashes sum"),
            landed.row_hash_sum,
            file.row_hash_sum
        );
        return judged(Verdict::Mismatch, reason, Cure::Ship);
    }
    if !is_same_sum(&landed.content_hash_sum, &file.row_hash_sum) {
        let reason = format!(
            "`{table}` holds {all} of it with changed contents: hashed anew {} to {}, sent was {}",
            either(wanted, "it sums", "they sum"),
            landed.content_hash_sum,
            file.row_hash_sum
        );
        return judged(Verdict::Mismatch, reason, Cure::Ship);
    }
    if right_hash_count < row_count {
        let reason = format!(
            "`{table}` holds {all} of it, but only {right_hash_count} beside {} own hash: hashes were exchanged",
            either(wanted, "its", "their")
        );
        return judged(Verdict::Mismatch, reason, Cure::Ship);
    }
    if right_origin_count < row_count {
        let reason = format!(
            "`{table}` holds {all} of it, but only {right_origin_count} with the RUN_ID and EXTRACTED_AT that were sent, which decide what is current"
        );
        return judged(Verdict::Mismatch, reason, Cure::Reload);
    }
    let (are, they_were) = (either(wanted, "is", "are"), either(wanted, "it was", "they were"));
    judged(Verdict::Verified, format!("{all} {are} in, as {they_were} sent"), Cure::Later)
}

fn judge_partial(
    file: &ExportedFile,
    row_count: u64,
    claim: Option<&FileReport>,
    before: Option<&Found>,
) -> Judgement {
    let wanted = counted(file.row_count, "row");
    let held = format!("`{}` holds {row_count} of its {wanted}", file.table);
    if let Some(Found::Verified(at)) = before {
        return judged(Verdict::Mismatch, lost_since(&held, *at), Cure::Ship);
    }
    match claim.map(|claim| (claim, Claimed::by(claim))) {
        Some((_, Claimed::Loaded)) => {
            let reason = format!("{held}, and Snowflake says that it is loaded");
            judged(Verdict::Mismatch, reason, Cure::Ship)
        }
        Some((claim, Claimed::Partial)) => {
            let reason = format!("{held}, the others were refused: {}", error_of(claim));
            judged(Verdict::Mismatch, reason, Cure::Ship)
        }
        Some((claim, Claimed::Failed)) => {
            judged(Verdict::Failed, format!("{held}, then {}", error_of(claim)), Cure::MendAndShip)
        }
        Some((_, Claimed::Unsettled)) | None => {
            let reason = format!("{held}; a large file comes in parts");
            judged(Verdict::Pending, reason, Cure::Later)
        }
    }
}

/// The table has no row of the file.
fn judge_absent(file: &ExportedFile, evidence: &Evidence, claim: Option<&FileReport>) -> Judgement {
    if let Some(Found::Verified(at)) = evidence.found_before.get(&file.key) {
        let wanted = counted(file.row_count, "row");
        let held = format!("`{}` holds none of its {wanted}", file.table);
        return judged(Verdict::Mismatch, lost_since(&held, *at), Cure::Ship);
    }
    if is_listed(file, &evidence.unmatched_paths) {
        return unmatched();
    }
    match claim.map(|claim| (claim, Claimed::by(claim))) {
        Some((claim, Claimed::Failed)) => {
            judged(Verdict::Failed, error_of(claim), Cure::MendAndShip)
        }
        Some((claim, Claimed::Loaded | Claimed::Partial)) => {
            let count = claim.inserted_row_count.unwrap_or_default();
            let reason = format!(
                "Snowflake says that it loaded {} of it, but `{}` holds none",
                counted(count, "row"),
                file.table
            );
            judged(Verdict::Mismatch, reason, Cure::Ship)
        }
        Some((claim, Claimed::Unsettled)) => {
            judged(Verdict::Pending, progress_of(claim), Cure::Later)
        }
        None if is_lost(file, evidence) => judged(
            Verdict::Failed,
            "it was submitted more than 14 days ago and never came; no pipe remembers it any more"
                .to_owned(),
            Cure::Ship,
        ),
        None if evidence.unsubmitted_keys.contains(&file.key) => unsubmitted(),
        None if let Some(why) = evidence.unheard.get(&file.key) => {
            let reason = format!("{why}, and nothing says that Snowflake has it");
            judged(Verdict::Pending, reason, Cure::Submit)
        }
        None if evidence.unannounced.contains_key(&file.key) => {
            let reason = "S3's event of it has not reached its pipe, and an event that is lost comes no second time".to_owned();
            judged(Verdict::Pending, reason, Cure::Announce)
        }
        None => judged(Verdict::Pending, silence(file, evidence), Cure::Later),
    }
}

/// What was proven once and is no longer so.
fn lost_since(held: &str, proven_at: DateTime<Utc>) -> String {
    let at = proven_at.format("%Y-%m-%d %H:%M:%S UTC");
    format!(
        "{held}, and held all of them on {at}: they were deleted since, or this is another table"
    )
}

fn unsubmitted() -> Judgement {
    let reason = "Snowflake was not told of it".to_owned();
    judged(Verdict::Pending, reason, Cure::Submit)
}

/// Whether nobody will load the file any more. A pipe that stands may still have it in its queue.
fn is_lost(file: &ExportedFile, evidence: &Evidence) -> bool {
    let is_standing = matches!(&evidence.pipe, Answer::Given(pipe) if pipe.health != Health::Ok);
    evidence.forgotten_keys.contains(&file.key) && !is_standing && !evidence.is_landed_old
}

/// The table could not be asked, so nothing can be verified; what is wrong for certain still is.
fn judge_unasked(
    file: &ExportedFile,
    evidence: &Evidence,
    claim: Option<&FileReport>,
    why: &str,
) -> Judgement {
    if is_listed(file, &evidence.unmatched_paths) {
        return unmatched();
    }
    match claim.map(|claim| (claim, Claimed::by(claim))) {
        Some((claim, Claimed::Failed)) => {
            judged(Verdict::Failed, error_of(claim), Cure::MendAndShip)
        }
        Some((claim, Claimed::Partial)) => judged(Verdict::Mismatch, error_of(claim), Cure::Ship),
        Some((claim, Claimed::Loaded)) => {
            let count = claim.inserted_row_count;
            let said =
                count.map_or_else(|| "an unknown number".to_owned(), |count| count.to_string());
            let reason = format!(
                "Snowflake says that it loaded {said} of {}",
                counted(file.row_count, "row")
            );
            if claim.is_complete && count.is_some_and(|count| count != file.row_count) {
                return judged(Verdict::Mismatch, reason, Cure::Ship);
            }
            let reason = format!("{reason}, but the table itself is not known: {why}");
            judged(Verdict::Pending, reason, Cure::Later)
        }
        Some((claim, Claimed::Unsettled)) => {
            judged(Verdict::Pending, progress_of(claim), Cure::Later)
        }
        None if evidence.unsubmitted_keys.contains(&file.key) => unsubmitted(),
        None => {
            let reason =
                format!("{}; the table itself is not known: {why}", silence(file, evidence));
            judged(Verdict::Pending, reason, Cure::Later)
        }
    }
}

fn unmatched() -> Judgement {
    judged(
        Verdict::Failed,
        "its name does not match the pipe's PATTERN, so the pipe will never load it".to_owned(),
        Cure::MendPipeAndShip,
    )
}

/// Why nobody says anything of a file.
fn silence(file: &ExportedFile, evidence: &Evidence) -> String {
    if is_listed(file, &evidence.skipped_paths) {
        return "its pipe knew the path already and takes it no second time within 14 days: it was submitted before and is queued still, or failed then; nothing says which".to_owned();
    }
    let reports = match &evidence.reports {
        Answer::Given(_) => {
            "Snowpipe does not report it (or no longer: it does for 10 minutes)".to_owned()
        }
        Answer::Unknown(why) => format!("Snowpipe's report is not known: {why}"),
    };
    let history = match &evidence.history {
        Answer::Given(_) => {
            "the copy history does not list it (yet: it can be late by half an hour)".to_owned()
        }
        Answer::Unknown(why) => format!("the copy history is not known: {why}"),
    };
    format!("{reports}; {history}")
}

fn is_listed(file: &ExportedFile, paths: &[String]) -> bool {
    paths.iter().any(|path| is_of(&file.key, None, path))
}

#[cfg(test)]
mod tests;
