//! The other rows of files that go, in new files; and everything on this machine without who is forgotten. The ledger notes both in one
//! transaction: before it nothing has happened, after it nothing of theirs is in a table.

use std::collections::BTreeSet;

use super::Scope;
use super::error::Error;
use super::places::Places;
use super::plan::Plan;
use crate::event::Events;
use crate::ids::{Run, RunId, Table};
use crate::lake::{self, Manifest, Rewritten, manifest_key};
use crate::ledger;
use crate::ledger::forgets::{self, Rewrite};
use crate::status::RunStatus;
use crate::warehouse::{KeptFile, PublishedFile, TableCount, Warehouse};

/// Writes what stays of a plan, and takes the rest out of the tables.
pub(super) fn rewrite(
    warehouse: &mut Warehouse,
    places: &Places<'_>,
    scope: &Scope,
    plan: &Plan,
    events: Events<'_>,
) -> Result<(), Error> {
    let now = places.now();
    let fresh = RunId::new(now, fastrand::u128(..));
    forgets::begin(warehouse, &fresh, scope.name(), &plan.theirs, now)?;
    let first = forgets::first_rewrite(warehouse)?;
    let run = first.unwrap_or(Run { id: fresh, started_at: now });
    let settings = places.job.config.export_settings();
    let (mut files, mut origins) = (Vec::new(), BTreeSet::new());
    for table in Table::ALL {
        let of_table = plan.files.iter().filter(|file| file.table == table);
        let kept: Vec<KeptFile> = of_table.filter_map(|file| file.kept.clone()).collect();
        if kept.is_empty() {
            continue;
        }
        let what = Rewritten { run: &run, table, kept: &kept };
        let written = lake::rewrite(warehouse, what, &settings, events)?;
        if !written.is_empty() {
            origins.extend(warehouse.origins_in(table, &kept)?);
        }
        files.extend(written);
    }
    let status = match (files.is_empty(), places.bucket()) {
        (true, _) => RunStatus::Unchanged,
        (false, None) => RunStatus::Exported,
        (false, Some(_)) => RunStatus::Running,
    };
    let manifest = Manifest::new(&run, settings.format, files);
    let key = manifest_key(&settings.prefix, &run);
    let has_files = !manifest.files.is_empty();
    let written = has_files.then(|| manifest.write(&settings.lake, key)).transpose()?;
    let published = warehouse.purge_published(&places.job.config.data_dir.published())?;
    if let Some(file) = published {
        ledger::settings::set_setting(warehouse, PublishedFile::SETTING, &file.to_json())?;
    }
    let replaced: Vec<String> = plan.files.iter().map(|file| file.key.clone()).collect();
    let is_news = !replaced.is_empty() || plan.tables.values().any(|it| !it.is_nothing());
    warehouse.transaction(|warehouse| {
        warehouse.purge()?;
        if !is_news {
            return Ok(());
        }
        let counts = counts(warehouse)?;
        let rewrite = Rewrite {
            run: &run,
            files: &manifest.files,
            manifest: written.as_ref(),
            origins: &origins,
            replaced: &replaced,
            counts: &counts,
            status,
        };
        forgets::rewritten(warehouse, &rewrite, now).map_err(Error::from)
    })
}

fn counts(warehouse: &Warehouse) -> Result<Vec<TableCount>, Error> {
    let mut counts = Vec::new();
    for table in Table::ALL {
        let row_count = warehouse.row_count(table)?;
        counts.push(TableCount { table, row_count, changed_row_count: 0 });
    }
    Ok(counts)
}
