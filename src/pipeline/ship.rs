//! The production half of a run: files to the lake's bucket, from there into Snowflake, and the proof that they arrived.
//!
//! Works on every file that the ledger does not know to be verified, this run's and earlier ones'. The ledger is written before
//! and after each step, so a process killed between two calls forgets no file: what was uploaded is skipped, what was submitted
//! is known to its pipe (by path, for 14 days) or to the table (`COPY INTO`, for 64).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::parcels::{self, Parcel};
use super::settings::Edge;
use super::story::Story;
use super::target::Target;
use super::{Error, verify};
use crate::config::Config;
use crate::event::{Event, Stage};
use crate::ids::Table;
use crate::lake::{
    ExportedFile, Format, Shipment, StaticKeys, Store, StoreSettings, StoreTiming, Uploaded,
    archive_key, upload,
};
use crate::snowflake::{
    self, Answer, Binding, Evidence, IngestMode, Outcome, StagedFile, Statement, Verdict,
    Verification, copy_result,
};
use crate::warehouse::Warehouse;

/// Files of one `COPY INTO`.
const COPY_FILES: usize = 1_000;

impl Story {
    /// Uploads, ingests and verifies what is outstanding, as far as it is configured and asked for.
    pub(super) async fn ship(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
        target: Option<&Target>,
    ) -> Result<(), Error> {
        if edge.config.lake.bucket.is_none() {
            return Ok(());
        }
        self.parcels = parcels::outstanding(warehouse)?;
        if let Some(run) = &edge.settings.run {
            self.parcels.retain(|parcel| parcel.run_id == *run);
        }
        let keys = self.keys();
        let result = self.ship_outstanding(edge, warehouse, target).await;
        // The report tells the states as they are now, also when something failed on the way.
        self.parcels = parcels::parcels_of(warehouse, &keys)?;
        result
    }

    fn keys(&self) -> Vec<String> {
        self.parcels.iter().flat_map(Parcel::files).map(|file| file.key.clone()).collect()
    }

    async fn ship_outstanding(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
        target: Option<&Target>,
    ) -> Result<(), Error> {
        let uploaded = self.upload(edge, warehouse).await?;
        self.reached = Stage::Upload;
        let Some(target) = target.filter(|_| !edge.settings.shipping.no_ingest) else {
            return Ok(());
        };
        let mut evidence = BTreeMap::new();
        if edge.does(Stage::Ingest) {
            self.enter(warehouse, Stage::Ingest, edge.events)?;
            require_format(target.format, &uploaded)?;
            for table in Table::ALL {
                edge.check_stop()?;
                let files = of_table(&uploaded, table);
                if !files.is_empty() {
                    evidence.insert(table, ingest(edge, warehouse, target, (table, &files)).await?);
                }
            }
            self.reached = Stage::Ingest;
        }
        if edge.does(Stage::Verify) {
            // How old each submission is decides who is asked.
            let keys = self.keys();
            self.parcels = parcels::parcels_of(warehouse, &keys)?;
            self.enter(warehouse, Stage::Verify, edge.events)?;
            let verification =
                verify::watch(edge, target, (&self.parcels, self.run.as_str()), evidence).await?;
            parcels::judged(warehouse, &verification, edge.now())?;
            self.supersede(edge, warehouse, &verification)?;
            let (outcome, reason) = (verification.outcome, verification.reason.clone());
            let next_step = next_step(&verification);
            self.verification = Some(verification);
            if outcome != Outcome::Verified {
                return Err(Error::Unverified { outcome, reason, next_step });
            }
            self.reached = Stage::Verify;
        }
        Ok(())
    }

    /// Where everything was shipped anew and arrived, older files that failed are settled by it.
    fn supersede(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
        verification: &Verification,
    ) -> Result<(), Error> {
        if !edge.settings.full {
            return Ok(());
        }
        let own = self.parcels.iter().filter(|parcel| parcel.run_id == self.run);
        let own: BTreeSet<&str> =
            own.flat_map(Parcel::files).map(|file| file.key.as_str()).collect();
        let mut arrived: BTreeMap<&str, bool> = BTreeMap::new();
        for file in verification.files.iter().filter(|file| own.contains(file.key.as_str())) {
            *arrived.entry(&file.table).or_insert(true) &= file.verdict == Verdict::Verified;
        }
        let tables: Vec<&str> =
            arrived.into_iter().filter(|(_, is_in)| *is_in).map(|(table, _)| table).collect();
        Ok(parcels::supersede(warehouse, (&self.run, &tables), edge.now())?)
    }

    /// Brings every outstanding file into the bucket and returns the proof for those that no pipe has been told of.
    async fn upload(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
    ) -> Result<Vec<Uploaded>, Error> {
        let parcels: Vec<&Parcel> =
            self.parcels.iter().filter(|parcel| parcel.unsubmitted().next().is_some()).collect();
        if parcels.is_empty() {
            return Ok(Vec::new());
        }
        self.enter(warehouse, Stage::Upload, edge.events)?;
        let store =
            Box::pin(Store::open(&store_settings(edge.config, edge.settings.shipping.store)))
                .await?;
        let mut all = Vec::new();
        for parcel in parcels {
            edge.check_stop()?;
            let files: Vec<ExportedFile> = parcel.unsubmitted().cloned().collect();
            // Written beside the files, where the run was asked for it.
            let archive_key =
                archive_key(&super::run::prefix(edge.config), &parcel.run_id, parcel.started_at);
            let archive_key = lake(edge).join(&archive_key).exists().then_some(archive_key);
            let shipment = Shipment {
                lake: &lake(edge),
                files: &files,
                archive_key: archive_key.as_deref(),
                manifest_key: &parcel.manifest_key,
            };
            // Boxed: the SDK's futures are so deep that the compiler gives up on a run's.
            let uploaded =
                Box::pin(upload(&store, &shipment, edge.events, edge.stop.flag())).await?;
            parcels::advance(warehouse, uploaded.files(), ("exported", "uploaded"), edge.now())?;
            all.push(uploaded);
        }
        Ok(all)
    }
}

