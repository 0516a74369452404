//! `config check` and `config init`.

use std::io::{ErrorKind, Write};
use std::path::Path;

use clap::Subcommand;

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page, Tone};
use super::told::{print_as_it_is, print_page};
use super::{Cli, print};
use crate::config::{self, Resolved};

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
        false => print(&format!(
            "wrote {file}: every line is a comment until its `#` is taken away; `snowtrack config check` shows what holds"
        )),
    }
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
