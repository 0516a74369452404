//! `/api/v2/statements`: submit, poll, read partitions, cancel.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Value, json};
use uuid::Uuid;

use super::State;
use super::bindings::{Body, Bound};
use super::catalog::Place;
use super::engine::Rows;
use super::fault::Course;
use super::lexer::statements;
use super::problem::{Outcome, Problem};
use super::session::{Session, minutes_behind};
use super::wire::{self, status};
use crate::http::{Answer, Packing, Request};

/// A statement from its submission on.
pub(super) struct Statement {
    pub(super) handle: String,
    pub(super) request_id: Option<String>,
    pub(super) created_on: i64,
    pub(super) body: Vec<u8>,
    pub(super) phase: Phase,
    /// Rows in one partition.
    pub(super) partition_size: usize,
    pub(super) is_cut_off: bool,
    pub(super) packing: Packing,
    pub(super) last_poll: Option<Instant>,
    /// Partitions behind the first that the client has asked for.
    pub(super) read: BTreeSet<usize>,
    /// Alternates the letter case of type names.
    pub(super) is_lower_case: bool,
    /// Statements of a request with several.
    pub(super) children: Vec<String>,
    pub(super) nulls_are_text: bool,
}

/// Where a statement has got to.
pub(super) enum Phase {
    /// Not run yet: so many polls are left.
    Running {
        polls_left: usize,
        task: Task,
    },
    Done(Outcome<Rows>),
    Cancelled,
    TimedOut,
}

/// What is to be run.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) statements: Vec<String>,
    pub(super) bindings: Vec<Bound>,
    pub(super) session: Session,
    /// `MULTI_STATEMENT_COUNT` is not 1.
    pub(super) is_multi: bool,
}

/// One statement as it was run, for tests that look at what a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLog {
    pub sql: String,
    pub role: String,
    pub warehouse: Option<String>,
    pub query_tag: Option<String>,
    /// `None`: it succeeded.
    pub error_code: Option<&'static str>,
}

