//! A run as `status` shows it.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::titles;
use crate::status::RunStatus;
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse};

/// A run as `status` shows it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct RunSummary {
    /// The run.
    pub run_id: String,
    /// What it read.
    pub source: String,
    /// The same by its names.
    #[serde(default)]
    pub title: String,
    /// As the ledger has it: one that is stopped and to be continued is `running`.
    pub status: RunStatus,
    /// The status as it is while nobody holds the data directory: then a run that did not end is `stopped`.
    pub state: RunStatus,
    /// What stopped it, where it had the time to say so.
    pub error: Option<String>,
    /// How many of its files are not in Snowflake as they were sent.
    #[serde(default)]
    pub wrong_file_count: u64,
    /// When one of its files was last proven to be there.
    #[serde(default)]
    pub verified_at: Option<DateTime<Utc>>,
    /// The run that mended its last wrong file, or `snowflake` where that was done there.
    #[serde(default)]
    pub mended_by: Option<String>,
    /// What was wrong with files when it ended, without what was to be done about it: its own, or earlier ones where it had none to send.
    #[serde(default)]
    pub failure: Option<String>,
    /// What Spotify put off.
    #[serde(default)]
    pub put_off: Option<String>,
    /// When the first of it may be asked for.
    #[serde(default)]
    pub put_off_until: Option<DateTime<Utc>>,
    /// The last stage it began.
    pub stage: Option<String>,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Rounds without news that it stands for, itself among them.
    #[serde(default = "one")]
    pub(crate) round_count: u64,
    /// When the first of them began; `None`: it stands for itself.
    #[serde(default)]
    pub(crate) quiet_since: Option<DateTime<Utc>>,
    /// Playlists that it looked at, as far as it came.
    #[serde(default)]
    pub playlist_count: Option<u64>,
    /// Rows that it ships; `None`: it did not come that far.
    #[serde(default)]
    pub row_count: Option<u64>,
    /// Calls to Spotify, once it ended.
    #[serde(default)]
    pub call_count: Option<u64>,
    /// Checks that warned.
    #[serde(default)]
    pub warning_count: Option<u64>,
    /// What it failed with, where it is well by now.
    #[serde(default)]
    pub failed_with: Option<String>,
}

/// Of a run that stands for itself.
const fn one() -> u64 {
    1
}

/// The latest runs, newest first. Whoever asks holds the data directory's lock, so none of them is at work.
///
/// # Errors
/// [`Error::Statement`].
pub(crate) fn latest_runs(warehouse: &Warehouse, count: u32) -> Result<Vec<RunSummary>, Error> {
    let doing = "list the runs";
    let mut statement = warehouse.connection().prepare(sql::LATEST_RUNS).doing(doing)?;
    let runs = statement.query_map([count], |row| {
        Ok(RunSummary {
            run_id: row.get(0)?,
            source: row.get(1)?,
            title: String::new(),
            status: row.get(2)?,
            state: row.get(3)?,
            error: row.get(4)?,
            wrong_file_count: row.get(8)?,
            verified_at: row.get::<_, Option<NaiveDateTime>>(9)?.map(|at| at.and_utc()),
            mended_by: row.get(10)?,
            put_off: row.get(11)?,
            put_off_until: row.get::<_, Option<NaiveDateTime>>(12)?.map(|at| at.and_utc()),
            failure: row.get(15)?,
            stage: row.get(5)?,
            started_at: row.get::<_, NaiveDateTime>(6)?.and_utc(),
            finished_at: row.get::<_, Option<NaiveDateTime>>(7)?.map(|at| at.and_utc()),
            round_count: row.get(13)?,
            quiet_since: row.get::<_, Option<NaiveDateTime>>(14)?.map(|at| at.and_utc()),
            playlist_count: row.get(16)?,
            row_count: row.get(17)?,
            call_count: row.get(18)?,
            warning_count: row.get(19)?,
            failed_with: row.get(20)?,
        })
    });
    let mut runs: Vec<RunSummary> = runs.doing(doing)?.collect::<Result<_, _>>().doing(doing)?;
    let names = titles::names_in(warehouse, runs.iter().map(|run| run.source.as_str()))?;
    runs.iter_mut().for_each(|run| run.title = titles::title(&run.source, &names));
    Ok(runs)
}
