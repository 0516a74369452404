//! Sends a batch by `PutRecords`: what is refused of a call goes before what was not sent yet, in its order.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;

use super::envelope::{partition_key, record};
use super::{Failure, Kinesis};
use crate::ids::Table;
use crate::retry::pause;
use crate::stop::Stop;
use crate::stream::error::Error;
use crate::stream::range::{Spot, StreamRange};
use crate::warehouse::StreamRow;

/// Records of one call.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
const MOST_RECORDS: usize = 500;
/// Bytes of one call, keys included.
const MOST_BYTES: usize = 5 << 20;

/// A record on its way.
#[derive(Clone)]
struct Record {
    entry: PutRecordsRequestEntry,
    size_bytes: usize,
}

/// Where the records of a batch lie, by shard.
#[derive(Default)]
struct Taken {
    shards: BTreeMap<String, Ends>,
}

/// The first and the last place.
struct Ends {
    first: Spot,
    last: Spot,
}

impl Kinesis {
    /// Sends a batch and returns where it lies.
    pub(in crate::stream) async fn send(
        &self,
        table: Table,
        rows: &[StreamRow],
        stop: &Stop,
    ) -> Result<Vec<StreamRange>, Error> {
        let mut left = rows
            .iter()
            .map(|row| self.record(table, row))
            .collect::<Result<VecDeque<Record>, Error>>()?;
        let mut taken = Taken::default();
        let (mut since, mut refusals) = (Instant::now(), 0_u32);
        let mut why = None;
        while !left.is_empty() {
            let chunk = next_chunk(&mut left);
            let entries = chunk.iter().map(|record| record.entry.clone()).collect();
            let call = self.client.put_records().stream_name(&self.name).set_records(Some(entries));
            let answer = stop.or(call.send()).await.ok_or(Error::Stopped)?;
            let refused = match answer {
                Ok(answer) if answer.records().len() == chunk.len() => {
                    let mut refused = Vec::new();
                    for (record, result) in chunk.iter().zip(answer.records()) {
                        match (result.shard_id(), result.sequence_number()) {
                            (Some(shard), Some(number)) if result.error_code().is_none() => {
                                taken.add(shard, number);
                            }
                            _ => refused.push(record.clone()),
                        }
                    }
                    refused
                }
                // Nobody knows which of them arrived: sent again, they have the same ids.
                Ok(_) => chunk.clone(),
                Err(error) => match self.failure(&error) {
                    Failure::Final(error) => return Err(error),
                    Failure::Throttled => chunk.clone(),
                    Failure::Passing(reason) => {
                        why = Some(reason);
                        chunk.clone()
                    }
                },
            };
            if refused.len() < chunk.len() {
                (since, why) = (Instant::now(), None);
            }
            if refused.is_empty() {
                refusals = 0;
                continue;
            }
            refusals += 1;
            for record in refused.into_iter().rev() {
                left.push_front(record);
            }
            if self.timeout <= since.elapsed() {
                return Err(self.given_up(why, left.len()));
            }
            let delay = Duration::from_millis(100 << refusals.min(5));
            stop.or(pause(delay)).await.ok_or(Error::Stopped)?;
        }
        Ok(taken.into_ranges())
    }

    fn record(&self, table: Table, row: &StreamRow) -> Result<Record, Error> {
        let target = || self.address.clone();
        let data = record(table, row).ok_or_else(|| Error::Refused {
            target: target(),
            reason: format!("the row {} of `{table}` is no JSON", row.key),
        })?;
        let key = partition_key(table, &row.key);
        let size_bytes = data.len() + key.len();
        if self.record_limit < size_bytes {
            let (table, key) = (table.to_string(), row.key.clone());
            let limit = Some(self.record_limit);
            return Err(Error::TooLarge { table, key, size_bytes, limit, is_kafka: false });
        }
        let entry = PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(data));
        let entry = entry
            .build()
            .map_err(|error| Error::Refused { target: target(), reason: error.to_string() })?;
        Ok(Record { entry, size_bytes })
    }

    fn given_up(&self, why: Option<String>, left_count: usize) -> Error {
        let (address, secs) = (self.address.clone(), self.timeout.as_secs());
        match why {
            Some(reason) => Error::Unreachable { address, secs, reason },
            None => Error::Throttled { address, secs, left_count },
        }
    }
}

/// The next records of one call, from the front.
fn next_chunk(left: &mut VecDeque<Record>) -> Vec<Record> {
    let (mut chunk, mut bytes) = (Vec::new(), 0);
    while let Some(record) = left.front() {
        let is_full = chunk.len() == MOST_RECORDS || MOST_BYTES < bytes + record.size_bytes;
        if is_full && !chunk.is_empty() {
            break;
        }
        bytes += record.size_bytes;
        chunk.extend(left.pop_front());
    }
    chunk
}

impl Taken {
    fn add(&mut self, shard: &str, number: &str) {
        let spot = Spot::new(number);
        match self.shards.get_mut(shard) {
            None => {
                let ends = Ends { first: spot.clone(), last: spot };
                self.shards.insert(shard.to_owned(), ends);
            }
            Some(ends) if spot < ends.first => ends.first = spot,
            Some(ends) if ends.last < spot => ends.last = spot,
            Some(_) => {}
        }
    }

    fn into_ranges(self) -> Vec<StreamRange> {
        let range = |(partition, ends): (String, Ends)| StreamRange {
            partition,
            first: ends.first.as_str().to_owned(),
            last: ends.last.as_str().to_owned(),
        };
        self.shards.into_iter().map(range).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_no_more_records_and_bytes_than_it_may() {
        let record = |size_bytes| {
            let entry = PutRecordsRequestEntry::builder().partition_key("k").data(Blob::new("x"));
            Record { entry: entry.build().unwrap(), size_bytes }
        };
        let mut left: VecDeque<Record> = (0..1201).map(|_| record(10)).collect();
        let sizes: Vec<usize> =
            std::iter::from_fn(|| (!left.is_empty()).then(|| next_chunk(&mut left).len()))
                .collect();
        assert_eq!(sizes, [500, 500, 201]);
        let mut left: VecDeque<Record> = [3 << 20, 2 << 20, 1, 1].map(record).into();
        assert_eq!(next_chunk(&mut left).len(), 2);
        assert_eq!(next_chunk(&mut left).len(), 2);
    }
}
