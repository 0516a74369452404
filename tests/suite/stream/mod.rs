//! Row changes in Kafka and Kinesis: what is sent, in which order, after which fault, and how it is proven.

#[cfg(feature = "kafka")]
mod events;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "kafka")]
mod kafka_ends;
#[cfg(feature = "kafka")]
mod kafka_faults;
mod kinesis;
