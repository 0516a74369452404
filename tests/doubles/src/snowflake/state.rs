//! Everything the double knows and remembers, and the way of a request through it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::access::Access;
use super::account_usage::PastQuery;
use super::auth::TokenBook;
use super::catalog::{Catalog, Name, Place, Plain};
use super::cursor::{Cursor, Settings};
use super::engine::Engine;
use super::fault::{Course, Script};
use super::files::FileSource;
use super::loads::{Latency, Load, LoadScript};
use super::pipe::Pipe;
use super::session::Session;
use super::sql_api::{Statement, StatementLog};
use super::{FakeConfig, Manners, lexer};
use crate::http::{Answer, Delivery, Request};

/// One request as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLog {
    pub method: String,
    pub path: String,
    /// Percent-encoded, without `?`.
    pub query: String,
    /// As text; what is no UTF-8 is replaced.
    pub body: String,
    /// 0 where nothing was answered.
    pub status: u16,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Statements submitted; repeated ones count once if they were marked.
    pub statement_count: usize,
    /// Statements that made a warehouse run.
    pub warehouse_statement_count: usize,
    /// Questions about statements that were still running.
    pub poll_count: usize,
    pub cancelled_count: usize,
    pub insert_files_count: usize,
    pub report_count: usize,
    pub history_scan_count: usize,
    /// Different tokens.
    pub token_count: usize,
    /// A token that had been refused came again.
    pub repeated_token_count: usize,
    /// A requestId came again without `retry=true`.
    pub unmarked_repeat_count: usize,
}

/// Everything the double knows and remembers.
pub(super) struct State {
    pub(super) config: FakeConfig,
    pub(super) engine: Engine,
    pub(super) catalog: Catalog,
    pub(super) access: Access,
    pub(super) tokens: TokenBook,
    pub(super) statements: Vec<Statement>,
    pub(super) loads: Vec<Load>,
    pub(super) event_count: u64,
    /// Keys whose events have come.
    pub(super) noticed: BTreeSet<String>,
    pub(super) notifies: bool,
    /// Event and key prefix that the bucket's notification sends; everything where it is not set.
    pub(super) subscription: Option<(String, String)>,
    pub(super) scan_free_from: BTreeMap<Name, DateTime<Utc>>,
    /// Where a scan that was cut goes on.
    pub(super) scan_continues_at: Option<(Name, DateTime<Utc>)>,
    pub(super) next_report_is_incomplete: bool,
    pub(super) latency: Latency,
    pub(super) history_lag: Duration,
    pub(super) pipe_status_needs_warehouse: bool,
    /// What an expired JWT is answered with.
    pub(super) expired_code: &'static str,
    pub(super) scripts: Vec<Script>,
    pub(super) load_scripts: Vec<LoadScript>,
    pub(super) poll_floor: Duration,
    pub(super) second: Duration,
    pub(super) penalty_ends: Option<Instant>,
    /// The test looks, which is no look of the client's.
    pub(super) is_aside: bool,
    pub(super) call_count: usize,
    pub(super) counters: Counters,
    pub(super) log: Vec<RequestLog>,
    pub(super) statement_log: Vec<StatementLog>,
    /// What `ACCOUNT_USAGE` tells; no test clears it.
    pub(super) past_queries: Vec<PastQuery>,
    /// Database roles of `SNOWFLAKE`, or its imported privileges, and the role that has them.
    pub(super) usage_grants: BTreeSet<(String, String)>,
    pub(super) violations: Vec<String>,
    pub(super) allows_violations: bool,
    started: Instant,
    started_at: DateTime<Utc>,
    /// Time the test skipped.
    pub(super) skipped: TimeDelta,
    /// Snowflake's wall clock minus the machine's.
    pub(super) skew: TimeDelta,
    /// Where the wall clock stands, before the skew; it goes where it is not set.
    pub(super) stands_at: Option<DateTime<Utc>>,
}

#[expect(clippy::disallowed_methods, reason = "a double's clock starts with the machine's")]
fn machine_time() -> DateTime<Utc> {
    Utc::now()
}

