//! The end of a run, for a person.

use std::fmt::Write;
use std::time::Duration;

use indicatif::HumanBytes;

use super::harmless::{one_line, shortened};
use super::told::flags;
use crate::config::Config;
use crate::event::Stage;
use crate::phrase::{counted, either};
use crate::run::{
    CheckReport, EnrichmentReport, PlaylistReport, RunReport, StreamReport, TableReport,
    VerificationReport,
};
use crate::status::FileState;
use crate::status::{PlaylistStatus, RunStatus, RunVerdict};

/// What a command was to do, and how long it worked.
#[derive(Clone, Copy)]
pub(super) struct Done {
    /// The last of its stages.
    pub(super) last: Stage,
    /// Its own time: the run that it goes on with, or asks about, may have begun days ago.
    pub(super) took: Duration,
}

impl Done {
    /// What a stage by itself did; that the run is not at its end is no trouble.
    const fn word(self) -> &'static str {
        match self.last {
            Stage::Fetch => "fetched",
            Stage::Transform => "transformed",
            Stage::Check => "checked",
            Stage::Publish => "published",
            Stage::Export => "exported",
            Stage::Upload => "uploaded",
            Stage::Ingest => "ingested",
            Stage::Verify => "verified",
        }
    }

    /// The stage that comes after it.
    fn next(self) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| self.last < *stage)
    }
}

/// What happened, what the checks found, what was written and where to look next.
pub(super) fn summary(report: &RunReport, done: Done, config: &Config) -> String {
    let mut text = String::new();
    let seconds = done.took.as_secs_f64();
    let is_on_its_way = report.status == RunStatus::Pending && report.error.is_none();
    let word = if is_on_its_way { done.word() } else { report.status.name() };
    let _ = writeln!(text, "run {} {word} in {seconds:.1} s", report.run_id);
    // What is only landed is in no table yet, and not counted by kind.
    let is_shaped = Stage::Transform <= done.last;
    source(&mut text, report, is_shaped);
    if is_shaped {
        tables(&mut text, &report.tables);
    }
    checks(&mut text, &report.checks);
    if matches!(
        report.status,
        RunStatus::Exported
            | RunStatus::Uploaded
            | RunStatus::Ingested
            | RunStatus::Verified
            | RunStatus::Unchanged
    ) || !report.files.is_empty()
    {
        files(&mut text, report, &lake(config, report));
    }
    stream(&mut text, &report.streams);
    verification(&mut text, report);
    let next = done.next().map(|stage| flags().command(stage.name()));
    match next.filter(|_| is_on_its_way) {
        Some(next) => {
            let _ = writeln!(text, "\nnext:\n  {next}");
        }
        None if report.error.is_none() && config.data_dir.published().exists() => {
            look_next(&mut text);
        }
        None => {}
    }
    text
}

/// Where what the run published can be looked at.
fn look_next(text: &mut String) {
    let _ = writeln!(
        text,
        "\nlook next:\n  {}\n  {}\n  {}",
        flags().command("report --open"),
        flags().command("query --list"),
        flags().command(&format!("query \"{LOOK_NEXT}\""))
    );
}

/// A query whose result fits into a terminal.
const LOOK_NEXT: &str =
    "select playlist_name, row_count, artist_count, last_added_at from marts.playlist_overview";

/// What was asked of Spotify, what came of it, and what did not.
fn source(text: &mut String, report: &RunReport, is_shaped: bool) {
    if report.spotify.call_count > 0 {
        let waited = report.spotify.waited_ms as f64 / 1000.0;
        let _ = writeln!(
            text,
            "  Spotify: {}, {} of them repeated, {waited:.1} s waited",
            counted(report.spotify.call_count, "call"),
            report.spotify.retry_count
        );
    }
    if let Some(end) = report.spotify.login_ends_at {
        let _ = writeln!(
            text,
            "  the Spotify login ends on {}, six months after it was given: run `snowtrack login` before that day",
            end.format("%Y-%m-%d")
        );
    }
    playlists(text, &report.playlists, is_shaped);
    details(text, report.enrichment);
    for note in &report.notes {
        let _ = writeln!(text, "  {note}");
    }
    for skipped in &report.skipped_documents {
        let _ = writeln!(text, "  skipped {}", one_line(skipped));
    }
}

/// Full artists and albums.
fn details(text: &mut String, details: EnrichmentReport) {
    if details.asked_count + details.left_count == 0 {
        return;
    }
    let _ = writeln!(
        text,
        "\n  details: {}, {}, {} unknown to Spotify",
        counted(details.artist_count, "artist"),
        counted(details.album_count, "album"),
        details.unknown_count
    );
    if details.left_count > 0 {
        let until = details.not_before.map(|until| until.format(", not before %Y-%m-%d %H:%M UTC"));
        let until = until.map(|until| until.to_string()).unwrap_or_default();
        let _ = writeln!(text, "  {} left for the next run{until}", details.left_count);
    }
}

