//! What is to be forgotten and how far that is, so that the same command goes on with it; and of what was forgotten, nothing but that.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use chrono::{DateTime, NaiveDateTime, Utc};
use duckdb::{OptionalExt, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::files::list;
use super::step::Step;
use super::written;
use crate::ids::{PlaylistId, Run, RunId, Table};
use crate::lake::{ExportedFile, WrittenFile};
use crate::status::{FileState, RunStatus};
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, ForgottenKind, TableCount, Theirs, Warehouse, sql_timestamp};

const DOING: &str = "note what is forgotten";

/// A file that may still be somewhere.
#[derive(Debug, Clone)]
pub(crate) struct HeldFile {
    /// The table of its rows.
    pub(crate) table: Table,
    /// Its key.
    pub(crate) key: String,
    /// How far it is.
    pub(crate) state: FileState,
    /// Whether it never reached the bucket.
    pub(crate) is_lost: bool,
    /// Whether its other rows are in a newer file already.
    pub(crate) is_forgotten: bool,
}

/// A run's archive of raw documents.
#[derive(Debug, Clone)]
pub(crate) struct HeldArchive {
    /// The run.
    pub(crate) run_id: String,
    /// The archive's key.
    pub(crate) key: String,
}

/// A run of which files are to be erased.
pub(crate) struct RunOfErasure {
    /// The run.
    pub(crate) run: Run,
    /// Its manifest's key.
    pub(crate) manifest_key: String,
}

/// What a rewrite wrote.
pub(crate) struct Rewrite<'a> {
    /// The run whose files they are.
    pub(crate) run: &'a Run,
    /// The files.
    pub(crate) files: &'a [ExportedFile],
    /// Their manifest.
    pub(crate) manifest: Option<&'a WrittenFile>,
    /// Where their rows come from: `run time`.
    pub(crate) origins: &'a BTreeSet<String>,
    /// The files that they take the place of.
    pub(crate) replaced: &'a [String],
    /// What each table holds without who is forgotten.
    pub(crate) counts: &'a [TableCount],
    /// What the run is called as long as nothing became of its files.
    pub(crate) status: RunStatus,
}

/// What was asked to be forgotten and is not yet: its scope, and what is known to be theirs.
pub(crate) fn unfinished(warehouse: &Warehouse) -> Result<Option<(String, Theirs)>, Error> {
    let found = warehouse.connection().query_row(sql::UNFINISHED_FORGET, [], |row| row.get(0));
    let Some(scope) = found.optional().doing("look for what is being forgotten")? else {
        return Ok(None);
    };
    let mut theirs = Theirs::default();
    let rows = warehouse.rows("select kind, value from meta.forgotten", DOING, |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    for (kind, value) in rows {
        if let Some(kind) = ForgottenKind::of_name(&kind) {
            theirs.add(kind, value);
        }
    }
    Ok(Some((scope, theirs)))
}

/// Notes what is to be forgotten, or, of what is being forgotten, that it is this.
pub(crate) fn begin(
    warehouse: &mut Warehouse,
    id: &RunId,
    scope: &str,
    theirs: &Theirs,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    #[derive(Serialize)]
    struct One<'a> {
        kind: &'a str,
        value: &'a str,
    }
    let all = list(theirs.iter().map(|(kind, value)| One { kind: kind.name(), value }));
    warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        let begun = params![id.as_str(), scope, sql_timestamp(now)];
        connection.execute(sql::BEGIN_FORGET, begun).doing(DOING)?;
        connection.execute("delete from meta.forgotten", []).doing(DOING)?;
        connection.execute(sql::KEEP_FORGOTTEN, [all]).doing(DOING).map(|_| ())
    })
}

/// The run under whose id the first rewrite of what is being forgotten goes; `None` where one has it.
pub(crate) fn first_rewrite(warehouse: &Warehouse) -> Result<Option<Run>, Error> {
    let found = warehouse.connection().query_row(sql::BEGUN_FORGET, [], |row| {
        Ok(Run { id: row.get(0)?, started_at: row.get::<_, NaiveDateTime>(1)?.and_utc() })
    });
    found.optional().doing("look for what is being forgotten")
}

/// Every file that may still be somewhere.
pub(crate) fn held_files(warehouse: &Warehouse) -> Result<Vec<HeldFile>, Error> {
    warehouse.rows(sql::FILES_TO_LOOK_INTO, "list the files", |row| {
        Ok(HeldFile {
            table: row.get(0)?,
            key: row.get(1)?,
            state: row.get(2)?,
            is_lost: row.get(3)?,
            is_forgotten: row.get(4)?,
        })
    })
}

