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
use crate::stream::{Examined, StreamWarning};

/// How long an answer about topics is waited for.
const ADMIN: Duration = Duration::from_millis(1500);

/// The policy that keeps the newest version of each key.
const COMPACT: &str = "compact";

/// What an event may have where nobody says otherwise.
/// <https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md>
const MESSAGE_MAX_BYTES: usize = 1_000_000;

/// What a topic says of itself.
struct TopicConfig {
    policy: Option<String>,
    limit_bytes: Option<usize>,
}

/// Why topics were not made.
enum Refusal {
    /// The cluster says so.
    Said(String),
    /// It says nothing.
    NoAnswer(String),
}

impl Refusal {
    fn into_reason(self) -> String {
        match self {
            Self::Said(reason) | Self::NoAnswer(reason) => reason,
        }
    }
}

impl Kafka {
    /// Makes the topics that are not there.
    pub(in crate::stream) async fn prepare(
        &self,
        tables: &[Table],
        stop: &Stop,
    ) -> Result<(), Error> {
        let topics: Vec<String> = tables.iter().map(|table| self.topic(*table)).collect();
        let missing: Vec<&String> =
            topics.iter().filter(|topic| !self.topics.contains(topic)).collect();
        let reason = match missing.is_empty() {
            true => None,
            false => self.create(&missing, &self.options()).await.err(),
        };
        let reason = reason.map(Refusal::into_reason);
        for topic in &missing {
            blocking(|| self.await_topic(topic, reason.as_deref(), stop))?;
        }
        Ok(())
    }

    /// Which topics are not compacted, of those that were met: those that were made are what we asked for, or nobody answers such
    /// questions.
    pub(in crate::stream) async fn remarks(&self, tables: &[Table]) -> Vec<String> {
        let topics: Vec<String> = tables.iter().map(|table| self.topic(*table)).collect();
        let met: Vec<&String> = topics.iter().filter(|topic| self.topics.contains(topic)).collect();
        let policies = self.policies(&met).await;
        let other = policies.iter().filter(|(_, policy)| !policy.contains(COMPACT));
        let told = other.map(|(topic, policy)| {
            format!(
                "topic `{topic}` has `cleanup.policy={policy}`: what its retention ends is gone for consumers that join later; `{COMPACT}` keeps the newest version of each row"
            )
        });
        told.collect()
    }

    /// Looks at the topics, and asks whether those that are missing may be made.
    pub(in crate::stream) async fn examine(&self, tables: &[Table]) -> Examined {
        let topics: Vec<String> = tables.iter().map(|table| self.topic(*table)).collect();
        let is_there = |topic: &&String| self.topics.contains(topic);
        let (met, missing): (Vec<&String>, Vec<&String>) = topics.iter().partition(is_there);
        let mut warnings = Vec::new();
        let configs = self.configs(&met).await;
        let other = configs.iter().filter_map(|(topic, config)| {
            let policy = config.policy.as_ref().filter(|policy| !policy.contains(COMPACT))?;
            Some(format!("`{topic}` (`{policy}`)"))
        });
        let other: Vec<String> = other.collect();
        if !other.is_empty() {
            warnings.push(StreamWarning {
                seen: format!(
                    "what their retention ends is gone for consumers that join later: {}",
                    other.join(", ")
                ),
                fix: format!(
                    "set `cleanup.policy={COMPACT}`, which keeps the newest version of each row"
                ),
            });
        }
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().map(|topic| format!("`{topic}`")).collect();
            let fix = format!(
                "create them with `cleanup.policy={COMPACT}`, or allow it: {}",
                names.join(", ")
            );
            let asked = self.create(&missing, &self.options().validate_only(true)).await;
            warnings.extend(asked.err().map(|refusal| StreamWarning {
                seen: match refusal {
                    Refusal::Said(reason) => {
                        format!("the cluster does not let us create topics ({reason})")
                    }
                    Refusal::NoAnswer(reason) => format!(
                        "the cluster does not say whether it lets us create topics ({reason})"
                    ),
                },
                fix,
            }));
        }
        let own = self.config.get("message.max.bytes").and_then(|limit| limit.parse().ok());
        let limits = configs.values().filter_map(|config| config.limit_bytes);
        let limit_bytes = limits.chain([own.unwrap_or(MESSAGE_MAX_BYTES)]).min();
        Examined {
            place: format!("{} of {} topics `{}*` are there", met.len(), topics.len(), self.prefix),
            warnings,
            limit_bytes: limit_bytes.unwrap_or(MESSAGE_MAX_BYTES),
        }
    }

    /// Asks for topics.
    async fn create(&self, topics: &[&String], options: &AdminOptions) -> Result<(), Refusal> {
        let no_answer = |error: KafkaError| Refusal::NoAnswer(reason_of(&error));
        let admin = self.admin().map_err(no_answer)?;
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
            let results = admin.create_topics(&new, options).await.map_err(no_answer)?;
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
        reason.map_or(Ok(()), |reason| Err(Refusal::Said(reason)))
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
        let configs = self.configs(topics).await.into_iter();
        configs.filter_map(|(topic, config)| Some((topic, config.policy?))).collect()
    }

    /// The settings of each topic, as far as the cluster says them.
    async fn configs(&self, topics: &[&String]) -> BTreeMap<String, TopicConfig> {
        if topics.is_empty() {
            return BTreeMap::new();
        }
        let Ok(admin) = self.admin() else { return BTreeMap::new() };
        let wanted: Vec<_> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
        let answers = admin.describe_configs(&wanted, &self.options()).await.unwrap_or_default();
        let configs = answers.into_iter().filter_map(Result::ok).filter_map(|resource| {
            let value = |name| resource.get(name).and_then(|it| it.value.clone());
            let limit_bytes = value("max.message.bytes").and_then(|it| it.parse().ok());
            let config = TopicConfig { policy: value("cleanup.policy"), limit_bytes };
            match &resource.specifier {
                OwnedResourceSpecifier::Topic(topic) => Some((topic.clone(), config)),
                _ => None,
            }
        });
        configs.collect()
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
