//! `forget`: what is held of someone goes; without `--yes` it is only shown.

use std::sync::Arc;

use serde_json::json;

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page};
use super::told::print_page;
use super::{Cli, now, one_line, print, run, runtime};
use crate::config::Config;
use crate::event::Stage;
use crate::ids::PlaylistId;
use crate::lake::Location;
use crate::observe;
use crate::operate::{ForgetError, ForgetRequest, Forgotten, Scope, Wish};
use crate::phrase::{counted, either};
use crate::stop::Stop;

/// What is to be forgotten.
#[derive(Debug, clap::Args)]
pub(super) struct ForgetArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Do it; without it, what would go is only shown
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    wait: run::WaitArgs,
}

impl ForgetArgs {
    /// Whether nothing is to happen.
    pub(super) const fn only_shows(&self) -> bool {
        !self.yes
    }
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct ScopeArgs {
    /// A playlist (id, URI or URL), and the songs, albums and artists that no other needs
    #[arg(long, value_name = "ID")]
    playlist: Option<PlaylistId>,
    /// Who is logged in: the login, the liked songs, own playlists, and who added songs to others
    #[arg(long)]
    user: bool,
    /// Everything: bucket, landing tables, this data directory
    #[arg(long)]
    everything: bool,
}

impl ScopeArgs {
    fn scope(&self) -> Scope {
        match &self.playlist {
            Some(id) => Scope::Playlist(id.clone()),
            None if self.user => Scope::User,
            None => Scope::Everything,
        }
    }
}

/// Shows what would go, or erases it and shows what went and what is left.
pub(super) fn forget(cli: &Cli, arguments: &ForgetArgs, config: &Config) -> Result<(), Error> {
    let stop = Arc::new(Stop::default());
    let wait = arguments.wait.patience();
    let state = arguments.wait.terms();
    let of_stage = crate::run::Settings::of_stage(Stage::Upload, now);
    let settings = crate::run::Settings { wait, state, ..of_stage };
    let sinks = observe::usual();
    let wish = if arguments.yes { Wish::Erase } else { Wish::Show };
    let request = ForgetRequest { scope: arguments.scope.scope(), wish };
    let done = runtime()?.block_on(async {
        run::stop_on_signal(&stop);
        let sink = |event: &_| sinks.tell(event);
        crate::operate::forget(config, &settings, &request, &sink, &stop).await
    })?;
    match cli.json {
        true => print(&to_json(&request.scope, &done))?,
        false => print_page(in_words(&request, config.state.location.as_ref(), &done))?,
    }
    match done.left.len() {
        0 => Ok(()),
        count => Err(ForgetError::Left { count }.into()),
    }
}

fn status(done: &Forgotten) -> &'static str {
    match (done.is_done, done.left.is_empty()) {
        (true, _) => "forgotten",
        (false, true) => "planned",
        (false, false) => "left",
    }
}

fn to_json(scope: &Scope, done: &Forgotten) -> String {
    let tables = done.plan.tables.iter().map(|(table, touched)| {
        json!({"table": table.name(), "gone_row_count": touched.gone, "changed_row_count": touched.changed})
    });
    let files =
        done.plan.files.iter().map(|file| json!({"table": file.table.name(), "key": file.key}));
    json!({
        "status": status(done),
        "scope": scope.name(),
        "tables": tables.collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
        "archives": done.plan.archives,
        "missing_rights": done.plan.missing,
        "left": done.left,
        "beyond_reach": done.beyond_reach,
    })
    .to_string()
}

/// Tables first, then files, what is missing or left, and what no search reaches.
fn in_words(
    ForgetRequest { scope, wish }: &ForgetRequest,
    state: Option<&Location>,
    done: &Forgotten,
) -> Page {
    let (plan, is_shown) = (&done.plan, *wish == Wish::Show);
    let mut page = Page::default();
    // Whoever decides is told which list that is; once it is forgotten, nobody is.
    if let (true, Scope::Playlist(id), Some(name)) = (is_shown, scope, &plan.name) {
        page.say(format!("playlist {}, {id}:", one_line(name)));
    }
    if plan.is_nothing() {
        page.say("nothing of theirs is held in tables, files or archives");
    } else {
        let goes = if is_shown { "goes" } else { "went" };
        let columns = vec![Column::word("table"), Column::number(goes), Column::number("changes")];
        let mut shown = Grid::new(Frame::Open { indent: 0 }, columns);
        for (table, touched) in plan.tables.iter().filter(|(_, it)| !it.is_nothing()) {
            let counts = [touched.gone, touched.changed].map(Cell::number);
            shown.row([Cell::from(table.name())].into_iter().chain(counts).collect());
        }
        page.table(shown);
        let verb = if is_shown { "are to be" } else { "were" };
        let (file_count, archive_count) = (plan.files.len() as u64, plan.archives.len() as u64);
        let (files, archives) = (counted(file_count, "file"), counted(archive_count, "archive"));
        let went = |count| {
            if is_shown {
                either(count, "is to be", "are to be")
            } else {
                either(count, "was", "were")
            }
        };
        let (of_files, of_archives) = (went(file_count), went(archive_count));
        let their = either(file_count, "its", "their");
        page.say(match scope {
            Scope::Everything => match archive_count {
                0 => format!("{files} {of_files} erased"),
                _ => format!("{files} and {archives} of raw documents {verb} erased"),
            },
            Scope::Playlist(_) | Scope::User => {
                let rewritten = match archive_count {
                    0 => String::new(),
                    _ => format!("; {archives} of raw documents {of_archives} written anew"),
                };
                format!(
                    "{files} {of_files} erased after {their} other rows went out again in new ones{rewritten}"
                )
            }
        });
    }
    if let Some(state) = state {
        let verb = if is_shown { "are to be" } else { "were" };
        page.say(match scope {
            Scope::Everything => format!("all generations of the state `{state}` {verb} erased"),
            Scope::Playlist(_) | Scope::User => format!(
                "all generations of the state `{state}` but the new one {verb} erased: none of them can be gone back to"
            ),
        });
    }
    for missing in &plan.missing {
        page.say(format!("missing right: {}:", missing.right));
        page.paste(format!("  {}", one_line(&missing.grant)));
    }
    for left in &done.left {
        page.say(format!("left: {}", one_line(left)));
    }
    if done.is_done {
        page.say("searched every version of every object, the landing tables and the pages of the DuckDB files: nothing is left");
    }
    for beyond in &done.beyond_reach {
        page.say(format!("not reached: {}", one_line(beyond)));
    }
    if is_shown {
        page.say("nothing was changed; the same command with `--yes` does it");
    }
    page
}
