//! Topics: made compacted where the cluster lets us, met as they are elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, NewTopic, OwnedResourceSpecifier, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer;

use super::{Kafka, SLICE, reason_of};
use crate::blocking::blocking;
use crate::ids::Table;
use crate::stop::Stop;
use crate::stream::error::Error;
use crate::stream::range::PlacedRange;

/// How long an answer about topics is waited for.
const ADMIN: Duration = Duration::from_millis(1500);

/// The policy that keeps the newest version of each key.
const COMPACT: &str = "compact";

impl Kafka {
    /// Makes the topics that are not there, and says which are not compacted.
    pub(in crate::stream) async fn prepare(
        &self,
        tables: &[Table],
        stop: &Stop,
    ) -> Result<Vec<String>, Error> {
        let topics: Vec<String> = tables.iter().map(|table| self.topic(*table)).collect();
        let is_there = |topic: &&String| self.topics.contains(topic);
        let (met, missing): (Vec<&String>, Vec<&String>) = topics.iter().partition(is_there);
        let reason = if missing.is_empty() { None } else { self.create(&missing).await };
        for topic in &missing {
            blocking(|| self.await_topic(topic, reason.as_deref(), stop))?;
        }
        // Those that were made just now are what we asked for, or nobody answers such questions.
        let policies = self.policies(&met).await;
        let other = policies.iter().filter(|(_, policy)| !policy.contains(COMPACT));
        let told = other.map(|(topic, policy)| {
            format!(
                "topic `{topic}` has `cleanup.policy={policy}`: what its retention ends is gone for consumers that join later; `{COMPACT}` keeps the newest version of each row"
            )
        });
        Ok(told.collect())
    }

    /// Asks for topics, and returns why one of them was not made.
    async fn create(&self, topics: &[&String]) -> Option<String> {
        let admin = self.admin().ok()?;
        let mut reason = None;
        // The cluster's own numbers; an old one has none, and takes one of each.
        for (partitions, replicas) in [(-1, -1), (1, 1)] {
            let new: Vec<NewTopic<'_>> = topics
                .iter()
                .map(|topic| {
                    NewTopic::new(topic, partitions, TopicReplication::Fixed(replicas))
                        .set("cleanup.policy", COMPACT)
                })
                .collect();
            let answer = admin.create_topics(&new, &self.options()).await;
            let results = match answer {
                Ok(results) => results,
                Err(error) => return Some(reason_of(&error)),
            };
            let failed = results.into_iter().filter_map(Result::err);
            let failed: Vec<RDKafkaErrorCode> = failed
                .map(|(_, code)| code)
                .filter(|code| *code != RDKafkaErrorCode::TopicAlreadyExists)
                .collect();
            reason = failed.first().map(ToString::to_string);
            let is_number = |code: &RDKafkaErrorCode| {
                matches!(
                    code,
                    RDKafkaErrorCode::InvalidPartitions
                        | RDKafkaErrorCode::InvalidReplicationFactor
                        | RDKafkaErrorCode::InvalidRequest
                )
            };
            if !failed.iter().any(is_number) {
                break;
            }
        }
        reason
    }

    /// Waits until a topic is there; asking for it makes it where the cluster makes topics by itself.
    fn await_topic(&self, topic: &str, reason: Option<&str>, stop: &Stop) -> Result<(), Error> {
        let began = Instant::now();
        loop {
            let answer = self.producer.client().fetch_metadata(Some(topic), SLICE * 4);
            self.producer.poll(Duration::ZERO);
            let code = match &answer {
                Ok(metadata) => {
                    let found = metadata.topics().iter().find(|it| it.name() == topic);
                    match found.map(|it| (it.error(), it.partitions().len())) {
                        Some((None, partitions)) if 0 < partitions => return Ok(()),
                        Some((Some(error), _)) => Some(RDKafkaErrorCode::from(error)),
                        _ => None,
                    }
                }
                Err(_) => None,
            };
            if stop.is_asked() {
                return Err(Error::Stopped);
            }
            use RDKafkaErrorCode as Code;
            let is_final = matches!(
                code,
                Some(Code::TopicAuthorizationFailed | Code::InvalidTopic | Code::PolicyViolation)
            );
            // A cluster that makes it by itself has it within a moment; one that made it for us, too.
            let patience = self.timeout.min(Duration::from_secs(5));
            if is_final || patience <= began.elapsed() {
                let reason = reason.map(str::to_owned).or(code.map(|code| code.to_string()));
                let reason = reason.unwrap_or_else(|| "no answer".to_owned());
                return match answer {
                    Ok(_) => Err(Error::NotCreated { topic: topic.to_owned(), reason }),
                    Err(_) => Err(Error::Unreachable {
                        address: self.address.clone(),
                        secs: patience.as_secs(),
                        reason,
                    }),
                };
            }
            self.producer.poll(SLICE);
        }
    }

    /// The tables among them of which the cluster drops older versions.
    pub(in crate::stream) async fn compacted(&self, ranges: &[PlacedRange]) -> BTreeSet<Table> {
        let tables: BTreeSet<Table> = ranges.iter().map(|range| range.table).collect();
        let topics: BTreeMap<String, Table> =
            tables.into_iter().map(|table| (self.topic(table), table)).collect();
        let policies = self.policies(&topics.keys().collect::<Vec<_>>()).await;
        let compacted = policies.iter().filter(|(_, policy)| policy.contains(COMPACT));
        compacted.filter_map(|(topic, _)| topics.get(topic).copied()).collect()
    }

    /// The cleanup policy of each topic, as far as the cluster says it.
    async fn policies(&self, topics: &[&String]) -> BTreeMap<String, String> {
        if topics.is_empty() {
            return BTreeMap::new();
        }
        let Ok(admin) = self.admin() else { return BTreeMap::new() };
        let wanted: Vec<_> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
        let answers = admin.describe_configs(&wanted, &self.options()).await.unwrap_or_default();
        let policies = answers.into_iter().filter_map(Result::ok).filter_map(|resource| {
            let policy = resource.get("cleanup.policy")?.value.clone()?;
            match resource.specifier {
                OwnedResourceSpecifier::Topic(topic) => Some((topic, policy)),
                _ => None,
            }
        });
        policies.collect()
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>, KafkaError> {
        let mut config = self.config.clone();
        // A client of the administration has no use for what is a producer's.
        config.remove("enable.idempotence");
        config.create()
    }

    /// Little patience: what a cluster begins to do it ends, asked or not, and some test clusters never answer.
    fn options(&self) -> AdminOptions {
        AdminOptions::new().request_timeout(Some(self.timeout.min(ADMIN)))
    }
}
