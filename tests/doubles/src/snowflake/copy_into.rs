//! `COPY INTO`, the statement.

use chrono::TimeDelta;

use super::State;
use super::copy::{Copy, OnError};
use super::engine::Rows;
use super::listing::{listing, said, some};
use super::loads::{Load, LoadFault, Status};
use super::problem::{Outcome, Problem};
use super::session::Session;

impl State {
    /// `COPY INTO`: one row per file.
    pub(super) fn copy_into(&mut self, copy: &Copy, session: &Session) -> Outcome<Rows> {
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
            let source = (bucket.clone(), location.clone());
            let mut load = Load::new(copy, source, &path, now);
            if fault == Some(LoadFault::Unreported) {
                load.reported_from = None;
            }
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

    pub(super) fn paths(&self, copy: &Copy, location: &str) -> Outcome<Vec<String>> {
        if !copy.files.is_empty() {
            return Ok(copy.files.clone());
        }
        let keys = self.config.files.list(location).map_err(|error| Problem::unknown(&error))?;
        let below = |key: String| key.strip_prefix(location).map(str::to_owned);
        let paths: Vec<String> = keys.into_iter().filter_map(below).collect();
        Ok(self.fitting(copy, &paths).into_iter().collect())
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
