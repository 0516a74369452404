//! A strict double of Snowflake: SQL API and Snowpipe REST over real HTTP, statements run by a real DuckDB, files loaded from
//! their real bytes.
//!
//! In: an account with its user, keys and lake. Out: what Snowflake would answer. What Snowflake would punish, sooner or later, or
//! what we promised not to do is answered as Snowflake would and written down; a double that is dropped with violations nobody
//! allowed fails the test. Anything it is not sure of fails loudly.

mod access;
mod account_usage;
mod alter;
mod auth;
mod bindings;
mod catalog;
mod copy;
mod copy_into;
mod create;
mod csv;
mod cursor;
mod describe;
mod dml;
mod engine;
mod execute;
mod fault;
mod files;
mod functions;
mod grant;
mod history;
mod lexer;
mod listing;
mod loads;
mod parse;
mod pipe;
mod problem;
mod queue;
mod schema_objects;
mod session;
mod show;
mod snowpipe;
mod sql_api;
mod state;
mod time_format;
mod translate;
mod types;
mod wire;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub use self::auth::{LoginFailure, TokenKind};
pub use self::fault::{Fault, When};
pub use self::files::FileSource;
pub use self::loads::{Latency, LoadFault};
pub use self::pipe::PipeState;
pub use self::sql_api::StatementLog;
use self::state::State;
pub use self::state::{Counters, RequestLog};
use crate::bell::Bell;
use crate::http::{ANY_LOOPBACK_PORT, Answer, Delivery, Request, Server, Service};

/// How strict the double is about what Snowflake itself tolerates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// What we promised.
    Ours,
    /// What the documentation demands: for clients that we did not write.
    Documented,
}

/// The account, its user, and the lake it reads.
#[derive(Debug, Clone)]
pub struct FakeConfig {
    /// As the JWT names it.
    pub account: String,
    /// The user's `LOGIN_NAME`.
    pub user: String,
    /// DER of each registered key's `SubjectPublicKeyInfo`.
    pub public_keys: Vec<Vec<u8>>,
    /// Tokens that are no JWT of ours.
    pub tokens: Vec<(TokenKind, String)>,
    /// The role of Snowpipe, and of statements that name none.
    pub default_role: String,
    /// The user's roles; the default role is always one of them.
    pub roles: Vec<String>,
    pub default_warehouse: Option<String>,
    pub default_namespace: Option<(String, Option<String>)>,
    /// Where the lake's bytes are.
    pub files: FileSource,
    pub manners: Manners,
    /// What the clock shows at the start; the machine's time where it is not set.
    pub now: Option<DateTime<Utc>>,
}

impl FakeConfig {
    /// A user with one key who may become ACCOUNTADMIN and usually is LOADER.
    pub fn new(public_key: Vec<u8>, files: FileSource) -> Self {
        Self {
            account: "MYORG-MYACCT".to_owned(),
            user: "LOADER_SVC".to_owned(),
            public_keys: vec![public_key],
            tokens: Vec::new(),
            default_role: "LOADER".to_owned(),
            roles: vec!["ACCOUNTADMIN".to_owned()],
            default_warehouse: None,
            default_namespace: None,
            files,
            manners: Manners::Ours,
            now: None,
        }
    }
}

/// The statements of a text, cut at `;` as Snowflake cuts it; panics where the text is no SQL.
pub fn statements(sql: &str) -> Vec<String> {
    lexer::statements(sql).expect("the text is SQL")
}

/// A running double; it stops when dropped.
pub struct FakeSnowflake {
    shared: Arc<Shared>,
    server: Server,
}

/// What the server's thread and the test share.
struct Shared {
    state: Mutex<State>,
    hung: Bell,
}

impl FakeSnowflake {
    /// A double with this account on a free port.
    pub fn start(config: FakeConfig) -> Self {
        Self::start_at(ANY_LOOPBACK_PORT, config).expect("a loopback port is free")
    }

    /// The same at an address of one's choice; port 0 is any free one.
    pub fn start_at(at: SocketAddr, config: FakeConfig) -> std::io::Result<Self> {
        let shared =
            Arc::new(Shared { state: Mutex::new(State::new(config)), hung: Bell::default() });
        let server = Server::start_at(at, &shared)?;
        Ok(Self { shared, server })
    }

    /// What stands in the place of `https://<account>.snowflakecomputing.com`, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Runs statements as ACCOUNTADMIN, behind the back of HTTP; panics where one fails.
    pub fn admin(&self, sql: &str) {
        self.state().admin(sql);
    }

