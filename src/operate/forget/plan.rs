//! What goes: whose rows, in which tables and files. Nothing is changed by finding out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Scope;
use super::error::Error;
use super::error::MissingRight;
use super::places::{Places, kept_file};
use super::rights;
use crate::ids::Table;
use crate::lake::{Redaction, redact_archive};
use crate::ledger::forgets::{self, HeldFile};
use crate::run::{self, Job};
use crate::sources::Client;
use crate::status::FileState;
use crate::warehouse::{ForgottenKind as Kind, KeptFile, Theirs, Touched, Warehouse};

/// What goes.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Whose rows.
    pub(crate) theirs: Theirs,
    /// What the playlist is called that was named.
    pub(crate) name: Option<String>,
    /// Rows of each table, with those that stay without something.
    pub(crate) tables: BTreeMap<Table, Touched>,
    /// The files that hold rows of theirs, and whether their other rows go out again.
    pub(crate) files: Vec<PlannedFile>,
    /// The archives of raw documents that name them.
    pub(crate) archives: Vec<String>,
    /// What may not be deleted as things are.
    pub(crate) missing: Vec<MissingRight>,
}

/// A file that goes.
#[derive(Debug, Clone)]
pub(crate) struct PlannedFile {
    /// The table of its rows.
    pub(crate) table: Table,
    /// Its key.
    pub(crate) key: String,
    /// Where it can be read, if its other rows go out again.
    pub(super) kept: Option<KeptFile>,
}

impl Plan {
    /// Whether there is nothing of theirs.
    pub(crate) fn is_nothing(&self) -> bool {
        self.files.is_empty()
            && self.archives.is_empty()
            && self.tables.values().all(|touched| touched.is_nothing())
    }
}

/// Whose rows a command is about, as far as it is known without looking: what it names, and what it found when it was run before.
///
/// # Errors
/// [`Error::Unfinished`] where something else is half forgotten, [`Error::WhoseLogin`].
pub(super) async fn seeds(
    warehouse: &Warehouse,
    job: Job<'_>,
    scope: &Scope,
) -> Result<Theirs, Error> {
    let unfinished = forgets::unfinished(warehouse)?;
    let mut seeds = match unfinished {
        Some((begun, theirs)) => {
            let is_this = begun == scope.name()
                && match scope {
                    Scope::Playlist(id) => theirs.has_of(Kind::Playlist, id.as_str()),
                    Scope::User | Scope::Everything => true,
                };
            if !is_this {
                return Err(Error::Unfinished { command: command_of(&begun, &theirs) });
            }
            theirs
        }
        None => Theirs::default(),
    };
    match scope {
        Scope::Playlist(id) => seeds.add(Kind::Playlist, id.as_str()),
        Scope::User if seeds.of(Kind::User).next().is_none() => {
            seeds.add(Kind::User, user(warehouse, job).await?);
        }
        Scope::User | Scope::Everything => {}
    }
    Ok(seeds)
}

fn command_of(scope: &str, theirs: &Theirs) -> String {
    match scope {
        "playlist" => {
            let id = theirs.of(Kind::Playlist).next().unwrap_or("ID");
            format!("snowtrack forget --playlist {id} --yes")
        }
        scope => format!("snowtrack forget --{scope} --yes"),
    }
}

/// Who is logged in; where Spotify does not say so, whose liked songs are held.
async fn user(warehouse: &Warehouse, job: Job<'_>) -> Result<String, Error> {
    let Job { config, settings, .. } = job;
    let asked = async {
        let credentials = config.credentials()?;
        let mut client =
            Client::new(&config.spotify.api_url, credentials, settings.timing, settings.clock)?;
        let user = client.user_id(&|_| {}).await;
        client.keep_login(&|_| {});
        user
    };
    let error = match asked.await {
        Ok(user) => return Ok(user),
        Err(error) => error,
    };
    match <[String; 1]>::try_from(forgets::known_users(warehouse)?) {
        Ok([user]) => Ok(user),
        Err(_) if config.spotify.client_id.is_none() => Err(Error::WhoseLogin),
        Err(_) => Err(run::Error::from(error).into()),
    }
}

/// Looks into everything that is held.
///
/// # Errors
/// What the places say; [`Error::Unseen`] where a file is in none of them.
pub(super) async fn plan(
    warehouse: &Warehouse,
    places: &Places<'_>,
    seeds: &Theirs,
) -> Result<Plan, Error> {
    let theirs = warehouse.whose(seeds)?;
    let mut tables = BTreeMap::new();
    for table in Table::ALL {
        tables.insert(table, warehouse.touched_in_core(table)?);
    }
    let held = forgets::held_files(warehouse)?;
    let mut files = Vec::new();
    for file in held.iter().filter(|file| !file.is_forgotten) {
        files.extend(look_into(warehouse, places, file).await?);
    }
    let mut archives = Vec::new();
    for archive in forgets::archives(warehouse)? {
        let Some(path) = places.found(&archive.key).await? else { continue };
        let next = places.aside().join("archive");
        if redact_archive(&path, &next, &theirs)? != Redaction::Clean {
            archives.push(archive.key);
        }
    }
    let with_files: BTreeSet<Table> = held.iter().map(|file| file.table).collect();
    let missing = rights::missing(places, &with_files).await?;
    Ok(Plan { theirs, name: None, tables, files, archives, missing })
}

/// A file, if rows of theirs are in it.
async fn look_into(
    warehouse: &Warehouse,
    places: &Places<'_>,
    file: &HeldFile,
) -> Result<Option<PlannedFile>, Error> {
    let HeldFile { table, key, state, is_lost, .. } = file.clone();
    // What newer files replaced, or what never went anywhere, is not sent again.
    let goes_again = state != FileState::Superseded && !is_lost;
    let Some(path): Option<PathBuf> = places.found(&key).await? else {
        return match goes_again {
            true => Err(Error::Unseen { key }),
            // Whatever is in it: it is to be nowhere.
            false => Ok(Some(PlannedFile { table, key, kept: None })),
        };
    };
    let kept = kept_file(&key, path);
    if warehouse.touched_in_file(table, &kept)?.is_nothing() {
        return Ok(None);
    }
    Ok(Some(PlannedFile { table, key, kept: goes_again.then_some(kept) }))
}
