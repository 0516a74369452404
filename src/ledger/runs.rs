//! Which run is in which state: what makes a run resumable and what `status` prints.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use duckdb::{OptionalExt, params};

use super::files::list;
use super::{consumers, written};
use crate::ids::{Consumer, Run, RunId};
use crate::lake::{Manifest, WrittenFile};
use crate::status::RunStatus;
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, TableCount, Warehouse, sql_timestamp};

/// How long the same command goes on with a run that is exported and not verified. Then a new run begins, because Spotify's old
/// snapshots cannot be read later; the old run's files stay outstanding and are taken along.
const WORTH_WAITING_FOR: TimeDelta = TimeDelta::hours(6);

/// The source of a run that asks nobody.
pub(crate) const NOBODY: &str = "what is landed";

/// What a run is begun for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Purpose {
    /// It goes on to the bucket, so it may continue a run that has nothing else left to do.
    pub(crate) ships: bool,
    /// It ships every row in files of its own, and so continues no run whose files are made.
    pub(crate) is_full: bool,
    /// It is about rows that are in the tables, so it continues no run and ends none.
    pub(crate) is_own: bool,
}

/// Continues the latest unfinished run of the same source (of any, where none is named), or begins one. A run that is exported is
/// final: only what ships goes on with it.
pub(crate) fn begin(
    warehouse: &mut Warehouse,
    source: Option<&str>,
    purpose: Purpose,
    fresh: Run,
) -> Result<Run, Error> {
    warehouse.transaction(|warehouse| {
        consumers::register(warehouse, Consumer::ALL.into_iter().map(Consumer::name))?;
        let connection = warehouse.connection();
        let unfinished = sql::UNFINISHED_RUN;
        let waited_for_since = sql_timestamp(fresh.started_at - WORTH_WAITING_FOR);
        let values = params![source, purpose.ships, waited_for_since, purpose.is_full];
        let found = connection.query_row(unfinished, values, read_run).optional();
        if let Some(run) = found.doing("look for an unfinished run")?
            && !purpose.is_own
        {
            connection
                .execute(sql::WIDEN_RUN, params![run.id.as_str(), purpose.is_full])
                .doing("note the run's purpose")?;
            return Ok(run);
        }
        // What another source landed completely is shipped by this run; the rest of it is asked for again.
        connection
            .execute(sql::END_UNFINISHED_RUNS, [purpose.is_own])
            .doing("end an unfinished run")?;
        connection
            .execute(
                sql::BEGIN_RUN,
                params![
                    fresh.id.as_str(),
                    source.unwrap_or(NOBODY),
                    sql_timestamp(fresh.started_at),
                    purpose.is_full
                ],
            )
            .doing("note the run")?;
        Ok(fresh)
    })
}

/// Whether there is a run that a stage by itself would go on with.
pub(crate) fn is_any_unfinished(warehouse: &Warehouse) -> Result<bool, Error> {
    let values = params![None::<&str>, false, None::<&str>, false];
    let found = warehouse.connection().query_row(sql::UNFINISHED_RUN, values, read_run);
    found.optional().doing("look for an unfinished run").map(|run| run.is_some())
}

/// Whether the run is in the ledger.
pub(crate) fn is_known(warehouse: &Warehouse, run: &RunId) -> Result<bool, Error> {
    Ok(started_at(warehouse, run)?.is_some())
}

/// The ids of all runs, the newest first.
///
/// # Errors
/// [`Error::Statement`].
pub(crate) fn run_ids(warehouse: &Warehouse) -> Result<Vec<String>, Error> {
    let sql = "select run_id from meta.runs order by run_id desc";
    let doing = "list the runs";
    let mut statement = warehouse.connection().prepare(sql).doing(doing)?;
    let ids = statement.query_map([], |row| row.get(0));
    ids.doing(doing)?.collect::<Result<_, _>>().doing(doing)
}

/// When the run started, if it is in the ledger.
pub(crate) fn started_at(
    warehouse: &Warehouse,
    run: &RunId,
) -> Result<Option<DateTime<Utc>>, Error> {
    let sql = "select started_at from meta.runs where run_id = ?";
    let found: Option<NaiveDateTime> = warehouse
        .connection()
        .query_row(sql, [run.as_str()], |row| row.get(0))
        .optional()
        .doing("look for the run")?;
    Ok(found.map(|at| at.and_utc()))
}

/// Notes that a stage begins.
pub(crate) fn enter(warehouse: &Warehouse, run: &RunId, stage: &str) -> Result<(), Error> {
    let sql = "update meta.runs set stage = ? where run_id = ?";
    warehouse
        .connection()
        .execute(sql, params![stage, run.as_str()])
        .doing("note the stage")
        .map(|_| ())
}

/// The latest run that exported its rows.
pub(crate) fn latest(warehouse: &Warehouse) -> Result<Option<Run>, Error> {
    let found = warehouse.connection().query_row(sql::LATEST_EXPORTED_RUN, [], read_run);
    found.optional().doing("look for the latest run")
}

