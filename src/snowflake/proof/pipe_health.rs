//! `SYSTEM$PIPE_STATUS` read: which state a pipe is in, whether a person must act, and how.
//!
//! In: the function's JSON. Out: a [`PipeStatus`] and, from it, a [`PipeHealth`] in words. Pure. A state that Snowflake adds later
//! is kept as it is written and never taken for healthy.
//!
//! <https://docs.snowflake.com/en/sql-reference/functions/system_pipe_status>

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::phrase::{counted, either, plural};
use crate::snowflake::api::{QualifiedName, literal};

/// How long S3's event and Snowflake's answer to it may take before their absence means something.
const EVENT_GRACE: TimeDelta = TimeDelta::minutes(5);
/// S3 tells of a file before an upload of many is noted as done: an event this much older may still be about it.
const EVENT_LEAD: TimeDelta = TimeDelta::minutes(10);

/// What a pipe says of itself. Snowflake leaves out what does not apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PipeStatus {
    /// The state, as Snowflake writes it.
    #[serde(default)]
    pub execution_state: String,
    /// Files received and not loaded.
    #[serde(default)]
    pub pending_file_count: u64,
    /// The oldest of them.
    pub oldest_pending_file_path: Option<String>,
    /// When the oldest of them was received.
    pub oldest_file_timestamp: Option<DateTime<Utc>>,
    /// When a file was last loaded.
    pub last_ingested_timestamp: Option<DateTime<Utc>>,
    /// That file.
    pub last_ingested_file_path: Option<String>,
    /// Messages waiting in the queue of S3's events.
    pub num_outstanding_messages_on_channel: Option<u64>,
    /// The queue's name; only pipes with `auto_ingest` have one.
    pub notification_channel_name: Option<String>,
    /// When S3 last said anything.
    pub last_received_message_timestamp: Option<DateTime<Utc>>,
    /// When something S3 said last matched the pipe's path.
    pub last_forwarded_message_timestamp: Option<DateTime<Utc>>,
    /// What is wrong with the queue.
    pub channel_error_message: Option<String>,
    /// Why the pipe stands.
    pub error: Option<String>,
    /// Why Snowflake's own part failed.
    pub fault: Option<String>,
}

/// The states that Snowflake documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PipeState {
    /// At work.
    Running,
    /// At work, moving to another region.
    FailingOver,
    /// Paused by somebody; files queue up.
    Paused,
    /// In a replica.
    ReadOnly,
    /// Stopped: what it needs is gone or changed.
    Stopped(Stopped),
    /// Stalled: it tried and could not.
    Stalled(Stalled),
    /// A word that Snowflake does not document.
    Other(String),
}

/// Why a pipe is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    Cloned,
    StageAltered,
    StageDropped,
    FileFormatDropped,
    NotificationIntegrationDropped,
    MissingPipe,
    MissingTable,
    FeatureDisabled,
    BySnowflakeAdmin,
}

/// Why a pipe is stalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "named as Snowflake names them")]
pub(crate) enum Stalled {
    CompilationError,
    InitializationError,
    ExecutionError,
    InternalError,
    StagePermissionError,
}

/// Whether a person must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Health {
    /// No.
    Ok,
    /// Files wait; they are loaded once somebody lets them, or something looks wrong.
    Warn,
    /// Nothing is loaded until a person mends it.
    Fail,
}

impl Health {
    /// As reports write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// A pipe judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PipeHealth {
    /// The pipe's name.
    pub pipe: String,
    /// The verdict.
    pub health: Health,
    /// The state in words, with Snowflake's own error.
    pub reason: String,
    /// What to do, the same for every pipe in this state; empty where nothing is.
    pub remedy: String,
    /// What to run for it, about this pipe.
    pub statements: Vec<String>,
}

impl PipeHealth {
    /// What to do about this pipe, by its name, with what to run for it.
    pub(crate) fn next_step(&self) -> String {
        next_step_of(&[self])
    }

    /// What to do about pipes, each remedy once.
    pub(crate) fn next_steps(pipes: &[Self]) -> String {
        let is_first = |(at, pipe): &(usize, &Self)| {
            pipes[..*at].iter().all(|known| known.remedy != pipe.remedy)
        };
        let first = pipes.iter().enumerate().filter(is_first);
        let steps = first.map(|(_, pipe)| pipe.next_step_among(pipes.iter()));
        steps.collect::<Vec<_>>().join("; ")
    }

