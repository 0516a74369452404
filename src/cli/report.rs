//! `report`: the published file as one HTML page.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::exit::Error;
use super::told::print_as_it_is;
use super::{Cli, is_there, print};
use crate::ids::DataDir;

#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// Where it is written [default: report.html in the data directory]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show it in the browser
    #[arg(long)]
    open: bool,
}

/// Writes the page and says where it is.
pub(super) fn report(cli: &Cli, arguments: &ReportArgs, data_dir: &DataDir) -> Result<(), Error> {
    let published = data_dir.published();
    is_there(data_dir, &published)?;
    let html = crate::report::report(&published, &data_dir.temp())?;
    let path = arguments.out.clone().unwrap_or_else(|| data_dir.report());
    crate::disk::replace(&path, html.as_bytes()).map_err(|source| {
        Error::Run(crate::run::Error::File { doing: "write", path: path.clone(), source })
    })?;
    if arguments.open {
        open(&path)?;
    }
    let shown = path.display().to_string();
    match cli.json {
        true => print(&serde_json::json!({ "path": shown }).to_string()),
        false => print_as_it_is(&shown),
    }
}

/// Gives the file to whatever shows pages here.
fn open(path: &Path) -> Result<(), Error> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    // Not as a relative path, which could look like an option.
    let path = std::path::absolute(path)?;
    let started =
        Command::new(program).arg(&path).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match started {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Error::Usage(format!(
            "the report is written, and `{program}` could not open it: open `{}` in a browser",
            path.display()
        ))),
    }
}
