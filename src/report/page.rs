//! The page: its head, the figures at its top, its sections.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::asked::Asked;
use super::charts::figure;
use super::sections::{Entry, List, Mark, Part, Run, Section};
use super::words::{grouped, length, moment, plainly_counted};
use crate::warehouse::Error;

/// The one style sheet, for light, dark and paper.
const STYLE: &str = include_str!("style.css");

/// What stands above the sections.
pub(super) struct Head {
    totals: Totals,
    last_run: Option<Run>,
}

#[derive(Deserialize, Default)]
struct Totals {
    playlist_count: u64,
    song_count: u64,
    known_song_count: u64,
    artist_count: u64,
    row_count: u64,
    duration_ms: u64,
}

impl Head {
    pub(super) fn of(asked: &Asked) -> Result<Self, Error> {
        let totals = asked.rows("totals")?.pop().unwrap_or_default();
        let last_run = asked.rows::<Run>("last_runs")?.into_iter().next();
        Ok(Self { totals, last_run })
    }
}

/// Nothing is loaded from anywhere, no script is run, and of styles the one whose hash this is.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

pub(super) fn page(head: &Head, sections: &[Section]) -> Markup {
    let mut number = 0;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content=(concat!("snowtrack ", env!("CARGO_PKG_VERSION")));
                title { "Playlist report · snowtrack" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (top(head))
                main { @for section in sections { (part_of_page(section, &mut number)) } }
                footer {
                    p { "Names and links are Spotify's. Times are UTC. "
                        "Made by " code { "snowtrack report" } " from the published file; made again, it tells of the same state." }
                }
            }
        }
    }
}

fn top(head: &Head) -> Markup {
    let totals = &head.totals;
    let read = head.last_run.as_ref();
    let ended = read.and_then(|run| run.finished_at.as_deref().or(run.started_at.as_deref()));
    let known = format!("of {} ever seen", grouped(totals.known_song_count));
    let rows = plainly_counted(totals.row_count, "row");
    html! {
        header {
            h1 { "Playlist report" }
            p { @match ended {
                Some(at) => { "The playlists as of the run of " (moment(at)) "." }
                None => { "The playlists as they were published last." }
            } }
            dl.tiles {
                (tile("Songs", totals.song_count, &known))
                (tile("Playlists", totals.playlist_count, &rows))
                (tile("Artists", totals.artist_count, "named first on a song"))
                div { dt { "Music" } dd { strong { (length(totals.duration_ms)) } span { "all lists, one after the other" } } }
            }
        }
    }
}

fn tile(what: &str, count: u64, besides: &str) -> Markup {
    html! {
        div { dt { (what) } dd { strong { data value=(count) { (grouped(count)) } } span { (besides) } } }
    }
}

fn part_of_page(section: &Section, number: &mut usize) -> Markup {
    html! {
        section {
            h2 { (section.title) }
            p.lede { (section.lede) }
            div.cards {
                @for part in &section.parts {
                    @match part {
                        Part::Chart(chart) => ({
                            *number += 1;
                            figure(chart, *number)
                        }),
                        Part::List(list) => (list_of(list)),
                        Part::Note { title, words } => { div.card { h3 { (title) } p { (words) } } },
                    }
                }
            }
        }
    }
}

fn list_of(list: &List) -> Markup {
    html! {
        div.card {
            h3 { (list.title.html()) }
            ul.entries.moved[list.entries.iter().any(|entry| entry.mark.is_some())] {
                @for entry in &list.entries { (entry_of(entry)) }
                @if list.left_out > 0 { li.rest { "and " (grouped(list.left_out)) " more" } }
            }
        }
    }
}

fn entry_of(entry: &Entry) -> Markup {
    html! {
        li {
            @match entry.mark {
                Some(Mark::Added) => { span.came aria-hidden="true" { "+" } span.unseen { "added: " } },
                Some(Mark::Removed) => { span.went aria-hidden="true" { "−" } span.unseen { "removed: " } },
                None => {},
            }
            " " (entry.text.html())
            @if !entry.detail.is_empty() {
                span.detail { @for (at, detail) in entry.detail.iter().enumerate() {
                    @if at > 0 { " · " } (detail.html())
                } }
            }
        }
    }
}
