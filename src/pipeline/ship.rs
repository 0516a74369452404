//! The production half of a run: files to the lake's bucket, from there into Snowflake, and the proof that they arrived.
//!
//! Works on every file that the ledger does not know to be verified, this run's and earlier ones'. The ledger is written before
//! and after each step, so a process killed between two calls forgets no file: what was uploaded is skipped, what was submitted
//! is known to its pipe (by path, for 14 days) or to the table (`COPY INTO`, for 64).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::ingest::ingest;
use super::parcels::{self, Parcel, Replacement};
use super::settings::Edge;
use super::story::Story;
use super::target::Target;
use super::verify::{Watched, watch};
use super::{Error, ledger};
use crate::config::Config;
use crate::event::Stage;
use crate::ids::Table;
use crate::lake::{
    ExportedFile, Shipment, StaticKeys, Store, StoreSettings, StoreTiming, Uploaded, archive_key,
    upload,
};
use crate::snowflake::{
    self, Answer, Binding, IngestMode, Outcome, Statement, Verdict, Verification,
};
use crate::warehouse::Warehouse;

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
        let target = target.filter(|_| !edge.settings.shipping.no_ingest);
        let uploaded = self.upload(edge, warehouse).await?;
        self.reached = Stage::Upload;
        let Some(target) = target else { return Ok(()) };
        let mut evidence = BTreeMap::new();
        if edge.does(Stage::Ingest) {
            self.enter(edge, warehouse, Stage::Ingest)?;
            for table in Table::ALL {
                edge.check_stop()?;
                let files = (table, uploaded.as_slice(), self.parcels.as_slice());
                evidence.extend(
                    ingest(edge, warehouse, target, files).await?.map(|told| (table, told)),
                );
            }
            self.reached = Stage::Ingest;
        }
        if edge.does(Stage::Verify) {
            // How old each submission is decides who is asked.
            let keys = self.keys();
            self.parcels = parcels::parcels_of(warehouse, &keys)?;
            self.enter(edge, warehouse, Stage::Verify)?;
            let Watched { verification, refusal } =
                watch(edge, target, &self.parcels, evidence).await?;
            let replacements = self.replacements(warehouse, &verification)?;
            parcels::judged(warehouse, &verification, &replacements, edge.now())?;
            parcels::doubt(warehouse, &verification, edge.now())?;
            let verification = verification.without_pending(&self.replaced(&replacements));
            let (outcome, reason) = (verification.outcome, verification.reason.clone());
            let next_step = next_step(&verification);
            self.verification = Some(verification);
            // A refused answer must not hide what other answers say.
            match refusal {
                Some(error) if !matches!(outcome, Outcome::Mismatch | Outcome::Refused) => {
                    return Err(error);
                }
                Some(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "not everything could be asked of Snowflake");
                }
                None => {}
            }
            if outcome != Outcome::Verified {
                return Err(Error::Unverified { outcome, reason, next_step });
            }
            self.reached = Stage::Verify;
        }
        Ok(())
    }

    /// Where everything was shipped anew and arrived, whoever waited for it in the end.
    fn replacements(
        &self,
        warehouse: &Warehouse,
        verification: &Verification,
    ) -> Result<Vec<Replacement>, Error> {
        let verdicts: BTreeMap<&str, Verdict> =
            verification.files.iter().map(|file| (file.key.as_str(), file.verdict)).collect();
        let mut replacements = Vec::new();
        for parcel in &self.parcels {
            if !ledger::is_full(warehouse, &parcel.run_id)? {
                continue;
            }
            let mut arrived: BTreeMap<&str, bool> = BTreeMap::new();
            for file in parcel.files() {
                let is_in = verdicts.get(file.key.as_str()) == Some(&Verdict::Verified);
                *arrived.entry(&file.table).or_insert(true) &= is_in;
            }
            let tables = arrived.into_iter().filter(|(_, is_in)| *is_in);
            replacements.extend(tables.map(|(table, _)| Replacement {
                run: parcel.run_id.clone(),
                table: table.to_owned(),
            }));
        }
        Ok(replacements)
    }

    /// The keys of the older files that these settle.
    fn replaced(&self, replacements: &[Replacement]) -> BTreeSet<String> {
        let older = self.parcels.iter().flat_map(|parcel| {
            let is_replaced = |file: &&ExportedFile| {
                replacements.iter().any(|it| parcel.run_id < it.run && file.table == it.table)
            };
            parcel.files().filter(is_replaced)
        });
        older.map(|file| file.key.clone()).collect()
    }

    /// Brings every outstanding file into the bucket and returns the proof for those that no pipe has been told of.
    async fn upload(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
    ) -> Result<Vec<Uploaded>, Error> {
        let again = edge.submits_announced();
        let is_open = |parcel: &&Parcel| parcel.unsubmitted(again).next().is_some();
        let parcels: Vec<&Parcel> = self.parcels.iter().filter(is_open).collect();
        if parcels.is_empty() {
            return Ok(Vec::new());
        }
        self.enter(edge, warehouse, Stage::Upload)?;
        let store =
            Box::pin(Store::open(&store_settings(edge.config, edge.settings.shipping.store)))
                .await?;
        let mut all = Vec::new();
        for parcel in parcels {
            edge.check_stop()?;
            let files: Vec<ExportedFile> =
                parcel.unsubmitted(again).map(|entry| entry.file.clone()).collect();
            // A bucket that sends events tells the pipe of a file at once, also where this command goes no further.
            if is_by_event(edge.config) {
                parcels::announce(warehouse, &files, IngestMode::Auto, edge.now())?;
            }
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

/// Whether Snowflake learns of files from the bucket's events, whatever this command does.
fn is_by_event(config: &Config) -> bool {
    config.snowflake.account.is_some()
        && config.snowflake.ingest.unwrap_or_default() == IngestMode::Auto
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

/// Runs one statement, tagged with this program's name.
pub(super) async fn run(
    edge: Edge<'_>,
    target: &Target,
    statement: Statement,
) -> Result<snowflake::Rows, Error> {
    let statement = Statement { query_tag: Some(edge.tag.to_owned()), ..statement };
    Ok(target.connection.run(&statement, edge.stop.flag()).await?)
}

/// A question whose answer may have to wait: what Snowflake cannot be asked now is unknown, not wrong.
pub(super) async fn query(
    edge: Edge<'_>,
    target: &Target,
    statement: Statement,
) -> Result<Answer<snowflake::Rows>, Error> {
    match run(edge, target, statement).await {
        Ok(rows) => Ok(Answer::Given(rows)),
        Err(Error::Snowflake(error)) if error.is_transient() => {
            Ok(Answer::Unknown(error.to_string()))
        }
        Err(error) => Err(error),
    }
}

/// A statement with one bound text.
pub(super) fn bound(sql: String, value: String) -> Statement {
    Statement { bindings: vec![Binding::Text(value)], ..Statement::new(sql) }
}
