//! Reads back what lies in some ranges.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{Kafka, SLICE};
use crate::stop::Stop;
use crate::stream::error::Error;
use crate::stream::range::{Part, PlacedRange, ReadEvent, Spot, part_at};

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    topic: String,
    partition: i32,
}

impl Kafka {
    /// Reads each partition from the first range in it to the last, and returns the batches of which something has expired.
    pub(in crate::stream) fn read<E: From<Error>>(
        &self,
        ranges: &[PlacedRange],
        stop: &Stop,
        each: &mut dyn FnMut(ReadEvent) -> Result<(), E>,
    ) -> Result<BTreeSet<i64>, E> {
        let mut places: BTreeMap<Place, Vec<Part>> = BTreeMap::new();
        for range in ranges {
            if let Ok(partition) = range.range.partition.parse() {
                let place = Place { topic: self.topic(range.table), partition };
                places.entry(place).or_default().push(range.part());
            }
        }
        let consumer = self.consumer()?;
        let reader = Reader { kafka: self, consumer: &consumer, stop };
        let mut expired = BTreeSet::new();
        for (place, mut parts) in places {
            parts.sort_unstable();
            let marks = consumer.fetch_watermarks(&place.topic, place.partition, self.timeout);
            let low = match marks {
                Ok((low, _)) => Spot::new(&low.to_string()),
                // It was there, and is not any more: nothing is read, and nothing is found.
                Err(error) if is_gone(&error) => continue,
                Err(error) => return Err(self.unread(&error).into()),
            };
            expired.extend(parts.iter().filter(|part| part.first < low).map(|part| part.batch));
            parts.retain(|part| low <= part.last);
            reader.read_partition(&place, &parts, each)?;
        }
        Ok(expired)
    }

    fn consumer(&self) -> Result<BaseConsumer, Error> {
        let mut config: ClientConfig = self.config.clone();
        for name in ["enable.idempotence", "message.timeout.ms", "retries", "acks", "linger.ms"] {
            config.remove(name);
        }
        for name in ["partitioner", "queue.buffering.max.kbytes", "compression.codec"] {
            config.remove(name);
        }
        config
            .set("group.id", "snowtrack-verify")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "earliest")
            .set("queued.max.messages.kbytes", "16384");
        config.create().map_err(|error| Error::Properties { reason: super::reason_of(&error) })
    }

    fn unread(&self, error: &KafkaError) -> Error {
        let (address, secs) = (self.address.clone(), self.timeout.as_secs());
        Error::Unreachable { address, secs, reason: error.to_string() }
    }
}

/// Reads partitions, one after the other.
struct Reader<'a> {
    kafka: &'a Kafka,
    consumer: &'a BaseConsumer,
    stop: &'a Stop,
}

impl Reader<'_> {
    /// Reads a partition from the first of its parts to the last.
    fn read_partition<E: From<Error>>(
        &self,
        place: &Place,
        parts: &[Part],
        each: &mut dyn FnMut(ReadEvent) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { kafka, consumer, stop } = *self;
        let (Some(first), Some(end)) = (parts.first(), parts.iter().map(|part| &part.last).max())
        else {
            return Ok(());
        };
        let mut assignment = TopicPartitionList::new();
        let offset = Offset::Offset(first.first.as_str().parse().unwrap_or_default());
        let assigned = assignment
            .add_partition_offset(&place.topic, place.partition, offset)
            .and_then(|()| consumer.assign(&assignment));
        assigned.map_err(|error| kafka.unread(&error))?;
        let mut since = Instant::now();
        loop {
            if stop.is_asked() {
                return Err(Error::Stopped.into());
            }
            let message = match consumer.poll(SLICE) {
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
                Some(Err(error)) if is_gone(&error) => return Ok(()),
                Some(Err(_)) | None if since.elapsed() < kafka.timeout => continue,
                Some(Err(error)) => return Err(kafka.unread(&error).into()),
                None => {
                    let error = KafkaError::Global(RDKafkaErrorCode::RequestTimedOut);
                    return Err(kafka.unread(&error).into());
                }
            };
            since = Instant::now();
            let at = Spot::new(&message.offset().to_string());
            if let Some(part) = part_at(parts, &at) {
                each(read_event(&message, part))?;
            }
            if *end <= at {
                return Ok(());
            }
        }
    }
}

fn is_gone(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
        )
    )
}

fn read_event(message: &impl Message, part: &Part) -> ReadEvent {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let header = |name: &str| {
        let headers = message.headers()?;
        let found = headers.iter().find(|header| header.key == name)?;
        found.value.map(text)
    };
    ReadEvent {
        batch: part.batch,
        table: part.table,
        key: message.key().map(text).unwrap_or_default(),
        value: message.payload().map(text),
        event_id: header("event_id").unwrap_or_default(),
        run_id: header("run_id").unwrap_or_default(),
    }
}
