//! The end of a run, for a person.

use std::time::Duration;

use indicatif::HumanBytes;

use super::harmless::{one_line, shortened};
use super::layout::{Cell, Column, Frame, Grid, Page, Tone};
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
pub(super) fn summary(report: &RunReport, done: Done, config: &Config) -> Page {
    let mut page = Page::default();
    let seconds = done.took.as_secs_f64();
    let is_on_its_way = report.status == RunStatus::Pending && report.error.is_none();
    let word = if is_on_its_way { done.word() } else { report.status.name() };
    page.say_toned(format!("run {} {word} in {seconds:.1} s", report.run_id), word, report.status);
    // What is only landed is in no table yet, and not counted by kind.
    let is_shaped = Stage::Transform <= done.last;
    source(&mut page, report, is_shaped);
    if is_shaped {
        tables(&mut page, &report.tables);
    }
    checks(&mut page, &report.checks, &report.run_id);
    if matches!(
        report.status,
        RunStatus::Exported
            | RunStatus::Uploaded
            | RunStatus::Ingested
            | RunStatus::Verified
            | RunStatus::Unchanged
    ) || !report.files.is_empty()
    {
        files(&mut page, report, &lake(config, report));
    }
    stream(&mut page, &report.streams);
    verification(&mut page, report);
    let next = done.next().map(|stage| flags().command(stage.name()));
    match next.filter(|_| is_on_its_way) {
        Some(next) => {
            page.gap();
            page.say("next:");
            page.paste(format!("  {next}"));
        }
        None if report.error.is_none() && config.data_dir.published().exists() => {
            look_next(&mut page);
        }
        None => {}
    }
    if is_on_its_way && done.last == Stage::Publish {
        look_next(&mut page);
    }
    page
}

/// Where what the run published can be looked at.
fn look_next(page: &mut Page) {
    page.gap();
    page.say("look next:");
    page.paste(format!("  {}", flags().command("report --open")));
    page.paste(format!("  {}", flags().command("query --list")));
    page.paste(format!("  {}", flags().command(&format!("query \"{LOOK_NEXT}\""))));
}

/// A query whose result fits into a terminal.
const LOOK_NEXT: &str =
    "select playlist_name, row_count, artist_count, last_added_at from marts.playlist_overview";

/// What was asked of Spotify, what came of it, and what did not.
fn source(page: &mut Page, report: &RunReport, is_shaped: bool) {
    if report.spotify.call_count > 0 {
        let waited = report.spotify.waited_ms as f64 / 1000.0;
        page.say(format!(
            "  Spotify: {}, {} of them repeated, {waited:.1} s waited",
            counted(report.spotify.call_count, "call"),
            report.spotify.retry_count
        ));
    }
    if let Some(end) = report.spotify.login_ends_at {
        page.say(format!(
            "  the Spotify login ends on {}, six months after it was given: run `snowtrack login` before that day",
            end.format("%Y-%m-%d")
        ));
    }
    playlists(page, &report.playlists, is_shaped);
    details(page, report.enrichment);
    for note in &report.notes {
        page.say(format!("  {note}"));
    }
    for skipped in &report.skipped_documents {
        page.say(format!("  skipped {}", one_line(skipped)));
    }
}

/// Full artists and albums.
fn details(page: &mut Page, details: EnrichmentReport) {
    if details.asked_count + details.left_count == 0 {
        return;
    }
    page.gap();
    page.say(format!(
        "  details: {}, {}, {} unknown to Spotify",
        counted(details.artist_count, "artist"),
        counted(details.album_count, "album"),
        details.unknown_count
    ));
    if details.left_count > 0 {
        let until = details.not_before.map(|until| until.format(", not before %Y-%m-%d %H:%M UTC"));
        let until = until.map(|until| until.to_string()).unwrap_or_default();
        page.say(format!("  {} left for the next run{until}", details.left_count));
    }
}

fn playlists(page: &mut Page, playlists: &[PlaylistReport], is_shaped: bool) {
    if playlists.is_empty() {
        return;
    }
    let mut table = Grid::new(
        Frame::Open { indent: 2 },
        vec![
            Column::name("playlist"),
            Column::word("").major(),
            Column::number("rows").major(),
            Column::number("songs"),
            Column::number("episodes").minor(),
            Column::number("local").minor(),
            Column::number("removed").minor(),
            Column::word("since last time"),
        ],
    );
    for playlist in playlists.iter().take(SHOWN_PLAYLISTS) {
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
        let kinds = kinds.map(|count| match playlist.status {
            PlaylistStatus::Fetched if is_shaped => Cell::number(count),
            _ => Cell::toned("–", Tone::Dim),
        });
        let mut cells = vec![
            playlist.called().into(),
            Cell::toned(status, playlist.status),
            Cell::number(playlist.row_count),
        ];
        cells.extend(kinds);
        cells.push(change.into());
        table.row(cells);
        if let Some(reason) = &playlist.reason {
            table.note(reason, playlist.status);
        }
    }
    page.gap();
    page.table(table);
    if let Some(left) = playlists.len().checked_sub(SHOWN_PLAYLISTS).filter(|left| *left > 0) {
        page.say(format!("  … and {left} more; `--json` lists them all"));
    }
}

/// Playlists that a person still reads about.
const SHOWN_PLAYLISTS: usize = 40;

