//! The search for what is left: in every version of every object, in the landing tables, in the pages of the DuckDB files, in
//! recordings. And what no search of ours reaches.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::Days;
use serde_json::json;

use super::Scope;
use super::beyond::{left_in_published, left_of_report, other_machines, told_elsewhere};
use super::error::Error;
use super::places::{Places, kept_file};
use super::stream;
use crate::config::Account;
use crate::ids::Table;
use crate::lake::{Format, ObjectVersion, Redaction, holds_any, redact_archive};
use crate::ledger::forgets;
use crate::phrase::{counted, either};
use crate::run::features;
use crate::snowflake::Rows;
use crate::warehouse::{OwnerColumn, Theirs, Warehouse, forgotten_by};

/// How long Snowflake keeps what no Time Travel reaches any more, and who can get at it is Snowflake's support alone.
///
/// <https://docs.snowflake.com/en/user-guide/data-failsafe>
const FAIL_SAFE: Days = Days::new(7);

/// Everything that is still there, place by place, in words.
pub(super) async fn left(
    warehouse: &Warehouse,
    places: &Places<'_>,
    theirs: &Theirs,
    pages: &[PathBuf],
) -> Result<Vec<String>, Error> {
    let mut left = Vec::new();
    // The tables of the search, which another connection may have made before.
    warehouse.whose(theirs)?;
    left.extend(in_bucket(warehouse, places, theirs).await?);
    left.extend(in_landing_tables(warehouse, places, theirs).await?);
    left.extend(in_local_lake(warehouse, places, theirs)?);
    left.extend(in_features(warehouse, places)?);
    left.extend(left_in_published(places, theirs).await?);
    left.extend(left_of_report(places).await?);
    left.extend(stream::left(warehouse)?);
    // Their pages are packed, so these texts are searched as what they are.
    match warehouse.naming_count()? {
        0 => {}
        count => left.push(format!("{} of the warehouse", counted(count, "landed document"))),
    }
    for path in pages.iter().filter(|path| path.exists()) {
        if holds_any(path, theirs)? {
            left.push(format!("`{}`", path.display()));
        }
    }
    Ok(left)
}

/// Objects of the lake. What is known to hold nothing of theirs, because it was looked into, is not fetched again.
async fn in_bucket(
    warehouse: &Warehouse,
    places: &Places<'_>,
    theirs: &Theirs,
) -> Result<Vec<String>, Error> {
    let Some(bucket) = places.bucket() else { return Ok(Vec::new()) };
    let known: BTreeSet<String> =
        forgets::held_files(warehouse)?.into_iter().map(|file| file.key).collect();
    let mut erased = BTreeSet::new();
    for table in Table::ALL {
        erased.extend(forgets::erased_files(warehouse, table)?);
    }
    let mut left = Vec::new();
    for prefix in places.prefixes() {
        for version in bucket.versions(&prefix).await? {
            let ObjectVersion { key, version_id, is_marker, is_latest } = &version;
            let is_left = match (erased.contains(key), *is_marker) {
                (true, _) => true,
                (false, true) => false,
                (false, false) if *is_latest && known.contains(key) => false,
                (false, false) => {
                    let path = places.fetched(key, Some(version_id)).await?;
                    match path {
                        Some(path) => is_of_theirs(warehouse, places, theirs, key, &path)?,
                        None => false,
                    }
                }
            };
            if is_left {
                left.push(format!("object `{key}`, version `{version_id}`"));
            }
        }
    }
    Ok(left)
}

/// Whether a file of the lake, whatever it is, holds anything of theirs.
fn is_of_theirs(
    warehouse: &Warehouse,
    places: &Places<'_>,
    theirs: &Theirs,
    key: &str,
    path: &Path,
) -> Result<bool, Error> {
    let folder = key.strip_prefix(&places.prefixes()[0]).and_then(|rest| rest.split('/').next());
    if let (Some(folder), Some(_)) = (folder, Format::of_key(key))
        && let Ok(table) = folder.parse::<Table>()
        && let Ok(touched) = warehouse.touched_in_file(table, &kept_file(key, path.to_owned()))
    {
        return Ok(!touched.is_nothing());
    }
    if key.ends_with(".zst") {
        let next = places.aside().join("archive");
        return Ok(redact_archive(path, &next, theirs)? != Redaction::Clean);
    }
    // What is packed is read as what it is.
    if key.ends_with(".parquet")
        && let Ok(count) = warehouse.naming_count_in_parquet(path)
    {
        return Ok(0 < count);
    }
    Ok(holds_any(path, theirs)?)
}

/// Files of the local lake that the ledger does not know, or that are to be gone.
fn in_local_lake(
    warehouse: &Warehouse,
    places: &Places<'_>,
    theirs: &Theirs,
) -> Result<Vec<String>, Error> {
    let lake = places.lake();
    let known: BTreeSet<String> =
        forgets::held_files(warehouse)?.into_iter().map(|file| file.key).collect();
    let mut left = Vec::new();
    for path in files_below(&lake) {
        let key = path.strip_prefix(&lake).unwrap_or(&path).to_string_lossy().into_owned();
        if !known.contains(&key) && is_of_theirs(warehouse, places, theirs, &key, &path)? {
            left.push(format!("`{}`", path.display()));
        }
    }
    Ok(left)
}

