//! Sends a batch, and waits until all of it is acknowledged or is not to be.

use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, PurgeConfig};

use super::{Kafka, SLICE};
use crate::ids::Table;
use crate::stop::Stop;
use crate::stream::error::Error;
use crate::stream::event::{SCHEMA_VERSION, op};
use crate::stream::range::StreamRange;
use crate::warehouse::StreamRow;

/// Between two looks at what became of a batch: to poll takes as long as it may, whatever comes meanwhile.
const TURN: Duration = Duration::from_millis(1);

impl Kafka {
    /// Sends a batch and returns where it lies.
    pub(in crate::stream) fn send(
        &self,
        table: Table,
        rows: &[StreamRow],
        stop: &Stop,
    ) -> Result<Vec<StreamRange>, Error> {
        let context = self.producer.context();
        context.begin();
        let sent = self.enqueue(table, rows, stop).and_then(|()| self.wait(table, rows, stop));
        if sent.is_err() {
            // What is still under way may arrive, or not: it is sent again under the same ids.
            self.producer.purge(PurgeConfig::default().queue().inflight());
            self.producer.poll(SLICE);
        }
        sent?;
        let told = context.told();
        let range = |(partition, offsets): (&i32, &super::context::Offsets)| StreamRange {
            partition: partition.to_string(),
            first: offsets.first.to_string(),
            last: offsets.last.to_string(),
        };
        Ok(told.ranges.iter().map(range).collect())
    }

    fn enqueue(&self, table: Table, rows: &[StreamRow], stop: &Stop) -> Result<(), Error> {
        let topic = self.topic(table);
        for (place, row) in rows.iter().enumerate() {
            let event_id = row.event_id(table);
            let header = |key, value| Header { key, value: Some(value) };
            let headers = OwnedHeaders::new_with_capacity(4)
                .insert(header("op", op(row)))
                .insert(header("event_id", &event_id))
                .insert(header("run_id", &row.run_id))
                .insert(header("schema_version", SCHEMA_VERSION));
            let mut record =
                BaseRecord::with_opaque_to(&topic, place).key(&row.key).headers(headers);
            record.payload = row.value.as_ref();
            let (mut since, mut done) = (Instant::now(), usize::MAX);
            while let Err((error, refused)) = self.producer.send(record) {
                match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::QueueFull) => {}
                    Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
                        return Err(self.too_large(table, row));
                    }
                    _ => return Err(self.refused(&topic, &error)),
                }
                self.producer.poll(TURN);
                let now_done = self.producer.context().told().done_count;
                if now_done != done {
                    (since, done) = (Instant::now(), now_done);
                }
                self.go_on(since, table, rows.len() - done, stop)?;
                record = refused;
            }
            if place % 500 == 499 {
                self.producer.poll(Duration::ZERO);
            }
        }
        Ok(())
    }

    /// Waits for the rest of a batch.
    fn wait(&self, table: Table, rows: &[StreamRow], stop: &Stop) -> Result<(), Error> {
        let context = self.producer.context();
        let (mut since, mut done) = (Instant::now(), 0);
        loop {
            let (now_done, refused) = {
                let told = context.told();
                (told.done_count, told.refused.iter().next().map(|(place, code)| (*place, *code)))
            };
            if let Some((place, code)) = refused {
                return Err(self.of_refusal(table, rows, place, code));
            }
            if rows.len() <= now_done {
                return Ok(());
            }
            if now_done != done {
                (since, done) = (Instant::now(), now_done);
            }
            self.go_on(since, table, rows.len() - now_done, stop)?;
            self.producer.poll(TURN);
        }
    }

    /// Whether there is a reason to wait any longer.
    fn go_on(
        &self,
        since: Instant,
        table: Table,
        left_count: usize,
        stop: &Stop,
    ) -> Result<(), Error> {
        if stop.is_asked() {
            return Err(Error::Stopped);
        }
        // librdkafka's own limit comes first, with a reason.
        if since.elapsed() < self.timeout + SLICE * 4 {
            return Ok(());
        }
        Err(self.slow(table, left_count))
    }

    fn slow(&self, table: Table, left_count: usize) -> Error {
        let (address, target) = (self.address.clone(), self.topic(table));
        Error::Slow { address, target, secs: self.timeout.as_secs(), left_count }
    }

    fn refused(&self, topic: &str, error: &KafkaError) -> Error {
        Error::Refused { target: topic.to_owned(), reason: super::reason_of(error) }
    }

    fn too_large(&self, table: Table, row: &StreamRow) -> Error {
        let size_bytes = row.key.len() + row.value.as_ref().map_or(0, String::len);
        let limit = self.config.get("message.max.bytes").and_then(|limit| limit.parse().ok());
        let (table, key) = (table.to_string(), row.key.clone());
        Error::TooLarge { table, key, size_bytes, limit, is_kafka: true }
    }

    /// What a refusal of an event means.
    fn of_refusal(
        &self,
        table: Table,
        rows: &[StreamRow],
        place: usize,
        code: RDKafkaErrorCode,
    ) -> Error {
        use RDKafkaErrorCode as Code;
        let topic = self.topic(table);
        let trouble = self.producer.context().trouble();
        match code {
            Code::MessageSizeTooLarge | Code::InvalidMessageSize => {
                // Refused with others in one request; the largest is the one.
                let told = self.producer.context().told();
                let refused = told.refused.keys().filter_map(|place| rows.get(*place));
                let size = |row: &&StreamRow| row.value.as_ref().map_or(0, String::len);
                let largest = refused.max_by_key(size).unwrap_or(&rows[place]).clone();
                drop(told);
                self.too_large(table, &largest)
            }
            Code::NotEnoughReplicas | Code::NotEnoughReplicasAfterAppend => {
                Error::TooFewReplicas { topic }
            }
            Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
                Error::NotCreated { topic, reason: code.to_string() }
            }
            Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => {
                let reason = format!("this login may not write to `{topic}` ({code})");
                let what = "the cluster's access lists, or `SNOWTRACK_KAFKA_PROPERTIES`";
                Error::Login { address: self.address.clone(), reason, what }
            }
            Code::MessageTimedOut
            | Code::TimedOutQueue
            | Code::RequestTimedOut
            | Code::OperationTimedOut
            | Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::BrokerNotAvailable
            | Code::NetworkException
            | Code::PurgeInflight
            | Code::PurgeQueue => match trouble {
                Some(trouble) if trouble.is_login => Error::Login {
                    address: self.address.clone(),
                    reason: crate::http::shortened(&trouble.reason),
                    what: "`SNOWTRACK_KAFKA_PROPERTIES`",
                },
                Some(trouble) => Error::Unreachable {
                    address: self.address.clone(),
                    secs: self.timeout.as_secs(),
                    reason: crate::http::shortened(&trouble.reason),
                },
                None => {
                    let done = self.producer.context().told().ranges.len();
                    self.slow(table, rows.len().saturating_sub(done))
                }
            },
            other => Error::Refused { target: topic, reason: other.to_string() },
        }
    }
}
