//! Reads back what lies in some ranges, shard by shard.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aws_sdk_kinesis::types::{Record, ShardIteratorType};
use chrono::{DateTime, TimeDelta, Utc};

use super::envelope::Envelope;
use super::{Failure, Kinesis};
use crate::retry::pause;
use crate::stop::Stop;
use crate::stream::error::Error;
use crate::stream::range::{Part, PlacedRange, ReadEvent, Spot, part_at};

/// What one call gave.
struct Page {
    records: Vec<Record>,
    next: Option<String>,
    is_at_the_end: bool,
}

impl Kinesis {
    /// Reads each shard from the first range in it to the last, and returns the batches that are older than the retention, or than all
    /// that their shard still has.
    pub(in crate::stream) async fn read<E: From<Error>>(
        &self,
        ranges: &[PlacedRange],
        now: DateTime<Utc>,
        stop: &Stop,
        each: &mut dyn FnMut(ReadEvent) -> Result<(), E>,
    ) -> Result<BTreeSet<i64>, E> {
        let retention = TimeDelta::hours(i64::from(self.retention_hours));
        let is_expired = |range: &&PlacedRange| range.acknowledged_at + retention <= now;
        let mut expired: BTreeSet<i64> =
            ranges.iter().filter(is_expired).map(|range| range.batch).collect();
        let mut shards: BTreeMap<&str, Vec<Part>> = BTreeMap::new();
        for range in ranges.iter().filter(|range| !is_expired(range)) {
            shards.entry(&range.range.partition).or_default().push(range.part());
        }
        for (shard, mut parts) in shards {
            parts.sort_unstable();
            let Some(first) = parts.first() else { continue };
            let begin = match self.read_shard(shard, &parts, stop, each).await? {
                Some(met) if met <= first.first => continue,
                // What lies before all that the shard still has was taken by its retention, which may have been shorter meanwhile.
                _ => self.horizon(shard, stop).await?,
            };
            let is_taken = |part: &&Part| begin.as_ref().is_none_or(|begin| part.first < *begin);
            expired.extend(parts.iter().filter(is_taken).map(|part| part.batch));
        }
        Ok(expired)
    }

    /// Reads a shard, and returns where the first record lies that it gave; `None` where it gave none.
    async fn read_shard<E: From<Error>>(
        &self,
        shard: &str,
        parts: &[Part],
        stop: &Stop,
        each: &mut dyn FnMut(ReadEvent) -> Result<(), E>,
    ) -> Result<Option<Spot>, E> {
        let mut met = None;
        let (Some(first), Some(end)) = (parts.first(), parts.iter().map(|part| &part.last).max())
        else {
            return Ok(None);
        };
        let Some(mut iterator) = self.iterator(shard, Some(&first.first), stop).await? else {
            return Ok(None);
        };
        loop {
            let Some(page) = self.page(&iterator, stop).await? else { return Ok(met) };
            for record in &page.records {
                let at = Spot::new(record.sequence_number());
                if let Some(part) = part_at(parts, &at)
                    && let Some(event) = read_event(record, part)
                {
                    each(event)?;
                }
                let is_last = *end <= at;
                met.get_or_insert(at);
                if is_last {
                    return Ok(met);
                }
            }
            match page.next {
                Some(next) if !(page.records.is_empty() && page.is_at_the_end) => iterator = next,
                _ => return Ok(met),
            }
        }
    }

    /// Where the oldest record lies that the shard still has; `None` where it has none, or is gone with all that it had.
    async fn horizon(&self, shard: &str, stop: &Stop) -> Result<Option<Spot>, Error> {
        let Some(mut iterator) = self.iterator(shard, None, stop).await? else { return Ok(None) };
        loop {
            let Some(page) = self.page(&iterator, stop).await? else { return Ok(None) };
            if let Some(record) = page.records.first() {
                return Ok(Some(Spot::new(record.sequence_number())));
            }
            match page.next {
                Some(next) if !page.is_at_the_end => iterator = next,
                _ => return Ok(None),
            }
        }
    }

    /// Where reading begins: at a place, or at the oldest record. `None` where the shard is gone.
    async fn iterator(
        &self,
        shard: &str,
        at: Option<&Spot>,
        stop: &Stop,
    ) -> Result<Option<String>, Error> {
        let began = Instant::now();
        loop {
            let call = self.client.get_shard_iterator().stream_name(&self.name).shard_id(shard);
            let call = match at {
                Some(at) => call
                    .shard_iterator_type(ShardIteratorType::AtSequenceNumber)
                    .starting_sequence_number(at.as_str()),
                None => call.shard_iterator_type(ShardIteratorType::TrimHorizon),
            };
            let answer = stop.or(call.send()).await.ok_or(Error::Stopped)?;
            match answer {
                Ok(answer) => return Ok(answer.shard_iterator().map(str::to_owned)),
                Err(error) => match self.failure(&error) {
                    Failure::Final(Error::NoStream { .. }) => return Ok(None),
                    failure => self.rest(failure, began, stop).await?,
                },
            }
        }
    }

    /// The next records; `None` where the shard is gone.
    async fn page(&self, iterator: &str, stop: &Stop) -> Result<Option<Page>, Error> {
        let began = Instant::now();
        loop {
            let call = self.client.get_records().shard_iterator(iterator).limit(5_000);
            let answer = stop.or(call.send()).await.ok_or(Error::Stopped)?;
            match answer {
                Ok(answer) => {
                    return Ok(Some(Page {
                        is_at_the_end: answer.millis_behind_latest().unwrap_or_default() == 0,
                        next: answer.next_shard_iterator().map(str::to_owned),
                        records: answer.records,
                    }));
                }
                Err(error) => match self.failure(&error) {
                    Failure::Final(Error::NoStream { .. }) => return Ok(None),
                    failure => self.rest(failure, began, stop).await?,
                },
            }
        }
    }

    /// Waits before a call is made again, if it may be.
    async fn rest(&self, failure: Failure, began: Instant, stop: &Stop) -> Result<(), Error> {
        let reason = match failure {
            Failure::Final(error) => return Err(error),
            Failure::Passing(reason) => reason,
            Failure::Throttled => "throttled".to_owned(),
        };
        if self.timeout <= began.elapsed() {
            return Err(self.unreachable(reason));
        }
        // Five reads a second are what a shard gives to all who read it.
        stop.or(pause(Duration::from_millis(300))).await.ok_or(Error::Stopped)
    }
}

/// The event of a record; `None`: it is somebody else's.
fn read_event(record: &Record, part: &Part) -> Option<ReadEvent> {
    let envelope: Envelope<'_> = serde_json::from_slice(record.data().as_ref()).ok()?;
    (envelope.table == part.table.name()).then(|| ReadEvent {
        batch: part.batch,
        table: part.table,
        key: envelope.key.get().to_owned(),
        value: envelope.value.map(|value| value.get().to_owned()),
        event_id: envelope.event_id.to_owned(),
        run_id: envelope.run_id.to_owned(),
    })
}
