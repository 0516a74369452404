//! What Snowflake says of files: what the landing table holds, what pipes report, what the copy history lists.
//!
//! In: results of `verify/*.sql` and of `COPY INTO`. Out: [`Evidence`], each piece of which may be missing, with the reason. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::pipe_health::PipeHealth;
use crate::lake::ExportedFile;
use crate::phrase::counted;
use crate::snowflake::api::{Cell, Error, FileReport, LoadStatus, Row, Rows, object_key};

/// What was asked for, or why it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer<T> {
    /// Snowflake's answer.
    Given(T),
    /// Why there is none, as a clause: "the warehouse could not be reached".
    Unknown(String),
}

/// Everything Snowflake says of one table's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// Paths that `insertFiles` said its pipe knows already.
    pub skipped_paths: Vec<String>,
    /// Paths that `insertFiles` said its pipe's pattern does not match.
    pub unmatched_paths: Vec<String>,
    /// Keys of files that were submitted so long ago that no pipe remembers them.
    pub forgotten_keys: BTreeSet<String>,
    /// Keys of files that were not submitted.
    pub unsubmitted_keys: BTreeSet<String>,
    /// Of files whose submission was never answered, or may be forgotten, by key, why: unless something says that Snowflake has them,
    /// they are as good as not submitted.
    pub unheard: BTreeMap<String, &'static str>,
    /// What was found of files earlier, by key: reports and histories end, and nothing heals or is unproven by that.
    pub found_before: BTreeMap<String, Found>,
    /// What the comparison of the whole table found, by the keys of files that were settled before it: of them their own count says nothing.
    pub found_in_table: BTreeMap<String, String>,
    /// The landing table's full name, for statements to paste.
    pub landing_table: String,
    /// Keys of files that S3's events should have announced long ago, and what to do about each.
    pub unannounced: BTreeMap<String, String>,
    /// What its pipe reported, or the answer of a `COPY INTO`.
    pub reports: Answer<Vec<FileReport>>,
    /// What the copy history holds.
    pub history: Answer<Vec<FileReport>>,
    /// What the table holds.
    pub landed: Answer<Vec<Landed>>,
    /// Whether the table could not be asked again since: what pipes and histories say may be younger.
    pub is_landed_old: bool,
    /// Whether the table was asked a second time about what differs, and gave no answer: once is not enough to call it wrong.
    pub is_unconfirmed: bool,
    /// How its pipe is.
    pub pipe: Answer<PipeHealth>,
    /// Of files whose pipe does not exist, or loads nothing, by key, what is said of that.
    pub absent_pipes: BTreeMap<String, PipeHealth>,
}

/// What an earlier verification found of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// Every row was in, as it was sent.
    Verified(DateTime<Utc>),
    /// Snowflake refused it, for this reason.
    Failed(String),
    /// What is in is not what was sent, for this reason.
    Mismatch(String),
}

impl Default for Evidence {
    /// Nothing was asked.
    fn default() -> Self {
        let unknown = || "it was not asked for".to_owned();
        Self {
            skipped_paths: Vec::new(),
            unmatched_paths: Vec::new(),
            forgotten_keys: BTreeSet::new(),
            unsubmitted_keys: BTreeSet::new(),
            unheard: BTreeMap::new(),
            found_before: BTreeMap::new(),
            found_in_table: BTreeMap::new(),
            landing_table: String::new(),
            unannounced: BTreeMap::new(),
            reports: Answer::Unknown(unknown()),
            history: Answer::Unknown(unknown()),
            landed: Answer::Unknown(unknown()),
            is_landed_old: false,
            is_unconfirmed: false,
            pipe: Answer::Unknown(unknown()),
            absent_pipes: BTreeMap::new(),
        }
    }
}

impl Evidence {
    /// Whether the table has answered, and after everything else.
    pub(crate) const fn is_landed_known(&self) -> bool {
        matches!(self.landed, Answer::Given(_)) && !self.is_landed_old
    }
}

/// What a landing table holds of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Landed {
    /// The file's key.
    pub key: String,
    /// Rows.
    pub row_count: u64,
    /// Different rows of the file; fewer than rows where it was loaded twice.
    pub distinct_row_count: u64,
    /// Rows beside the hash of what they hold: a sum does not see that two hashes were exchanged.
    pub right_hash_count: u64,
    /// Rows that name a run and a time that were sent in the file.
    pub right_origin_count: u64,
    /// Sum of the hashes that were sent, as decimal text.
    pub row_hash_sum: String,
    /// Sum of the hashes that Snowflake computed of what it holds, as decimal text.
    pub content_hash_sum: String,
}

