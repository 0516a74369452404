//! Streams of row changes: Kafka and Kinesis.
//!
//! In: rows as JSON, batch by batch, of one table each. Out: where each batch lies in the stream, once every replica has it; and what lies
//! there, read back. A sink knows no ledger: who sends notes before and after. A batch holds each key once, so that whatever is sent
//! again within it changes no order of a key.

mod address;
mod error;
mod event;
#[cfg(feature = "kafka")]
mod kafka;
mod kinesis;
mod range;
mod settings;

use std::collections::BTreeSet;
#[cfg(feature = "kafka")]
use std::panic::resume_unwind;

use chrono::{DateTime, Utc};

pub use address::StreamAddress;
pub use error::Error;
pub(crate) use event::event_id;
pub(crate) use range::{PlacedRange, ReadEvent, StreamRange};
pub(crate) use settings::StreamSettings;

use crate::ids::Table;
use crate::stop::Stop;
use crate::warehouse::StreamRow;

/// A stream that answers.
pub(crate) enum Stream {
    /// A Kafka cluster.
    #[cfg(feature = "kafka")]
    Kafka(Box<kafka::Kafka>),
    /// A Kinesis stream.
    Kinesis(kinesis::Kinesis),
}

/// What became of a batch, and of what was done meanwhile.
pub(crate) struct SentMeanwhile<T> {
    /// Where its rows lie, once all of them are there; where it failed, some of them may be.
    pub(crate) sent: Result<Vec<StreamRange>, Error>,
    /// What came of the other.
    pub(crate) done: T,
}

/// What was read back.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The batches of which the retention took something.
    pub(crate) expired: BTreeSet<i64>,
    /// The tables of which the stream itself drops older versions.
    pub(crate) compacted: BTreeSet<Table>,
}

/// What a stream says of itself to whoever only looks.
#[derive(Debug)]
pub(crate) struct Examined {
    /// Where the events of all tables go, and what is there of it, in words.
    pub(crate) place: String,
    /// What a person should know of that.
    pub(crate) warnings: Vec<StreamWarning>,
    /// The most bytes that an event may have.
    pub(crate) limit_bytes: usize,
}

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamWarning {
    /// What was seen.
    pub(crate) seen: String,
    /// What to do.
    pub(crate) fix: String,
}

impl Stream {
    /// Connects, and waits for an answer as long as the settings say.
    ///
    /// # Errors
    /// [`Error`] says whether somebody must mend something.
    pub(crate) async fn open(settings: &StreamSettings, stop: &Stop) -> Result<Self, Error> {
        match &settings.address {
            #[cfg(feature = "kafka")]
            StreamAddress::Kafka { .. } => {
                let opened = crate::blocking::blocking(|| kafka::Kafka::open(settings, stop));
                Ok(Self::Kafka(Box::new(opened?)))
            }
            #[cfg(not(feature = "kafka"))]
            StreamAddress::Kafka { .. } => Err(Error::NoKafka),
            StreamAddress::Kinesis { name } => {
                let opened = Box::pin(kinesis::Kinesis::open(settings, name, stop)).await?;
                Ok(Self::Kinesis(opened))
            }
        }
    }

    /// By what it is known: another one is never gone on with in the middle.
    pub(crate) fn identity(&self) -> String {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => kafka.identity(),
            Self::Kinesis(kinesis) => kinesis.arn().to_owned(),
        }
    }

    /// Makes ready what events of these tables go to.
    ///
    /// # Errors
    /// [`Error::NotCreated`], and those of [`Self::open`].
    pub(crate) async fn prepare(&self, tables: &[Table], stop: &Stop) -> Result<(), Error> {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => kafka.prepare(tables, stop).await,
            Self::Kinesis(_) => {
                let _ = (tables, stop);
                Ok(())
            }
        }
    }

    /// What a person should know of where events of these tables go.
    pub(crate) async fn remarks(&self, tables: &[Table]) -> Vec<String> {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => kafka.remarks(tables).await,
            Self::Kinesis(_) => {
                let _ = tables;
                Vec::new()
            }
        }
    }

    /// Sends the rows of a batch, and has `meanwhile` done while they are on their way.
    pub(crate) async fn send<T>(
        &self,
        table: Table,
        rows: &[StreamRow],
        stop: &Stop,
        meanwhile: impl FnOnce() -> T,
    ) -> SentMeanwhile<T> {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => crate::blocking::blocking(|| {
                std::thread::scope(|scope| {
                    let sending = scope.spawn(|| kafka.send(table, rows, stop));
                    let done = meanwhile();
                    let sent = sending.join().unwrap_or_else(|panic| resume_unwind(panic));
                    SentMeanwhile { sent, done }
                })
            }),
            Self::Kinesis(kinesis) => {
                let done = crate::blocking::blocking(meanwhile);
                let sent = Box::pin(kinesis.send(table, rows, stop)).await;
                SentMeanwhile { sent, done }
            }
        }
    }

    /// Reads what lies in these ranges, and hands on each event of ours.
    ///
    /// # Errors
    /// [`Error`], and what `each` returns.
    pub(crate) async fn read<E: From<Error>>(
        &self,
        ranges: &[PlacedRange],
        now: DateTime<Utc>,
        stop: &Stop,
        each: &mut dyn FnMut(ReadEvent) -> Result<(), E>,
    ) -> Result<Reading, E> {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => {
                let _ = now;
                let compacted = kafka.compacted(ranges).await;
                let read = crate::blocking::blocking(|| kafka.read(ranges, stop, each));
                Ok(Reading { compacted, expired: read? })
            }
            Self::Kinesis(kinesis) => {
                let expired = Box::pin(kinesis.read(ranges, now, stop, each)).await?;
                Ok(Reading { expired, compacted: BTreeSet::new() })
            }
        }
    }

    /// Looks at where events go, and changes nothing.
    pub(crate) async fn examine(&self) -> Examined {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => kafka.examine(&Table::ALL).await,
            Self::Kinesis(kinesis) => kinesis.examine(),
        }
    }

    /// What keeps older versions of what was sent, for how long, in words.
    pub(crate) fn retention(&self) -> String {
        match self {
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => kafka.retention(),
            Self::Kinesis(kinesis) => kinesis.retention(),
        }
    }
}
