//! What a person reads of an event, on a terminal or in a log.

use crate::event::{
    Alert, AlertKind, EndedStage, Ending, Exposure, HeldBy, Secret, TableProgress, WaitFor, Warning,
};
use crate::phrase::{Count, counted, either};
use crate::shell::word;

/// What the queue waits for.
pub(crate) const fn wait_for(why: WaitFor) -> &'static str {
    match why {
        WaitFor::RateLimit => "Spotify's rate limit",
        WaitFor::Recovery => "Spotify to recover",
        WaitFor::Answer => "Spotify to answer what was asked",
        WaitFor::Premium => "Spotify to see the Premium of the app's owner",
        WaitFor::Accounts => "Spotify's accounts service",
    }
}

/// What a stage did, and how long that took.
pub(crate) fn stage_ended(ended: &EndedStage, ending: Ending) -> String {
    let EndedStage { stage, duration, counts } = ended;
    let verb = if ending == Ending::Done { "took" } else { "ended early, after" };
    let did = [
        (counts.row_count, "row"),
        (counts.file_count, "file"),
        (counts.check_count, "check"),
        (counts.call_count, "call"),
    ];
    let did = did.into_iter().filter_map(|(count, noun)| Some(counted(count?, noun)));
    let did = did.chain(counts.size_bytes.map(size)).collect::<Vec<_>>().join(", ");
    let gap = if did.is_empty() { "" } else { ": " };
    format!("{} {verb} {:.1} s{gap}{did}", stage.name(), duration.as_secs_f64())
}

/// So many bytes, as a person reads them.
pub(crate) fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| *unit <= bytes) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => counted(bytes, "byte"),
    }
}

/// What a file waits for or suffers from; nothing where nothing holds it.
pub(crate) fn held_by(held_by: Option<&HeldBy>) -> String {
    match held_by {
        None => String::new(),
        Some(HeldBy::Pipe { state }) => format!("waits for its pipe, which is {state}"),
        Some(HeldBy::BucketEvent) => "waits for S3's event and the pipe's load".to_owned(),
        Some(HeldBy::PipeReport) => "waits for Snowpipe's report".to_owned(),
        Some(HeldBy::Rows) => "waits for the landing table's rows".to_owned(),
        Some(HeldBy::Verdict { reason }) => reason.clone(),
    }
}

/// How far a table's files are, in one line.
pub(crate) fn table_progress(progress: &TableProgress) -> String {
    let TableProgress { table, verdict, held_by: why, .. } = progress;
    let of = |count: u64, total: u64, noun| format!("{count} of {}", counted(total, noun));
    let files = of(progress.verified_file_count as u64, progress.file_count as u64, "file");
    let rows = of(progress.verified_row_count, progress.row_count, "row");
    let reason = held_by(why.as_ref());
    let why = if reason.is_empty() { String::new() } else { format!("; {reason}") };
    format!("`{table}`: {verdict}, {files}, {rows}{why}")
}

/// Whom there is to call for what.
pub(crate) fn alert(alert: &Alert) -> String {
    let names: Vec<&str> = alert.incidents.iter().map(|it| it.kind.name()).collect();
    let what = match alert.alert {
        AlertKind::Began => "an incident begins",
        AlertKind::Over => "an incident is over",
    };
    format!("{what}: {}", names.join(", "))
}

const DEMO_AMONG_OTHERS: &str = "the demo's made-up rows go where those of other sources are: to keep them apart, stop this run and give it another `--data-dir`, `S3_PREFIX` and `SNOWFLAKE_DATABASE`, or unset `S3_BUCKET` and `SNOWFLAKE_ACCOUNT`";

