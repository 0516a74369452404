//! Why a stream did not take, or give, what was asked: by what the reader does next.

use crate::event::Ending;

/// Why a stream did not take, or give, what was asked.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Error {
    /// This binary knows no Kafka.
    #[error(
        "`SNOWTRACK_STREAM` is a Kafka cluster, and this binary was built without Kafka: `make build` builds one with it (`cargo build --release --features kafka`), and the container image and the wheel have it"
    )]
    NoKafka,
    /// A setting of Kafka's own is none.
    #[error("`SNOWTRACK_KAFKA_PROPERTIES` cannot be used: {reason}")]
    Properties { reason: String },
    /// The stream is another than the one that was sent everything so far.
    #[error(
        "`{address}` is another stream ({found}) than the one that was sent everything so far ({known}): it would begin in the middle. `snowtrack stream --replay` sends it every row and goes on there; or set `SNOWTRACK_STREAM` (and `SNOWTRACK_STREAM_PREFIX`) back"
    )]
    Other { address: String, found: String, known: String },
    /// Nobody answers.
    #[error(
        "`{address}` did not answer within {secs} s ({reason}); what is missing there is sent by the next `snowtrack run` or `snowtrack stream`"
    )]
    Unreachable { address: String, secs: u64, reason: String },
    /// It answers, and took nothing for too long.
    #[error(
        "`{address}` acknowledged nothing for {secs} s, {left_count} event(s) of `{target}` are left; they are sent by the next `snowtrack run` or `snowtrack stream` (`SNOWTRACK_STREAM_TIMEOUT_SECS` is how long one waits)"
    )]
    Slow { address: String, target: String, secs: u64, left_count: usize },
    /// Too few replicas are in sync.
    #[error(
        "topic `{topic}` has too few replicas in sync to take an event (NOT_ENOUGH_REPLICAS); what is missing there is sent by the next `snowtrack run` or `snowtrack stream`"
    )]
    TooFewReplicas { topic: String },
    /// Too much for its capacity.
    #[error(
        "`{address}` throttles: {left_count} event(s) were refused for {secs} s; the next `snowtrack run` or `snowtrack stream` sends them. More shards, or on-demand capacity, take more"
    )]
    Throttled { address: String, secs: u64, left_count: usize },
    /// It does not know us, or does not let us in.
    #[error("`{address}` refuses the login: {reason}; correct {what}")]
    Login { address: String, reason: String, what: &'static str },
    /// A row is larger than what one event may be.
    #[error(
        "the row {key} of `{table}` is too large for the stream (MESSAGE_TOO_LARGE, {size_bytes} bytes{}): nothing of it is dropped, so the stream waits. Raise the limit{}, then run `snowtrack stream`",
        limit.map(|limit| format!(", at most {limit}")).unwrap_or_default(), where_to(*is_kafka)
    )]
    TooLarge { table: String, key: String, size_bytes: usize, limit: Option<usize>, is_kafka: bool },
    /// There is no such topic, and it cannot be made.
    #[error(
        "topic `{topic}` does not exist, and the cluster does not let us create it ({reason}): create it (`cleanup.policy=compact`), or allow it, then run `snowtrack stream`"
    )]
    NotCreated { topic: String, reason: String },
    /// There is no such stream.
    #[error(
        "there is no Kinesis stream `{name}` in {region}: create it, or correct `SNOWTRACK_STREAM` and the region"
    )]
    NoStream { name: String, region: String },
    /// It does not take what we send, and would not later.
    #[error("`{target}` refuses an event: {reason}")]
    Refused { target: String, reason: String },
    /// A person or a supervisor asked to stop.
    #[error("stopped; what was acknowledged is noted, the same command sends the rest")]
    Stopped,
}

const fn where_to(is_kafka: bool) -> &'static str {
    if is_kafka {
        " (the topic's `max.message.bytes`, and `message.max.bytes` in `SNOWTRACK_KAFKA_PROPERTIES`)"
    } else {
        " of the stream's records"
    }
}

impl Error {
    /// How a command ends with it.
    pub(crate) const fn ending(&self) -> Ending {
        match self {
            Self::NoKafka
            | Self::Properties { .. }
            | Self::Other { .. }
            | Self::Login { .. }
            | Self::TooLarge { .. }
            | Self::NotCreated { .. }
            | Self::NoStream { .. }
            | Self::Refused { .. } => Ending::Usage,
            Self::Unreachable { .. }
            | Self::Slow { .. }
            | Self::TooFewReplicas { .. }
            | Self::Throttled { .. } => Ending::Later,
            Self::Stopped => Ending::Interrupted,
        }
    }
}
