//! The stream: it is sent a tombstone for each row that is forgotten, and each row that stays as it is now. What it keeps of older
//! versions is its own to end.

use std::time::Duration;

use super::error::Error;
use super::places::Places;
use crate::ids::Table;
use crate::ledger::{self, streams};
use crate::run::{self, Sender, Sending, StreamWish, send_to_stream};
use crate::stream::{Stream, StreamSettings};
use crate::warehouse::Warehouse;

/// Whether rows were sent to a stream that is configured still.
pub(super) fn is_reached(warehouse: &Warehouse, places: &Places<'_>) -> Result<bool, Error> {
    let is_configured = places.job.config.stream_settings().is_some();
    Ok(is_configured && streams::known(warehouse)?.is_some())
}

/// Sends what it lacks, so that nothing is under way when rows go; a stream that does not answer, or is another one, is found before
/// anything is deleted.
pub(super) async fn catch_up(warehouse: &mut Warehouse, places: &Places<'_>) -> Result<(), Error> {
    if !is_reached(warehouse, places)? {
        return Ok(());
    }
    let Some(settings) = places.job.config.stream_settings() else { return Ok(()) };
    run::require_stream(warehouse, &settings, places.job.stop).await?;
    send(warehouse, places, StreamWish::default()).await
}

/// Sends the tombstones, and the rows that stay without something.
pub(super) async fn tell(warehouse: &mut Warehouse, places: &Places<'_>) -> Result<(), Error> {
    send(warehouse, places, StreamWish { looks_at_all: true, ..StreamWish::default() }).await?;
    if streams::known(warehouse)?.is_some() {
        streams::lose_forgotten(warehouse)?;
    }
    Ok(())
}

async fn send(
    warehouse: &mut Warehouse,
    places: &Places<'_>,
    wish: StreamWish,
) -> Result<(), Error> {
    if !is_reached(warehouse, places)? {
        return Ok(());
    }
    let Some(settings) = places.job.config.stream_settings() else { return Ok(()) };
    let run_id = ledger::run_ids(warehouse)?.into_iter().next().unwrap_or_default();
    let (clock, stop) = (places.job.settings.clock, places.job.stop);
    let sender = Sender { settings: &settings, run_id: &run_id, clock, stop };
    let Sending { trouble, .. } = Box::pin(send_to_stream(warehouse, sender, wish)).await?;
    trouble.map_or(Ok(()), |error| Err(run::Error::from(error).into()))
}

/// What the ledger still notes of rows that went, in words.
pub(super) fn left(warehouse: &Warehouse) -> Result<Vec<String>, Error> {
    let mut left = Vec::new();
    for table in Table::ALL {
        match warehouse.left_in_stream_rows(table)? {
            0 => {}
            count => left.push(format!("{count} row(s) of `{table}` in what the stream was sent")),
        }
    }
    if streams::has_forgotten(warehouse)? {
        left.push("keys whose tombstones the stream has not taken".to_owned());
    }
    Ok(left)
}

/// What the stream keeps, in words.
pub(super) async fn beyond(
    warehouse: &Warehouse,
    places: &Places<'_>,
) -> Result<Option<String>, Error> {
    let Some(known) = streams::known(warehouse)? else { return Ok(None) };
    let Some(settings) = places.job.config.stream_settings() else {
        return Ok(Some(format!(
            "the stream `{}` was sent rows and is not configured any more (`SNOWTRACK_STREAM`), so it gets no tombstones: set it again, or delete its topics there",
            known.address
        )));
    };
    let timeout = settings.timeout.min(Duration::from_secs(3));
    let opened = Stream::open(&StreamSettings { timeout, ..settings }, places.job.stop).await;
    Ok(Some(match opened {
        Ok(stream) => stream.retention(),
        Err(_) => format!(
            "the stream `{}` keeps older versions of what it was sent until its retention ends",
            known.address
        ),
    }))
}