/// The latest run that sent a file.
pub(crate) fn latest_with_files(warehouse: &Warehouse) -> Result<Option<Run>, Error> {
    let found = warehouse.connection().query_row(sql::LATEST_RUN_WITH_FILES, [], read_run);
    found.optional().doing("look for the latest run with files")
}

fn read_run(row: &duckdb::Row<'_>) -> duckdb::Result<Run> {
    Ok(Run { id: row.get(0)?, started_at: row.get::<_, NaiveDateTime>(1)?.and_utc() })
}

/// Whether the run exported its rows itself. What a run left behind that was refused or gave way to another is exported by a
/// later one, and nothing of it is the earlier one's merit.
pub(crate) fn is_exported(warehouse: &Warehouse, run: &RunId) -> Result<bool, Error> {
    let sql = sql::IS_EXPORTED;
    warehouse.connection().query_row(sql, [run.as_str()], |row| row.get(0)).doing("look up the run")
}

/// Why a run that is in the ledger has nothing of its own to go on with, as the end of "it …".
pub(crate) fn why_not_shipped(
    warehouse: &Warehouse,
    run: &RunId,
    only_ships: bool,
) -> Result<Option<&'static str>, Error> {
    let sql = "select status, exported_at is not null from meta.runs where run_id = ?";
    let (status, is_shipped): (Option<RunStatus>, bool) = warehouse
        .connection()
        .query_row(sql, [run.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .doing("look up the run")?;
    Ok(match (status, is_shipped) {
        (Some(RunStatus::Refused), true) => {
            Some("was refused by the quality gate; a later run shipped what was left of it")
        }
        (Some(RunStatus::Superseded), true) => {
            Some("gave way to a run of another source, which shipped what was left of it")
        }
        (Some(RunStatus::Refused), false) if only_ships => Some("was refused by the quality gate"),
        (_, false) if only_ships => Some("has not come that far"),
        _ => None,
    })
}

/// What a run was asked for and could not read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    /// Playlists for which Spotify had no usable answer.
    pub(crate) count: u32,
    /// Why, of the first of them; of none, why the list of playlists may have named too few.
    pub(crate) reason: Option<String>,
    /// What Spotify put off.
    pub(crate) put_off: Option<PutOff>,
}

/// What Spotify put off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PutOff {
    /// By its names.
    pub(crate) what: String,
    /// When the first of it may be asked for.
    pub(crate) until: DateTime<Utc>,
}

/// Notes that everything the run asks for is landed, but for what it could not read, and which lists it looked at.
pub(crate) fn fetched(
    warehouse: &mut Warehouse,
    run: &RunId,
    unread: &Unread,
    looked_at: &[&str],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Unread { count, reason, put_off } = unread;
    let what = put_off.as_ref().map(|it| &it.what);
    let until = put_off.as_ref().map(|it| sql_timestamp(it.until));
    let (now, lists) = (sql_timestamp(now), list(looked_at));
    warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        connection
            .execute(sql::END_FETCH, params![now, count, reason, what, until, run.as_str()])
            .doing("note the end of the fetch")?;
        let doing = "note what was looked at";
        for sql in [sql::RENEW_LOOKS, sql::NOTE_LOOKS] {
            connection.execute(sql, params![lists, run.as_str(), now]).doing(doing)?;
        }
        Ok(())
    })
}

/// What the run could not read, whichever process tried.
pub(crate) fn unread(warehouse: &Warehouse, run: &RunId) -> Result<Unread, Error> {
    let sql = sql::UNREAD;
    let found = warehouse.connection().query_row(sql, [run.as_str()], |row| {
        let until: Option<NaiveDateTime> = row.get(3)?;
        let what = row.get::<_, Option<String>>(2)?.zip(until);
        let put_off = what.map(|(what, until)| PutOff { what, until: until.and_utc() });
        Ok(Unread { count: row.get(0)?, reason: row.get(1)?, put_off })
    });
    found.doing("look up what was not read")
}

/// Notes that nothing could be read, and that the next run begins anew: perhaps by then it can.
pub(crate) fn give_up(warehouse: &Warehouse, run: &RunId) -> Result<(), Error> {
    let sql = "update meta.runs set is_over = true where run_id = ?";
    warehouse.connection().execute(sql, [run.as_str()]).doing("end the run").map(|_| ())
}

/// What the run is still reading; `None` where it read everything, or nothing at all.
pub(crate) fn being_fetched(warehouse: &Warehouse, run: &RunId) -> Result<Option<String>, Error> {
    let sql = sql::BEING_FETCHED;
    let found = warehouse.connection().query_row(sql, [run.as_str()], |row| row.get(0));
    found.optional().doing("look up the run's fetch")
}

/// Whether the run landed anything that it read.
pub(crate) fn has_read(warehouse: &Warehouse, run: &RunId) -> Result<bool, Error> {
    let sql = "select count(*) > 0 from meta.reads where run_id = ?";
    warehouse.connection().query_row(sql, [run.as_str()], |row| row.get(0)).doing("look up the run")
}

