//! `plan`: what a run would do and cost.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page, Tone};
use super::run::{self, RunArgs};
use super::told::print_page;
use super::{Cli, duration, now, print, runtime};
use crate::config::Config;
use crate::event::Stage;
use crate::observe;
use crate::operate::{AS_OF, Forecast, forecast};
use crate::phrase::counted;
use crate::run::News;
use crate::sources::Bucket;
use crate::stop::Stop;

/// What to foresee: the arguments of the run.
#[derive(Debug, clap::Args)]
pub(super) struct PlanArgs {
    /// Ask nobody: what the ledger knows is taken for what there is
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    run: RunArgs,
}

/// Playlists, and missing objects, that the screen names.
const SHOWN: usize = 5;

/// Prints what the run is going to do.
pub(super) fn plan(cli: &Cli, arguments: &PlanArgs, config: &Config) -> Result<(), Error> {
    let settings = run::settings(&arguments.run, config, Stage::Verify)?;
    let stop = Arc::new(Stop::default());
    let sinks = observe::usual();
    let foreseen = runtime()?.block_on(async {
        run::stop_on_signal(&stop);
        let sink = |event: &crate::event::Event| sinks.tell(event);
        forecast(config, &settings, arguments.offline, &sink, &stop).await
    })?;
    if cli.json {
        return print(&document(&foreseen, arguments.offline).to_string());
    }
    print_page(screen(&foreseen, arguments.offline))
}

/// A bucket's calls, and until when it is locked.
fn buckets(forecast: &Forecast) -> Vec<(Bucket, u64, Option<DateTime<Utc>>)> {
    let foreseen = &forecast.rehearsal.foreseen;
    let all = Bucket::ALL.into_iter().map(|bucket| {
        let count = foreseen.questions.iter().find(|(it, _)| *it == bucket);
        let locked = foreseen.lockouts.not_before(bucket, now());
        (bucket, count.map_or(0, |(_, count)| count), locked)
    });
    all.filter(|(_, count, locked)| 0 < *count || locked.is_some()).collect()
}

fn document(forecast: &Forecast, is_offline: bool) -> Value {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let rehearsal = &forecast.rehearsal;
    let playlists = rehearsal.playlists.iter().map(|playlist| {
        json!({
            "playlist_id": playlist.playlist_id, "name": playlist.name, "status": playlist.news.name(),
            "row_count": playlist.row_count, "reason": playlist.reason, "not_before": playlist.not_before.map(time),
        })
    });
    let buckets = buckets(forecast).into_iter().map(|(bucket, call_count, locked)| {
        json!({ "bucket": bucket.name(), "call_count": call_count, "not_before": locked.map(time) })
    });
    let missing = forecast.setup.iter().flat_map(|plan| plan.missing()).map(|item| {
        json!({
            "kind": item.kind.name(), "name": item.name, "by": item.audience.name(), "statement": item.statement,
        })
    });
    json!({
        "is_offline": is_offline, "lacks_lists": forecast.lacks_lists,
        "continues_run": rehearsal.continued.as_ref().map(ToString::to_string),
        "playlists": playlists.collect::<Vec<_>>(),
        "spotify": {
            "call_count": forecast.call_count, "buckets": buckets.collect::<Vec<_>>(),
            "duration_s": seconds(forecast), "asked_count": rehearsal.foreseen.asked_count,
        },
        "file_count": forecast.file_count,
        "snowflake": {
            "statement_count": forecast.statement_count, "credits_upper_bound": rounded_up(forecast.credits),
            "missing": missing.collect::<Vec<_>>(),
        },
        "dollars_upper_bound": rounded_up(forecast.dollars), "prices_as_of": AS_OF,
    })
}

/// Whole seconds, never too few.
const fn seconds(forecast: &Forecast) -> u64 {
    forecast.duration.as_millis().div_ceil(1_000) as u64
}

/// To a ten-thousandth, never too little.
fn rounded_up(value: f64) -> f64 {
    (value * 10_000.0).ceil() / 10_000.0
}

/// How far the labels reach: what belongs to one stands below its words.
const LABEL: usize = 11;

