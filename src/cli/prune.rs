//! `prune`: local history that nothing needs any more goes; without `--yes` it is only shown.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use super::duration::duration;
use super::exit::Error;
use super::{Cli, now, print, run, runtime, tell};
use crate::config::Config;
use crate::event::Stage;
use crate::observe;
use crate::operate::{PruneRequest, PruneWish, Pruned};
use crate::phrase::counted;
use crate::run::Kept;
use crate::stop::Stop;

/// What may go.
#[derive(Debug, clap::Args)]
pub(super) struct PruneArgs {
    /// How old it must be: `90d`, `12h`
    #[arg(long, value_name = "AGE", value_parser = duration)]
    older_than: Duration,
    /// Do it; without it, what would go is only shown
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    wait: run::WaitArgs,
}

impl PruneArgs {
    /// Whether nothing is to happen.
    pub(super) const fn only_shows(&self) -> bool {
        !self.yes
    }
}

/// Deletes what nothing needs any more, or shows it.
pub(super) fn prune(cli: &Cli, arguments: &PruneArgs, config: &Config) -> Result<(), Error> {
    let wish = if arguments.yes { PruneWish::Delete } else { PruneWish::Show };
    let pruned =
        work(config, PruneRequest { older_than: arguments.older_than, wish }, &arguments.wait)?;
    print(&if cli.json { to_json(&pruned, wish) } else { in_words(&pruned, wish) })
}

/// The same at the end of a run, where the configuration says so: it is told in a line, and is no reason for the run to fail.
pub(super) fn after_run(cli: &Cli, config: &Config, wait: &run::WaitArgs) {
    let Some(older_than) = config.prune_after else { return };
    let request = PruneRequest { older_than, wish: PruneWish::DeleteWhereWorth };
    match work(config, request, wait) {
        Ok(pruned) if pruned.is_nothing() => {}
        Ok(pruned) if cli.json || cli.quiet => {
            tracing::info!("{}", in_words(&pruned, PruneWish::Delete));
        }
        Ok(pruned) => tell(&in_words(&pruned, PruneWish::Delete)),
        Err(error) => {
            tracing::warn!("nothing was pruned: {}", crate::causes::chain(&error));
        }
    }
}

/// The same between two rounds, which are told in a line of their own.
pub(super) async fn between_rounds(
    config: &Config,
    wait: &run::WaitArgs,
    stop: &Arc<Stop>,
    kept: &mut Kept,
) {
    let Some(older_than) = config.prune_after else { return };
    // It takes both itself.
    kept.give_back().await;
    let request = PruneRequest { older_than, wish: PruneWish::DeleteWhereWorth };
    match once(config, request, wait, stop).await {
        Ok(pruned) => tracing::info!("{}", in_words(&pruned, PruneWish::Delete)),
        Err(error) => tracing::warn!("nothing was pruned: {}", crate::causes::chain(&error)),
    }
}

fn work(config: &Config, request: PruneRequest, wait: &run::WaitArgs) -> Result<Pruned, Error> {
    let stop = Arc::new(Stop::default());
    Ok(runtime()?.block_on(async {
        run::stop_on_signal(&stop);
        once(config, request, wait, &stop).await
    })?)
}

async fn once(
    config: &Config,
    request: PruneRequest,
    wait: &run::WaitArgs,
    stop: &Arc<Stop>,
) -> Result<Pruned, crate::run::Error> {
    let (wait, state) = (wait.patience(), wait.terms());
    let of_stage = crate::run::Settings::of_stage(Stage::Upload, now);
    let settings = crate::run::Settings { wait, state, ..of_stage };
    let sinks = observe::usual();
    let sink = |event: &_| sinks.tell(event);
    crate::operate::prune(config, &settings, request, &sink, stop).await
}

fn to_json(pruned: &Pruned, wish: PruneWish) -> String {
    let status = if wish == PruneWish::Show { "planned" } else { "pruned" };
    serde_json::json!({
        "status": status,
        "document_count": pruned.document_count,
        "file_count": pruned.file_count,
        "round_count": pruned.round_count,
        "checked_run_count": pruned.checked_run_count,
        "freed_size_bytes": pruned.freed_size_bytes,
    })
    .to_string()
}

fn in_words(pruned: &Pruned, wish: PruneWish) -> String {
    let Pruned { document_count, file_count, round_count, checked_run_count, freed_size_bytes } =
        pruned;
    let size = indicatif::HumanBytes(*freed_size_bytes);
    let mut what = format!(
        "{} and {}",
        counted(*document_count, "raw document"),
        counted(*file_count, "local file")
    );
    if 0 < *round_count {
        let _ = write!(what, ", {} that brought nothing", counted(*round_count, "run"));
    }
    if 0 < *checked_run_count {
        let _ = write!(what, ", the passed checks of {}", counted(*checked_run_count, "run"));
    }
    match wish {
        PruneWish::Show if pruned.is_nothing() => {
            "there is nothing to delete: whatever is here is still needed, or too new".to_owned()
        }
        PruneWish::Show => format!(
            "{what}, needed by nothing any more: about {size}\nnothing was changed; the same command with `--yes` deletes them"
        ),
        PruneWish::Delete | PruneWish::DeleteWhereWorth => format!("{what} deleted: {size} freed"),
    }
}