impl State {
    pub(super) fn new(config: FakeConfig) -> Self {
        let mut access = Access::new();
        let started_at = config.now.unwrap_or_else(machine_time);
        let roles = config.roles.iter().chain([&config.default_role]);
        for role in roles.clone() {
            access.roles.entry(role.clone()).or_default();
        }
        access.users.insert(config.user.clone(), roles.cloned().collect());
        let mut catalog = Catalog::default();
        let user = Plain { settings: Settings::new(), created_at: started_at };
        catalog.users.insert(config.user.clone(), user);
        Self {
            config,
            engine: Engine::new(),
            catalog,
            access,
            tokens: TokenBook::default(),
            statements: Vec::new(),
            loads: Vec::new(),
            event_count: 0,
            noticed: BTreeSet::new(),
            notifies: true,
            subscription: None,
            scan_free_from: BTreeMap::new(),
            scan_continues_at: None,
            next_report_is_incomplete: false,
            latency: Latency::After(Duration::ZERO),
            history_lag: Duration::ZERO,
            pipe_status_needs_warehouse: true,
            expired_code: "390318",
            scripts: Vec::new(),
            load_scripts: Vec::new(),
            poll_floor: Duration::ZERO,
            second: Duration::from_secs(1),
            penalty_ends: None,
            is_aside: false,
            call_count: 0,
            counters: Counters::default(),
            log: Vec::new(),
            statement_log: Vec::new(),
            past_queries: Vec::new(),
            usage_grants: BTreeSet::new(),
            violations: Vec::new(),
            allows_violations: false,
            started: Instant::now(),
            started_at,
            skipped: TimeDelta::zero(),
            skew: TimeDelta::zero(),
            stands_at: None,
        }
    }