    /// What to do about this pipe and about all of `pipes` with its remedy, in the same words and with one script.
    pub(super) fn next_step_among<'a>(&self, pipes: impl Iterator<Item = &'a Self>) -> String {
        let mut alike: Vec<&Self> = Vec::new();
        for pipe in pipes.filter(|pipe| pipe.remedy == self.remedy) {
            if !alike.iter().any(|known| known.pipe == pipe.pipe) {
                alike.push(pipe);
            }
        }
        next_step_of(&alike)
    }
}

/// What to do about pipes with the same remedy, by their names, with one script for all of them.
fn next_step_of(pipes: &[&PipeHealth]) -> String {
    let names: Vec<String> = pipes.iter().map(|it| format!("`{}`", it.pipe)).collect();
    let noun = plural(names.len() as u64, "pipe");
    let remedy = pipes.first().map(|it| it.remedy.as_str()).unwrap_or_default();
    let mut step = format!("{noun} {}: {remedy}", names.join(", "));
    let script: Vec<&str> =
        pipes.iter().flat_map(|it| &it.statements).map(String::as_str).collect();
    if !script.is_empty() {
        step.push_str(&format!(": `{}`", script.join("; ")));
    }
    step
}

impl PipeState {
    /// Reads a state; the case does not matter.
    pub(crate) fn of(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "RUNNING" => Self::Running,
            "FAILING_OVER" => Self::FailingOver,
            "PAUSED" => Self::Paused,
            "READ_ONLY" => Self::ReadOnly,
            "STOPPED_CLONED" => Self::Stopped(Stopped::Cloned),
            "STOPPED_STAGE_ALTERED" => Self::Stopped(Stopped::StageAltered),
            "STOPPED_STAGE_DROPPED" => Self::Stopped(Stopped::StageDropped),
            "STOPPED_FILE_FORMAT_DROPPED" => Self::Stopped(Stopped::FileFormatDropped),
            "STOPPED_NOTIFICATION_INTEGRATION_DROPPED" => {
                Self::Stopped(Stopped::NotificationIntegrationDropped)
            }
            "STOPPED_MISSING_PIPE" => Self::Stopped(Stopped::MissingPipe),
            "STOPPED_MISSING_TABLE" => Self::Stopped(Stopped::MissingTable),
            "STOPPED_FEATURE_DISABLED" => Self::Stopped(Stopped::FeatureDisabled),
            "STOPPED_BY_SNOWFLAKE_ADMIN" => Self::Stopped(Stopped::BySnowflakeAdmin),
            "STALLED_COMPILATION_ERROR" => Self::Stalled(Stalled::CompilationError),
            "STALLED_INITIALIZATION_ERROR" => Self::Stalled(Stalled::InitializationError),
            "STALLED_EXECUTION_ERROR" => Self::Stalled(Stalled::ExecutionError),
            "STALLED_INTERNAL_ERROR" => Self::Stalled(Stalled::InternalError),
            "STALLED_STAGE_PERMISSION_ERROR" => Self::Stalled(Stalled::StagePermissionError),
            _ => Self::Other(word.to_owned()),
        }
    }

    const fn health(&self) -> Health {
        match self {
            Self::Running | Self::FailingOver => Health::Ok,
            // An unknown state may pass; waiting for it costs a later run, giving up might cost a person's night.
            Self::Paused | Self::Other(_) => Health::Warn,
            Self::ReadOnly | Self::Stopped(_) | Self::Stalled(_) => Health::Fail,
        }
    }

    /// What to run about a pipe of this name.
    fn statements(&self, pipe: &QualifiedName) -> Vec<String> {
        let name = literal(&pipe.to_string());
        match self {
            Self::Paused => vec![format!("alter pipe {pipe} set pipe_execution_paused = false")],
            Self::Stopped(Stopped::Cloned) => {
                vec![format!("select system$pipe_force_resume({name})")]
            }
            Self::Stopped(Stopped::StageDropped) => vec![format!("drop pipe {pipe}")],
            Self::Stopped(Stopped::MissingTable) => vec![format!("alter pipe {pipe} refresh")],
            _ => Vec::new(),
        }
    }

    /// Whether another pipe takes its place, which knows nothing of what this one was told.
    const fn is_replaced(&self) -> bool {
        matches!(
            self,
            Self::Stopped(
                Stopped::StageAltered
                    | Stopped::StageDropped
                    | Stopped::FileFormatDropped
                    | Stopped::NotificationIntegrationDropped
                    | Stopped::MissingPipe
            )
        )
    }

    const fn remedy(&self) -> &'static str {
        match self {
            Self::Running | Self::FailingOver => "",
            Self::Paused => {
                "what queued up is loaded once it is resumed (its schema or the account may be paused as well: `show parameters like 'PIPE_EXECUTION_PAUSED' in account`; after more than 14 days it must be forced, with `system$pipe_force_resume`)"
            }
            Self::ReadOnly => {
                "it belongs to a secondary database, which takes no files: use the primary account, or fail over to this one"
            }
            Self::Stopped(why) => why.remedy(),
            Self::Stalled(why) => why.remedy(),
            Self::Other(_) => {
                "this state is not in Snowflake's documentation that we know: look it up, and run the same command again later"
            }
        }
    }
}

