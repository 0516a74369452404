//! Everything goes: objects, landing rows, and at last the ledger that knows of them.

use std::collections::{BTreeMap, BTreeSet};

use super::beyond::{erase_published, erase_report, left_of_report};
use super::erase;
use super::error::Error;
use super::places::{Places, remove_file, remove_folder};
use super::plan::{Plan, PlannedFile};
use super::rights;
use super::stream;
use super::{Forgotten, Scope, search};
use crate::ids::{RunId, Table};
use crate::ledger::{forgets, streams};
use crate::run::features;
use crate::state::State;
use crate::warehouse::{Theirs, Touched, Warehouse};

/// What goes where everything does.
pub(super) async fn plan(warehouse: &Warehouse, places: &Places<'_>) -> Result<Plan, Error> {
    let mut tables = BTreeMap::new();
    for table in Table::ALL {
        tables.insert(table, Touched { gone: warehouse.row_count(table)?, changed: 0 });
    }
    let held = forgets::held_files(warehouse)?;
    let with_files: BTreeSet<Table> = held.iter().map(|file| file.table).collect();
    let missing = rights::missing(places, &with_files).await?;
    let of_file = |it: forgets::HeldFile| PlannedFile { table: it.table, key: it.key, kept: None };
    let archives = forgets::archives(warehouse)?.into_iter().map(|it| it.key).collect();
    let files = held.into_iter().map(of_file).collect();
    Ok(Plan { theirs: Theirs::default(), name: None, tables, files, archives, missing })
}

/// Deletes it, this machine last, and returns what is left and what no search reaches.
pub(super) async fn erase(
    mut warehouse: Warehouse,
    state: Option<&mut State>,
    places: &Places<'_>,
    plan: Plan,
) -> Result<Forgotten, Error> {
    let (scope, now) = (Scope::Everything, places.now());
    let id = RunId::new(now, fastrand::u128(..));
    forgets::begin(&mut warehouse, &id, scope.name(), &Theirs::default(), now)?;
    if stream::is_reached(&warehouse, places)? {
        streams::keep_everything(&mut warehouse, id.as_str())?;
        stream::tell(&mut warehouse, places).await?;
    }
    let mut keys: BTreeMap<Table, Vec<String>> = BTreeMap::new();
    for file in &plan.files {
        keys.entry(file.table).or_default().push(file.key.clone());
    }
    let mut left = Vec::new();
    if let Some(bucket) = places.bucket() {
        for prefix in places.prefixes() {
            for version in bucket.versions(&prefix).await? {
                places.check_stop()?;
                bucket.delete_version(&version.key, &version.version_id).await?;
            }
            let found = bucket.versions(&prefix).await?;
            left.extend(found.into_iter().map(|it| format!("object `{}`", it.key)));
        }
    }
    erase::landing_rows(places, &keys).await?;
    erase_published(places).await?;
    erase_report(places).await?;
    left.extend(left_of_report(places).await?);
    let beyond_reach = search::beyond_reach(&warehouse, places, &scope, &Theirs::default()).await?;
    erase::rest_of_this_machine(places, &scope)?;
    let data_dir = &places.job.config.data_dir;
    features::remove(&warehouse, places.job.config)?;
    remove_folder(&data_dir.lake())?;
    for file in [data_dir.published(), data_dir.published().with_extension("duckdb.wal")] {
        remove_file(&file)?;
    }
    if let Some(state) = state.filter(|_| left.is_empty()) {
        left.extend(Box::pin(state.erase_everything()).await?);
    }
    if !left.is_empty() {
        return Ok(Forgotten { plan, is_done: false, left, beyond_reach });
    }
    drop(warehouse);
    remove_file(&data_dir.state())?;
    remove_folder(&data_dir.temp())?;
    // The file that knows what there was goes last.
    let work = data_dir.warehouse();
    for file in [
        work.with_extension("pages"),
        work.with_extension("duckdb.new"),
        work.with_extension("duckdb.wal"),
        work.clone(),
    ] {
        remove_file(&file)?;
    }
    Ok(Forgotten { plan, is_done: true, left, beyond_reach })
}
