//! The ledger: what was sent and is wrong, what waits too long, when a run last ended well.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Area, Finding, Findings, Health, Known};
use crate::config::Config;
use crate::ledger::files::Standing;
use crate::phrase::{counted, either};
use crate::status::FileState;

/// A file that is not known to have arrived after so long does not come by itself: a pipe loads within minutes.
const TOO_LONG: TimeDelta = TimeDelta::days(1);

/// Says what stands in the ledger that needs hands; nothing where there is no ledger, or a run holds it.
pub(crate) fn ledger(
    config: &Config,
    known: &Known,
    now: DateTime<Utc>,
    findings: &mut Findings<'_>,
) {
    let Some(freshness) = known.freshness else { return };
    let goes_to_snowflake = config.snowflake.account.is_some();
    let is_wrong = |it: &&Standing| matches!(it.state, FileState::Failed | FileState::Mismatch);
    let (wrong, waiting): (Vec<&Standing>, Vec<&Standing>) =
        known.standing.iter().partition(|it| is_wrong(it));
    let late = waiting
        .into_iter()
        .filter(|it| goes_to_snowflake && it.since.is_some_and(|since| TOO_LONG < now - since));
    let late: Vec<&Standing> = late.collect();
    if !wrong.is_empty() {
        findings.push(wrong_files(&wrong));
    }
    if !late.is_empty() {
        findings.push(late_files(&late));
    }
    if wrong.is_empty() && late.is_empty() {
        let detail = "no file stands refused or mismatched, and none waits too long";
        findings.push(Finding::new(Area::Ledger, "proof", Health::Ok, detail));
    }
    findings.push(match freshness.ended_well_at(goes_to_snowflake) {
        Some(at) => {
            let (age, at) = (age(now - at), at.format("%Y-%m-%d %H:%M:%S UTC"));
            let detail = format!("one ended well {age} ago ({at})");
            Finding::new(Area::Ledger, "last run", Health::Ok, detail)
        }
        None => Finding::new(Area::Ledger, "last run", Health::Warn, "none has ended well yet")
            .fix("`snowtrack status` says how far they came; `snowtrack run` goes on"),
    });
}

fn wrong_files(wrong: &[&Standing]) -> Finding {
    let words = wrong.iter().map(|it| {
        let Standing { table, state, file_count, first_run, .. } = it;
        let of = either(*file_count, "of run", "the first of run");
        format!("{file_count} `{state}` in `{table}` ({of} {first_run})")
    });
    let words = words.collect::<Vec<_>>().join(", ");
    let detail =
        format!("not in Snowflake as sent: {words}; every run ends with exit 7 until then");
    let mut tables: Vec<&str> = wrong.iter().map(|it| it.table.name()).collect();
    tables.sort_unstable();
    tables.dedup();
    let fix = format!(
        "`snowtrack verify` asks again and names the steps that mend them; mostly `snowtrack reconcile {} --repair` is all",
        tables.join(" ")
    );
    Finding::new(Area::Ledger, "proof", Health::Fail, detail).fix(fix)
}

fn late_files(late: &[&Standing]) -> Finding {
    let count: u64 = late.iter().map(|it| it.file_count).sum();
    let since = late.iter().filter_map(|it| it.since).min();
    let since = since.map(|at| at.format(" since %Y-%m-%d %H:%M UTC").to_string());
    let (files, wait) = (counted(count, "file"), either(count, "waits", "wait"));
    let states = late.iter().map(|it| format!("`{}` in `{}`", it.state.reported(), it.table));
    let states = states.collect::<Vec<_>>().join(", ");
    let detail = format!("{files} {wait}{}: {states}", since.unwrap_or_default());
    Finding::new(Area::Waiting, "waiting", Health::Fail, detail)
        .fix("`snowtrack run` sends what was not sent, asks about the rest and says what keeps it")
}

/// `3 h`, in the largest unit of which there are two.
fn age(age: TimeDelta) -> String {
    match (age.num_days(), age.num_hours(), age.num_minutes()) {
        (2.., _, _) => format!("{} days", age.num_days()),
        (_, 2.., _) => format!("{} h", age.num_hours()),
        _ => format!("{} min", age.num_minutes().max(0)),
    }
}
