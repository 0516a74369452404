//! What is outstanding: every file that the ledger does not know to have arrived, this run's and earlier ones'.
//!
//! The ledger is written before and after each step of a file, so a process killed between two calls forgets none: what was
//! uploaded is skipped, what was submitted is known to its pipe (by path, for 14 days) or to the table (`COPY INTO`, for 64).

use super::error::Error;
use super::{Run, lost, notes};
use crate::config::Account;
use crate::ledger::{self, Asked, ShippedFile};
use crate::status::FileState;

/// The files that a run takes along, by key: it reports what became of them, however it ends.
pub(crate) struct Outstanding {
    keys: Vec<String>,
}

impl Outstanding {
    /// Takes up what this run is to bring on its way, or to ask about.
    pub(crate) fn take(run: &mut Run<'_>) -> Result<Self, Error> {
        lost::supersede(run)?;
        let warehouse = &run.warehouse;
        let mut shipments = match (run.only_verifies(), &run.settings.run) {
            (true, Some(run)) => ledger::shipments::asked(warehouse, &Asked::Run(run))?,
            (true, None) if run.settings.shipping.asks_all => {
                ledger::shipments::asked(warehouse, &Asked::Everything)?
            }
            (true, None) => ledger::shipments::asked(warehouse, &Asked::Latest)?,
            (false, _) => {
                let place = run.account.map(Account::place);
                ledger::shipments::outstanding(warehouse, place.as_deref())?
            }
        };
        if let Some(run) = &run.settings.run {
            shipments.retain(|shipment| shipment.run.id == *run);
        }
        if ledger::runs::is_full(warehouse, run.id())? && !run.only_verifies() {
            run.findings.notes.extend(notes::open(&shipments, run.id()));
        }
        run.findings.shipments = shipments;
        // Without an account, what is in the bucket has arrived.
        let ends_in_bucket = run.config.snowflake.account.is_none();
        let files = run.findings.shipments.iter().flat_map(|shipment| &shipment.files);
        let is_left = |it: &&ShippedFile| !ends_in_bucket || it.state != FileState::Uploaded;
        let mut keys: Vec<String> = files.filter(is_left).map(|it| it.file.key.clone()).collect();
        keys.extend(lost::keys(&run.warehouse)?);
        Ok(Self { keys })
    }

    /// Looks up how far the files are now, also when something failed on the way, and says what is still wrong with them.
    pub(crate) fn conclude(
        self,
        run: &mut Run<'_>,
        shipped: Result<(), Error>,
    ) -> Result<(), Error> {
        run.findings.shipments = ledger::shipments::with_keys(&run.warehouse, &self.keys)?;
        shipped?;
        if let Some(error) = run.findings.held_up.take() {
            return Err(error.into());
        }
        lost::require_none(&run.warehouse, run.settings.run.as_ref())
    }
}
