//! What librdkafka calls back: what became of each event, and what troubles it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::ProducerContext;

/// Hears it.
#[derive(Default)]
pub(super) struct Context {
    told: Mutex<Told>,
}

/// What was heard since a batch began.
#[derive(Default)]
pub(super) struct Told {
    /// Events of which the fate is known.
    pub(super) done_count: usize,
    /// By partition, the first and last offset.
    pub(super) ranges: BTreeMap<i32, Offsets>,
    /// The events that were refused, by their places in the batch.
    pub(super) refused: BTreeMap<usize, RDKafkaErrorCode>,
    trouble: Option<Trouble>,
}

/// The first and last offset of a batch in a partition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offsets {
    pub(super) first: i64,
    pub(super) last: i64,
}

/// What troubles the client as a whole.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) reason: String,
    /// Whether it is who we are, which no patience mends.
    pub(super) is_login: bool,
}

impl Context {
    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        // Nothing panics while it is held, and if so, what was heard is still right.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.told().trouble.clone()
    }

    /// Begins to listen for a batch.
    pub(super) fn begin(&self) {
        *self.told() = Told::default();
    }
}

impl ClientContext for Context {
    // Its lines name brokers and properties; what matters of them comes as an error, too.
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, line: &str) {
        tracing::debug!("librdkafka {facility}: {line}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        use RDKafkaErrorCode::{
            Authentication, SSL, SaslAuthenticationFailed, UnsupportedSASLMechanism,
        };
        let code = error.rdkafka_error_code();
        let is_login = matches!(
            code,
            Some(Authentication | SaslAuthenticationFailed | SSL | UnsupportedSASLMechanism)
        );
        let mut told = self.told();
        // That nobody answers in the end says less than why.
        let says_less = code == Some(RDKafkaErrorCode::AllBrokersDown) && told.trouble.is_some();
        let keeps = told.trouble.as_ref().is_some_and(|trouble| trouble.is_login);
        if !says_less && !keeps {
            told.trouble = Some(Trouble { reason: reason.to_owned(), is_login });
        }
    }
}

impl ProducerContext for Context {
    /// The event's place in its batch.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, place: usize) {
        let mut told = self.told();
        told.done_count += 1;
        match result {
            Ok(message) => {
                let offset = message.offset();
                let range = told.ranges.entry(message.partition());
                let range = range.or_insert(Offsets { first: offset, last: offset });
                range.first = range.first.min(offset);
                range.last = range.last.max(offset);
            }
            Err((error, _)) => {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
                told.refused.insert(place, code);
            }
        }
    }
}