    /// Changes stored rows behind the back of everything, as a hand in the warehouse would; DuckDB's SQL.
    pub fn tamper(&self, sql: &str) {
        self.state().engine.run(sql).expect("the test writes SQL that DuckDB knows");
    }

    /// What Snowflake made of a dynamic table's refresh mode, and why.
    pub fn let_refresh_be(&self, table: &str, mode: &str, reason: &str) {
        let mode = (mode.to_owned(), Some(reason.to_owned()));
        self.state().set_refresh_mode(table, mode);
    }

    /// A column of a table is gone, as after an `ALTER TABLE` by hand.
    pub fn lose_column(&self, table: &str, column: &str) {
        self.state().with_table(table, |table| table.columns.retain(|it| it.name != column));
    }

    /// Rows of a select as ACCOUNTADMIN sees them, each cell as Snowflake's JSON has it.
    pub fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.state().admin(sql)
    }

    /// How many rows a table has; `name` is `DATABASE.SCHEMA.TABLE`.
    pub fn row_count(&self, name: &str) -> u64 {
        let rows = self.rows(&format!("select count(*) from {name}"));
        rows[0][0].as_deref().and_then(|text| text.parse().ok()).expect("a count is a number")
    }

    /// Lets the next `times` calls that fit go wrong; of several scripts the one written first is used up first.
    pub fn script(&self, when: When, times: usize, fault: Fault) {
        self.state().scripts.push(fault::Script { when, times, fault });
    }

    /// Lets the next `times` loads of files whose key contains `key_part` go wrong.
    pub fn script_load(&self, key_part: &str, times: usize, fault: LoadFault) {
        self.script_nth_load(key_part, 1, times, fault);
    }

    /// The same from the `nth` such load on (1-based): those before it go well.
    pub fn script_nth_load(&self, key_part: &str, nth: usize, times: usize, fault: LoadFault) {
        let (key_part, spared) = (key_part.to_owned(), nth.saturating_sub(1));
        self.state().load_scripts.push(loads::LoadScript { key_part, spared, times, fault });
    }

    /// Rings when a call hangs on command.
    pub fn hung(&self) -> &Bell {
        &self.shared.hung
    }

    /// The account as it was set up, on another lake: nothing loaded, nothing remembered, nothing scripted; violations stay.
    pub fn empty(&self, files: FileSource) {
        self.state().empty(files);
    }

    /// From now on nothing more goes wrong on command.
    pub fn drop_scripts(&self) {
        let mut state = self.state();
        state.scripts.clear();
        state.load_scripts.clear();
        state.penalty_ends = None;
    }

    /// How many scripted faults were never used.
    pub fn unused_faults(&self) -> usize {
        let state = self.state();
        let calls = state.scripts.iter().map(|script| script.times);
        calls.chain(state.load_scripts.iter().map(|script| script.times)).sum()
    }

    /// When files are loaded; at first by the next request.
    pub fn let_loads_take(&self, latency: Latency) {
        self.state().latency = latency;
    }

    /// How long after a load `COPY_HISTORY` knows of it.
    pub fn let_history_lag(&self, lag: Duration) {
        self.state().history_lag = lag;
    }

    /// Loads whatever is due now, without a request.
    pub fn load_now(&self) {
        self.state().tick();
    }

    /// The next report says `completeResult: false`.
    pub fn let_report_be_incomplete(&self) {
        self.state().next_report_is_incomplete = true;
    }

    /// Two polls of one statement must lie so far apart.
    pub fn let_polls_come_every(&self, floor: Duration) {
        self.state().poll_floor = floor;
    }

    /// A second of `Retry-After` lasts so long.
    pub fn let_a_second_last(&self, second: Duration) {
        self.state().second = second;
    }

    /// Moves loads, reports, histories and pipe memories on. Tokens do not age: the client's clock cannot be moved.
    pub fn advance_clock(&self, by: Duration) {
        self.state().skipped += TimeDelta::from_std(by).expect("a test skips centuries at most");
    }

    /// Snowflake's clock as against the client's, in seconds: for `Date` and the age of tokens.
    pub fn skew_clock(&self, seconds: i64) {
        self.state().skew = TimeDelta::seconds(seconds);
    }

    /// The clock of `Date` and the age of tokens stands from now on; `skew_clock` still moves it.
    pub fn stop_wall_clock(&self, at: DateTime<Utc>) {
        self.state().stands_at = Some(at);
    }

    /// What an expired JWT is answered with: 390318, or 390303 as before.
    pub fn let_expired_tokens_be_called(&self, code: &'static str) {
        self.state().expired_code = code;
    }

    /// Every token seen so far is refused from now on.
    pub fn revoke_tokens(&self) {
        self.state().tokens.revoke_all();
    }

    /// The state of a pipe (`DATABASE.SCHEMA.PIPE`) and its error; what is not running loads nothing.
    pub fn set_pipe_state(&self, pipe: &str, state: PipeState) {
        self.state().with_pipe(pipe, |pipe| pipe.state = state);
    }

    /// Fields that `SYSTEM$PIPE_STATUS` says instead of what is so; null takes a field away.
    pub fn let_pipe_status_say(&self, pipe: &str, fields: serde_json::Value) {
        let serde_json::Value::Object(fields) = fields else { panic!("fields are an object") };
        self.state().with_pipe(pipe, |pipe| pipe.told.extend(fields));
    }

    /// Forgets what the pipe loaded, as a new one of the same name would.
    pub fn recreate_pipe(&self, pipe: &str) {
        self.state().recreate_pipe(pipe);
    }

    /// Files that wait in the pipe.
    pub fn pending_count(&self, pipe: &str) -> usize {
        self.state().with_pipe(pipe, |pipe| pipe.queue.len())
    }

    /// `TRUNCATE TABLE`: rows and visible history go, the pipe's memory stays.
    pub fn truncate(&self, table: &str) {
        self.state().truncate(table);
    }

    /// Whether the double finds new objects by itself and takes each for an event; at first it does.
    pub fn let_events_arrive(&self, do_arrive: bool) {
        self.state().notifies = do_arrive;
    }

    /// What the bucket's notification sends: events such as `s3:ObjectCreated:*`, of keys below a prefix.
    pub fn subscribe(&self, event: &str, prefix: &str) {
        self.state().subscription = Some((event.to_owned(), prefix.to_owned()));
    }

    /// An event of S3's, for example `ObjectCreated:CompleteMultipartUpload`; whether it was sent on.
    pub fn object_created(&self, key: &str, event: &str) -> bool {
        self.state().event(key, event)
    }

    /// Whether `SYSTEM$PIPE_STATUS` needs a warehouse: nobody has tried, so at first it does.
    pub fn let_pipe_status_need_a_warehouse(&self, needs: bool) {
        self.state().pipe_status_needs_warehouse = needs;
    }

    /// Every request since the start or `clear_log`.
    pub fn requests(&self) -> Vec<RequestLog> {
        self.state().log.clone()
    }

    /// Requests whose path contains `path_part`, for example `insertFiles`.
    pub fn count(&self, path_part: &str) -> usize {
        self.state().log.iter().filter(|request| request.path.contains(path_part)).count()
    }

    /// Every statement that was run since the start or `clear_log`.
    pub fn statements(&self) -> Vec<StatementLog> {
        self.state().statement_log.clone()
    }

    /// What was counted since the start or `clear_log`.
    pub fn counters(&self) -> Counters {
        let state = self.state();
        Counters { token_count: state.tokens.recent.len(), ..state.counters }
    }

    /// Forgets requests and statements and starts to count from zero; violations stay.
    pub fn clear_log(&self) {
        self.state().clear_log();
    }

    /// Tokens that came, for tests that look for them in output and files.
    pub fn tokens(&self) -> Vec<String> {
        self.state().tokens.seen.iter().cloned().collect()
    }

    /// What an administrator would see of refused tokens.
    pub fn login_failures(&self) -> Vec<LoginFailure> {
        self.state().tokens.failures.clone()
    }

    /// What the client did that Snowflake forbids or that we promised not to do.
    pub fn violations(&self) -> Vec<String> {
        let state = self.state();
        state.violations.iter().cloned().chain(state.half_read()).collect()
    }

    /// For tests that make the client misbehave on purpose.
    pub fn allow_violations(&self) {
        self.state().allows_violations = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Drop for FakeSnowflake {
    fn drop(&mut self) {
        self.server.stop();
        let (violations, allows) = (self.violations(), self.state().allows_violations);
        // A test that fails anyway must show its own message.
        if !std::thread::panicking() && !allows {
            assert!(
                violations.is_empty(),
                "Snowflake would not have liked this client:\n- {}",
                violations.join("\n- ")
            );
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Shared {
    fn answer(&self, request: &Request) -> Answer {
        let answer = self.lock().logged_answer(request);
        if answer.delivery == Delivery::Hang {
            self.hung.ring();
        }
        answer
    }
}