    /// The world's time: loads, reports, histories, memories.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.started_at + self.elapsed() + self.skipped
    }

    /// What Snowflake's clock shows: tokens and the `Date` header.
    pub(super) fn wall_clock(&self) -> DateTime<Utc> {
        self.stands_at.unwrap_or_else(|| self.started_at + self.elapsed()) + self.skew
    }

    fn elapsed(&self) -> TimeDelta {
        TimeDelta::from_std(self.started.elapsed()).unwrap_or_default()
    }

    pub(super) fn violate(&mut self, what: String) {
        self.violations.push(what);
    }

    /// Answers and remembers one request.
    pub(super) fn logged_answer(&mut self, request: &Request) -> Answer {
        self.call_count += 1;
        let date = self.wall_clock().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let answer = self.answer(request).with_header("date", date);
        let is_silent = matches!(answer.delivery, Delivery::Reset | Delivery::Hang);
        self.log.push(RequestLog {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            status: if is_silent { 0 } else { answer.status },
        });
        answer
    }

    fn answer(&mut self, request: &Request) -> Answer {
        self.tick();
        if let Some(answer) = self.penalty(request) {
            return answer;
        }
        match self.next_fault(request) {
            Some(fault) => {
                self.struck(fault, request, |state, course| state.right_answer(request, course))
            }
            None => self.right_answer(request, &Course::default()),
        }
    }

    fn right_answer(&mut self, request: &Request, course: &Course) -> Answer {
        if let Err(answer) = self.check_headers(request) {
            return *answer;
        }
        if let Err(answer) = self.authorize(request) {
            return *answer;
        }
        let path = request.path.as_str();
        if path == "/api/v2/statements" || path.starts_with("/api/v2/statements/") {
            self.sql_api(request, course)
        } else if path.starts_with("/v1/data/pipes/") {
            self.snowpipe(request)
        } else {
            self.no_such_endpoint(request)
        }
    }

    pub(super) fn no_such_endpoint(&mut self, request: &Request) -> Answer {
        self.violate(format!("no such endpoint: {} {}", request.method, request.path));
        Answer::json(404, json!({"code": "390404", "message": "Not found."}).to_string())
    }

    fn check_headers(&mut self, request: &Request) -> Result<(), Box<Answer>> {
        let place = format!("`{} {}`", request.method, request.path);
        let refuse = |status: u16, message: &str| {
            Box::new(Answer::json(
                status,
                json!({"code": "391902", "message": message}).to_string(),
            ))
        };
        if request.header("user-agent").is_none_or(|agent| !agent.contains('/')) {
            self.violate(format!("no User-Agent `name/version` on {place}"));
            return Err(refuse(400, "User-Agent is missing."));
        }
        let accept = request.header("accept").unwrap_or_default().to_owned();
        let is_any = accept.is_empty() || accept.contains("*/*");
        if is_any && self.config.manners == Manners::Ours {
            self.violate(format!("no Accept on {place}"));
        }
        if !is_any && !accept.contains("application/json") {
            self.violate(format!("Accept is `{accept}` on {place}"));
            return Err(refuse(415, "The requested format is not supported."));
        }
        if request.method == "POST" && !request.body.is_empty() {
            let content_type = request.header("content-type").unwrap_or_default();
            let is_text =
                content_type.starts_with("text/plain") && request.path.ends_with("/insertFiles");
            if !content_type.starts_with("application/json") && !is_text {
                let message = format!("Content-Type is `{content_type}` on {place}");
                self.violate(message);
                return Err(refuse(415, "The media type is not supported."));
            }
        }
        Ok(())
    }

    pub(super) fn clear_log(&mut self) {
        self.log.clear();
        self.statement_log.clear();
        self.counters = Counters::default();
        self.tokens.recent.clear();
        self.call_count = 0;
    }

    /// Statements of a text as ACCOUNTADMIN, with the last one's rows.
    pub(super) fn admin(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.tick();
        let warehouse = "ADMIN_WAREHOUSE".to_owned();
        if !self.catalog.warehouses.contains_key(&warehouse) {
            let plain = Plain { settings: Settings::new(), created_at: self.now() };
            self.catalog.warehouses.insert(warehouse.clone(), plain);
            self.access.created("ACCOUNTADMIN", super::access::On::Warehouse, &warehouse);
        }
        let session = Session {
            role: "ACCOUNTADMIN".to_owned(),
            warehouse: Some(warehouse),
            place: Place::default(),
            minutes_behind: 0,
            query_tag: None,
        };
        let counters = self.counters;
        self.is_aside = true;
        let mut rows = Vec::new();
        for statement in lexer::statements(sql).expect("an administrator writes SQL") {
            let done = self.execute(&statement, &[], &session, true);
            rows = done.unwrap_or_else(|problem| panic!("{problem:?}\n{statement}")).rows;
        }
        self.counters = counters;
        self.is_aside = false;
        rows
    }

    /// The table with this whole name.
    pub(super) fn with_table<T>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut super::catalog::Table) -> T,
    ) -> T {
        let name = whole_name(name);
        change(self.catalog.tables.get_mut(&name).unwrap_or_else(|| panic!("no table {name:?}")))
    }

    pub(super) fn set_refresh_mode(&mut self, name: &str, mode: (String, Option<String>)) {
        let table = self.catalog.dynamic_tables.get_mut(&whole_name(name));
        table.expect("a dynamic table of this name").refresh_mode = mode;
    }

    /// The pipe with this whole name.
    pub(super) fn with_pipe<T>(&mut self, name: &str, change: impl FnOnce(&mut Pipe) -> T) -> T {
        let name = whole_name(name);
        change(self.catalog.pipes.get_mut(&name).unwrap_or_else(|| panic!("no pipe {name:?}")))
    }

    pub(super) fn recreate_pipe(&mut self, name: &str) {
        let now = self.now();
        self.with_pipe(name, |pipe| pipe.renew(now));
        let name = whole_name(name);
        self.loads.retain(|load| load.pipe.as_ref() != Some(&name));
    }

    /// Forgets everything but what was created.
    pub(super) fn empty(&mut self, files: FileSource) {
        let now = self.now();
        for (name, table) in &mut self.catalog.tables {
            self.engine.run(&format!("delete from {}", name.quoted())).expect("the table is there");
            table.truncated_at = None;
            table.copied.clear();
        }
        self.catalog.pipes.values_mut().for_each(|pipe| pipe.renew(now));
        self.config.files = files;
        self.loads.clear();
        self.noticed.clear();
        self.statements.clear();
        self.scripts.clear();
        self.load_scripts.clear();
        self.penalty_ends = None;
        self.clear_log();
    }

    pub(super) fn truncate(&mut self, name: &str) {
        let (name, now) = (whole_name(name), self.now());
        self.engine.run(&format!("delete from {}", name.quoted())).expect("the table is there");
        if let Some(table) = self.catalog.tables.get_mut(&name) {
            table.truncated_at = Some(now);
            table.copied.clear();
        }
    }
}

fn whole_name(text: &str) -> Name {
    let parts = Cursor::new(text).and_then(|mut cursor| cursor.name()).expect("a name");
    Place::default().resolve(&parts, "test").expect("a name of three parts")
}