/// What somebody should know.
pub(crate) fn warning(warning: &Warning) -> String {
    match warning {
        Warning::InUse { path, holder, until } => {
            let until = until.format("%Y-%m-%d %H:%M:%S UTC");
            format!("`{path}` is in use by {holder}: waiting for it until {until}")
        }
        Warning::Exposed(exposure) => format!("{}; {}", seen(exposure), fix(exposure)),
        Warning::LoginNotStored { error } => format!(
            "{error}; Spotify gave it in place of the stored one, which may be worth nothing any more; the run goes on and tries again at its end"
        ),
        Warning::LoginLost { error } => {
            format!("{error}; it is lost with this process: run `snowtrack login`")
        }
        Warning::UnknownRun { run, place, documents, ledger, knows_files: true } => {
            let history = history(documents.as_deref());
            format!(
                "the ledger `{ledger}` does not know run {run}, whose files are in `{place}`: it is another pipeline's, or an older copy. What it takes for shipped may be missing there, and what came since is shipped again: `snowtrack reconcile` compares, `snowtrack run --full` ships everything. {history}"
            )
        }
        Warning::UnknownRun { run, place, documents, ledger, knows_files: false } => {
            let history = history(documents.as_deref());
            format!(
                "`{place}` has files of earlier runs (of {run}, for one), and the ledger `{ledger}` knows none: everything that is read now is shipped again. If the ledger is elsewhere, stop this run and name its folder with `--data-dir`. {history}"
            )
        }
        Warning::DemoAmongOthers => DEMO_AMONG_OTHERS.to_owned(),
        Warning::FollowedLeftOut { playlist_count } => followed(*playlist_count),
        Warning::ForgottenLeftOut { playlist_count } => forgotten(*playlist_count),
        Warning::ObjectLeftOut { error } | Warning::ListingIncomplete { error } => error.clone(),
        Warning::ObjectsLeft { entity, count, error } => {
            let others = there(*count, entity.trim_end_matches('s'));
            format!("{error}; the other {others} left for the next run")
        }
        Warning::RowsTakenOver { key, run_id, reason } => format!(
            "`{key}` of run {run_id} never reached the bucket ({reason}): this run ships its rows in a new file"
        ),
        Warning::Superseded { key } => {
            format!("`{key}` is superseded: its rows go their way in newer files")
        }
        Warning::FileStuck { error, .. } => error.clone(),
        Warning::Rewritten { path } => format!(
            "`{path}` was changed or damaged since it was written, or is gone; it is written anew from the ledger"
        ),
        Warning::ArchiveLost { path } => format!(
            "`{path}` was changed or damaged, or is gone, and its documents are no longer here; the run's files go without it"
        ),
        Warning::ArchiveIncomplete { left_out_count } => format!(
            "{} not in the archive, landed by an earlier version",
            there(*left_out_count, "document")
        ),
        Warning::PartsLeft { error } => {
            format!("parts of a killed upload may be left behind: {error}")
        }
        Warning::Gone { name } => format!("{name} is gone"),
        Warning::StateNotSaved { error } => {
            format!("the state is not saved yet, the run goes on: {error}")
        }
        Warning::StateLeftBehind { generation } => left_behind(*generation),
        Warning::RunsReplaced { run_count, run } => replaced(*run_count, run),
        Warning::OperationsNotRenewed { error } => format!(
            "the published file does not say yet how the run ended, the next run says it: {error}"
        ),
        Warning::ReportNotPut { to, error } => {
            format!("the report could not be put to `{to}`, the run ended as it says: {error}")
        }
        Warning::BucketNotRead { error } => {
            format!("the bucket could not be looked into: {error}")
        }
    }
}

/// `1 row is`, `2 rows are`.
fn there(count: impl Count, noun: &str) -> String {
    format!("{} {}", counted(count, noun), either(count, "is", "are"))
}

fn followed(playlist_count: u64) -> String {
    let there = there(playlist_count, "followed playlist");
    format!("{there} left out: Spotify gives contents only to owner and collaborators")
}

/// What is no longer read of what is configured.
fn forgotten(count: impl Count) -> String {
    format!(
        "{} left out, because {} forgotten: `--playlist ID` reads one again",
        there(count, "playlist"),
        either(count, "it was", "they were")
    )
}

/// What runs of this machine come to that the state never had.
fn replaced(run_count: impl Count, run: &impl std::fmt::Display) -> String {
    format!(
        "{} here {} never saved ({run} for one), and others went on meanwhile: the state's ledger takes their place, and what they read is asked for again",
        counted(run_count, "run"),
        either(run_count, "was", "were")
    )
}

/// What an end without a saved state leaves to other machines.
fn left_behind(generation: Option<u64>) -> String {
    let last = match generation {
        Some(generation) => format!("generation {generation} stays the current one"),
        None => "there is none yet".to_owned(),
    };
    format!(
        "there was no time to save the state: {last}, and on another machine what was read since is asked for again"
    )
}

/// How the history of a lake comes back whose ledger is lost.
pub(crate) fn history(documents: Option<&str>) -> String {
    match documents {
        Some(documents) => format!(
            "To have the history back first, copy the files `*.ndjson.zst` below `{documents}` into one folder and run `snowtrack run --from-dir FOLDER`"
        ),
        None => "No run kept its raw documents there (`snowtrack run --archive`), so the history cannot be read back with `--from-dir`: it stays in the files and in Snowflake".to_owned(),
    }
}

/// What was seen of a place where others may read a credential.
pub(crate) fn seen(exposure: &Exposure) -> String {
    match exposure {
        Exposure::SentInClear { setting, address, secret } => {
            let what = match secret {
                Secret::AccessToken => "the access token",
                Secret::Login => "the login",
                Secret::Token => "the token",
            };
            format!("`{setting}` is `{address}`: {what} travels readable for everybody on the way")
        }
        Exposure::OpenFile { path, mode } => {
            format!("the login in `{path}` is open to other users (mode {mode:04o})")
        }
    }
}

/// What to do about it.
pub(crate) fn fix(exposure: &Exposure) -> String {
    match exposure {
        Exposure::SentInClear { setting, .. } => {
            format!("set `{setting}` to an address that begins with https://")
        }
        Exposure::OpenFile { path, .. } => {
            let path = word(path);
            format!("`chmod 600 {path}`, and `snowtrack login` again if others may have read it")
        }
    }
}
