//! `/v1/data/pipes/{pipe}/…`: no session, no warehouse, the user's default role and no other.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::State;
use super::access::On;
use super::catalog::Name;
use super::cursor::Cursor;
use super::history::time;
use crate::http::{Answer, Packing, Request};

/// Files in one `insertFiles`.
const FILE_LIMIT: usize = 5_000;
/// Bytes of one path.
const PATH_LIMIT: usize = 1_024;

type Refused = Box<Answer>;

/// A refusal in Snowpipe's shape.
fn refuse(status: u16, code: &str, message: &str) -> Refused {
    Box::new(Answer::json(status, json!({"code": code, "message": message}).to_string()))
}

fn answer(body: &Value) -> Answer {
    Answer::json(200, body.to_string()).packed(Packing::Negotiated)
}

impl State {
    /// Everything below `/v1/data/pipes/`.
    pub(super) fn snowpipe(&mut self, request: &Request) -> Answer {
        let rest = request.path.trim_start_matches("/v1/data/pipes/").to_owned();
        let Some((name, action)) = rest.rsplit_once('/') else {
            self.violate(format!("no such endpoint: {}", request.path));
            return *refuse(404, "390404", "not found");
        };
        let outcome = match (request.method.as_str(), action) {
            ("POST", "insertFiles") => self.insert_files(request, name),
            ("GET", "insertReport") => self.insert_report(request, name),
            ("GET", "loadHistoryScan") => self.load_history_scan(request, name),
            (method, "insertFiles" | "insertReport" | "loadHistoryScan") => {
                self.violate(format!("{method} {action}"));
                Err(refuse(405, "390405", "method not allowed"))
            }
            _ => {
                self.violate(format!("no such endpoint: {}", request.path));
                Err(refuse(404, "390404", "not found"))
            }
        };
        outcome.unwrap_or_else(|refusal| *refusal)
    }

    /// The pipe, if the default role has the privilege: 403 where it has another one, 404 where it has none.
    fn pipe(&mut self, encoded: &str, privilege: &str) -> Result<Name, Refused> {
        let decoded = crate::http::decoded(encoded);
        let parts = Cursor::new(&decoded).and_then(|mut cursor| {
            let parts = cursor.name()?;
            cursor.end()?;
            Ok(parts)
        });
        let name = match parts.as_deref() {
            Ok([database, schema, object]) => {
                Name { database: database.clone(), schema: schema.clone(), object: object.clone() }
            }
            _ => {
                self.violate(format!("`{decoded}` is not a whole pipe name"));
                return Err(refuse(404, "390404", "the specified pipe does not exist"));
            }
        };
        let role = &self.config.default_role;
        let missing = || {
            refuse(
                404,
                "390404",
                &format!("The specified object does not exist or not authorized. {decoded}"),
            )
        };
        if !self.catalog.pipes.contains_key(&name)
            || !self.access.enters(role, &name.database, &name.schema)
            || !self.access.sees(role, On::Pipe, &name.text())
        {
            return Err(missing());
        }
        let has_execution =
            privilege == "MONITOR" && self.access.may(role, "MONITOR EXECUTION", On::Account, "");
        if !has_execution && !self.access.may(role, privilege, On::Pipe, &name.text()) {
            let message = format!("role {role} has no {privilege} privilege on the pipe");
            return Err(refuse(403, "390403", &message));
        }
        Ok(name)
    }

    /// The request's id, echoed in the answer.
    fn pipe_query(&mut self, request: &Request, known: &[&str]) -> Result<String, Refused> {
        for (name, _) in request.parameters() {
            if name != "requestId" && !known.contains(&name.as_str()) {
                self.violate(format!("unknown parameter `{name}` on `{}`", request.path));
            }
        }
        match request.parameter("requestId") {
            None => Ok(Uuid::new_v4().to_string()),
            Some(id) if Uuid::parse_str(&id).is_ok() => Ok(id),
            Some(id) => {
                self.violate(format!("requestId `{id}` is no UUID"));
                Err(refuse(400, "390400", "requestId is not a valid UUID"))
            }
        }
    }

