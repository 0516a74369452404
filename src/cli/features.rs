//! `features`: tables that a model can learn from.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::exit::Error;
use super::recommend::ContentArgs;
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
    print(&if cli.json { to_json(&made) } else { in_words(&made) })
}

fn to_json(made: &MadeFeatures) -> String {
    let table =
        |it: &FeatureTable| json!({ "table": it.name, "row_count": it.row_count, "file": it.path });
    let tables: Vec<_> = made.tables.iter().map(table).collect();
    json!({ "tables": tables, "bucket": made.address }).to_string()
}

fn in_words(made: &MadeFeatures) -> String {
    let line = |it: &FeatureTable| {
        format!("{:>9} rows  features.{:<17}  {}", it.row_count, it.name, it.path.display())
    };
    let mut lines: Vec<String> = made.tables.iter().map(line).collect();
    lines.extend(made.address.as_ref().map(|address| format!("the same in `{address}`")));
    format!(
        "{}\n`features.yml` beside them says what each column means; each run that publishes makes them again",
        lines.join("\n")
    )
}