impl Landed {
    /// Reads the answer to [`Names::landed`](crate::snowflake::objects::Names::landed). One row, without a name, is about all files: where it is
    /// missing, or the others do not add up to it, nothing was answered.
    ///
    /// # Errors
    /// Where the result has other columns than the query, or is not whole.
    pub(crate) fn read(rows: &Rows) -> Result<Vec<Self>, Error> {
        let read = |row: Row<'_>| {
            Ok::<_, Error>(Self {
                key: text(row, "FILE_NAME")?.unwrap_or_default(),
                row_count: row.cell("ROW_COUNT")?.u64()?,
                distinct_row_count: row.cell("DISTINCT_ROW_COUNT")?.u64()?,
                right_hash_count: row.cell("RIGHT_HASH_COUNT")?.u64()?,
                right_origin_count: row.cell("RIGHT_ORIGIN_COUNT")?.u64()?,
                row_hash_sum: row.cell("ROW_HASH_SUM")?.decimal()?,
                content_hash_sum: row.cell("CONTENT_HASH_SUM")?.decimal()?,
            })
        };
        let all = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let (files, total): (Vec<Self>, Vec<Self>) =
            all.into_iter().partition(|landed| !landed.key.is_empty());
        let count = files.iter().map(|landed| u128::from(landed.row_count)).sum::<u128>();
        let keys: BTreeSet<&str> = files.iter().map(|landed| landed.key.as_str()).collect();
        let incomplete = |reason| Error::Incomplete { handle: rows.handle().to_owned(), reason };
        match total.as_slice() {
            _ if keys.len() < files.len() => Err(incomplete("it names a file twice".to_owned())),
            [total] if u128::from(total.row_count) == count => Ok(files),
            [total] => Err(incomplete(format!(
                "its files have {}, and all of them {}",
                counted(count, "row"),
                total.row_count
            ))),
            totals => Err(incomplete(format!(
                "it has {} rows about all files where one is wanted",
                totals.len()
            ))),
        }
    }
}

/// Reads the answer to [`Names::copy_history`](crate::snowflake::objects::Names::copy_history).
///
/// # Errors
/// Where the result has other columns than the query.
pub(crate) fn copy_history(rows: &Rows) -> Result<Vec<FileReport>, Error> {
    let read = |row: Row<'_>| {
        let status = LoadStatus::from(row.cell("STATUS")?.text()?);
        let loaded_at = text(row, "LOADED_AT")?;
        Ok(FileReport {
            path: row.cell("FILE_NAME")?.text()?.to_owned(),
            stage_location: text(row, "STAGE_LOCATION")?,
            received_at: None,
            inserted_at: loaded_at.as_deref().and_then(|at| at.parse().ok()),
            inserted_row_count: number(row, "ROW_COUNT")?,
            parsed_row_count: number(row, "ROW_PARSED")?,
            error_count: number(row, "ERROR_COUNT")?.unwrap_or_default(),
            first_error: text(row, "FIRST_ERROR_MESSAGE")?,
            first_error_line: number(row, "FIRST_ERROR_LINE_NUMBER")?,
            first_error_column: text(row, "FIRST_ERROR_COLUMN_NAME")?,
            system_error: None,
            is_complete: status != LoadStatus::InProgress,
            status,
        })
    };
    rows.iter().map(read).collect()
}

/// Reads the answer to [`Names::load`](crate::snowflake::objects::Names::load). A load that found nothing to do answers with a sentence instead of
/// rows, and is no report of any file.
///
/// # Errors
/// Where the result has other columns than `COPY INTO` documents.
pub(crate) fn copy_result(rows: &Rows) -> Result<Vec<FileReport>, Error> {
    if !rows.columns().iter().any(|column| column.name.eq_ignore_ascii_case("file")) {
        return Ok(Vec::new());
    }
    let read = |row: Row<'_>| {
        Ok(FileReport {
            path: row.cell("file")?.text()?.to_owned(),
            stage_location: None,
            received_at: None,
            inserted_at: None,
            inserted_row_count: number(row, "rows_loaded")?,
            parsed_row_count: number(row, "rows_parsed")?,
            error_count: number(row, "errors_seen")?.unwrap_or_default(),
            first_error: text(row, "first_error")?,
            first_error_line: number(row, "first_error_line")?,
            first_error_column: text(row, "first_error_column_name")?,
            system_error: None,
            is_complete: true,
            status: LoadStatus::from(row.cell("status")?.text()?),
        })
    };
    rows.iter().map(read).collect()
}

pub(crate) fn number(row: Row<'_>, name: &str) -> Result<Option<u64>, Error> {
    row.cell(name)?.not_null().map(Cell::u64).transpose()
}