fn tables(page: &mut Page, tables: &[TableReport]) {
    if tables.is_empty() {
        return;
    }
    let columns = vec![Column::text("table"), Column::number("rows"), Column::number("changed")];
    let mut shown = Grid::new(Frame::Open { indent: 2 }, columns);
    for table in tables {
        shown.row(vec![
            Cell::from(table.table.name()),
            Cell::number(table.row_count),
            Cell::number(table.changed_row_count),
        ]);
    }
    page.gap();
    page.table(shown);
}

/// How many passed, and what the others found, row by row; `run` is where to look for the rest.
pub(super) fn checks(page: &mut Page, checks: &[CheckReport], run: &str) {
    if checks.is_empty() {
        return;
    }
    let failed: Vec<&CheckReport> = checks.iter().filter(|check| check.status == "fail").collect();
    page.gap();
    page.say(format!(
        "  {} of {} passed",
        checks.len() - failed.len(),
        counted(checks.len() as u64, "check")
    ));
    let (standing, fresh): (Vec<_>, Vec<_>) =
        failed.into_iter().partition(|check| is_standing(check));
    for check in fresh {
        let found = Found {
            check: &check.check,
            severity: &check.severity,
            row_count: check.offending_row_count,
            why: check.why.as_deref().unwrap_or_default(),
        };
        found.say(page);
        check.sentences.iter().for_each(|sentence| say_row(page, sentence));
        let left = check.offending_row_count.saturating_sub(check.sentences.len() as u64);
        match left {
            0 => {}
            // They are kept of a run alone.
            _ if run.is_empty() => page.say(format!("        … and {left} more")),
            _ => page
                .say(format!("        … and {left} more: `snowtrack status --run {run} --checks`")),
        }
    }
    stand(page, &standing, run);
}

/// Whether it warns of nothing but what an earlier run warned of.
fn is_standing(check: &CheckReport) -> bool {
    check.severity == "warn" && check.standing_row_count == check.offending_row_count
}

/// Warnings of earlier runs, in one line.
fn stand(page: &mut Page, standing: &[&CheckReport], run: &str) {
    let row_count: u64 = standing.iter().map(|check| check.offending_row_count).sum();
    let count = standing.len() as u64;
    if 0 < count {
        let line = format!(
            "  {} of earlier runs {}, of {}: `snowtrack status --run {run} --checks`",
            counted(count, "warning"),
            either(count, "stands", "stand"),
            counted(row_count, "row")
        );
        page.say_toned(line, "warning", Tone::Warn);
    }
}

/// A check that found rows.
pub(super) struct Found<'f> {
    pub(super) check: &'f str,
    pub(super) severity: &'f str,
    pub(super) row_count: u64,
    pub(super) why: &'f str,
}

impl Found<'_> {
    /// Says what it found, and why that matters.
    pub(super) fn say(&self, page: &mut Page) {
        let Self { check, severity, row_count, why } = self;
        let tone = if *severity == "error" { Tone::Fail } else { Tone::Warn };
        let found = counted(*row_count, "row");
        page.say_toned(format!("  {severity:<5} {check} found {found}: {why}"), severity, tone);
    }
}

/// A row of them.
pub(super) fn say_row(page: &mut Page, sentence: &str) {
    page.say(format!("        {}", shortened(sentence)));
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

fn files(page: &mut Page, report: &RunReport, lake: &str) {
    page.gap();
    if report.files.is_empty() {
        page.say("  nothing changed, so nothing was shipped");
    } else {
        let bytes: u64 = report.files.iter().map(|file| file.file.size_bytes).sum();
        let rows: u64 = report.files.iter().map(|file| file.file.row_count).sum();
        page.say(format!(
            "  {}, {}, {} in {} ({})",
            counted(report.files.len() as u64, "file"),
            counted(rows, "row"),
            HumanBytes(bytes),
            lake,
            states(report)
        ));
    }
}

/// What the stream was sent.
fn stream(page: &mut Page, streams: &[StreamReport]) {
    if streams.is_empty() {
        return;
    }
    let sum = |count: fn(&StreamReport) -> u64| streams.iter().map(count).sum::<u64>();
    let (events, acknowledged) = (sum(|it| it.event_count), sum(|it| it.acknowledged_count));
    page.say(match events - acknowledged {
        0 => format!("  {} sent to the stream", counted(events, "event")),
        left => format!(
            "  {acknowledged} of {} sent to the stream, {left} left",
            counted(events, "event")
        ),
    });
}

fn verification(page: &mut Page, report: &RunReport) {
    let VerificationReport { verdict, reason, missing } = &report.verification;
    match verdict {
        RunVerdict::Skipped
            if !matches!(report.status, RunStatus::Unchanged | RunStatus::Ingested) => {}
        RunVerdict::Skipped => page.say(format!("  {}", one_line(reason))),
        // The error says it, once.
        verdict if report.error.as_ref().is_some_and(|error| error.contains(reason.as_str())) => {
            page.say_toned(format!("  {verdict}{}", left_out(report)), verdict.name(), *verdict);
        }
        verdict => {
            let line = format!("  {verdict}: {}{}", one_line(reason), left_out(report));
            page.say_toned(line, verdict.name(), *verdict);
        }
    }
    for name in missing {
        page.say_toned(format!("  gone: {}", one_line(name)), "gone", Tone::Fail);
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