fn playlists(text: &mut String, playlists: &[PlaylistReport], is_shaped: bool) {
    if playlists.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n  {:<32} {:<12} {:>7} {:>7} {:>8} {:>6} {:>8}  since last time",
        "playlist", "", "rows", "songs", "episodes", "local", "removed"
    );
    for playlist in playlists.iter().take(SHOWN_PLAYLISTS) {
        let name = one_line(playlist.name.as_deref().unwrap_or(&playlist.playlist_id));
        let name: String = name.chars().take(32).collect();
        let status = match playlist.status {
            PlaylistStatus::ContentsUnavailable => "no contents",
            PlaylistStatus::PutOff => "put off",
            other => other.name(),
        };
        let change = match (playlist.added_song_count, playlist.removed_song_count) {
            (0, 0) => String::new(),
            (added, removed) => format!("+{added} −{removed}"),
        };
        let kinds = [
            playlist.track_count,
            playlist.episode_count,
            playlist.local_count,
            playlist.removed_count,
        ];
        // What was not read was not counted by kind either.
        let [songs, episodes, local, removed] = kinds.map(|count| match playlist.status {
            PlaylistStatus::Fetched if is_shaped => count.to_string(),
            _ => "–".to_owned(),
        });
        let _ = writeln!(
            text,
            "  {name:<32} {status:<12} {:>7} {songs:>7} {episodes:>8} {local:>6} {removed:>8}  {change}{}",
            playlist.row_count,
            one_line(playlist.reason.as_deref().unwrap_or_default()),
        );
    }
    if let Some(left) = playlists.len().checked_sub(SHOWN_PLAYLISTS).filter(|left| *left > 0) {
        let _ = writeln!(text, "  … and {left} more; `--json` lists them all");
    }
}

/// Playlists that a person still reads about.
const SHOWN_PLAYLISTS: usize = 40;

fn tables(text: &mut String, tables: &[TableReport]) {
    if !tables.is_empty() {
        let _ = writeln!(text, "\n  {:<18} {:>10} {:>10}", "table", "rows", "changed");
    }
    for table in tables {
        let _ = writeln!(
            text,
            "  {:<18} {:>10} {:>10}",
            table.table, table.row_count, table.changed_row_count
        );
    }
}

pub(super) fn checks(text: &mut String, checks: &[CheckReport]) {
    if checks.is_empty() {
        return;
    }
    let failed: Vec<&CheckReport> = checks.iter().filter(|check| check.status == "fail").collect();
    let _ = writeln!(
        text,
        "\n  {} of {} passed",
        checks.len() - failed.len(),
        counted(checks.len() as u64, "check")
    );
    for check in failed {
        let why = check.why.as_deref().unwrap_or_default();
        let _ = writeln!(
            text,
            "  {:<5} {} found {}: {why}",
            check.severity,
            check.check,
            counted(check.offending_row_count, "row")
        );
        for example in &check.examples {
            let _ = writeln!(text, "          {}", shortened(example));
        }
    }
}

/// Where the files lie: in the bucket as soon as one of them is there.
fn lake(config: &Config, report: &RunReport) -> String {
    match &config.lake.bucket {
        Some(bucket) if report.files.iter().any(|file| file.state != FileState::Exported) => {
            format!("s3://{bucket}/{}", config.lake.prefix)
        }
        _ => config.data_dir.lake().display().to_string(),
    }
}

fn files(text: &mut String, report: &RunReport, lake: &str) {
    if report.files.is_empty() {
        let _ = writeln!(text, "\n  nothing changed, so nothing was shipped");
    } else {
        let bytes: u64 = report.files.iter().map(|file| file.file.size_bytes).sum();
        let rows: u64 = report.files.iter().map(|file| file.file.row_count).sum();
        let _ = writeln!(
            text,
            "\n  {}, {}, {} in {} ({})",
            counted(report.files.len() as u64, "file"),
            counted(rows, "row"),
            HumanBytes(bytes),
            lake,
            states(report)
        );
    }
}

/// What the stream was sent.
fn stream(text: &mut String, streams: &[StreamReport]) {
    if streams.is_empty() {
        return;
    }
    let sum = |count: fn(&StreamReport) -> u64| streams.iter().map(count).sum::<u64>();
    let (events, acknowledged) = (sum(|it| it.event_count), sum(|it| it.acknowledged_count));
    let _ = match events - acknowledged {
        0 => writeln!(text, "  {} sent to the stream", counted(events, "event")),
        left => writeln!(
            text,
            "  {acknowledged} of {} sent to the stream, {left} left",
            counted(events, "event")
        ),
    };
}

fn verification(text: &mut String, report: &RunReport) {
    let VerificationReport { verdict, reason, missing } = &report.verification;
    match verdict {
        RunVerdict::Skipped
            if !matches!(report.status, RunStatus::Unchanged | RunStatus::Ingested) => {}
        RunVerdict::Skipped => {
            let _ = writeln!(text, "  {}", one_line(reason));
        }
        // The error says it, once.
        verdict if report.error.as_ref().is_some_and(|error| error.contains(reason.as_str())) => {
            let _ = writeln!(text, "  {verdict}{}", left_out(report));
        }
        verdict => {
            let _ = writeln!(text, "  {verdict}: {}{}", one_line(reason), left_out(report));
        }
    }
    for name in missing {
        let _ = writeln!(text, "  gone: {}", one_line(name));
    }
}

/// Why a verdict is about fewer files than are listed.
fn left_out(report: &RunReport) -> String {
    let is_replaced = |state: FileState| state == FileState::Superseded;
    let count = report.files.iter().filter(|file| is_replaced(file.state)).count() as u64;
    match count {
        0 => String::new(),
        _ => format!(
            "; {} {} not asked about, because newer ones took {} place",
            counted(count, "superseded file"),
            either(count, "is", "are"),
            either(count, "its", "their")
        ),
    }
}

/// `8 verified`, `7 verified, 1 failed`: how far the files are.
fn states(report: &RunReport) -> String {
    let count = |state| report.files.iter().filter(|file| file.state == state).count();
    let counts = FileState::ALL.into_iter().map(|state| (state, count(state)));
    let shown = counts.filter(|(_, count)| *count > 0);
    shown.map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}
