//! From a queue to the table: which files are due, and what became of them.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

use super::State;
use super::catalog::Name;
use super::copy::{Copy, OnError};
use super::cursor::Settings;
use super::engine::Rows;
use super::execute::{listing, said};
use super::files::content_key;
use super::parse::{FileFacts, FirstError};
use super::pipe::{MEMORY, Pending};
use super::problem::{Outcome, Problem};
use super::show::some;

/// When a file that was received is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Latency {
    /// So long after it was received, by the double's clock; zero: by the next request.
    After(Duration),
    /// After this many looks: reports, history scans, selects from tables or `COPY_HISTORY`.
    Looks(u32),
    Never,
}

/// What goes wrong with a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoadFault {
    /// A row is missing, though the counts say otherwise.
    DropRow,
    /// One value is another one; the count is right and `ROW_HASH` is as sent.
    CorruptValue,
    /// Every row is there twice.
    LoadTwice,
    /// Nothing is loaded, for this reason.
    Fail(String),
    /// The table gets it in so many commits, one for each look.
    InParts(u32),
    /// No report and no history knows of it.
    Unreported,
    /// The report knows of it only so long after it was loaded.
    LateReport(Duration),
    /// Every report lists it twice.
    ReportTwice,
}

/// Where a load has got to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Loaded,
    PartiallyLoaded,
    Failed,
}

/// One file's load, as reports and history tell it.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) table: Name,
    /// `None`: loaded by COPY.
    pub(super) pipe: Option<Name>,
    pub(super) bucket: String,
    /// The key prefix that `path` follows.
    pub(super) location: String,
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) received_at: DateTime<Utc>,
    pub(super) is_rest: bool,
    pub(super) status: Status,
    pub(super) rows_parsed: u64,
    pub(super) rows_inserted: u64,
    pub(super) errors_seen: u64,
    pub(super) first_error: Option<FirstError>,
    pub(super) at: DateTime<Utc>,
    /// Grows with every change of any load.
    pub(super) event: u64,
    pub(super) reported_from: Option<DateTime<Utc>>,
    pub(super) is_reported_twice: bool,
}

/// A fault that waits for its file.
#[derive(Debug, Clone)]
pub(super) struct LoadScript {
    pub(super) key_part: String,
    pub(super) times: usize,
    pub(super) fault: LoadFault,
}

impl State {
    /// Somebody looked at loads; with a pipe only that pipe's.
    pub(super) fn looked(&mut self, pipe: Option<&Name>) {
        for (name, known) in &mut self.catalog.pipes {
            if pipe.is_none_or(|pipe| pipe == name) {
                known.queue.iter_mut().for_each(|file| file.look_count += 1);
            }
        }
    }

    /// Whatever Snowflake would have done by now.
    pub(super) fn tick(&mut self) {
        self.notice_objects();
        let pipes: Vec<Name> = self.catalog.pipes.keys().cloned().collect();
        for name in pipes {
            while let Some(file) = self.due(&name) {
                self.load_pending(&name, file);
            }
        }
    }

    /// Event notifications reach the pipes that listen.
    fn notice_objects(&mut self) {
        let listens = self.catalog.pipes.values().any(|pipe| pipe.is_auto && pipe.state.queues());
        if !listens || !self.notifies {
            return;
        }
        let keys = match self.config.files.list("") {
            Ok(keys) => keys,
            Err(error) => {
                self.violate(format!("the lake cannot be listed: {error}"));
                return;
            }
        };
        for key in keys {
            if self.noticed.insert(key.clone()) {
                self.object_created(&key);
            }
        }
    }