fn screen(forecast: &Forecast, is_offline: bool) -> Page {
    let mut page = Page::default();
    spotify(&mut page, forecast, is_offline);
    let unread = "of lists that were never read, which only Spotify knows (without `--offline`)";
    page.say(match (forecast.file_count, forecast.lacks_lists) {
        (0, true) => format!("lake       nothing but the rows {unread}"),
        (0, false) => "lake       nothing to ship".to_owned(),
        (count, true) => format!("lake       {}, and the rows {unread}", counted(count, "file")),
        (count, false) => format!("lake       at most {}", counted(count, "file")),
    });
    snowflake(&mut page, forecast, is_offline);
    let continued = match &forecast.rehearsal.continued {
        Some(run) => format!("; it goes on with run {run}"),
        None => String::new(),
    };
    let calls = counted(forecast.call_count, "call");
    let dollars = format!("{:.2} US dollars (prices of {AS_OF})", rounded_up(forecast.dollars));
    page.say(match forecast.lacks_lists {
        true if forecast.file_count == 0 => {
            format!("total      at least {calls}; files and dollars are not known{continued}")
        }
        true => format!(
            "total      at least {calls}, {} and {dollars}{continued}",
            counted(forecast.file_count, "file")
        ),
        false => format!(
            "total      {calls}, at most {} and {dollars}{continued}",
            counted(forecast.file_count, "file")
        ),
    });
    page
}

/// Says something more of a label.
fn more(page: &mut Page, text: &str) {
    page.say(format!("{:LABEL$}{text}", ""));
}

fn spotify(page: &mut Page, forecast: &Forecast, is_offline: bool) {
    let playlists = &forecast.rehearsal.playlists;
    let [new, changed, unchanged] = [News::New, News::Changed, News::Unchanged]
        .map(|news| playlists.iter().filter(|it| it.news == news).count());
    page.say(format!(
        "Spotify    {new} new, {changed} changed, {unchanged} unchanged: {}, about {}{}",
        counted(forecast.call_count, "call"),
        duration::words(std::time::Duration::from_secs(seconds(forecast))),
        if is_offline { " if nothing has changed since" } else { "" },
    ));
    let all = buckets(forecast);
    let asked: Vec<String> = all
        .iter()
        .filter(|(_, count, _)| 0 < *count)
        .map(|(bucket, count, _)| format!("{} {count}", bucket.name()))
        .collect();
    if !asked.is_empty() {
        more(page, &asked.join(", "));
    }
    for (bucket, _, locked) in all {
        if let Some(until) = locked {
            let until = until.format("%Y-%m-%d %H:%M:%S UTC");
            more(page, &format!("{} is locked until {until}", bucket.name()));
        }
    }
    news(page, forecast);
}

/// Which lists there is something to say of.
fn news(page: &mut Page, forecast: &Forecast) {
    let playlists = &forecast.rehearsal.playlists;
    let news = playlists.iter().filter(|it| it.news != News::Unchanged || it.reason.is_some());
    let count = news.clone().count();
    if count == 0 {
        return;
    }
    let columns =
        vec![Column::name("playlist"), Column::word("").major(), Column::number("rows").major()];
    let mut table = Grid::new(Frame::Open { indent: LABEL }, columns);
    for playlist in news.take(SHOWN) {
        table.row(vec![
            playlist.called().into(),
            playlist.news.name().into(),
            Cell::number(playlist.row_count),
        ]);
        if let Some(reason) = &playlist.reason {
            table.note(reason, Tone::Warn);
        }
    }
    page.table(table);
    if SHOWN < count {
        more(page, &format!("and {} more (`--json` names them all)", count - SHOWN));
    }
}

fn snowflake(page: &mut Page, forecast: &Forecast, is_offline: bool) {
    if !forecast.goes_to_snowflake {
        page.say("Snowflake  the run does not go that far");
        return;
    }
    page.say(match forecast.statement_count {
        0 if forecast.lacks_lists => "Snowflake  not known either".to_owned(),
        0 => "Snowflake  no statement that uses a warehouse".to_owned(),
        count => format!(
            "Snowflake  at most {} that use a warehouse, at most {:.4} credits",
            counted(count, "statement"),
            rounded_up(forecast.credits)
        ),
    });
    let missing: Vec<String> = forecast
        .setup
        .iter()
        .flat_map(|plan| plan.missing())
        .map(|item| format!("{} {}", item.kind.name(), item.name))
        .collect();
    if is_offline {
        more(page, "what is missing there is asked without `--offline`");
    } else if !missing.is_empty() {
        let shown = missing[..missing.len().min(SHOWN)].join(", ");
        let left = match missing.len().saturating_sub(SHOWN) {
            0 => String::new(),
            left => format!(" and {left} more"),
        };
        more(
            page,
            &format!("missing: {shown}{left}; `snowtrack snowflake plan` shows who can make it"),
        );
    }
}
