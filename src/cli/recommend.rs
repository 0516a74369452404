//! `recommend`: songs that go with a list's songs, or with some songs; or how well that is done.

use serde_json::json;

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page};
use super::told::{print_as_it_is, print_page};
use super::{Cli, print};
use crate::config::Config;
use crate::ids::SongId;
use crate::intelligence::{self, ApiContent, Reason, Recommendation, Wanted};
use crate::phrase::counted;
use crate::warehouse::Score;

/// What to recommend for.
#[derive(Debug, clap::Args)]
#[group(id = "seeds", required = true, multiple = false)]
pub(super) struct SeedArgs {
    /// The list whose songs to start from: its id, address or name
    #[arg(long, value_name = "ID")]
    playlist: Option<String>,
    /// A song to start from: its id or address (repeatable)
    #[arg(long, value_name = "ID")]
    song: Vec<SongId>,
    /// Say how well the last tenth of each list is found from what was added before, beside what stands in most lists
    #[arg(long)]
    evaluate: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct RecommendArgs {
    #[command(flatten)]
    seeds: SeedArgs,
    /// How many songs
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    #[command(flatten)]
    content: ContentArgs,
}

/// The user's word on content from Spotify's API.
#[derive(Debug, clap::Args)]
pub(super) struct ContentArgs {
    /// You may use what came from Spotify's API for this: its Developer Policy (III.14) forbids feeding it to machine learning models
    #[arg(long = "i-may-use-api-content")]
    is_allowed: bool,
}

impl ContentArgs {
    pub(super) const fn said(&self) -> ApiContent {
        if self.is_allowed { ApiContent::Allowed } else { ApiContent::Unsaid }
    }
}

/// Prints the songs, or the measures.
pub(super) fn recommend(
    cli: &Cli,
    arguments: &RecommendArgs,
    config: &Config,
) -> Result<(), Error> {
    let SeedArgs { playlist, song, evaluate } = &arguments.seeds;
    if *evaluate {
        return print_evaluation(cli, arguments, config);
    }
    let wanted = match playlist {
        Some(said) => Wanted::List(said.clone()),
        None => Wanted::Songs(song.clone()),
    };
    let content = arguments.content.said();
    let found = intelligence::recommend(&config.data_dir, content, &wanted, arguments.count)?;
    if cli.json {
        let rows: Vec<_> = found.iter().map(document).collect();
        return print_as_it_is(&json!({ "recommendations": rows }).to_string());
    }
    print_page(page(&found))
}

fn document(found: &Recommendation) -> serde_json::Value {
    let song = &found.song;
    json!({
        "rank": song.rank, "song_id": song.song_id, "song_name": song.song_name,
        "artist_name": song.artist_name, "score": song.score, "method": song.method,
        "reason": in_words(&found.reason),
    })
}

fn in_words(reason: &Reason) -> String {
    let counted =
        |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    match reason {
        Reason::With(song, count) => format!("with {song} in {}", counted(*count, "playlist")),
        Reason::SameArtist(count) => {
            format!("in no playlist with them; by the artist of {}", counted(*count, "song"))
        }
        Reason::InLists(count) => {
            format!("in no playlist with them; popular, in {}", counted(*count, "playlist"))
        }
    }
}

fn page(found: &[Recommendation]) -> Page {
    let columns = vec![
        Column::number("rank"),
        Column::name("song").major(),
        Column::text("artist"),
        Column::number("score"),
        Column::word("method").minor(),
        Column::name("reason"),
    ];
    let mut table = Grid::new(Frame::Boxed, columns);
    for Recommendation { song, reason } in found {
        table.row(vec![
            Cell::number(song.rank),
            song.song_name.as_str().into(),
            song.artist_name.as_deref().unwrap_or_default().into(),
            Cell::number(format!("{:.3}", song.score)),
            song.method.as_str().into(),
            in_words(reason).into(),
        ]);
    }
    let mut page = Page::default();
    page.table(table);
    page.say(counted(found.len() as u64, "song"));
    page
}

fn print_evaluation(cli: &Cli, arguments: &RecommendArgs, config: &Config) -> Result<(), Error> {
    let found = intelligence::evaluate(&config.data_dir, arguments.content.said())?;
    if cli.json {
        let document = json!({
            "model": found.model, "popularity": found.popularity, "list_count": found.list_count,
        });
        return print(&document.to_string());
    }
    let columns = vec![
        Column::word(""),
        Column::number("R-precision"),
        Column::number("NDCG@500"),
        Column::number("clicks"),
    ];
    let mut table = Grid::new(Frame::Boxed, columns);
    for (name, score) in [("recommend", found.model), ("popularity", found.popularity)] {
        let Score { r_precision, ndcg, clicks } = score;
        table.row(vec![
            name.into(),
            Cell::number(format!("{r_precision:.4}")),
            Cell::number(format!("{ndcg:.4}")),
            Cell::number(format!("{clicks:.2}")),
        ]);
    }
    let mut page = Page::default();
    page.table(table);
    page.say(format!(
        "means over {} with songs in the test part: the last tenth of each is hidden and looked for from what was added before",
        counted(found.list_count, "list")
    ));
    page.say(
        "R-precision and NDCG: 1 is best; clicks: pages of ten before the first hit, 51 is none",
    );
    print_page(page)
}
