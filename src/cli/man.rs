//! Manual pages and shell completions, made from the command line's own description.

use std::path::PathBuf;

use clap_mangen::Man;

use super::exit::Error;
use super::told::print_as_it_is;
use super::{Cli, command_line, complete, print};

/// Which pages to write, and where.
#[derive(Debug, clap::Args)]
pub(super) struct ManArgs {
    /// The command whose page is wanted, for example `run` or `snowflake plan` [default: snowtrack itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write every page into this folder, which is made where it is missing
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

/// Prints one page, or writes them all.
pub(super) fn man(cli: &Cli, arguments: &ManArgs) -> Result<(), Error> {
    let pages = pages(&described());
    let Some(folder) = &arguments.dir else {
        let name = [&["snowtrack".to_owned()], arguments.command.as_slice()].concat().join("-");
        let unknown = || {
            let command = arguments.command.join(" ");
            Error::Usage(format!("there is no command `{command}`; `snowtrack --help` lists them"))
        };
        let page = pages.into_iter().find(|page| page.0 == name).ok_or_else(unknown)?;
        return print_as_it_is(page.1.trim_end());
    };
    let failed = |doing, path: PathBuf| {
        move |source| Error::Run(crate::run::Error::File { doing, path, source })
    };
    std::fs::create_dir_all(folder).map_err(failed("make the folder", folder.clone()))?;
    let mut written = Vec::new();
    for (name, text) in pages {
        let path = folder.join(format!("{name}.1"));
        std::fs::write(&path, text).map_err(failed("write", path.clone()))?;
        written.push(path.display().to_string());
    }
    match cli.json {
        true => print(&serde_json::json!({ "pages": written }).to_string()),
        false => print_as_it_is(&written.join("\n")),
    }
}

/// Prints the completions of a shell.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<(), Error> {
    print_as_it_is(&complete::script(shell))
}

/// The command line, each command with its whole name. `help` is no command with a page of its own.
fn described() -> clap::Command {
    fn without_help(command: clap::Command) -> clap::Command {
        command.disable_help_subcommand(true).mut_subcommands(without_help)
    }
    let mut command = without_help(command_line());
    command.build();
    command
}

/// The pages of a command and of those below it, by name.
fn pages(command: &clap::Command) -> Vec<(String, String)> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text).expect("nothing fails in memory");
    let own = (name, String::from_utf8_lossy(&text).into_owned());
    let shown = command.get_subcommands().filter(|it| !it.is_hide_set());
    std::iter::once(own).chain(shown.flat_map(pages)).collect()
}
