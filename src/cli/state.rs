//! `state`: the ledger that lives in a bucket between machines.

use std::sync::Arc;

use serde_json::json;

use super::exit::Error;
use super::run::{WaitArgs, stop_on_signal};
use super::{Cli, now, print, runtime};
use crate::config::Config;
use crate::event::What;
use crate::observe::words;
use crate::operate::StateWork;
use crate::state::{Pulled, Shown, Terms};
use crate::stop::Stop;

/// What to do with the state.
#[derive(Debug, clap::Subcommand)]
pub(super) enum StateCommand {
    /// The current generation, and who holds the lease
    Show,
    /// Make the current generation the ledger here, and write the analysts' file
    Pull {
        /// Give up what is here and not there
        #[arg(long)]
        force: bool,
    },
    /// Make the ledger here the next generation
    Push {
        /// Also where what is there is newer, or never was here
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Take the lease from a task that is dead, or must write no more
    Unlock {
        /// Do it; without, only who holds the lease is shown
        #[arg(long)]
        yes: bool,
    },
}

/// Does it and says what was done.
pub(super) fn state(cli: &Cli, command: &StateCommand, config: &Config) -> Result<(), Error> {
    let terms = match command {
        StateCommand::Push { wait, .. } => wait.terms(),
        _ => Terms::default(),
    };
    let (document, text) = with_state(config, terms, async |work| {
        let shown = work.show().await?;
        let location = shown.location.clone();
        Ok(match command {
            StateCommand::Show => (serde_json::to_value(&shown).unwrap_or_default(), words(&shown)),
            StateCommand::Pull { force } => {
                let Pulled { generation, is_published } = work.pull(*force).await?;
                let published = match is_published {
                    true => "; the analysts' file is written",
                    false => {
                        "; the analysts' file is not: its last run did not pass, the next one writes it"
                    }
                };
                let document = json!({ "location": location, "generation": generation, "is_published": is_published });
                (document, format!("pulled generation {generation} of {location}{published}"))
            }
            StateCommand::Push { force, .. } => {
                let generation = work.push(*force).await?;
                let document = json!({ "location": location, "generation": generation });
                (document, format!("pushed generation {generation} to {location}"))
            }
            StateCommand::Unlock { yes: false } => {
                let then = match &shown.lease {
                    Some(_) => {
                        "`snowtrack state unlock --yes` takes the lease from its owner, who then writes no more"
                    }
                    None => "there is nothing to unlock",
                };
                let text = format!("{}\n{then}", words(&shown));
                (serde_json::to_value(&shown).unwrap_or_default(), text)
            }
            StateCommand::Unlock { yes: true } => match work.unlock().await? {
                Some(number) => {
                    let document = json!({ "location": location, "fencing_number": number });
                    (document, format!("unlocked {location}; the fencing number is {number}"))
                }
                None => {
                    let document = json!({ "location": location, "fencing_number": 0 });
                    (document, format!("nobody ever held {location}"))
                }
            },
        })
    })?;
    print(&if cli.json { document.to_string() } else { text })
}

/// Brings the state's ledger here for a command that only reads, where there is none.
pub(super) fn read(config: &Config) -> Result<(), Error> {
    if config.state.location.is_none() {
        return Ok(());
    }
    with_state(config, Terms::default(), async |work| work.read().await)
}

fn with_state<T>(
    config: &Config,
    terms: Terms,
    work: impl AsyncFnOnce(&StateWork<'_>) -> Result<T, crate::run::Error>,
) -> Result<T, Error> {
    let stop = Arc::new(Stop::default());
    let tell = |what: What| {
        if let What::Warning(warning) = what {
            tracing::warn!("{}", words::warning(&warning));
        }
    };
    let work_with = StateWork { config, terms, clock: now, events: &tell, stop: &stop };
    Ok(runtime()?.block_on(async {
        stop_on_signal(&stop);
        stop.or(work(&work_with)).await.ok_or(crate::run::Error::Interrupted)?
    })?)
}

fn words(shown: &Shown) -> String {
    let Shown { location, generation, fencing_number, .. } = shown;
    let kept: Vec<String> = shown.generations.iter().map(u64::to_string).collect();
    let kept = kept.join(", ");
    let generation = match generation {
        Some(generation) => format!("generation {generation} (kept: {kept})"),
        None if kept.is_empty() => "nothing yet".to_owned(),
        None => format!("no current generation (`current.json` is gone; there are {kept})"),
    };
    let lease = match &shown.lease {
        Some(holder) => format!(
            "held by `{}` until {}",
            holder.owner,
            holder.expires_at.format("%Y-%m-%d %H:%M:%S UTC")
        ),
        None => "held by nobody".to_owned(),
    };
    format!("{location}: {generation}, {lease}, fencing number {fencing_number}")
}
