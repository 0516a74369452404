//! `config check` and `config init`.

use std::io::{ErrorKind, Write};
use std::path::Path;

use clap::Subcommand;

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page, Tone};
use super::told::{print_as_it_is, print_page};
use super::{Cli, print};
use crate::config::{self, Config, Resolved};

/// What to do with the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum ConfigCommand {
    /// Show every setting, its value (secrets masked) and where it comes from
    Check,
    /// Write a commented snowtrack.toml (or the file of `--config`) with every setting; never over one that is there
    Init {
        /// Print it instead
        #[arg(long)]
        print: bool,
    },
}

/// Writes the template, or prints it.
pub(super) fn init(cli: &Cli, is_printed: bool) -> Result<(), Error> {
    let template = config::template();
    if is_printed {
        return match cli.json {
            true => print_as_it_is(&serde_json::json!({ "template": template }).to_string()),
            false => print_as_it_is(template.trim_end()),
        };
    }
    let path = cli.config.as_deref().unwrap_or(Path::new(config::DEFAULT_FILE));
    if config::is_ini(path) {
        return Err(Error::Usage(format!(
            "`{}` would be read in the predecessor's format, and the template is TOML; choose a name that ends in `.toml`",
            path.display()
        )));
    }
    write_new(path, &template)?;
    let file = path.display().to_string();
    match cli.json {
        true => {
            print_as_it_is(&serde_json::json!({ "file": file, "template": template }).to_string())
        }
        false => print(&wrote(&file, &unset(cli))),
    }
}

/// What a first run wants, by the key of its setting, and what to do once it is there.
const NEXT: [(&str, &str); 4] = [
    (
        "spotify.client_id",
        "of an app in Spotify's developer dashboard; then `snowtrack login`, `snowtrack run --mine`",
    ),
    ("lake.bucket", "where files go to S3, with AWS's own settings; without it: data/lake"),
    ("snowflake.account", "where rows are loaded and proven; without it: nowhere"),
    (
        "snowflake.private_key_path",
        "with `user`, of who loads them; then `snowtrack snowflake plan`",
    ),
];

/// Which of these nobody has set anywhere: not in the environment either. All, where the settings cannot be loaded.
fn unset(cli: &Cli) -> Vec<(&'static str, &'static str)> {
    let loaded = Config::load(cli.config.as_deref(), cli.data_dir.as_deref());
    let settings = loaded.map(|loaded| loaded.settings).unwrap_or_default();
    let is_set = |key: &str| settings.iter().any(|it| it.key == key && it.value.is_some());
    NEXT.into_iter().filter(|(key, _)| !is_set(key)).collect()
}

/// What was done, and what to do next.
fn wrote(file: &str, unset: &[(&str, &str)]) -> String {
    let mut text = format!("wrote {file}: every line is a comment until its `#` is taken away");
    if !unset.is_empty() {
        text += "\n\nfill in next, as far as you want it:";
    }
    for (key, what) in unset {
        let (table, key) = key.split_once('.').unwrap_or(("", key));
        text += &format!("\n  [{table}] {key}\n      {what}");
    }
    text +=
        "\n\n`snowtrack config check` shows what holds; `snowtrack run --demo` needs none of it";
    text
}

/// Writes a file that nothing may be in the place of, not even a link to nothing.
fn write_new(path: &Path, text: &str) -> Result<(), Error> {
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::AlreadyExists => Error::Usage(format!(
            "`{}` is there already and stays as it is; `snowtrack config init --print` prints the template",
            path.display()
        )),
        _ => {
            let (doing, path) = ("write", path.to_owned());
            Error::Run(crate::run::Error::File { doing, path, source })
        }
    };
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(|error| {
        // Half a template would be in the way of the next try.
        let _ = std::fs::remove_file(path);
        failed(error)
    })
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
    let columns = vec![Column::word("setting"), Column::name("value"), Column::pasted("from")];
    let mut table = Grid::new(Frame::Open { indent: 0 }, columns);
    for it in settings {
        let value = it.value.as_deref().map_or_else(|| Cell::toned("–", Tone::Dim), Cell::from);
        table.row(vec![it.key.into(), value, it.origin.as_str().into()]);
    }
    let mut page = Page::default();
    page.table(table);
    print_page(page)
}