pub(crate) fn text(row: Row<'_>, name: &str) -> Result<Option<String>, Error> {
    let cell = row.cell(name)?.not_null();
    cell.map(|cell| cell.text().map(str::to_owned)).transpose()
}

/// Whether a path that Snowflake prints means the object with this key. Reports and histories print it below the stage's
/// location or the pipe's, `LIST` as a URL, `METADATA$FILENAME` in full; the `/` between two halves can be on either side. A key
/// ends in a name that no other file has, so its end is enough.
pub(crate) fn is_of(key: &str, stage_location: Option<&str>, path: &str) -> bool {
    if stage_location.and_then(|location| object_key(location, path)).as_deref() == Some(key) {
        return true;
    }
    let path = match path.split_once("://") {
        Some((_, below)) => below.split_once('/').map_or("", |(_, key)| key),
        None => path,
    };
    let path = path.trim_start_matches('/');
    let is_end = key.strip_suffix(path).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    !path.is_empty() && is_end
}

/// A report's status, as far as it settles anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claimed {
    Unsettled,
    Failed,
    Partial,
    Loaded,
}

impl Claimed {
    pub(crate) fn by(report: &FileReport) -> Self {
        match &report.status {
            LoadStatus::Loaded => Self::Loaded,
            LoadStatus::Partial => Self::Partial,
            LoadStatus::Failed => Self::Failed,
            // The copy history's word for a file that ON_ERROR = SKIP_FILE left out.
            LoadStatus::Other(word) if word.to_ascii_lowercase().ends_with("skipped") => {
                Self::Failed
            }
            LoadStatus::InProgress | LoadStatus::Other(_) => Self::Unsettled,
        }
    }
}

/// What is said of a file: the last word that settles something, otherwise the last word.
pub(crate) fn claim_of<'a>(file: &ExportedFile, evidence: &'a Evidence) -> Option<&'a FileReport> {
    let given =
        [&evidence.reports, &evidence.history].into_iter().filter_map(|answer| match answer {
            Answer::Given(reports) => Some(reports),
            Answer::Unknown(_) => None,
        });
    given
        .flatten()
        .filter(|report| is_of(&file.key, report.stage_location.as_deref(), &report.path))
        .max_by_key(|report| {
            let is_settled = Claimed::by(report) != Claimed::Unsettled;
            (is_settled, report.inserted_at.max(report.received_at))
        })
}

/// How far it says that it is.
pub(crate) fn progress_of(claim: &FileReport) -> String {
    match &claim.status {
        LoadStatus::Other(word) => format!("Snowflake calls its state `{word}`"),
        _ => "it is being loaded".to_owned(),
    }
}

/// `refused with “…” (line 3, column `NAME`)`
pub(crate) fn error_of(claim: &FileReport) -> String {
    let said = claim.first_error.as_ref().or(claim.system_error.as_ref());
    let mut text = match said {
        Some(error) => {
            let error = crate::http::shortened(error.trim());
            format!("Snowflake refused it: {}", error.trim_end_matches('.'))
        }
        None => "Snowflake refused it and gives no reason".to_owned(),
    };
    let line = claim.first_error_line.map(|line| format!("line {line}"));
    let column = claim.first_error_column.as_ref().map(|column| format!("column {column}"));
    let count =
        (1 < claim.error_count).then(|| format!("the first of {} errors", claim.error_count));
    let place: Vec<_> = [line, column, count].into_iter().flatten().collect();
    if !place.is_empty() {
        text = format!("{text} ({})", place.join(", "));
    }
    text
}

