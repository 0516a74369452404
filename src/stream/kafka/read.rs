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

/// Partitions of a topic, and what of each is to be read.
type Partitions = BTreeMap<i32, Vec<Part>>;

impl Kafka {
    /// Reads each partition from the first range in it to the last, and returns the batches of which something has expired.
    pub(in crate::stream) fn read<E: From<Error>>(
        &self,
        ranges: &[PlacedRange],
        stop: &Stop,
        each: &mut dyn FnMut(ReadEvent) -> Result<(), E>,
    ) -> Result<BTreeSet<i64>, E> {
        let mut topics: BTreeMap<String, Partitions> = BTreeMap::new();
        for range in ranges {
            if let Ok(partition) = range.range.partition.parse() {
                let partitions = topics.entry(self.topic(range.table)).or_default();
                partitions.entry(partition).or_default().push(range.part());
            }
        }
        let consumer = self.consumer()?;
        let reader = Reader { kafka: self, consumer: &consumer, stop };
        let mut expired = BTreeSet::new();
        for (topic, mut partitions) in topics {
            for (partition, parts) in &mut partitions {
                parts.sort_unstable();
                let marks = consumer.fetch_watermarks(&topic, *partition, self.timeout);
                let low = match marks {
                    Ok((low, _)) => Spot::new(&low.to_string()),
                    // It was there, and is not any more: nothing is read, and nothing is found.
                    Err(error) if is_gone(&error) => {
                        parts.clear();
                        continue;
                    }
                    Err(error) => return Err(self.unread(&error).into()),
                };
                expired.extend(parts.iter().filter(|part| part.first < low).map(|part| part.batch));
                parts.retain(|part| low <= part.last);
            }
            partitions.retain(|_, parts| !parts.is_empty());
            reader.read_topic(&topic, partitions, each)?;
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
            // What is read is there already: no broker waits for more of it, nor we for room.
            .set("fetch.wait.max.ms", "20")
            .set("fetch.queue.backoff.ms", "10")
            .set("queued.max.messages.kbytes", "16384");
        config.create().map_err(|error| Error::Properties { reason: super::reason_of(&error) })
    }

    fn unread(&self, error: &KafkaError) -> Error {
        let (address, secs) = (self.address.clone(), self.timeout.as_secs());
        Error::Unreachable { address, secs, reason: error.to_string() }
    }
}

/// Reads topics, one after the other.
struct Reader<'a> {
    kafka: &'a Kafka,
    consumer: &'a BaseConsumer,
    stop: &'a Stop,
}

impl Reader<'_> {
    /// Reads the partitions of a topic side by side, each from the first of its parts to the last.
    fn read_topic<E: From<Error>>(
        &self,
        topic: &str,
        mut left: Partitions,
        each: &mut dyn FnMut(ReadEvent) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { kafka, consumer, stop } = *self;
        self.assign(topic, &left).map_err(|error| kafka.unread(&error))?;
        let mut since = Instant::now();
        while !left.is_empty() {
            if stop.is_asked() {
                return Err(Error::Stopped.into());
            }
            let message = match consumer.poll(SLICE) {
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    left.remove(&partition);
                    continue;
                }
                Some(Err(error)) if is_gone(&error) => return Ok(()),
                Some(Err(_)) | None if since.elapsed() < kafka.timeout => continue,
                Some(Err(error)) => return Err(kafka.unread(&error).into()),
                None => {
                    let error = KafkaError::Global(RDKafkaErrorCode::RequestTimedOut);
                    return Err(kafka.unread(&error).into());
                }
            };
            // What comes behind the last part is of no use, and no sign that the others come.
            let Some(parts) = left.get(&message.partition()) else { continue };
            since = Instant::now();
            let at = Spot::new(&message.offset().to_string());
            if let Some(part) = part_at(parts, &at) {
                each(read_event(&message, part))?;
            }
            if parts.iter().all(|part| part.last <= at) {
                left.remove(&message.partition());
                self.pause(topic, message.partition()).map_err(|error| kafka.unread(&error))?;
            }
        }
        Ok(())
    }

    fn assign(&self, topic: &str, partitions: &Partitions) -> Result<(), KafkaError> {
        let mut assignment = TopicPartitionList::new();
        for (partition, parts) in partitions {
            let first = parts.first().and_then(|part| part.first.as_str().parse().ok());
            let offset = Offset::Offset(first.unwrap_or_default());
            assignment.add_partition_offset(topic, *partition, offset)?;
        }
        self.consumer.assign(&assignment)
    }

    fn pause(&self, topic: &str, partition: i32) -> Result<(), KafkaError> {
        let mut ended = TopicPartitionList::new();
        ended.add_partition(topic, partition);
        self.consumer.pause(&ended)
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
