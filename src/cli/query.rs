//! `query`: read-only SQL on the published file, or on the rows that the quality gate refused.

use super::exit::Error;
use super::questions::{self, asked};
use super::{Cli, Output, is_there, print};
use crate::ids::DataDir;
use crate::warehouse::{self, QueryFormat, query};

#[derive(Debug, clap::Args)]
pub(super) struct QueryArgs {
    /// One query, for example "from marts.playlist_overview", or a ready question by its name
    #[arg(allow_hyphen_values = true, value_parser = sql_text, required_unless_present = "list")]
    sql: Option<String>,
    /// A value for what a ready question leaves open (repeatable)
    #[arg(long = "param", value_name = "NAME=VALUE", conflicts_with = "list")]
    parameters: Vec<String>,
    /// List the ready questions, what they answer and what they leave open
    #[arg(long, conflicts_with_all = ["sql", "refused"])]
    list: bool,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Output::Table)]
    format: Output,
    /// Ask the rows that the quality gate refused last: a table for each check, and `checks`
    #[arg(long)]
    refused: bool,
}

/// SQL may begin with a comment, which on a command line looks like an option; alone, a misspelt option would look like a comment.
fn sql_text(raw: &str) -> Result<String, String> {
    let is_sql = !raw.starts_with('-') || raw.starts_with("--") && raw.trim().contains('\n');
    let told = "it is neither an option of `query` nor SQL; a query behind a `--` comment stands on a line of its own";
    is_sql.then(|| raw.to_owned()).ok_or_else(|| told.to_owned())
}

/// Prints the result.
pub(super) fn run_query(cli: &Cli, arguments: &QueryArgs, data_dir: &DataDir) -> Result<(), Error> {
    if arguments.list {
        return questions::list(if cli.json { Output::Json } else { arguments.format });
    }
    let asked = asked(arguments.sql.as_deref().unwrap_or_default(), &arguments.parameters)?;
    let format = match arguments.format {
        _ if cli.json => QueryFormat::Json,
        Output::Table => QueryFormat::Table,
        Output::Csv => QueryFormat::Csv,
        Output::Json => QueryFormat::Json,
    };
    let file = if arguments.refused { data_dir.refused() } else { data_dir.published() };
    if !is_there(data_dir, &file)? && arguments.refused {
        return Err(warehouse::Error::NothingRefused.into());
    }
    print(&query(&file, &asked.sql, &asked.parameters, format)?)
}