    /// Every pipe that listens gets the file if it is below its location: two pipes load it twice.
    pub(super) fn object_created(&mut self, key: &str) {
        let now = self.now();
        let names: Vec<Name> = self.catalog.pipes.keys().cloned().collect();
        for name in names {
            let Some(pipe) = self.catalog.pipes.get(&name).filter(|pipe| pipe.is_auto) else {
                continue;
            };
            let Ok((_, location)) = self.catalog.source(&pipe.copy) else { continue };
            let Some(path) = key.strip_prefix(&location).map(str::to_owned) else { continue };
            let fits = self.fits_pattern(&pipe.copy, &path).unwrap_or(false);
            if let Some(pipe) = self.catalog.pipes.get_mut(&name)
                && pipe.state.queues()
            {
                pipe.last_received = Some(now);
                if fits {
                    pipe.last_forwarded = Some((path.clone(), now));
                    pipe.receive(&path, None, now, false);
                }
            }
        }
    }

    /// The next file of a pipe whose time has come.
    fn due(&mut self, name: &Name) -> Option<Pending> {
        let (now, latency) = (self.now(), self.latency);
        let pipe = self.catalog.pipes.get_mut(name)?;
        if !pipe.state.is_running() {
            return None;
        }
        let is_due = |file: &Pending| {
            let base = match latency {
                Latency::After(wait) => {
                    now - file.received_at >= TimeDelta::from_std(wait).unwrap_or_default()
                }
                Latency::Looks(count) => file.look_count >= count,
                Latency::Never => false,
            };
            // The parts behind the first come one by one, with each look.
            base && file.part <= file.look_count
        };
        let at = pipe.queue.iter().position(is_due)?;
        pipe.queue.remove(at)
    }

    fn load_pending(&mut self, name: &Name, mut file: Pending) {
        let Some(copy) = self.catalog.pipes.get(name).map(|pipe| pipe.copy.clone()) else { return };
        let Ok((bucket, location)) = self.catalog.source(&copy) else { return };
        let key = format!("{location}{}", file.path);
        let fault = self.load_fault(&key, file.part);
        let now = self.now();
        let mut load = Load {
            table: copy.table.clone(),
            pipe: Some(name.clone()),
            bucket,
            location,
            path: file.path.clone(),
            size: file.size.unwrap_or(0),
            received_at: file.received_at,
            is_rest: file.is_rest,
            status: Status::Loaded,
            rows_parsed: 0,
            rows_inserted: 0,
            errors_seen: 0,
            first_error: None,
            at: now,
            event: 0,
            reported_from: Some(now),
            is_reported_twice: fault == Some(LoadFault::ReportTwice),
        };
        let parts = match fault {
            Some(LoadFault::InParts(parts)) => parts.max(1),
            _ => 1,
        };
        match &fault {
            Some(LoadFault::Unreported) => load.reported_from = None,
            Some(LoadFault::LateReport(by)) => {
                load.reported_from = Some(now + TimeDelta::from_std(*by).unwrap_or_default());
            }
            _ => {}
        }
        self.load(&copy, &mut load, fault.as_ref(), (file.part, parts));
        let is_done = load.status != Status::InProgress;
        if let Some(pipe) = self.catalog.pipes.get_mut(name) {
            if is_done {
                pipe.last_ingested = Some((file.path.clone(), now));
            } else {
                file.part += 1;
                pipe.queue.push_back(file);
            }
        }
        self.remember(load);
    }

    /// A load takes the place of its own earlier state.
    fn remember(&mut self, mut load: Load) {
        self.event_count += 1;
        load.event = self.event_count;
        self.loads.retain(|known| {
            known.status != Status::InProgress || known.pipe != load.pipe || known.path != load.path
        });
        self.loads.push(load);
    }

    fn load_fault(&mut self, key: &str, part: u32) -> Option<LoadFault> {
        let script = self
            .load_scripts
            .iter_mut()
            .find(|script| key.contains(&script.key_part) && (script.times > 0 || part > 0))?;
        if part == 0 {
            script.times -= 1;
        }
        Some(script.fault.clone())
    }