/// Notes a rewrite, in the transaction that takes theirs out of the tables.
pub(crate) fn rewritten(
    warehouse: &Warehouse,
    rewrite: &Rewrite<'_>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Rewrite { run, files, manifest, origins, replaced, counts, status } = *rewrite;
    let connection = warehouse.connection();
    let (id, at) = (run.id.as_str(), sql_timestamp(now));
    let began = params![id, sql_timestamp(run.started_at), status.name()];
    connection.execute(sql::BEGIN_REWRITE, began).doing(DOING)?;
    connection.execute(sql::NOTE_FILES, params![id, at, list(files)]).doing(DOING)?;
    connection.execute(sql::NOTE_TABLE_COUNTS, params![id, at, list(counts)]).doing(DOING)?;
    connection.execute(sql::NOTE_ORIGINS, params![id, list(origins)]).doing(DOING)?;
    manifest.map_or(Ok(()), |file| written::manifest_written(warehouse, id, file))?;
    connection.execute(sql::FORGET_FILES, params![at, list(replaced)]).doing(DOING).map(|_| ())
}

/// The runs of which a rewritten file has not arrived yet: nothing that it replaces may go before.
pub(crate) fn unproven(warehouse: &Warehouse, arrived: &[FileState]) -> Result<Vec<RunId>, Error> {
    let doing = "look for files that have not arrived";
    let mut statement = warehouse.connection().prepare(sql::UNPROVEN_REWRITES).doing(doing)?;
    let states = list(arrived.iter().map(|state| state.name()));
    let runs = statement.query_map([states], |row| row.get(0)).doing(doing)?;
    runs.collect::<Result<_, _>>().doing(doing)
}

/// Notes that the files whose rows are in newer ones no longer matter.
pub(crate) fn supersede(warehouse: &mut Warehouse, now: DateTime<Utc>) -> Result<(), Error> {
    let step = Step::FORGOTTEN_IN;
    let values =
        params![step.to.name(), list(step.from.iter().map(|it| it.name())), sql_timestamp(now)];
    let sql = sql::SUPERSEDE_FORGOTTEN;
    warehouse.connection().execute(sql, values).doing(DOING).map(|_| ())
}

/// The runs of which files are to be erased, oldest first.
pub(crate) fn runs_of_erasure(warehouse: &Warehouse) -> Result<Vec<RunOfErasure>, Error> {
    warehouse.rows(sql::RUNS_OF_ERASURE, "list what is to be erased", |row| {
        let started_at = row.get::<_, NaiveDateTime>(1)?.and_utc();
        Ok(RunOfErasure { run: Run { id: row.get(0)?, started_at }, manifest_key: row.get(2)? })
    })
}