/// Whether the run ships every row, and not only what changed.
pub(crate) fn is_full(warehouse: &Warehouse, run: &RunId) -> Result<bool, Error> {
    let sql = "select coalesce(is_full, false) from meta.runs where run_id = ?";
    warehouse.connection().query_row(sql, [run.as_str()], |row| row.get(0)).doing("look up the run")
}

/// Whether anything was read from another source, and not from nobody.
pub(crate) fn has_read_other(warehouse: &Warehouse, source: &str) -> Result<bool, Error> {
    let sql = sql::HAS_READ_OTHER;
    let found = warehouse.connection().query_row(sql, [source, NOBODY], |row| row.get(0));
    found.doing("look for rows of other sources")
}

/// What was counted when the run was exported.
pub(crate) fn counts_of(warehouse: &Warehouse, run: &RunId) -> Result<Vec<TableCount>, Error> {
    let sql = sql::TABLE_COUNTS_OF_RUN;
    let doing = "look up the table counts";
    let mut statement = warehouse.connection().prepare(sql).doing(doing)?;
    let rows = statement.query_map([run.as_str()], |row| {
        Ok(TableCount {
            table: row.get(0)?,
            row_count: row.get(1)?,
            changed_row_count: row.get(2)?,
        })
    });
    rows.doing(doing)?.collect::<Result<_, _>>().doing(doing)
}

/// What a run wrote into the local lake.
pub(crate) struct Written<'a> {
    /// Its files, and which run it was.
    pub(crate) manifest: &'a Manifest,
    /// The manifest as a file; none where there is nothing to vouch for.
    pub(crate) manifest_file: Option<&'a WrittenFile>,
    /// The raw documents, where they were asked for.
    pub(crate) archive: Option<&'a WrittenFile>,
    /// What each table held.
    pub(crate) counts: &'a [TableCount],
}

/// Notes in one transaction what was exported, and that the lake lacks nothing.
pub(crate) fn exported(
    warehouse: &mut Warehouse,
    written: &Written<'_>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Written { manifest, manifest_file, archive, counts } = *written;
    let run_id = &manifest.run_id;
    let now = sql_timestamp(now);
    warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        connection
            .execute(sql::NOTE_FILES, params![run_id, now, list(&manifest.files)])
            .doing("note the files")?;
        connection
            .execute(sql::NOTE_TABLE_COUNTS, params![run_id, now, list(counts)])
            .doing("note the table counts")?;
        manifest_file.map_or(Ok(()), |file| written::manifest_written(warehouse, run_id, file))?;
        archive.map_or(Ok(()), |file| written::archive_written(warehouse, run_id, file))?;
        connection.execute(sql::NOTE_EXPORT, [&now]).doing("note the export")?;
        consumers::acknowledge(warehouse, Consumer::Lake)
    })
}

/// How a run ended.
pub(crate) struct End<'a> {
    /// What the ledger calls it.
    pub(crate) status: RunStatus,
    /// The run's report, as JSON.
    pub(crate) report: &'a str,
    /// When it was concluded.
    pub(crate) at: DateTime<Utc>,
}

impl End<'_> {
    /// Ends the run.
    pub(crate) fn finish(&self, warehouse: &Warehouse, run: &RunId) -> Result<(), Error> {
        self.note(warehouse, run, sql::END_RUN)
    }

    /// Notes what a verification of the run proved: what is over stays so, with the report of who did it.
    pub(crate) fn prove(&self, warehouse: &Warehouse, run: &RunId) -> Result<(), Error> {
        self.note(warehouse, run, sql::PROVE_RUN)
    }

    fn note(&self, warehouse: &Warehouse, run: &RunId, sql: &str) -> Result<(), Error> {
        let values = params![self.status.name(), self.report, sql_timestamp(self.at), run.as_str()];
        warehouse.connection().execute(sql, values).doing("note how the run ended").map(|_| ())
    }
}

/// What Spotify gave of genres, to all runs.
pub(crate) struct GenresGiven {
    /// How many artists were asked for.
    pub(crate) artist_count: u64,
    /// How many genres came.
    pub(crate) genre_count: u64,
}

/// Counts them.
pub(crate) fn genres_given(warehouse: &Warehouse) -> Result<GenresGiven, Error> {
    let read = |row: &duckdb::Row<'_>| {
        Ok(GenresGiven { artist_count: row.get(0)?, genre_count: row.get(1)? })
    };
    let found = warehouse.connection().query_row(sql::ASKED_DETAILS, [], read);
    found.doing("look for what Spotify did not give")
}

/// Whether any run wrote a file.
pub(crate) fn knows_files(warehouse: &Warehouse) -> Result<bool, Error> {
    let sql = "select exists (from meta.files)";
    warehouse.connection().query_row(sql, [], |row| row.get(0)).doing("look for files")
}

/// How many runs of this source shipped something.
pub(crate) fn exported_run_count(warehouse: &Warehouse, source: &str) -> Result<u64, Error> {
    let sql = "select count(*) from meta.runs where source = ? and exported_at is not null";
    warehouse.connection().query_row(sql, [source], |row| row.get(0)).doing("count runs")
}