/// Files of features, wherever somebody had them written on this machine.
fn in_features(warehouse: &Warehouse, places: &Places<'_>) -> Result<Vec<String>, Error> {
    let mut left = Vec::new();
    for path in features::files(warehouse, places.job.config)? {
        if 0 < warehouse.naming_count_in_parquet(&path)? {
            left.push(format!("`{}`", path.display()));
        }
    }
    Ok(left)
}

/// Every regular file below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files
}

/// Rows of theirs, or of files that are gone.
async fn in_landing_tables(
    warehouse: &Warehouse,
    places: &Places<'_>,
    theirs: &Theirs,
) -> Result<Vec<String>, Error> {
    let Some(account) = &places.account else { return Ok(Vec::new()) };
    let held: BTreeSet<Table> =
        forgets::held_files(warehouse)?.into_iter().map(|file| file.table).collect();
    let mut left = Vec::new();
    for table in Table::ALL {
        let keys = forgets::erased_files(warehouse, table)?;
        if keys.is_empty() && !held.contains(&table) {
            continue;
        }
        let mut count = 0;
        if let Some(OwnerColumn { name: column, kind }) = forgotten_by(table, "gone") {
            let sql = account.names.left_rows(table, column);
            let bindings = vec![json!(keys).to_string(), theirs.json_of(kind)];
            count += left_count(&places.ask(account, sql, bindings).await?)?;
        }
        if let Some(OwnerColumn { name: column, kind }) = forgotten_by(table, "nulled") {
            let sql = account.names.left_in_column(table, column);
            count += left_count(&places.ask(account, sql, vec![theirs.json_of(kind)]).await?)?;
        }
        if 0 < count {
            left.push(format!("{} of `{}`", counted(count, "row"), account.names.table(table)));
        }
    }
    Ok(left)
}

fn left_count(rows: &Rows) -> Result<u64, crate::snowflake::Error> {
    rows.only()?.cell("LEFT_COUNT")?.u64()
}

/// What no search of ours reaches, in words.
pub(super) async fn beyond_reach(
    warehouse: &Warehouse,
    places: &Places<'_>,
    scope: &Scope,
    theirs: &Theirs,
) -> Result<Vec<String>, Error> {
    let mut beyond = Vec::new();
    if let Some(account) = &places.account {
        beyond.push(time_travel(places, account).await?);
        let (database, core) = (&account.names.database, &account.names.core_schema);
        let lag = places.job.config.snowflake.target_lag.to_string();
        beyond.push(format!(
            "the dynamic tables of `{database}.{core}` follow the landing tables within {lag}, and keep a Time Travel and Fail-safe of their own; what dbt made in `{database}.{}` follows with its next build",
            account.names.marts_schema
        ));
    }
    beyond.extend(stream::beyond(warehouse, places).await?);
    for folder in forgets::recordings(warehouse)? {
        let named = files_below(&folder);
        let mut naming = Vec::new();
        for path in named {
            let is_archive = path.extension().is_some_and(|ending| ending == "zst");
            let next = places.aside().join("archive");
            let is_theirs = match is_archive {
                true => redact_archive(&path, &next, theirs).is_ok_and(|it| it != Redaction::Clean),
                false => holds_any(&path, theirs)?,
            };
            if is_theirs {
                naming.push(path);
            }
        }
        if let Some(first) = naming.first() {
            beyond.push(format!(
                "{} below `{}` {} them, `{}` for one: delete what does there, or `--from-dir` reads it again",
                counted(naming.len() as u64, "recorded document"),
                folder.display(),
                either(naming.len() as u64, "names", "name"),
                first.display()
            ));
        }
    }
    if matches!(scope, Scope::User | Scope::Everything)
        && places.job.config.spotify.refresh_token.is_some()
    {
        beyond.push(
            "the login in `SPOTIFY_REFRESH_TOKEN`: take it out of the configuration, and the app out of the Spotify account's apps".to_owned(),
        );
    }
    beyond.extend(other_machines(places.job.config));
    beyond.push(told_elsewhere());
    beyond.push(
        "copies that others made: clones and exports of the tables, replicas and backups of the bucket or of this machine, folders of `fetch --record`".to_owned(),
    );
    Ok(beyond)
}

/// Until when Snowflake itself keeps what was deleted.
async fn time_travel(places: &Places<'_>, account: &Account) -> Result<String, Error> {
    let rows = places.ask(account, account.names.retention(), Vec::new()).await?;
    let mut days = 1;
    for row in rows.iter() {
        let name = row.cell("name")?.text()?.to_ascii_lowercase();
        if name.parse::<Table>().is_ok()
            && let Ok(kept) = row.cell("retention_time").and_then(|cell| cell.text())
            && let Ok(kept) = kept.parse::<u64>()
        {
            days = days.max(kept);
        }
    }
    let day = |more: Days| {
        let end = (places.now() + Days::new(days) + more).date_naive();
        end.format("%Y-%m-%d").to_string()
    };
    Ok(format!(
        "Snowflake's Time Travel keeps deleted rows until {}, and its Fail-safe, which Snowflake's support alone can reach, until {}",
        day(Days::new(0)),
        day(FAIL_SAFE)
    ))
}