impl Stopped {
    const fn remedy(self) -> &'static str {
        match self {
            Self::Cloned => {
                "it came into being with a clone of its schema and reads the original's files: drop it and use the original, or force it to resume if this copy is to load them as well"
            }
            Self::StageAltered => {
                "its stage points elsewhere than when the pipe was made: set the stage's URL back (`snowtrack snowflake plan` shows the old one and the new), or make the pipe anew under a new version"
            }
            Self::StageDropped => {
                "its stage is gone, and the pipe is bound to that one, also where another has its name by now: drop the pipe by hand, and `snowtrack snowflake plan` says who can make both again (a new pipe forgets which files the old one loaded)"
            }
            Self::FileFormatDropped => {
                "its file format is gone: `snowtrack snowflake plan` says who can make it again; if the pipe does not go on then, drop it by hand and have it made anew likewise"
            }
            Self::NotificationIntegrationDropped => {
                "its notification integration is gone: an admin must make it again and the pipe be made anew"
            }
            Self::MissingPipe => {
                "the pipe itself is gone: `snowtrack snowflake plan` says who can make it again"
            }
            Self::MissingTable => {
                "its table is gone: `snowtrack snowflake plan` says who can make it again, and the pipe then goes on by itself; files that arrived meanwhile are not queued: `snowtrack ingest` submits again what it was told of; for what events told, refresh the pipe"
            }
            Self::FeatureDisabled => {
                "Snowpipe is switched off for this account: ask Snowflake's support"
            }
            Self::BySnowflakeAdmin => "Snowflake stopped it: ask Snowflake's support why",
        }
    }
}

impl Stalled {
    const fn remedy(self) -> &'static str {
        match self {
            Self::CompilationError => {
                "its COPY statement no longer compiles: a column, table, stage or file format changed, or the owner lost a privilege; `snowtrack snowflake plan` shows what is different"
            }
            Self::InitializationError => {
                "it could not start: the owner may lack USAGE on stage, file format, schema or database; `snowtrack snowflake plan` shows what is missing"
            }
            Self::ExecutionError => {
                "loading failed: mend what the error names; the pipe tries again by itself"
            }
            Self::InternalError => {
                "an error inside Snowflake: it tries again by itself; if it stays, ask Snowflake's support with this text"
            }
            Self::StagePermissionError => {
                "Snowflake may not read the bucket: check the role's policy, and that its trust policy names Snowflake's IAM user and external id (`snowtrack snowflake plan --aws DIR` writes both policies); asking for the status again makes Snowflake look again"
            }
        }
    }
}

impl PipeStatus {
    /// Reads the function's answer; `None` where it is no status at all.
    pub(crate) fn parse(json: &str) -> Option<Self> {
        let status: Self = serde_json::from_str(json).ok()?;
        (!status.execution_state.is_empty()).then_some(status)
    }

    /// The state.
    pub(crate) fn state(&self) -> PipeState {
        PipeState::of(&self.execution_state)
    }