/// Whether two decimal texts are the same sum; what is no number is like nothing.
pub(crate) fn is_same_sum(one: &str, other: &str) -> bool {
    let read = |text: &str| text.trim().parse::<u128>().ok();
    read(one).is_some_and(|one| Some(one) == read(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snowflake::api::Column;

    const KEY: &str = "p/raw/songs/year=2026/songs_1_R.parquet";

    #[test]
    fn a_path_is_recognised_in_every_form_that_snowflake_prints() {
        let forms = [
            (Some("s3://b/p/raw/songs/"), "year=2026/songs_1_R.parquet"),
            (Some("s3://b/p/raw/songs"), "/year=2026/songs_1_R.parquet"),
            (Some("s3://b/p/raw/songs"), "year=2026/songs_1_R.parquet"),
            (Some("s3://b/p/"), "raw/songs/year=2026/songs_1_R.parquet"),
            (Some("s3://b/"), "p/raw/songs/year=2026/songs_1_R.parquet"),
            (Some("s3://b/p/"), "year=2026/songs_1_R.parquet"), // Below the pipe's path, not the stage's.
            (None, "year=2026/songs_1_R.parquet"),
            (None, "/year=2026/songs_1_R.parquet"),
            (None, "p/raw/songs/year=2026/songs_1_R.parquet"),
            (None, "s3://b/p/raw/songs/year=2026/songs_1_R.parquet"),
        ];
        for (location, path) in forms {
            assert!(is_of(KEY, location, path), "{location:?} {path}");
        }
        let others = [
            (Some("s3://b/p/raw/songs/"), "year=2026/songs_1_S.parquet"),
            (None, "ongs_1_R.parquet"),
            (None, "x/songs_1_R.parquet"),
            (None, "q/p/raw/songs/year=2026/songs_1_R.parquet"),
            (None, ""),
            (None, "/"),
            (Some("s3://b"), ""),
            (None, "s3://b"),
        ];
        for (location, path) in others {
            assert!(!is_of(KEY, location, path), "{location:?} {path}");
        }
    }

    fn rows(columns: &[&str], row: &[Option<&str>]) -> Rows {
        let column = |name: &&str| Column { name: (*name).to_owned(), kind: "TEXT".to_owned() };
        Rows {
            columns: columns.iter().map(column).collect(),
            rows: vec![row.iter().map(|cell| cell.map(str::to_owned)).collect()],
            ..Rows::default()
        }
    }

    #[test]
    fn the_copy_history_is_read_with_what_it_leaves_open() {
        let columns = [
            "STAGE_LOCATION",
            "FILE_NAME",
            "STATUS",
            "ROW_COUNT",
            "ROW_PARSED",
            "ERROR_COUNT",
            "FIRST_ERROR_MESSAGE",
            "FIRST_ERROR_LINE_NUMBER",
            "FIRST_ERROR_COLUMN_NAME",
            "PIPE_NAME",
            "LOADED_AT",
        ];
        let failed = rows(
            &columns,
            &[
                Some("s3://b/p/"),
                Some("f"),
                Some("Load failed"),
                Some("0"),
                Some("12"),
                Some("2"),
                Some("bad"),
                Some("3"),
                Some("NAME"),
                None,
                Some("2026-01-05T06:07:08.123+00:00"),
            ],
        );
        let read = copy_history(&failed).unwrap().remove(0);
        assert_eq!((read.status, read.first_error_line), (LoadStatus::Failed, Some(3)));
        assert_eq!(read.inserted_at, Some("2026-01-05T06:07:08.123Z".parse().unwrap()));
        let mut open = [None; 11];
        (open[1], open[2]) = (Some("f"), Some("Load in progress"));
        let read = copy_history(&rows(&columns, &open)).unwrap().remove(0);
        assert_eq!((read.is_complete, read.parsed_row_count), (false, None));
        assert!(copy_history(&rows(&columns[1..], &open[1..])).is_err());
    }

    #[test]
    fn what_landed_is_an_answer_only_with_the_row_about_all_files() {
        let columns = [
            "FILE_NAME",
            "ROW_COUNT",
            "DISTINCT_ROW_COUNT",
            "RIGHT_HASH_COUNT",
            "RIGHT_ORIGIN_COUNT",
            "ROW_HASH_SUM",
            "CONTENT_HASH_SUM",
        ];
        let answer = |counts: &[(Option<&str>, &str)]| {
            let mut rows = rows(&columns, &[None; 7]);
            let row = |(key, count): &(Option<&str>, &str)| {
                let count = Some(*count);
                let cells = [*key, count, count, count, count, Some("7"), Some("7")];
                cells.map(|cell| cell.map(str::to_owned)).to_vec()
            };
            rows.rows = counts.iter().map(row).collect();
            Landed::read(&rows)
        };
        let keys = |counts: &[(Option<&str>, &str)]| {
            answer(counts).map(|it| it.into_iter().map(|landed| landed.key).collect::<Vec<_>>())
        };
        assert_eq!(keys(&[(Some("a"), "2"), (Some("b"), "1"), (None, "3")]).unwrap(), ["a", "b"]);
        assert_eq!(answer(&[(None, "0")]).unwrap(), []);
        for wrong in [
            &[][..],
            &[(Some("a"), "2")],
            &[(Some("a"), "2"), (None, "3")],
            &[(Some("a"), "1"), (Some("a"), "1"), (None, "2")],
            &[(None, "0"), (None, "0")],
        ] {
            let error = answer(wrong).unwrap_err();
            assert!(error.is_no_answer(), "{wrong:?}: {error}");
        }
    }

    #[test]
    fn a_copy_that_found_nothing_to_do_reports_no_file() {
        let said = rows(&["status"], &[Some("Copy executed with 0 files processed.")]);
        assert_eq!(copy_result(&said).unwrap(), []);
    }
}
