//! `export`: the stage, or the marts as files.

use std::sync::Arc;

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page};
use super::told::print_page;
use super::{Cli, print, run, runtime};
use crate::config::Config;
use crate::event::Stage;
use crate::stop::Stop;

#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    stage: run::StageArgs,
    /// Write each mart of the published file to `<prefix>processed/<mart>/` instead, in the place of the file before; also in the bucket
    #[arg(long, conflicts_with_all = ["run", "warn_only", "wait"])]
    marts: bool,
}

/// The stage on what is landed already, or every mart as a file.
pub(super) fn export(cli: &Cli, arguments: &ExportArgs, config: &Config) -> Result<(), Error> {
    if !arguments.marts {
        return run::one_stage(cli, &arguments.stage, config, Stage::Export);
    }
    let stop = Arc::new(Stop::default());
    let marts = runtime()?.block_on(async {
        run::stop_on_signal(&stop);
        crate::operate::export_marts(config, &stop).await
    })?;
    if cli.json {
        return print(&serde_json::json!({ "marts": marts }).to_string());
    }
    let columns = vec![Column::number("rows"), Column::pasted("file").or_below()];
    let mut table = Grid::new(Frame::Open { indent: 0 }, columns);
    for mart in &marts {
        table.row(vec![Cell::number(mart.row_count), mart.key.as_str().into()]);
    }
    let mut page = Page::default();
    page.table(table);
    print_page(page)
}
