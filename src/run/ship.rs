//! The production half of a run: files to the lake's bucket, from there into Snowflake, and the proof that they arrived.
//!
//! Works on every file that the ledger does not know to be verified, this run's and earlier ones'. The ledger is written before
//! and after each step, so a process killed between two calls forgets no file: what was uploaded is skipped, what was submitted
//! is known to its pipe (by path, for 14 days) or to the table (`COPY INTO`, for 64).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::account::Target;
use super::error::Error;
use super::findings::Story;
use super::ingest::ingest;
use super::job::Edge;
use super::lost;
use super::verify::presence;
use super::verify::{Watched, watch};
use crate::config::Config;
use crate::event::Stage;
use crate::ids::Table;
use crate::lake::{ExportedFile, StaticKeys, StoreSettings, StoreTiming};
use crate::ledger;
use crate::ledger::{Asked, Parcel, Replacement};
use crate::snowflake;
use crate::snowflake::{Answer, Binding, Evidence, IngestMode, Statement, Verdict, Verification};
use crate::warehouse::Warehouse;

impl Story {
    /// Uploads, ingests and verifies what is outstanding, as far as it is configured and asked for.
    pub(crate) async fn ship(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
        target: Option<&Target>,
    ) -> Result<(), Error> {
        if edge.config.lake.bucket.is_none() {
            return Ok(());
        }
        lost::settle(edge, warehouse)?;
        self.parcels = match (edge.only_verifies(), &edge.settings.run) {
            (true, Some(run)) => ledger::files::asked(warehouse, &Asked::Run(run))?,
            (true, None) if edge.settings.shipping.asks_all => {
                ledger::files::asked(warehouse, &Asked::Everything)?
            }
            (true, None) => ledger::files::asked(warehouse, &Asked::Latest)?,
            (false, _) => {
                ledger::files::outstanding(warehouse, target.map(Target::place).as_deref())?
            }
        };
        if let Some(run) = &edge.settings.run {
            self.parcels.retain(|parcel| parcel.run_id == *run);
        }
        let mut keys = self.keys();
        // Without an account, what is in the bucket has arrived.
        if edge.config.snowflake.account.is_none() {
            let entries = self.parcels.iter().flat_map(|parcel| &parcel.entries);
            let arrived = entries.filter(|entry| entry.state == "uploaded");
            let arrived: BTreeSet<String> = arrived.map(|entry| entry.file.key.clone()).collect();
            keys.retain(|key| !arrived.contains(key));
        }
        keys.extend(lost::keys(warehouse)?);
        let result = self.ship_outstanding(edge, warehouse, target).await;
        // The report tells the states as they are now, also when something failed on the way.
        self.parcels = ledger::files::parcels_of(warehouse, &keys)?;
        result?;
        if let Some(error) = self.held_up.take() {
            return Err(error.into());
        }
        lost::require_none(warehouse, edge.settings.run.as_ref())
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
        let uploaded = match edge.only_verifies() {
            true => Vec::new(),
            false => self.upload(edge, warehouse).await?,
        };
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
            self.verify(edge, warehouse, target, evidence).await?;
        }
        Ok(())
    }

    /// Asks what became of the files, notes it, and keeps what the run's end is concluded from.
    async fn verify(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
        target: &Target,
        evidence: BTreeMap<Table, Evidence>,
    ) -> Result<(), Error> {
        // How old each submission is decides who is asked.
        let keys = self.keys();
        self.parcels = ledger::files::parcels_of(warehouse, &keys)?;
        for parcel in &mut self.parcels {
            parcel.entries.retain(|entry| entry.state != "superseded");
        }
        self.parcels.retain(|parcel| !parcel.entries.is_empty());
        if !self.parcels.is_empty() {
            self.enter(edge, warehouse, Stage::Verify)?;
            let watched = watch(edge, target, &self.parcels, evidence).await?;
            let Watched { verification, refusal } = watched;
            let replacements = self.replacements(warehouse, &verification)?;
            let noted = (target.place(), edge.now());
            ledger::files::judged(warehouse, &verification, &replacements, (&noted.0, noted.1))?;
            ledger::files::doubt(warehouse, &verification, edge.now())?;
            self.verification = Some(verification.without(&self.replaced(&replacements)));
            self.refusal = refusal;
            if edge.only_verifies() {
                self.missing = presence::missing(edge, target, &self.parcels).await?;
            }
        }
        self.reached = Stage::Verify;
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
            if !ledger::runs::is_full(warehouse, &parcel.run_id)? {
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
}

/// Whether Snowflake learns of files from the bucket's events, whatever this command does.
pub(crate) fn is_by_event(config: &Config) -> bool {
    config.snowflake.account.is_some()
        && config.snowflake.ingest.unwrap_or_default() == IngestMode::Auto
}

/// The lake's root folder.
pub(crate) fn lake(edge: Edge<'_>) -> PathBuf {
    edge.settings.data_dir.lake()
}

/// Which bucket, and who we are there.
pub(crate) fn store_settings(config: &Config, timing: StoreTiming) -> StoreSettings {
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
pub(crate) async fn run(
    edge: Edge<'_>,
    target: &Target,
    statement: Statement,
) -> Result<snowflake::Rows, Error> {
    let statement = Statement { query_tag: Some(edge.tag.to_owned()), ..statement };
    Ok(target.connection.run(&statement, edge.stop).await?)
}

/// A question whose answer may have to wait: what Snowflake cannot be asked now is unknown, not wrong.
pub(crate) async fn query(
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
pub(crate) fn bound(sql: String, value: String) -> Statement {
    Statement { bindings: vec![Binding::Text(value)], ..Statement::new(sql) }
}