/// What to do about the worst file.
fn next_step(verification: &Verification) -> String {
    let worst = verification.files.iter().rev().max_by_key(|file| file.verdict);
    worst.map(|file| file.next_step.clone()).unwrap_or_default()
}

/// The lake's root folder.
pub(super) fn lake(edge: Edge<'_>) -> PathBuf {
    edge.settings.data_dir.join("lake")
}

/// Which bucket, and who we are there.
pub(super) fn store_settings(config: &Config, timing: StoreTiming) -> StoreSettings {
    let lake = &config.lake;
    let aws = lake.aws.as_ref();
    StoreSettings {
        bucket: lake.bucket.clone(),
        region: aws.and_then(|aws| aws.region.clone()),
        keys: aws.filter(|aws| !aws.access_key_id.is_empty()).map(|aws| StaticKeys {
            access_key_id: aws.access_key_id.clone(),
            secret_access_key: aws.secret_access_key.clone(),
        }),
        endpoint: None,
        timing,
    }
}

/// A pipe takes one format, and a file in the other one would be lost in it.
fn require_format(format: Format, uploaded: &[Uploaded]) -> Result<(), Error> {
    let ending = match format {
        Format::Parquet => ".parquet",
        Format::Csv => ".csv.gz",
    };
    let mut files = uploaded.iter().flat_map(|uploaded| uploaded.files());
    match files.find(|file| !file.key.ends_with(ending)) {
        Some(file) => Err(Error::OtherFormat { key: file.key.clone(), format: format.name() }),
        None => Ok(()),
    }
}

fn of_table(uploaded: &[Uploaded], table: Table) -> Vec<ExportedFile> {
    let files = uploaded.iter().flat_map(|uploaded| uploaded.files());
    files.filter(|file| file.table == table.name()).cloned().collect()
}

/// Tells Snowflake of a table's files, which only an [`Uploaded`] gives, and returns what it answered.
async fn ingest(
    edge: Edge<'_>,
    warehouse: &mut Warehouse,
    target: &Target,
    (table, files): (Table, &[ExportedFile]),
) -> Result<Evidence, Error> {
    let mut evidence = Evidence::default();
    let paths = files
        .iter()
        .map(|file| {
            let path = below_the_pipe(&target.prefix, table, &file.key);
            path.ok_or_else(|| Error::OtherPrefix {
                key: file.key.clone(),
                prefix: target.prefix.clone(),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    match (target.mode, target.names.pipe(table, target.format, target.mode)) {
        (IngestMode::Rest, Some(pipe)) => {
            let staged: Vec<StagedFile> = paths
                .into_iter()
                .zip(files)
                .map(|(path, file)| StagedFile { path, size_bytes: file.size_bytes })
                .collect();
            // Noted before the call: whoever finds it knows that the pipe may have been told already.
            parcels::advance(warehouse, files, ("uploaded", "submitting"), edge.now())?;
            let accepted = target.connection.insert_files(&pipe, &staged, edge.stop.flag()).await?;
            evidence.skipped_paths = accepted.skipped_paths;
            evidence.unmatched_paths = accepted.unmatched_paths;
        }
        (IngestMode::Copy, _) => {
            parcels::advance(warehouse, files, ("uploaded", "submitting"), edge.now())?;
            let mut reports = Vec::new();
            for chunk in paths.chunks(COPY_FILES) {
                let sql = target.names.load(table, target.format, chunk);
                let rows = run(edge, target, Statement::new(sql)).await?;
                reports.extend(copy_result(&rows)?);
            }
            evidence.reports = Answer::Given(reports);
        }
        // S3's events tell the pipe.
        (IngestMode::Auto | IngestMode::Rest, _) => {
            parcels::advance(warehouse, files, ("uploaded", "submitting"), edge.now())?;
        }
    }
    parcels::advance(warehouse, files, ("submitting", "accepted"), edge.now())?;
    (edge.events)(Event::Submitted { table, file_count: files.len() });
    Ok(evidence)
}

/// Runs one statement, tagged with this program's name.
pub(super) async fn run(
    edge: Edge<'_>,
    target: &Target,
    statement: Statement,
) -> Result<snowflake::Rows, Error> {
    let statement = Statement { query_tag: Some(edge.tag.to_owned()), ..statement };
    Ok(target.connection.run(&statement, edge.stop.flag()).await?)
}

/// A statement with one bound text.
pub(super) fn bound(sql: String, value: String) -> Statement {
    Statement { bindings: vec![Binding::Text(value)], ..Statement::new(sql) }
}

/// The path that `insertFiles` wants: relative to the location that the pipe copies from.
fn below_the_pipe(prefix: &str, table: Table, key: &str) -> Option<String> {
    key.strip_prefix(prefix)?.strip_prefix(&format!("raw/{table}/")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_told_the_path_below_its_own_location() {
        let key = "spotify-data/raw/songs/year=2026/month=01/day=05/songs_x.parquet";
        let path = |prefix, table| below_the_pipe(prefix, table, key);
        assert_eq!(
            path("spotify-data/", Table::Songs).as_deref(),
            Some("year=2026/month=01/day=05/songs_x.parquet")
        );
        assert_eq!(path("other/", Table::Songs), None);
        assert_eq!(path("spotify-data/", Table::SongArtists), None);
    }
}