    fn insert_files(&mut self, request: &Request, name: &str) -> Result<Answer, Refused> {
        self.counters.insert_files_count += 1;
        let id = self.pipe_query(request, &["showSkippedFiles"])?;
        let files = self.listed_files(request)?;
        let name = self.pipe(name, "OPERATE")?;
        let Some(pipe) = self.catalog.pipes.get(&name) else {
            return Err(refuse(404, "390404", "gone"));
        };
        let (copy, state) = (pipe.copy.clone(), pipe.state.clone());
        if state.state == "STOPPED_CLONED" {
            return Err(refuse(400, "390400", "the pipe is STOPPED_CLONED"));
        }
        let location = self.catalog.source(&copy).map(|(_, location)| location).unwrap_or_default();
        let now = self.now();
        let (mut unmatched, mut skipped) = (Vec::new(), Vec::new());
        let names: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        let fitting = self.fitting(&copy, &names);
        for (path, size) in files {
            if path.starts_with('/') || path.contains("://") || path.starts_with(&location) {
                self.violate(format!(
                    "`{path}` is not relative to the pipe's location `{location}`"
                ));
            }
            if !fitting.contains(&path) {
                unmatched.push(path);
                continue;
            }
            let is_new = state.queues()
                && self
                    .catalog
                    .pipes
                    .get_mut(&name)
                    .is_some_and(|pipe| pipe.receive(&path, size, now, true));
            if !is_new {
                skipped.push(path);
            }
        }
        let mut body = json!({"requestId": id});
        // Both words have been seen.
        if self.counters.insert_files_count.is_multiple_of(2) {
            body["status"] = json!("success");
        } else {
            body["responseCode"] = json!("SUCCESS");
        }
        if !unmatched.is_empty() {
            body["unmatchedPatternFiles"] = json!(unmatched);
        }
        if !skipped.is_empty() && request.parameter("showSkippedFiles").as_deref() == Some("true") {
            body["skippedFiles"] = json!(skipped);
        }
        Ok(answer(&body))
    }

    /// Paths and sizes of the body, JSON or one path per line.
    fn listed_files(&mut self, request: &Request) -> Result<Vec<(String, Option<u64>)>, Refused> {
        let content_type = request.header("content-type").unwrap_or_default().to_owned();
        let unreadable = |why: &str| refuse(500, "390500", why);
        let mut files = Vec::new();
        if content_type.starts_with("text/plain") {
            let text = String::from_utf8_lossy(&request.body).into_owned();
            files.extend(text.lines().map(|line| (line.to_owned(), None)));
        } else {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
            let listed = body["files"].as_array().cloned();
            if let Some(unknown) =
                body.as_object().and_then(|body| body.keys().find(|key| *key != "files"))
            {
                self.violate(format!("unknown field `{unknown}` in insertFiles"));
            }
            let Some(listed) = listed else {
                self.violate("insertFiles without a list of files".to_owned());
                return Err(unreadable("the body cannot be read"));
            };
            for file in listed {
                let (Some(path), true) = (file["path"].as_str(), file.is_object()) else {
                    self.violate(format!("a file without a path: {file}"));
                    return Err(unreadable("the body cannot be read"));
                };
                let fields = file.as_object().into_iter().flat_map(|fields| fields.keys());
                if let Some(unknown) =
                    fields.into_iter().find(|key| !["path", "size"].contains(&key.as_str()))
                {
                    self.violate(format!("unknown field `{unknown}` of a file"));
                }
                if !file["size"].is_null() && file["size"].as_u64().is_none() {
                    self.violate(format!("`size` is {}", file["size"]));
                    return Err(refuse(400, "390400", "size is no number"));
                }
                files.push((path.to_owned(), file["size"].as_u64()));
            }
        }
        if files.len() > FILE_LIMIT {
            self.violate(format!("{} files in one insertFiles", files.len()));
            return Err(refuse(429, "390429", "too many files in one request"));
        }
        if let Some((path, _)) =
            files.iter().find(|(path, _)| path.len() > PATH_LIMIT || path.is_empty())
        {
            self.violate(format!("a path of {} bytes", path.len()));
            return Err(refuse(400, "390400", "the path is empty or too long"));
        }
        Ok(files)
    }

