//! From a queue to the table: which files are due, and what became of them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::State;
use super::catalog::Name;
use super::copy::{Copy, OnError};
use super::files::content_key;
use super::parse::{FileFacts, FirstError};
use super::pipe::Pending;

/// When a file that was received is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latency {
    /// So long after it was received, by the double's clock; zero: by the next request.
    After(Duration),
    /// After this many looks: reports, history scans, selects from tables or `COPY_HISTORY`.
    Looks(u32),
    Never,
}

/// What goes wrong with a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadFault {
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
    /// Which part of the file came last.
    pub(super) part: u32,
}

/// A fault that waits for its file.
#[derive(Debug, Clone)]
pub(super) struct LoadScript {
    pub(super) key_part: String,
    /// So many loads go well before.
    pub(super) spared: usize,
    pub(super) times: usize,
    pub(super) fault: LoadFault,
}

impl Load {
    /// Nothing has happened to it yet.
    pub(super) fn new(
        copy: &Copy,
        (bucket, location): (String, String),
        path: &str,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            table: copy.table.clone(),
            pipe: None,
            bucket,
            location,
            path: path.to_owned(),
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
            reported_from: Some(now),
            is_reported_twice: false,
            part: 0,
        }
    }
}

impl State {
    pub(super) fn load_pending(&mut self, name: &Name, mut file: Pending) {
        let Some(copy) = self.catalog.pipes.get(name).map(|pipe| pipe.copy.clone()) else { return };
        let Ok((bucket, location)) = self.catalog.source(&copy) else { return };
        let key = format!("{location}{}", file.path);
        let fault = self.load_fault(&key, file.part);
        let now = self.now();
        let mut load = Load::new(&copy, (bucket, location), &file.path, now);
        load.pipe = Some(name.clone());
        load.size = file.size.unwrap_or(0);
        load.received_at = file.received_at;
        load.is_rest = file.is_rest;
        load.is_reported_twice = fault == Some(LoadFault::ReportTwice);
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
        load.part = file.part;
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
    pub(super) fn remember(&mut self, mut load: Load) {
        self.event_count += 1;
        load.event = self.event_count;
        if load.part > 0 {
            self.loads.retain(|known| {
                known.status != Status::InProgress
                    || known.pipe != load.pipe
                    || known.path != load.path
            });
        }
        self.loads.push(load);
    }

    pub(super) fn load_fault(&mut self, key: &str, part: u32) -> Option<LoadFault> {
        let script = self
            .load_scripts
            .iter_mut()
            .find(|script| key.contains(&script.key_part) && (script.times > 0 || part > 0))?;
        if part == 0 && script.spared > 0 {
            script.spared -= 1;
            return None;
        }
        if part == 0 {
            script.times -= 1;
        }
        Some(script.fault.clone())
    }

    /// Reads the file and fills the table; whatever goes wrong is written into `load`.
    pub(super) fn load(
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
}
