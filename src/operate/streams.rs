//! The stream between runs: what it lacks is sent, and what it was sent is read back and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::{Config, ConnectError};
use crate::event::{Sink, Teller};
use crate::ids::Table;
use crate::ledger::{self, streams};
use crate::run::{
    Error, HeldLedger, Job, Sender, Sending, Settings, StreamWish, give_back, hold_to_read,
    hold_with_state, send_to_stream,
};
use crate::state::State;
use crate::stop::Stop;
use crate::stream::{self, PlacedRange, ReadEvent, Reading, Stream, StreamSettings, event_id};
use crate::warehouse::{BatchProof, FoundEvent, Warehouse};

/// Sends what the stream lacks.
///
/// # Errors
/// Those of the ledger and its place; what the stream says is in [`Sending::trouble`].
pub(crate) async fn send_changes(
    config: &Config,
    settings: &Settings,
    wish: StreamWish,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<Sending, Error> {
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let job = Job { config, settings, events: &events, stop };
    let stream = required(config)?;
    let mut state = None;
    let sent = match hold_with_state(&job, "stream", &mut state).await {
        Ok(held) => Box::pin(send_and_save(held, &stream, wish, &job, &mut state)).await,
        Err(error) => Err(error),
    };
    // It was the one who took the state from us who asked us to stop.
    let fenced = state.as_ref().and_then(State::is_fenced);
    give_back(state).await;
    fenced.map_or(sent, |error| Err(error.into()))
}

fn required(config: &Config) -> Result<StreamSettings, Error> {
    let why = "there is no stream";
    let missing = ConnectError::NotConfigured { what: "SNOWTRACK_STREAM", why };
    let settings = config.stream_settings().ok_or(missing)?;
    settings.address.require_known()?;
    Ok(settings)
}

async fn send_and_save(
    held: HeldLedger,
    stream: &StreamSettings,
    wish: StreamWish,
    job: &Job<'_>,
    state: &mut Option<State>,
) -> Result<Sending, Error> {
    let HeldLedger { lock: _lock, mut warehouse } = held;
    let Job { config, settings, stop, .. } = *job;
    let run_id = ledger::run_ids(&warehouse)?.into_iter().next().unwrap_or_default();
    let sender = Sender { settings: stream, run_id: &run_id, clock: settings.clock, stop };
    let sent = send_to_stream(&mut warehouse, sender, wish).await;
    ledger::status_file::write(&config.data_dir, &warehouse, None, (settings.clock)());
    if let Some(state) = state.as_mut() {
        Box::pin(state.save(&mut warehouse)).await?;
    }
    sent
}

/// What was compared with what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StreamVerdict {
    /// Nothing was sent, and so nothing compared.
    Skipped,
    /// Everything that was sent is there, as it was sent.
    Verified,
    /// The stream's retention took some of it, so that nobody can say.
    Expired,
    /// The stream could not be asked.
    Pending,
    /// What is there is not what was sent.
    Mismatch,
}

impl StreamVerdict {
    /// As reports write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Verified => "verified",
            Self::Expired => "expired",
            Self::Pending => "pending",
            Self::Mismatch => "mismatch",
        }
    }
}

/// The verdict on a table's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableProof {
    /// The table.
    pub(crate) table: Table,
    /// The verdict.
    pub(crate) verdict: StreamVerdict,
    /// Events that were acknowledged.
    pub(crate) event_count: u64,
    /// Different ones among them that were read.
    pub(crate) found_count: u64,
    /// Those that the stream dropped because it holds newer versions of their keys.
    pub(crate) compacted_count: u64,
    /// The keys that differ, a hundred at most.
    pub(crate) differing_keys: Vec<String>,
    /// Why it is so, in words.
    pub(crate) reason: String,
}

/// The verdict on a stream.
pub(crate) struct StreamProof {
    /// The worst of its tables'.
    pub(crate) verdict: StreamVerdict,
    /// In words.
    pub(crate) reason: String,
    /// Table by table.
    pub(crate) tables: Vec<TableProof>,
    /// What kept it from being asked.
    pub(crate) trouble: Option<stream::Error>,
}

