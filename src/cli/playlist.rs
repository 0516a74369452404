//! `playlist`: a new list at Spotify.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use serde_json::json;

use super::exit::Error;
use super::layout::{Column, Frame, Grid, Page};
use super::recommend::ContentArgs;
use super::told::print_page;
use super::{Cli, now, one_line, print, run, runtime};
use crate::config::Config;
use crate::event::Stage;
use crate::intelligence::{self, ApiContent, LeftOut, ListRequest, ListSource, NewPlaylist};
use crate::observe;
use crate::phrase::counted;
use crate::run::Settings;
use crate::sources::SpotifyTiming;
use crate::stop::Stop;

/// What to make. It is always a new list: none that is there is touched.
#[derive(Debug, clap::Subcommand)]
pub(super) enum PlaylistCommand {
    /// A list of recommended songs, of a query's or of a file's
    Create(CreateArgs),
    /// A list of what another one was at a time, as far as it was read
    Restore(RestoreArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    /// What the list is called
    #[arg(long, value_parser = list_name)]
    name: String,
    #[command(flatten)]
    source: SourceArgs,
    /// How many songs are recommended
    #[arg(long, default_value_t = 20, conflicts_with_all = ["query", "songs"], value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    #[command(flatten)]
    content: ContentArgs,
    #[command(flatten)]
    how: HowArgs,
}

#[derive(Debug, clap::Args)]
#[group(id = "songs_of", required = true, multiple = false)]
pub(super) struct SourceArgs {
    /// What goes with this list: its id, address or name
    #[arg(long, value_name = "ID")]
    recommend_for: Option<String>,
    /// The songs of a query, in its order; it gives a column `song_id`
    #[arg(long, value_name = "SQL")]
    query: Option<String>,
    /// The songs of a file: an id, URI or address a line
    #[arg(long, value_name = "FILE")]
    songs: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    /// The list: its id, address or name
    #[arg(value_name = "ID")]
    list: String,
    /// As of when: a day, which means its end, or a time, in UTC unless it says otherwise
    #[arg(long, value_name = "DATE", value_parser = time)]
    at: DateTime<Utc>,
    /// What the new list is called [default: the list's name and the day]
    #[arg(long, value_parser = list_name)]
    name: Option<String>,
    #[command(flatten)]
    how: HowArgs,
}

#[derive(Debug, clap::Args)]
struct HowArgs {
    /// Only the user sees the list
    #[arg(long)]
    private: bool,
    /// Only show what the list would be
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    wait: run::WaitArgs,
}

fn list_name(raw: &str) -> Result<String, String> {
    let name = raw.trim();
    let is_name = (1..=100).contains(&name.chars().count());
    is_name.then(|| name.to_owned()).ok_or_else(|| "a name has 1 to 100 letters".to_owned())
}

/// A day means its end; a time without a zone is UTC.
fn time(raw: &str) -> Result<DateTime<Utc>, String> {
    let text = raw.trim();
    if let Ok(day) = text.parse::<NaiveDate>() {
        let next = day.checked_add_days(Days::new(1)).ok_or("that day is too far away")?;
        return Ok(next.and_time(NaiveTime::MIN).and_utc() - TimeDelta::microseconds(1));
    }
    let zoned = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    let plain =
        ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let plain = || plain.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    zoned.ok().or_else(|| plain().map(|time| time.and_utc())).ok_or_else(|| {
        "wanted a day (2026-03-31) or a time (2026-03-31T18:00:00Z; UTC unless it says otherwise)"
            .to_owned()
    })
}

/// Makes the list, or shows it.
pub(super) fn playlist(cli: &Cli, command: &PlaylistCommand, config: &Config) -> Result<(), Error> {
    let (how, request) = match command {
        PlaylistCommand::Create(arguments) => (&arguments.how, create(arguments)),
        PlaylistCommand::Restore(arguments) => (&arguments.how, restore(arguments)),
    };
    let stop = Arc::new(Stop::default());
    let timing = SpotifyTiming { min_gap: config.spotify.min_gap, ..SpotifyTiming::default() };
    let (wait, state) = (how.wait.patience(), how.wait.terms());
    let settings = Settings { wait, state, timing, ..Settings::of_stage(Stage::Publish, now) };
    let sinks = observe::usual();
    let made = runtime()?.block_on(async {
        run::stop_on_signal(&stop);
        let sink = |event: &_| sinks.tell(event);
        match how.dry_run {
            true => intelligence::foresee(config, &settings, &request, &sink, &stop).await,
            false => Box::pin(intelligence::make(config, &settings, &request, &sink, &stop)).await,
        }
    })?;
    match cli.json {
        true => print(&to_json(&made)),
        false => print_page(page(&made, config)?),
    }
}

fn create(arguments: &CreateArgs) -> ListRequest {
    let SourceArgs { recommend_for, query, songs } = &arguments.source;
    let source = match (recommend_for, query, songs) {
        (Some(list), _, _) => {
            ListSource::RecommendFor { list: list.clone(), count: arguments.count }
        }
        (_, Some(sql), _) => ListSource::Query(sql.clone()),
        (_, _, songs) => ListSource::Songs(songs.clone().unwrap_or_default()),
    };
    let content = arguments.content.said();
    let is_public = !arguments.how.private;
    ListRequest { name: Some(arguments.name.clone()), is_public, source, content }
}

fn restore(arguments: &RestoreArgs) -> ListRequest {
    let source = ListSource::Past { list: arguments.list.clone(), at: arguments.at };
    let is_public = !arguments.how.private;
    ListRequest { name: arguments.name.clone(), is_public, source, content: ApiContent::Unsaid }
}

fn url(id: &str) -> String {
    format!("https://open.spotify.com/playlist/{id}")
}

fn to_json(made: &NewPlaylist) -> String {
    let left_out = made.left_out.iter().map(|LeftOut { kind, count }| (kind.clone(), json!(count)));
    json!({
        "status": if made.playlist_id.is_some() { "created" } else { "planned" },
        "playlist_id": made.playlist_id,
        "url": made.playlist_id.as_deref().map(url),
        "name": made.name,
        "song_count": made.songs.len(),
        "songs": made.songs,
        "left_out": left_out.collect::<serde_json::Map<_, _>>(),
    })
    .to_string()
}

/// Songs that a dry run names.
const SHOWN: usize = 20;

fn page(made: &NewPlaylist, config: &Config) -> Result<Page, Error> {
    let count = made.songs.len();
    let songs = counted(count as u64, "song");
    let name = one_line(&made.name);
    let mut page = Page::default();
    match &made.playlist_id {
        Some(id) => {
            page.say(format!("`{name}` is made and read back: {songs}"));
            page.paste(url(id));
        }
        None => {
            page.say(format!("`{name}` would be a new list of {songs}"));
            songs_of(&mut page, made, config)?;
        }
    }
    for LeftOut { kind, count } in &made.left_out {
        let what = match kind.as_str() {
            "local" => "local file(s)",
            "episode" => "episode(s)",
            "removed" => "removed row(s)",
            _ => "row(s) without a song",
        };
        page.say(format!("left out: {count} {what}"));
    }
    Ok(page)
}

/// The first of them, a row each: a name may have 400 letters.
fn songs_of(page: &mut Page, made: &NewPlaylist, config: &Config) -> Result<(), Error> {
    let count = made.songs.len();
    let shown = &made.songs[..count.min(SHOWN)];
    let names = intelligence::names(&config.data_dir, shown)?;
    let columns = vec![Column::word("song_id").major(), Column::name("song")];
    let mut table = Grid::new(Frame::Open { indent: 2 }, columns);
    for song in shown {
        let called = names.get(song).map_or("", String::as_str);
        table.row(vec![song.as_str().into(), called.into()]);
    }
    page.table(table);
    if SHOWN < count {
        page.say(format!("  and {} more", count - SHOWN));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_means_its_end_and_a_time_is_utc_unless_it_says_otherwise() {
        for (raw, wanted) in [
            ("2026-03-31", "2026-03-31T23:59:59.999999Z"),
            ("2026-03-31T18:00:00Z", "2026-03-31T18:00:00Z"),
            ("2026-03-31T18:00:00+02:00", "2026-03-31T16:00:00Z"),
            ("2026-03-31 18:00", "2026-03-31T18:00:00Z"),
            ("2026-03-31T18:00:30", "2026-03-31T18:00:30Z"),
        ] {
            let wanted: DateTime<Utc> = wanted.parse().unwrap();
            assert_eq!(time(raw), Ok(wanted), "{raw}");
        }
        for raw in ["", "March", "2026-02-30", "18:00"] {
            assert!(time(raw).is_err(), "{raw}");
        }
    }
}
