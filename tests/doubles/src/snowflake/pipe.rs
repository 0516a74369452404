//! Pipes: what they are, what they remember, and what happened to the files they were told of.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::State;
use super::access::On;
use super::catalog::{Name, literal};
use super::copy::Copy;
use super::problem::{Outcome, Problem};

/// How long a pipe remembers a path.
pub(super) const MEMORY: TimeDelta = TimeDelta::days(14);

/// A pipe.
#[derive(Debug, Clone)]
pub(super) struct Pipe {
    /// The COPY as it was written.
    pub(super) definition: String,
    pub(super) copy: Copy,
    pub(super) is_auto: bool,
    pub(super) comment: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    /// Paths below the pipe's location, and when they came. What failed stays in it too.
    pub(super) memory: BTreeMap<String, DateTime<Utc>>,
    pub(super) queue: VecDeque<Pending>,
    pub(super) state: PipeState,
    pub(super) last_ingested: Option<(String, DateTime<Utc>)>,
    pub(super) last_received: Option<DateTime<Utc>>,
    pub(super) last_forwarded: Option<(String, DateTime<Utc>)>,
    /// Fields of its status as the test wants them; null takes one away.
    pub(super) told: Map<String, Value>,
}

/// The execution state, any word Snowflake might say, and its error text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipeState {
    pub state: String,
    pub error: Option<String>,
}

/// A file that waits for its turn.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) path: String,
    pub(super) size: Option<u64>,
    pub(super) received_at: DateTime<Utc>,
    /// Told by `insertFiles`, not by an event.
    pub(super) is_rest: bool,
    /// How often somebody has looked since.
    pub(super) look_count: u32,
    /// Parts of it that are in the table already.
    pub(super) part: u32,
}

impl PipeState {
    /// Any state with any error text.
    pub fn new(state: &str, error: Option<&str>) -> Self {
        Self { state: state.to_owned(), error: error.map(str::to_owned) }
    }

    pub(super) fn is_running(&self) -> bool {
        ["RUNNING", "FAILING_OVER"].contains(&self.state.as_str())
    }

    /// Whether new files are queued at all.
    pub(super) fn queues(&self) -> bool {
        self.is_running() || self.state == "PAUSED" || self.state.starts_with("STALLED_")
    }
}

impl Pipe {
    pub(super) fn new(copy: Copy, definition: &str, is_auto: bool, now: DateTime<Utc>) -> Self {
        Self {
            definition: definition.to_owned(),
            copy,
            is_auto,
            comment: None,
            created_at: now,
            memory: BTreeMap::new(),
            queue: VecDeque::new(),
            state: PipeState::new("RUNNING", None),
            last_ingested: None,
            last_received: None,
            last_forwarded: None,
            told: Map::new(),
        }
    }

    /// Forgets what it loaded, as a new pipe of the same name.
    pub(super) fn renew(&mut self, now: DateTime<Utc>) {
        *self = Self::new(self.copy.clone(), &self.definition, self.is_auto, now);
    }

    /// Queues a path unless the pipe knows it; whether it did.
    pub(super) fn receive(
        &mut self,
        path: &str,
        size: Option<u64>,
        now: DateTime<Utc>,
        is_rest: bool,
    ) -> bool {
        if self.memory.get(path).is_some_and(|at| now - *at < MEMORY) {
            return false;
        }
        self.memory.insert(path.to_owned(), now);
        self.queue.push_back(Pending {
            path: path.to_owned(),
            size,
            received_at: now,
            is_rest,
            look_count: 0,
            part: 0,
        });
        true
    }
}

impl State {
    /// The pipe's channel, as `DESC PIPE` and `SYSTEM$PIPE_STATUS` name it.
    pub(super) fn channel(&self, pipe: &Pipe) -> Option<String> {
        pipe.is_auto.then(|| {
            let account: String =
                self.config.account.chars().filter(char::is_ascii_alphanumeric).collect();
            format!("arn:aws:sqs:eu-west-1:123456789012:sf-snowpipe-{account}")
        })
    }

    /// `SYSTEM$PIPE_STATUS`: one JSON text with the fields that apply.
    pub(super) fn pipe_status(&self, name: &Name, role: &str) -> Outcome<String> {
        let pipe = self.catalog.pipes.get(name).filter(|_| {
            self.access.enters(role, &name.database, &name.schema)
                && (self.access.may(role, "MONITOR", On::Pipe, &name.text())
                    || self.access.may(role, "MONITOR EXECUTION", On::Account, ""))
        });
        let pipe = pipe.ok_or_else(|| Problem::missing("Pipe", &name.text()))?;
        let mut status = Map::new();
        status.insert("executionState".to_owned(), json!(pipe.state.state));
        status.insert("pendingFileCount".to_owned(), json!(pipe.queue.len()));
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                status.insert(name.to_owned(), value);
            }
        };
        let time = |at: DateTime<Utc>| json!(at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
        set("oldestPendingFilePath", pipe.queue.front().map(|file| json!(file.path)));
        set("oldestFileTimestamp", pipe.queue.front().map(|file| time(file.received_at)));
        set("error", pipe.state.error.as_ref().map(|text| json!(text)));
        set("lastIngestedFilePath", pipe.last_ingested.as_ref().map(|(path, _)| json!(path)));
        set("lastIngestedTimestamp", pipe.last_ingested.as_ref().map(|(_, at)| time(*at)));
        if pipe.is_auto {
            set("notificationChannelName", self.channel(pipe).map(|channel| json!(channel)));
            set("numOutstandingMessagesOnChannel", Some(json!(0)));
            set("lastReceivedMessageTimestamp", pipe.last_received.map(time));
            set(
                "lastForwardedMessageTimestamp",
                pipe.last_forwarded.as_ref().map(|(_, at)| time(*at)),
            );
            set("lastForwardedFilePath", pipe.last_forwarded.as_ref().map(|(path, _)| json!(path)));
            set("lastPulledFromChannelTimestamp", Some(time(self.now())));
        }
        for (name, value) in &pipe.told {
            status.insert(name.clone(), value.clone());
        }
        status.retain(|_, value| !value.is_null());
        Ok(Value::Object(status).to_string())
    }

    /// Which of these paths below a COPY's location fit its PATTERN, which is matched against what follows the stage's URL.
    pub(super) fn fitting(&self, copy: &Copy, paths: &[String]) -> BTreeSet<String> {
        let Some(pattern) = copy.pattern.as_ref().filter(|_| !paths.is_empty()) else {
            return paths.iter().cloned().collect();
        };
        let rows: Vec<String> = paths.iter().map(|path| format!("({})", literal(path))).collect();
        let sql = format!(
            "select path from (values {}) as paths(path) where regexp_full_match({} || path, {})",
            rows.join(", "),
            literal(&copy.path),
            literal(pattern)
        );
        let fitting = self.engine.texts(&sql).unwrap_or_default();
        fitting.into_iter().flatten().flatten().collect()
    }
}