impl State {
    /// Everything below `/api/v2/statements`.
    pub(super) fn sql_api(&mut self, request: &Request, course: &Course) -> Answer {
        let rest = request.path.trim_start_matches("/api/v2/statements").trim_start_matches('/');
        let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", []) => self.submit(request, course),
            ("GET", [handle]) => self.poll(request, handle),
            ("POST", [handle, "cancel"]) => self.cancel(request, handle),
            (_, [] | [_] | [_, "cancel"]) => {
                self.violate(format!("{} {}", request.method, request.path));
                Answer::json(
                    405,
                    json!({"code": "390405", "message": "Method not allowed."}).to_string(),
                )
            }
            _ => self.no_such_endpoint(request),
        }
    }

    fn submit(&mut self, request: &Request, course: &Course) -> Answer {
        self.check_query(request, &["requestId", "retry", "async", "nullable"]);
        let id = request.parameter("requestId");
        match &id {
            None => {
                self.violate("a statement without requestId cannot be repeated safely".to_owned());
            }
            Some(id) if Uuid::parse_str(id).is_err() => {
                self.violate(format!("requestId `{id}` is no UUID"));
                return bad_request("requestId is not a valid UUID");
            }
            Some(_) => {}
        }
        let is_retry = request.parameter("retry").as_deref() == Some("true");
        let earlier =
            self.statements.iter().position(|known| known.request_id == id && id.is_some());
        if let Some(at) = earlier {
            if self.statements[at].body != request.body {
                self.violate("a requestId came again with another body".to_owned());
            }
            if is_retry {
                return self.tell(at, 0);
            }
            self.counters.unmarked_repeat_count += 1;
            self.violate(
                "a requestId came again without retry=true: the statement runs twice".to_owned(),
            );
        }
        let (body, complaints) = match Body::parse(&request.body) {
            Ok(parsed) => parsed,
            Err(why) => {
                self.violate(format!("statement body: {why}"));
                return bad_request("No valid payload is given.");
            }
        };
        for complaint in complaints {
            self.violate(complaint);
        }
        self.counters.statement_count += 1;
        let is_async = request.parameter("async").as_deref() == Some("true");
        let task = self.task(&body);
        let polls_left = course.polls.or(is_async.then_some(1));
        let phase = match (task, polls_left) {
            (Err(problem), _) => Phase::Done(Err(problem)),
            (Ok(_), _) if course.times_out => Phase::TimedOut,
            (Ok(task), Some(polls_left)) => Phase::Running { polls_left, task },
            (Ok(task), None) => {
                let (outcome, children) = self.run(&task);
                return self.submitted(request, id, course, (Phase::Done(outcome), children));
            }
        };
        self.submitted(request, id, course, (phase, Vec::new()))
    }

    fn submitted(
        &mut self,
        request: &Request,
        request_id: Option<String>,
        course: &Course,
        (phase, children): (Phase, Vec<String>),
    ) -> Answer {
        let count = self.statements.len();
        self.statements.push(Statement {
            handle: Uuid::new_v4().to_string(),
            request_id,
            created_on: self.now().timestamp_millis(),
            body: request.body.clone(),
            phase,
            partition_size: course.partition_size.unwrap_or(usize::MAX),
            is_cut_off: course.is_cut_off,
            packing: if course.is_unmarked { Packing::UnmarkedGzip } else { Packing::Gzip },
            last_poll: None,
            read: BTreeSet::new(),
            is_lower_case: count % 2 == 1,
            children,
            nulls_are_text: request.parameter("nullable").as_deref() == Some("false"),
        });
        self.tell(self.statements.len() - 1, 0)
    }

    /// What the body asks for, in the session it names.
    fn task(&self, body: &Body) -> Outcome<Task> {
        let role = body.role.clone().unwrap_or_else(|| self.config.default_role.clone());
        if !self.access.has_role(&self.config.user, &role) {
            let message = format!(
                "Role '{role}' specified in the connect string does not exist or not authorized. Contact your local \
                 system administrator, or attempt to login with another role, e.g. PUBLIC."
            );
            return Err(Problem::new("390189", "08001", message));
        }
        let (default_database, default_schema) = self
            .config
            .default_namespace
            .clone()
            .map_or((None, None), |(database, schema)| (Some(database), schema));
        let is_default = body.database.is_none() && body.schema.is_none();
        let place = Place {
            database: body.database.clone().or_else(|| default_database.clone()),
            schema: body.schema.clone().or_else(|| default_schema.filter(|_| is_default)),
        };
        // Exact names: a wrong letter case is an object that is not there.
        if let Some(database) =
            body.database.as_ref().or(place.database.as_ref().filter(|_| !is_default))
            && !self.catalog.databases.contains_key(database)
        {
            return Err(session_problem("database", database));
        }
        if let (Some(schema), Some(database)) = (&body.schema, &place.database)
            && !self.catalog.has_schema(database, schema)
        {
            return Err(session_problem("schema", schema));
        }
        let zone = body.parameters.get("TIMEZONE").map(String::as_str);
        let minutes_behind =
            minutes_behind(zone).ok_or_else(|| Problem::unknown(&format!("time zone {zone:?}")))?;
        let session = Session {
            role,
            warehouse: body.warehouse.clone().or_else(|| self.config.default_warehouse.clone()),
            place,
            minutes_behind,
            query_tag: body.parameters.get("QUERY_TAG").cloned(),
        };
        let found = statements(&body.statement)?;
        let wanted = match body.parameters.get("MULTI_STATEMENT_COUNT") {
            None => 1,
            Some(text) => {
                text.parse::<usize>().map_err(|_| Problem::unrecognized("Numeric", text))?
            }
        };
        if wanted != 0 && found.len() != wanted {
            let message = format!(
                "Actual statement count {} did not match the desired statement count {wanted}.",
                found.len()
            );
            return Err(Problem::new("000008", "0A000", message));
        }
        let bindings = body.bound()?;
        let is_multi = wanted != 1;
        if is_multi && !bindings.is_empty() {
            let message = "Bind variables are not supported in a request with multiple statements.";
            return Err(Problem::new("002199", "0A000", message.to_owned()));
        }
        Ok(Task { statements: found, bindings, session, is_multi })
    }

    /// Runs it, and gives the handles of its parts if it has several.
    pub(super) fn run(&mut self, task: &Task) -> (Outcome<Rows>, Vec<String>) {
        if !task.is_multi {
            let sql = task.statements.first().cloned().unwrap_or_default();
            return (self.run_one(&sql, task), Vec::new());
        }
        let mut handles = Vec::new();
        for sql in &task.statements {
            let outcome = self.run_one(sql, task);
            let failure = outcome.as_ref().err().cloned();
            let handle = Uuid::new_v4().to_string();
            handles.push(handle.clone());
            self.statements.push(Statement {
                handle,
                request_id: None,
                created_on: self.now().timestamp_millis(),
                body: Vec::new(),
                phase: Phase::Done(outcome),
                partition_size: usize::MAX,
                is_cut_off: false,
                packing: Packing::Gzip,
                last_poll: None,
                read: BTreeSet::new(),
                is_lower_case: self.statements.len() % 2 == 1,
                children: Vec::new(),
                nulls_are_text: false,
            });
            if let Some(problem) = failure {
                let message = format!(
                    "Multiple-statement execution failed: statement {} of {}: {}",
                    handles.len(),
                    task.statements.len(),
                    problem.message
                );
                return (Err(Problem::new("100132", "P0000", message)), handles);
            }
        }
        let done = super::listing::listing(
            &["multiple statement execution"],
            vec![vec![Some("Multiple statements executed successfully.".to_owned())]],
        );
        (Ok(done), handles)
    }

    fn run_one(&mut self, sql: &str, task: &Task) -> Outcome<Rows> {
        let outcome = self.execute(sql, &task.bindings, &task.session, !task.is_multi);
        self.statement_log.push(StatementLog {
            sql: sql.to_owned(),
            role: task.session.role.clone(),
            warehouse: task.session.warehouse.clone(),
            query_tag: task.session.query_tag.clone(),
            error_code: outcome.as_ref().err().map(|problem| problem.code),
        });
        outcome
    }

    fn poll(&mut self, request: &Request, handle: &str) -> Answer {
        self.check_query(request, &["requestId", "partition"]);
        let partition = match request.parameter("partition").map(|text| text.parse::<usize>()) {
            None => 0,
            Some(Ok(partition)) => partition,
            Some(Err(_)) => {
                self.violate("`partition` is no number".to_owned());
                return bad_request("partition is not a number");
            }
        };
        let Some(at) = self.statements.iter().position(|known| known.handle == handle) else {
            return wire::failure(&unknown_handle(handle), handle, None);
        };
        let floor = self.poll_floor;
        let is_running = matches!(self.statements[at].phase, Phase::Running { .. });
        if is_running {
            self.counters.poll_count += 1;
            let last = self.statements[at].last_poll.replace(Instant::now());
            if last.is_some_and(|last| last.elapsed() < floor) {
                self.violate(format!("`{handle}` was asked for again within {floor:?}"));
                return status(429, "390505", "Too many requests.", handle);
            }
        }
        let task = match &mut self.statements[at].phase {
            Phase::Running { polls_left: 0, task } => Some(task.clone()),
            Phase::Running { polls_left, .. } => {
                *polls_left -= 1;
                None
            }
            _ => None,
        };
        if let Some(task) = task {
            let (outcome, children) = self.run(&task);
            self.statements[at].phase = Phase::Done(outcome);
            self.statements[at].children = children;
        }
        self.statements[at].read.insert(partition);
        self.tell(at, partition)
    }

    /// Results of which the client has looked at a part only.
    pub(super) fn half_read(&self) -> impl Iterator<Item = String> {
        self.statements.iter().filter_map(|statement| {
            let Phase::Done(Ok(rows)) = &statement.phase else { return None };
            let count = rows.rows.len().div_ceil(statement.partition_size);
            let unread = (1..count).filter(|number| !statement.read.contains(number)).count();
            let handle = &statement.handle;
            (unread > 0)
                .then(|| format!("{unread} of {count} partitions of `{handle}` were never read"))
        })
    }

    /// What a statement's state is, as the answer to any request about it.
    fn tell(&self, at: usize, partition: usize) -> Answer {
        let statement = &self.statements[at];
        let handle = &statement.handle;
        match &statement.phase {
            Phase::Running { .. } => {
                let code = if statement.is_lower_case { "333333" } else { "333334" };
                let message = "Asynchronous execution in progress. Use provided query id to perform query monitoring \
                               and management.";
                status(202, code, message, handle)
            }
            Phase::TimedOut => status(
                408,
                "000630",
                "Statement reached its statement or warehouse timeout and was canceled.",
                handle,
            ),
            Phase::Cancelled => {
                let problem = Problem::new("000604", "57014", "SQL execution canceled".to_owned());
                wire::failure(&problem, handle, Some(statement.created_on))
            }
            Phase::Done(Err(problem)) => wire::failure(problem, handle, Some(statement.created_on)),
            Phase::Done(Ok(rows)) => wire::result(statement, rows, partition),
        }
    }

    fn cancel(&mut self, request: &Request, handle: &str) -> Answer {
        self.check_query(request, &["requestId"]);
        let known = self.statements.iter_mut().find(|known| known.handle == handle);
        let Some(statement) = known else {
            return wire::failure(&unknown_handle(handle), handle, None);
        };
        if !matches!(statement.phase, Phase::Running { .. }) {
            let message = "Identified SQL statement is not currently executing.".to_owned();
            return wire::failure(&Problem::new("000605", "02000", message), handle, None);
        }
        statement.phase = Phase::Cancelled;
        self.counters.cancelled_count += 1;
        let body = json!({
            "code": "000604",
            "sqlState": "57014",
            "message": "SQL execution canceled",
            "statementHandle": handle,
            "statementStatusUrl": wire::status_url(handle),
        });
        Answer::json(200, body.to_string())
    }

    /// Query parameters that the API has, with values that it takes.
    fn check_query(&mut self, request: &Request, known: &[&str]) {
        for (name, value) in request.parameters() {
            if !known.contains(&name.as_str()) {
                self.violate(format!("unknown parameter `{name}` on `{}`", request.path));
            }
            let is_flag = ["retry", "async", "nullable"].contains(&name.as_str());
            if is_flag && !["true", "false"].contains(&value.as_str()) {
                self.violate(format!("`{name}` is `{value}`"));
            }
        }
    }
}

fn session_problem(kind: &str, name: &str) -> Problem {
    let message = format!(
        "The requested {kind} '{name}' does not exist or not authorized: names are compared letter for letter."
    );
    Problem::new("390201", "08004", message)
}

fn unknown_handle(handle: &str) -> Problem {
    Problem::new("000709", "02000", format!("Statement {handle} not found"))
}

fn bad_request(message: &str) -> Answer {
    let body: Value = json!({"code": "390142", "message": message});
    Answer::json(400, body.to_string())
}