    fn insert_report(&mut self, request: &Request, name: &str) -> Result<Answer, Refused> {
        self.counters.report_count += 1;
        self.pipe_query(request, &["beginMark", "recentSeconds"])?;
        let name = self.pipe(name, "MONITOR")?;
        let mark = request.parameter("beginMark").unwrap_or_default();
        let since = mark.rsplit('_').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        let recent = match request.parameter("recentSeconds") {
            None => TimeDelta::days(1),
            Some(text) => match text.parse() {
                Ok(seconds) => TimeDelta::seconds(seconds),
                Err(_) => return Err(refuse(400, "390400", "recentSeconds is no number")),
            },
        };
        self.looked(Some(&name));
        let (files, is_cut) = self.report(&name, since, recent);
        let pending = self.catalog.pipes.get(&name).map_or(0, |pipe| pipe.queue.len());
        let is_complete = !is_cut && !std::mem::take(&mut self.next_report_is_incomplete);
        let body = json!({
            "pipe": name.text(),
            "completeResult": is_complete,
            "nextBeginMark": format!("1_{}", self.event_count + 1),
            "statistics": {"activeFiles": pending},
            "files": files,
        });
        Ok(answer(&body))
    }

    fn load_history_scan(&mut self, request: &Request, name: &str) -> Result<Answer, Refused> {
        self.counters.history_scan_count += 1;
        let id = self.pipe_query(request, &["startTimeInclusive", "endTimeExclusive"])?;
        let name = self.pipe(name, "MONITOR")?;
        let instant = |text: String| DateTime::parse_from_rfc3339(&text).map(|at| at.to_utc());
        let bad =
            |what: &str| refuse(400, "390400", &format!("{what} is missing or no ISO-8601 time"));
        let since =
            request.parameter("startTimeInclusive").ok_or_else(|| bad("startTimeInclusive"));
        let since = match since.map(instant) {
            Ok(Ok(since)) => since,
            _ => {
                self.violate("loadHistoryScan without a readable startTimeInclusive".to_owned());
                return Err(bad("startTimeInclusive"));
            }
        };
        let now = self.now();
        let until = request.parameter("endTimeExclusive").map(instant).transpose();
        let until = until.map_err(|_| bad("endTimeExclusive"))?.unwrap_or(now);
        if now - since > TimeDelta::days(14) {
            return Err(refuse(400, "390400", "startTimeInclusive is more than 14 days ago"));
        }
        self.scan_allowed(&name, (since, until), now)?;
        self.looked(Some(&name));
        let (files, is_complete, end) = self.scan(&name, (since, until));
        if !is_complete {
            self.scan_continues_at = Some((name.clone(), end));
        }
        let body = json!({
            "requestId": id,
            "pipe": name.text(),
            // A string, unlike the report's.
            "completeResult": is_complete.to_string(),
            "startTimeInclusive": time(since),
            "endTimeExclusive": time(until),
            "rangeStartTime": time(since),
            "rangeEndTime": time(end),
            "files": files,
        });
        Ok(answer(&body))
    }

    /// Ten minutes every eight are fine, a day every minute is not: a scan costs a tenth of its range. Where one was cut the
    /// next may go on at once.
    fn scan_allowed(
        &mut self,
        name: &Name,
        (since, until): (DateTime<Utc>, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Result<(), Refused> {
        let told = self.scan_continues_at.take().filter(|(pipe, _)| pipe == name);
        // Times are told in milliseconds.
        let goes_on =
            told.is_some_and(|(_, end)| end.timestamp_millis() == since.timestamp_millis());
        let free_from = self.scan_free_from.get(name).copied();
        if !goes_on && free_from.is_some_and(|from| now < from) {
            return Err(refuse(429, "390429", "loadHistoryScan is called too often"));
        }
        self.scan_free_from.insert(name.clone(), now + (until - since) / 10);
        Ok(())
    }
}
