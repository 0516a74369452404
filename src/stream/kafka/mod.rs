//! Kafka, through librdkafka. This folder alone knows it.
//!
//! An idempotent producer that waits for all replicas; a topic a table. librdkafka calls back on the thread that polls, so all of it
//! blocks.

mod context;
mod read;
mod send;
mod topics;

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer};

use super::address::StreamAddress;
use super::error::Error;
use super::settings::StreamSettings;
use crate::http::shortened;
use crate::ids::Table;
use crate::stop::Stop;
use context::{Context, Trouble};

/// A cluster that answered.
pub(crate) struct Kafka {
    producer: BaseProducer<Context>,
    config: ClientConfig,
    address: String,
    prefix: String,
    cluster_id: String,
    timeout: Duration,
    /// Topics that are there.
    topics: Vec<String>,
}

/// Between two looks at whether somebody asked to stop.
const SLICE: Duration = Duration::from_millis(250);

impl Kafka {
    /// Connects and learns which cluster it is.
    pub(super) fn open(settings: &StreamSettings, stop: &Stop) -> Result<Self, Error> {
        let StreamAddress::Kafka { brokers } = &settings.address else {
            return Err(Error::NoKafka);
        };
        let config = configured(settings, brokers);
        let unusable = |error: KafkaError| Error::Properties { reason: reason_of(&error) };
        let producer: BaseProducer<Context> =
            config.create_with_context(Context::default()).map_err(unusable)?;
        let address = settings.address.to_string();
        let began = Instant::now();
        let metadata = loop {
            let answer = producer.client().fetch_metadata(None, SLICE * 4);
            producer.poll(Duration::ZERO);
            match answer {
                Ok(metadata) => break metadata,
                Err(_) if stop.is_asked() => return Err(Error::Stopped),
                Err(error) => {
                    let told = producer.context().trouble();
                    if let Some(Trouble { reason, is_login: true }) = told {
                        let what = "`SNOWTRACK_KAFKA_PROPERTIES`";
                        return Err(Error::Login { address, reason: shortened(&reason), what });
                    }
                    if settings.timeout <= began.elapsed() {
                        let reason = told.map_or_else(|| error.to_string(), |it| it.reason);
                        let (secs, reason) = (settings.timeout.as_secs(), shortened(&reason));
                        return Err(Error::Unreachable { address, secs, reason });
                    }
                }
            }
        };
        let known = metadata.topics().iter().filter(|topic| topic.error().is_none());
        let topics = known.map(|topic| topic.name().to_owned()).collect();
        // The answer had it, where there is one.
        let cluster_id = producer.client().fetch_cluster_id(SLICE);
        let cluster_id = cluster_id.unwrap_or_else(|| format!("without id at {brokers}"));
        let (prefix, timeout) = (settings.prefix.clone(), settings.timeout);
        Ok(Self { producer, config, address, prefix, cluster_id, timeout, topics })
    }

    /// The cluster, and what of it is ours.
    pub(super) fn identity(&self) -> String {
        format!("cluster {}, topics {}*", self.cluster_id, self.prefix)
    }

    fn topic(&self, table: Table) -> String {
        format!("{}{table}", self.prefix)
    }

    /// What keeps older versions of rows, in words.
    pub(super) fn retention(&self) -> String {
        format!(
            "the topics `{}*` at `{}` keep older versions until the cluster compacts them, or their retention (`retention.ms`, `delete.retention.ms` for tombstones) ends; what consumers took is theirs",
            self.prefix, self.address
        )
    }
}

/// librdkafka's settings: what is usual, what the operator says, and what must be.
fn configured(settings: &StreamSettings, brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    let secs = settings.timeout.as_secs().max(1);
    config
        .set("client.id", "snowtrack")
        .set("compression.codec", "zstd")
        .set("linger.ms", "5")
        // As Java's clients do, so that a key has one partition whoever writes it.
        .set("partitioner", "murmur2_random")
        .set("reconnect.backoff.max.ms", "1000")
        // What is under way is bounded by a batch.
        .set("queue.buffering.max.kbytes", "65536");
    for property in settings.properties() {
        config.set(property.name, property.value);
    }
    config
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", (secs * 1000).to_string())
        // Fewer than fit into the time: then a broker's own reason is told, and not that the time is over.
        .set("retries", (secs * 4 / 5).max(2).to_string())
        .set("retry.backoff.ms", "100")
        .set("retry.backoff.max.ms", "1000");
    config
}

/// Why, without a value that was given: it may be a password.
fn reason_of(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, description, name, value) => {
            format!("`{name}`: {}", description.replace(value.as_str(), "…"))
        }
        other => shortened(&other.to_string()),
    }
}