    /// The pipe of this name judged. `before` is an earlier status; `waiting_since` is when the files that are waited for lay in the bucket.
    pub(crate) fn health(
        &self,
        pipe: &QualifiedName,
        before: Option<&Self>,
        waiting_since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> PipeHealth {
        let (state, name) = (self.state(), pipe.to_string());
        let mut reason = self.execution_state.clone();
        let said = [&self.error, &self.fault, &self.channel_error_message];
        for text in said.into_iter().flatten().filter(|text| !text.is_empty()) {
            reason = format!("{reason}: {text}");
        }
        if 0 < self.pending_file_count {
            let count = self.pending_file_count;
            let (files, are) = (counted(count, "file"), either(count, "is", "are"));
            reason = format!("{reason}; {files} {are} queued");
        }
        if state.health() != Health::Ok {
            let mut remedy = state.remedy().to_owned();
            if state.is_replaced() {
                let ingest = match self.notification_channel_name {
                    Some(_) => "`snowtrack ingest --as rest`",
                    None => "`snowtrack ingest`",
                };
                remedy.push_str(&format!("; then {ingest} submits what it has not loaded"));
            }
            let (health, statements) = (state.health(), state.statements(pipe));
            return PipeHealth { pipe: name, health, reason, remedy, statements };
        }
        let read = |(what, remedy): (String, &str), statement: String| PipeHealth {
            pipe: name.clone(),
            health: Health::Warn,
            reason: format!("{reason}; {what}"),
            remedy: remedy.to_owned(),
            statements: vec![statement],
        };
        if let Some(reading) = self.event_reading(waiting_since, now) {
            return read(reading, format!("alter pipe {pipe} refresh"));
        }
        if let Some(reading) = before.and_then(|before| self.stuck(before)) {
            let errors = format!(
                "select * from table({}.information_schema.validate_pipe_load(pipe_name => {}, \
                    start_time => dateadd(day, -1, current_timestamp())))",
                pipe.database,
                literal(&pipe.to_string())
            );
            return read(reading, errors);
        }
        let (remedy, statements) = (String::new(), Vec::new());
        PipeHealth { pipe: name, health: Health::Ok, reason, remedy, statements }
    }

    /// What the times of S3's events say, for a pipe that lives on them.
    fn event_reading(
        &self,
        waiting_since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<(String, &'static str)> {
        self.notification_channel_name.as_ref()?;
        let since = waiting_since.filter(|since| *since + EVENT_GRACE <= now)?;
        let is_stale = |at: Option<DateTime<Utc>>| at.is_none_or(|at| at + EVENT_LEAD < since);
        let told =
            |at: Option<DateTime<Utc>>| at.map_or_else(|| "never".to_owned(), |at| at.to_rfc3339());
        let (received, forwarded) =
            (self.last_received_message_timestamp, self.last_forwarded_message_timestamp);
        if is_stale(received) {
            return Some((
                format!("S3 told it nothing since the files arrived (last: {})", told(received)),
                "the bucket's notification does not reach the pipe's queue: set it as `snowtrack snowflake plan --aws DIR` writes it (events `s3:ObjectCreated:*`); files that are there already and no older than 7 days come with a refresh",
            ));
        }
        is_stale(forwarded).then(|| {
            (
                format!(
                    "S3 speaks to it, but of nothing under its path since the files arrived (last: {})",
                    told(forwarded)
                ),
                "the stage's URL or the notification's prefix is not where the files are: compare them with the keys of the manifest; then refresh the pipe",
            )
        })
    }

    /// Whether the queue only grows.
    fn stuck(&self, before: &Self) -> Option<(String, &'static str)> {
        let is_growing = before.pending_file_count < self.pending_file_count;
        let oldest = self.oldest_pending_file_path.as_ref()?;
        (is_growing && before.oldest_pending_file_path.as_ref() == Some(oldest)).then(|| {
            (
                format!(
                    "its queue grew from {} to {} files and `{oldest}` stays the oldest: it is stuck",
                    before.pending_file_count, self.pending_file_count
                ),
                "look at the oldest file's errors; if there are none, ask Snowflake's support",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-01-05T{text}:00Z").parse().unwrap()
    }

    fn health(json: &str) -> PipeHealth {
        PipeStatus::parse(json).unwrap().health(&pipe(), None, None, at("12:00"))
    }

    fn pipe() -> QualifiedName {
        let name = |text: &str| text.parse().unwrap();
        QualifiedName { database: name("D"), schema: name("S"), name: name("P") }
    }

    #[test]
    fn every_state_has_a_verdict_and_a_remedy_where_one_is_needed() {
        // State, verdict, and a word of the remedy: what a person would have to touch.
        let table = [
            ("RUNNING", Health::Ok, ""),
            ("FAILING_OVER", Health::Ok, ""),
            ("PAUSED", Health::Warn, "alter pipe D.S.P set pipe_execution_paused = false"),
            ("READ_ONLY", Health::Fail, "secondary"),
            ("STOPPED_CLONED", Health::Fail, "select system$pipe_force_resume('D.S.P')"),
            ("STOPPED_STAGE_ALTERED", Health::Fail, "stage's URL"),
            ("STOPPED_STAGE_DROPPED", Health::Fail, "stage is gone"),
            ("STOPPED_FILE_FORMAT_DROPPED", Health::Fail, "file format"),
            ("STOPPED_NOTIFICATION_INTEGRATION_DROPPED", Health::Fail, "notification integration"),
            ("STOPPED_MISSING_PIPE", Health::Fail, "pipe itself"),
            ("STOPPED_MISSING_TABLE", Health::Fail, "alter pipe D.S.P refresh"),
            ("STOPPED_FEATURE_DISABLED", Health::Fail, "support"),
            ("STOPPED_BY_SNOWFLAKE_ADMIN", Health::Fail, "support"),
            ("STALLED_COMPILATION_ERROR", Health::Fail, "COPY statement"),
            ("STALLED_INITIALIZATION_ERROR", Health::Fail, "USAGE"),
            ("STALLED_EXECUTION_ERROR", Health::Fail, "error names"),
            ("STALLED_INTERNAL_ERROR", Health::Fail, "support"),
            ("STALLED_STAGE_PERMISSION_ERROR", Health::Fail, "trust policy"),
            ("HIBERNATING", Health::Warn, "documentation"),
        ];
        let mut remedies = std::collections::BTreeSet::new();
        for (state, verdict, word) in table {
            let found = health(&format!(r#"{{"executionState":"{state}","pendingFileCount":0}}"#));
            assert_eq!(found.health, verdict, "{state}");
            assert!(found.next_step().contains(word), "{state}: {}", found.next_step());
            // A new pipe was told of nothing.
            let gone = ["STAGE_ALTERED", "DROPPED", "MISSING_PIPE"];
            let is_replaced = gone.iter().any(|word| state.contains(word));
            let last = "; then `snowtrack ingest` submits what it has not loaded";
            assert_eq!(found.remedy.ends_with(last), is_replaced, "{state}: {}", found.remedy);
            // What can be pasted has no open place.
            assert!(!found.next_step().contains('…'), "{state}: {}", found.next_step());
            assert_eq!(found.remedy.is_empty(), word.is_empty(), "{state}");
            assert_eq!(found.reason, state);
            remedies.insert(found.remedy);
        }
        assert_eq!(remedies.len(), table.len() - 1, "two states have the same remedy");
        assert_eq!(PipeState::of("HIBERNATING"), PipeState::Other("HIBERNATING".to_owned()));
    }

    #[test]
    fn snowflakes_own_words_and_the_queue_are_in_the_reason() {
        let found = health(
            r#"{"executionState":"STALLED_EXECUTION_ERROR","pendingFileCount":3,"error":"Column X not found","newField":{"a":1}}"#,
        );
        assert_eq!(found.reason, "STALLED_EXECUTION_ERROR: Column X not found; 3 files are queued");
    }

    #[test]
    fn what_is_no_status_is_none() {
        for text in ["", "null", "[]", "{}", r#"{"pendingFileCount":1}"#, "not json"] {
            assert_eq!(PipeStatus::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_times_of_s3s_events_say_which_half_of_the_notification_is_broken() {
        let status = |received: &str, forwarded: &str| {
            let json = format!(
                r#"{{"executionState":"RUNNING","pendingFileCount":0,"notificationChannelName":"arn:q"{received}{forwarded}}}"#
            );
            PipeStatus::parse(&json).unwrap()
        };
        let stamp = |name: &str, time: &str| {
            format!(r#","last{name}MessageTimestamp":"2026-01-05T{time}:00.000Z""#)
        };
        // Files arrived at 11:00, it is noon: received, forwarded, what is said of it.
        let cases = [
            (String::new(), String::new(), Some("told it nothing")),
            (stamp("Received", "10:49"), stamp("Forwarded", "10:49"), Some("told it nothing")),
            // While the upload was still going on.
            (stamp("Received", "10:55"), stamp("Forwarded", "10:55"), None),
            (
                stamp("Received", "11:01"),
                stamp("Forwarded", "10:49"),
                Some("nothing under its path"),
            ),
            (stamp("Received", "11:01"), String::new(), Some("nothing under its path")),
            (stamp("Received", "11:01"), stamp("Forwarded", "11:01"), None),
        ];
        for (received, forwarded, said) in cases {
            let status = status(&received, &forwarded);
            let found = status.health(&pipe(), None, Some(at("11:00")), at("12:00"));
            let verdict = if said.is_some() { Health::Warn } else { Health::Ok };
            assert_eq!(found.health, verdict, "{found:?}");
            assert!(
                found.reason.contains(said.unwrap_or(""))
                    && found.remedy.is_empty() == said.is_none()
            );
            // Too early to say, or nothing is waited for.
            assert_eq!(
                status.health(&pipe(), None, Some(at("11:00")), at("11:04")).health,
                Health::Ok
            );
            assert_eq!(status.health(&pipe(), None, None, at("12:00")).health, Health::Ok);
        }
        // A pipe that we tell of files lives on no events.
        let rest = PipeStatus::parse(r#"{"executionState":"RUNNING"}"#).unwrap();
        assert_eq!(rest.health(&pipe(), None, Some(at("11:00")), at("12:00")).health, Health::Ok);
    }

    #[test]
    fn what_pipes_share_is_said_once_with_one_script_for_all_of_them() {
        let paused = |name: &str| PipeHealth {
            pipe: name.to_owned(),
            health: Health::Warn,
            reason: "PAUSED".to_owned(),
            remedy: "resume".to_owned(),
            statements: vec![format!("alter pipe {name} x = 1")],
        };
        let (one, two) = (paused("D.S.P"), paused("D.S.Q"));
        let other = PipeHealth { remedy: "another".to_owned(), ..paused("D.S.R") };
        assert_eq!(one.next_step(), "pipe `D.S.P`: resume: `alter pipe D.S.P x = 1`");
        assert_eq!(
            one.next_step_among([&one, &two, &one, &other].into_iter()),
            "pipes `D.S.P`, `D.S.Q`: resume: `alter pipe D.S.P x = 1; alter pipe D.S.Q x = 1`"
        );
        assert_eq!(
            PipeHealth::next_steps(&[one.clone(), other.clone(), two.clone()]),
            "pipes `D.S.P`, `D.S.Q`: resume: `alter pipe D.S.P x = 1; alter pipe D.S.Q x = 1`; \
                pipe `D.S.R`: another: `alter pipe D.S.R x = 1`"
        );
        let mute = PipeHealth { statements: Vec::new(), ..one };
        assert_eq!(mute.next_step(), "pipe `D.S.P`: resume");
    }

    #[test]
    fn a_queue_that_grows_behind_the_same_file_is_stuck() {
        let status = |count: u32, oldest: &str| {
            let json = format!(
                r#"{{"executionState":"RUNNING","pendingFileCount":{count},"oldestPendingFilePath":"{oldest}"}}"#
            );
            PipeStatus::parse(&json).unwrap()
        };
        let now = at("12:00");
        let stuck = status(5, "a").health(&pipe(), Some(&status(2, "a")), None, now);
        assert_eq!(stuck.health, Health::Warn);
        assert!(stuck.reason.contains("from 2 to 5") && stuck.reason.contains("`a`"), "{stuck:?}");
        for (before, after) in [((2, "a"), (5, "b")), ((5, "a"), (5, "a")), ((5, "a"), (2, "a"))] {
            let (before, after) = (status(before.0, before.1), status(after.0, after.1));
            assert_eq!(after.health(&pipe(), Some(&before), None, now).health, Health::Ok);
        }
    }
}