/// The files of a run that are to be erased, with their tables.
pub(crate) fn files_of_erasure(
    warehouse: &Warehouse,
    run: &RunId,
) -> Result<Vec<(Table, String)>, Error> {
    let doing = "list what is to be erased";
    let mut statement = warehouse.connection().prepare(sql::FILES_OF_ERASURE).doing(doing)?;
    let files = statement.query_map([run.as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
    files.doing(doing)?.collect::<Result<_, _>>().doing(doing)
}

/// Notes that nothing is left of files.
pub(crate) fn erased(
    warehouse: &Warehouse,
    keys: &[String],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let values = params![sql_timestamp(now), list(keys)];
    warehouse.connection().execute(sql::ERASE_FILES, values).doing(DOING).map(|_| ())
}

/// Notes that a run has no manifest any more.
pub(crate) fn lose_manifest(warehouse: &Warehouse, run: &RunId) -> Result<(), Error> {
    warehouse.connection().execute(sql::LOSE_MANIFEST, [run.as_str()]).doing(DOING).map(|_| ())
}

/// Notes that a run has no archive any more.
pub(crate) fn lose_archive(warehouse: &Warehouse, run_id: &str) -> Result<(), Error> {
    warehouse.connection().execute(sql::LOSE_ARCHIVE, [run_id]).doing(DOING).map(|_| ())
}

/// The archives of all runs.
pub(crate) fn archives(warehouse: &Warehouse) -> Result<Vec<HeldArchive>, Error> {
    warehouse.rows(sql::ARCHIVES, "list the archives", |row| {
        Ok(HeldArchive { run_id: row.get(0)?, key: row.get(1)? })
    })
}

/// Whose liked songs were read.
pub(crate) fn known_users(warehouse: &Warehouse) -> Result<Vec<String>, Error> {
    let found = warehouse
        .rows(sql::KNOWN_USERS, "look for users", |row| row.get::<_, Option<String>>(0))?;
    Ok(found.into_iter().flatten().collect())
}

/// The keys of a table's files that are to be nowhere any more.
pub(crate) fn erased_files(warehouse: &Warehouse, table: Table) -> Result<Vec<String>, Error> {
    let doing = "list what was erased";
    let mut statement = warehouse.connection().prepare(sql::ERASED_FILES).doing(doing)?;
    let keys = statement.query_map([table.name()], |row| row.get(0)).doing(doing)?;
    keys.collect::<Result<_, _>>().doing(doing)
}

/// The folders that runs read documents from.
pub(crate) fn recordings(warehouse: &Warehouse) -> Result<Vec<PathBuf>, Error> {
    warehouse.rows(sql::RECORDINGS, "list the recordings", |row| {
        Ok(PathBuf::from(row.get::<_, String>(0)?))
    })
}

/// Notes, in the attached file `fresh` alone, that what was asked is forgotten, and takes out whose rows they were.
pub(crate) fn end_in_fresh_file(warehouse: &Warehouse, now: DateTime<Utc>) -> Result<(), Error> {
    let connection = warehouse.connection();
    let now = sql_timestamp(now);
    connection.execute(sql::END_FORGET, [&now]).doing(DOING)?;
    connection.execute(sql::CLOSE_FORGET, [&now]).doing(DOING).map(|_| ())
}

/// The playlists that were forgotten, by what the ledger keeps of them: a list of a thousand is asked for each, so it is read once.
pub(crate) struct ForgottenPlaylists(HashSet<String>);

impl ForgottenPlaylists {
    /// As the ledger has them.
    pub(crate) fn of(warehouse: &Warehouse) -> Result<Self, Error> {
        let doing = "look for forgotten playlists";
        let found = warehouse.rows(sql::FORGOTTEN_PLAYLISTS, doing, |row| row.get(0))?;
        Ok(Self(found.into_iter().collect()))
    }

    /// Whether a playlist is one of them.
    pub(crate) fn contains(&self, playlist: &PlaylistId) -> bool {
        !self.0.is_empty() && self.0.contains(&fingerprint(playlist))
    }
}

/// What close_forget.sql keeps of a playlist.
fn fingerprint(playlist: &PlaylistId) -> String {
    format!("{:x}", Sha256::digest(format!("snowtrack forgot {playlist}")))
}

/// Takes a forgotten playlist out of a list that names it.
pub(crate) fn leave_out(
    warehouse: &Warehouse,
    read_id: i64,
    playlist: &PlaylistId,
) -> Result<(), Error> {
    warehouse.land_pages()?;
    let values = params![read_id, playlist.as_str()];
    warehouse.connection().execute(sql::LEAVE_OUT_PLAYLIST, values).doing(DOING).map(drop)
}

/// Notes that a forgotten playlist may be read again, because somebody named it.
pub(crate) fn remember(warehouse: &Warehouse, playlist: &PlaylistId) -> Result<(), Error> {
    let sql = sql::REMEMBER_PLAYLIST;
    warehouse.connection().execute(sql, [playlist.as_str()]).doing(DOING).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playlist_is_known_by_what_the_ledger_keeps_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.duckdb");
        let warehouse = Warehouse::open(&path, folder.path()).unwrap();
        let id = |text: &str| text.parse::<PlaylistId>().unwrap();
        let (gone, kept) = (id("3cEYpjA9oz9GiPac4AsH4n"), id("4hOKQuZbraPDIfaGbM3lKI"));
        assert!(!ForgottenPlaylists::of(&warehouse).unwrap().contains(&gone));
        // As end_forget.sql writes it.
        let noted = "insert into meta.forgotten_playlists \
                     select sha256('snowtrack forgot ' || ?1), now()::timestamp";
        warehouse.connection().execute(noted, [gone.as_str()]).unwrap();
        let forgotten = ForgottenPlaylists::of(&warehouse).unwrap();
        assert!(forgotten.contains(&gone) && !forgotten.contains(&kept));
        remember(&warehouse, &gone).unwrap();
        assert!(!ForgottenPlaylists::of(&warehouse).unwrap().contains(&gone));
    }
}