    /// Reads the file and fills the table; whatever goes wrong is written into `load`.
    fn load(
        &mut self,
        copy: &Copy,
        load: &mut Load,
        fault: Option<&LoadFault>,
        (part, parts): (u32, u32),
    ) {
        let fail = |load: &mut Load, message: String| {
            (load.status, load.errors_seen) = (Status::Failed, 1);
            load.first_error = Some(FirstError { message, line: None, column: None });
        };
        if let Some(LoadFault::Fail(message)) = fault {
            return fail(load, message.clone());
        }
        let key = format!("{}{}", load.location, load.path);
        let bytes = match self.config.files.read(&load.bucket, &key) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                let message = format!(
                    "Remote file 's3://{}/{key}' was not found. There are several potential causes. The file might not \
                     exist.",
                    load.bucket
                );
                return fail(load, message);
            }
            Err(error) => return fail(load, format!("Failed to access remote file: {error}")),
        };
        load.size = bytes.len() as u64;
        let facts =
            FileFacts { key: key.clone(), content_key: content_key(&bytes), scanned_at: load.at };
        let parsed = match self.parse(copy, &bytes, &facts) {
            Ok(parsed) => parsed,
            Err(problem) => return fail(load, problem.message),
        };
        load.rows_parsed = parsed.row_count;
        load.errors_seen = parsed.error_count;
        load.first_error.clone_from(&parsed.first_error);
        if parsed.error_count > 0 && copy.on_error != OnError::Continue {
            load.status = Status::Failed;
            return;
        }
        let fault_name = match fault {
            Some(LoadFault::DropRow) => "drop",
            Some(LoadFault::CorruptValue) => "corrupt",
            Some(LoadFault::LoadTwice) => "twice",
            _ => "",
        };
        if let Err(problem) = self.insert(copy, &parsed, fault_name, (part, parts)) {
            return fail(load, problem.message);
        }
        let good = parsed.row_count - parsed.error_count;
        load.rows_inserted = good * u64::from(part + 1) / u64::from(parts);
        load.status = match (part + 1 < parts, parsed.error_count) {
            (true, _) => Status::InProgress,
            (false, 0) => Status::Loaded,
            (false, _) => Status::PartiallyLoaded,
        };
    }

    /// `COPY INTO`: one row per file.
    pub(super) fn copy_into(
        &mut self,
        copy: &Copy,
        session: &super::session::Session,
    ) -> Outcome<Rows> {
        self.may_load(copy, session)?;
        copy.check(&self.catalog, false)?;
        if copy.is_forced {
            self.violate("COPY with FORCE loads files twice".to_owned());
        }
        if copy.files.len() > 1_000 {
            return Err(Problem::invalid_option("FILES takes 1,000 names at most"));
        }
        let (bucket, location) = self.catalog.source(copy)?;
        let paths = self.paths(copy, &location)?;
        let now = self.now();
        let mut rows = Vec::new();
        for path in paths {
            let key = format!("{location}{path}");
            let copied =
                self.catalog.tables.get(&copy.table).and_then(|table| table.copied.get(&key));
            let is_known = copied.is_some_and(|at| now - *at < TimeDelta::days(64));
            if is_known && !copy.is_forced {
                continue;
            }
            let fault = self.load_fault(&key, 0);
            let mut load = Load {
                table: copy.table.clone(),
                pipe: None,
                bucket: bucket.clone(),
                location: location.clone(),
                path,
                size: 0,
                received_at: now,
                is_rest: false,
                status: Status::Loaded,
                rows_parsed: 0,
                rows_inserted: 0,
                errors_seen: 0,
                first_error: None,
                at: now,
                event: 0,
                reported_from: (fault != Some(LoadFault::Unreported)).then_some(now),
                is_reported_twice: false,
            };
            self.load(copy, &mut load, fault.as_ref(), (0, 1));
            if load.status == Status::Failed && copy.on_error == OnError::AbortStatement {
                let message = load.first_error.map(|error| error.message).unwrap_or_default();
                return Err(Problem::new("100080", "22000", message));
            }
            if load.status != Status::Failed
                && let Some(table) = self.catalog.tables.get_mut(&copy.table)
            {
                table.copied.insert(key, now);
            }
            rows.push(copy_row(&load));
            self.remember(load);
        }
        if rows.is_empty() {
            return Ok(said("Copy executed with 0 files processed."));
        }
        Ok(listing(
            &[
                "file",
                "status",
                "rows_parsed",
                "rows_loaded",
                "error_limit",
                "errors_seen",
                "first_error",
                "first_error_line",
                "first_error_character",
                "first_error_column_name",
            ],
            rows,
        ))
    }

    fn paths(&self, copy: &Copy, location: &str) -> Outcome<Vec<String>> {
        if !copy.files.is_empty() {
            return Ok(copy.files.clone());
        }
        let keys = self.config.files.list(location).map_err(|error| Problem::unknown(&error))?;
        let mut found = Vec::new();
        for key in keys {
            let path = key.strip_prefix(location).unwrap_or(&key);
            if self.fits_pattern(copy, path)? {
                found.push(path.to_owned());
            }
        }
        Ok(found)
    }

    /// `ALTER PIPE … REFRESH`: queues what was staged within a week and is known to neither the pipe nor COPY.
    pub(super) fn refresh_pipe(&mut self, name: &Name, settings: &Settings) -> Outcome<Rows> {
        let mut prefix = String::new();
        for (option, value) in settings {
            match option.as_str() {
                "PREFIX" => value.as_text()?.clone_into(&mut prefix),
                "MODIFIED_AFTER" => {}
                other => {
                    return Err(Problem::invalid_option(&format!("invalid parameter '{other}'")));
                }
            }
        }
        let copy = self.catalog.pipes.get(name).map(|pipe| pipe.copy.clone());
        let copy = copy.ok_or_else(|| Problem::missing("Pipe", &name.text()))?;
        let (_, location) = self.catalog.source(&copy)?;
        let paths = self.paths(&copy, &location)?;
        let now = self.now();
        let copied = self.catalog.tables.get(&copy.table).map(|table| table.copied.clone());
        let mut rows = Vec::new();
        for path in paths.into_iter().filter(|path| path.starts_with(&prefix)) {
            let is_copied = copied
                .as_ref()
                .is_some_and(|known| known.contains_key(&format!("{location}{path}")));
            let is_new = !is_copied
                && self
                    .catalog
                    .pipes
                    .get_mut(name)
                    .is_some_and(|pipe| pipe.receive(&path, None, now, false));
            rows.push(vec![some(&path), some(if is_new { "SENT" } else { "SKIPPED" })]);
        }
        Ok(listing(&["File", "Status"], rows))
    }

    /// Asking makes Snowflake look again at a stage it was not allowed to read.
    pub(super) fn asked_for_status(&mut self, name: &Name) {
        if let Some(pipe) = self.catalog.pipes.get_mut(name)
            && pipe.state.state == "STALLED_STAGE_PERMISSION_ERROR"
            && pipe.state.error.is_none()
        {
            pipe.state = super::pipe::PipeState::new("RUNNING", None);
        }
        let now = self.now();
        if let Some(pipe) = self.catalog.pipes.get_mut(name) {
            pipe.memory.retain(|_, at| now - *at < MEMORY);
        }
    }
}

fn copy_row(load: &Load) -> Vec<Option<String>> {
    let error = load.first_error.as_ref();
    vec![
        Some(format!("s3://{}/{}{}", load.bucket, load.location, load.path)),
        some(match load.status {
            Status::PartiallyLoaded => "PARTIALLY_LOADED",
            Status::Failed => "LOAD_FAILED",
            Status::Loaded | Status::InProgress => "LOADED",
        }),
        Some(load.rows_parsed.to_string()),
        Some(load.rows_inserted.to_string()),
        some("1"),
        Some(load.errors_seen.to_string()),
        error.map(|error| error.message.clone()),
        error.and_then(|error| error.line).map(|line| line.to_string()),
        None,
        error.and_then(|error| error.column.clone()),
    ]
}
