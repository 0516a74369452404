//! `config check` and `config init`.

use clap::Subcommand;

use super::exit::Error;
use super::{Cli, print};
use crate::config::Resolved;

/// What to do with the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum ConfigCommand {
    /// Show every setting, its value (secrets masked) and where it comes from
    Check,
    /// Print a commented snowtrack.toml with every setting
    Init,
}

/// Prints the template.
pub(super) fn init(cli: &Cli) -> Result<(), Error> {
    let template = crate::config::template();
    match cli.json {
        true => print(&serde_json::json!({ "template": template }).to_string()),
        false => print(template.trim_end()),
    }
}

/// Prints the settings; that they could be loaded is the check.
pub(super) fn check(cli: &Cli, settings: &[Resolved]) -> Result<(), Error> {
    if cli.json {
        let objects: Vec<serde_json::Value> = settings
            .iter()
            .map(|it| {
                serde_json::json!({
                    "setting": it.key, "environment": it.env, "value": it.value, "origin": it.origin,
                })
            })
            .collect();
        return print(&serde_json::Value::from(objects).to_string());
    }
    let width = |text: fn(&Resolved) -> usize| settings.iter().map(text).max().unwrap_or(0);
    let (keys, values) = (
        width(|it| it.key.len()),
        width(|it| it.value.as_deref().map_or(1, |value| value.chars().count())).min(60),
    );
    let lines: Vec<String> = settings
        .iter()
        .map(|it| {
            let value = it.value.as_deref().unwrap_or("–");
            format!("{:<keys$}  {value:<values$}  {}", it.key, it.origin)
        })
        .collect();
    print(&lines.join("\n"))
}
