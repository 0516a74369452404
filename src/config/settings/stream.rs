//! The rows of what is streamed.

use super::Setting;
use crate::config::forms;
use crate::config::slot::Slot;

/// In the order in which they are shown.
pub(super) const STREAM: &[Setting] = &[
    Setting {
        env: &["SNOWTRACK_STREAM"],
        key: "stream.address",
        default: "",
        what: "where row changes go, too: kafka://host:port[,host:port] or kinesis://STREAM",
        form: forms::any,
        slot: |it| Slot::Stream(&mut it.stream.address),
    },
    Setting {
        env: &["SNOWTRACK_STREAM_PREFIX"],
        key: "stream.prefix",
        default: "spotify.",
        what: "what every Kafka topic begins with; the table follows",
        form: forms::topic_prefix,
        slot: |it| Slot::Text(&mut it.stream.prefix),
    },
    Setting {
        env: &["SNOWTRACK_KAFKA_PROPERTIES"],
        key: "stream.kafka_properties",
        default: "",
        what: "librdkafka's own settings, comma separated, such as security.protocol=SASL_SSL,sasl.mechanism=SCRAM-SHA-512,sasl.username=…",
        form: forms::any,
        slot: |it| Slot::Secret(&mut it.stream.kafka_properties),
    },
    Setting {
        env: &["SNOWTRACK_STREAM_TIMEOUT_SECS"],
        key: "stream.timeout_secs",
        default: "60",
        what: "how long the stage `stream` waits for an acknowledgement before the rest is left for the next run",
        form: forms::lease_secs,
        slot: |it| Slot::Seconds(&mut it.stream.timeout),
    },
];
