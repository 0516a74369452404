//! `features`: tables that a model can learn from.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page};
use super::recommend::ContentArgs;
use super::told::print_page;
use super::{Cli, now, print, run, runtime};
use crate::config::Config;
use crate::event::Stage;
use crate::intelligence::{self, FeatureRequest, MadeFeatures};
use crate::observe;
use crate::run::Settings;
use crate::stop::Stop;
use crate::warehouse::FeatureTable;

#[derive(Debug, clap::Args)]
pub(super) struct FeaturesArgs {
    /// Where the Parquet files go [default: processed/features below the lake's prefix, also in the bucket]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    content: ContentArgs,
    #[command(flatten)]
    wait: run::WaitArgs,
}

/// Makes them, and says where they are.
pub(super) fn features(cli: &Cli, arguments: &FeaturesArgs, config: &Config) -> Result<(), Error> {
    let request = FeatureRequest { content: arguments.content.said(), out: arguments.out.clone() };
    let stop = Arc::new(Stop::default());
    let (wait, state) = (arguments.wait.patience(), arguments.wait.terms());
    let settings = Settings { wait, state, ..Settings::of_stage(Stage::Publish, now) };
    let sinks = observe::usual();
    let made = runtime()?.block_on(async {
        run::stop_on_signal(&stop);
        let sink = |event: &_| sinks.tell(event);
        intelligence::features(config, &settings, &request, &sink, &stop).await
    })?;
    if cli.json { print(&to_json(&made)) } else { print_page(page(&made)) }
}

fn to_json(made: &MadeFeatures) -> String {
    let table =
        |it: &FeatureTable| json!({ "table": it.name, "row_count": it.row_count, "file": it.path });
    let tables: Vec<_> = made.tables.iter().map(table).collect();
    json!({ "tables": tables, "bucket": made.address }).to_string()
}

fn page(made: &MadeFeatures) -> Page {
    let columns =
        vec![Column::word("table"), Column::number("rows"), Column::pasted("file").or_below()];
    let mut table = Grid::new(Frame::Open { indent: 0 }, columns);
    for it in &made.tables {
        let file = it.path.display().to_string();
        let name = format!("features.{}", it.name);
        table.row(vec![name.into(), Cell::number(it.row_count), file.into()]);
    }
    let mut page = Page::default();
    page.table(table);
    if let Some(address) = &made.address {
        page.say(format!("the same in `{address}`"));
    }
    page.say(
        "`features.yml` beside them says what each column means; each run that publishes makes them again",
    );
    page
}