/// Reads what the stream acknowledged, and compares it with what it was sent.
///
/// # Errors
/// Those of the ledger; a stream that does not answer is a verdict.
pub(crate) async fn verify_stream(
    config: &Config,
    settings: &Settings,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<StreamProof, Error> {
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let job = Job { config, settings, events: &events, stop };
    let stream = required(config)?;
    let HeldLedger { lock: _lock, warehouse } = hold_to_read(&job, "verify --stream").await?;
    let Some(known) = streams::known(&warehouse)? else {
        return Ok(StreamProof::nothing());
    };
    let ranges = streams::ranges(&warehouse)?;
    if ranges.is_empty() {
        return Ok(StreamProof::nothing());
    }
    let read = async {
        let opened = Stream::open(&stream, stop).await?;
        let found = opened.identity();
        if found != known.identity {
            let (address, known) = (stream.address.to_string(), known.identity);
            return Err(stream::Error::Other { address, found, known }.into());
        }
        take(&warehouse, &opened, &ranges, &job).await
    };
    match read.await {
        Ok(reading) => judge(&warehouse, &ranges, &reading),
        Err(Error::Stream(error)) if error.ending() == crate::event::Ending::Later => {
            Ok(StreamProof::unknown(*error))
        }
        Err(error) => Err(error),
    }
}

/// Events that are taken together.
const MOST_EVENTS: usize = 10_000;

async fn take(
    warehouse: &Warehouse,
    stream: &Stream,
    ranges: &[PlacedRange],
    job: &Job<'_>,
) -> Result<Reading, Error> {
    warehouse.begin_found()?;
    let mut waiting = Vec::new();
    let mut each = |event: ReadEvent| -> Result<(), Error> {
        waiting.push(found_event(event));
        if MOST_EVENTS <= waiting.len() {
            warehouse.take_found(&std::mem::take(&mut waiting))?;
        }
        Ok(())
    };
    let now = (job.settings.clock)();
    let reading = stream.read(ranges, now, job.stop, &mut each).await?;
    warehouse.take_found(&waiting)?;
    Ok(reading)
}

/// An event with what follows from itself.
fn found_event(event: ReadEvent) -> FoundEvent {
    let ReadEvent { batch, table, key, value, event_id: told, run_id } = event;
    let hash = |value: &String| {
        let value: serde_json::Value = serde_json::from_str(value).ok()?;
        value["row_hash"].as_str().map(str::to_owned)
    };
    let row_hash = value.as_ref().and_then(hash);
    let hash_of_id = row_hash.as_deref().unwrap_or_default();
    let is_told_right = told == event_id(table, &key, &run_id, hash_of_id);
    // What is no JSON any more has no column that could be right.
    let is_json = |value: &String| serde_json::from_str::<serde_json::Value>(value).is_ok();
    let value = value.map(|value| if is_json(&value) { value } else { "{}".to_owned() });
    FoundEvent { batch, event_id: told, key, value, row_hash, is_told_right }
}

fn judge(
    warehouse: &Warehouse,
    ranges: &[PlacedRange],
    reading: &Reading,
) -> Result<StreamProof, Error> {
    let with_events: BTreeSet<Table> = ranges.iter().map(|range| range.table).collect();
    let mut tables = Vec::new();
    for table in with_events {
        tables.push(judge_table(warehouse, table, reading)?);
    }
    let verdict = tables.iter().map(|it| it.verdict).max().unwrap_or(StreamVerdict::Verified);
    let reasons: BTreeMap<&str, Vec<String>> =
        tables.iter().filter(|it| it.verdict == verdict).fold(BTreeMap::new(), |mut all, it| {
            all.entry(it.reason.as_str()).or_default().push(it.table.to_string());
            all
        });
    let reason = match verdict {
        StreamVerdict::Verified => {
            let count: u64 = tables.iter().map(|it| it.event_count).sum();
            format!("{count} events are in the stream as they were sent")
        }
        _ => reasons
            .iter()
            .map(|(reason, tables)| format!("{}: {reason}", tables.join(", ")))
            .collect::<Vec<_>>()
            .join("; "),
    };
    Ok(StreamProof { verdict, reason, tables, trouble: None })
}

fn judge_table(
    warehouse: &Warehouse,
    table: Table,
    reading: &Reading,
) -> Result<TableProof, Error> {
    let proofs = warehouse.prove_batches(table)?;
    let is_compacted = reading.compacted.contains(&table);
    // What the stream dropped because it has newer versions is as it must be, and no sum is known of the rest.
    let is_whole = |proof: &BatchProof| {
        let missing = proof.event_count.saturating_sub(proof.found_count);
        let may_lack = is_compacted && 0 < missing && missing <= proof.superseded_count;
        (proof.found_count == proof.event_count && proof.has_same_sum) || may_lack
    };
    let is_expired = |proof: &BatchProof| reading.expired.contains(&proof.batch);
    let (expired, asked): (Vec<_>, Vec<_>) = proofs.iter().partition(|proof| is_expired(proof));
    let batches: Vec<i64> = asked.iter().map(|proof| proof.batch).collect();
    let differing_keys = warehouse.differing_keys(table, &batches)?;
    let wrong: Vec<&&BatchProof> = asked.iter().filter(|proof| !is_whole(proof)).collect();
    let event_count = proofs.iter().map(|proof| proof.event_count).sum();
    let found_count = proofs.iter().map(|proof| proof.found_count).sum();
    let lacks = |proof: &&BatchProof| proof.event_count.saturating_sub(proof.found_count);
    let compacted_count = asked.iter().filter(|proof| is_whole(proof)).map(lacks).sum();
    let (verdict, reason) = if !wrong.is_empty() || !differing_keys.is_empty() {
        let missing: u64 = wrong.iter().map(|proof| lacks(proof)).sum();
        let reason = match (missing, differing_keys.is_empty()) {
            (0, true) => "what is there is not what was sent".to_owned(),
            (0, false) => format!("these keys differ: {}", named(&differing_keys)),
            (count, true) => format!("{count} event(s) are missing"),
            (count, false) => {
                format!(
                    "{count} event(s) are missing; these keys differ: {}",
                    named(&differing_keys)
                )
            }
        };
        (StreamVerdict::Mismatch, reason)
    } else if !expired.is_empty() {
        let reason = "the stream's retention took some of what was sent, so that nobody can say";
        (StreamVerdict::Expired, reason.to_owned())
    } else {
        (StreamVerdict::Verified, "as it was sent".to_owned())
    };
    Ok(TableProof {
        table,
        verdict,
        event_count,
        found_count,
        compacted_count,
        differing_keys,
        reason,
    })
}

/// A few keys, in words.
fn named(keys: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = keys.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match keys.len().checked_sub(SHOWN).filter(|more| 0 < *more) {
        Some(more) => format!("{shown} and {more} more"),
        None => shown,
    }
}

impl StreamProof {
    fn nothing() -> Self {
        Self {
            verdict: StreamVerdict::Skipped,
            reason: "the stream was sent nothing yet".to_owned(),
            tables: Vec::new(),
            trouble: None,
        }
    }

    fn unknown(error: stream::Error) -> Self {
        Self {
            verdict: StreamVerdict::Pending,
            reason: error.to_string(),
            tables: Vec::new(),
            trouble: Some(error),
        }
    }
}
