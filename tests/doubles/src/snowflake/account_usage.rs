//! `SNOWFLAKE.ACCOUNT_USAGE`: what queries, pipes and warehouses cost, each view as late as Snowflake's own.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::State;
use super::catalog::literal;
use super::engine::ltz;
use super::loads::Status;
use super::problem::{Outcome, Problem};

/// What a pipe costs for 10^9 bytes; a file costs nothing.
const PIPE_CREDITS_PER_GB: f64 = 0.0037;
/// What the double says of each statement that made a warehouse run.
const EXECUTION_MS: i64 = 1_000;
const BYTES_SCANNED: i64 = 4_096;

/// A view, the database role that reads it, and how late it is at most.
struct View {
    name: &'static str,
    role: &'static str,
    latency: TimeDelta,
    columns: &'static [(&'static str, &'static str)],
}

const QUERY_HISTORY: View = View {
    name: "QUERY_HISTORY",
    role: "GOVERNANCE_VIEWER",
    latency: TimeDelta::minutes(45),
    columns: &[
        ("QUERY_ID", "varchar"),
        ("QUERY_TEXT", "varchar"),
        ("QUERY_TAG", "varchar"),
        ("USER_NAME", "varchar"),
        ("ROLE_NAME", "varchar"),
        ("WAREHOUSE_NAME", "varchar"),
        ("WAREHOUSE_SIZE", "varchar"),
        ("START_TIME", "timestamp_ns"),
        ("EXECUTION_TIME", "decimal(38,0)"),
        ("BYTES_SCANNED", "decimal(38,0)"),
    ],
};
const PIPE_USAGE_HISTORY: View = View {
    name: "PIPE_USAGE_HISTORY",
    role: "USAGE_VIEWER",
    latency: TimeDelta::minutes(180),
    columns: &[
        ("PIPE_ID", "decimal(38,0)"),
        ("PIPE_NAME", "varchar"),
        ("START_TIME", "timestamp_ns"),
        ("END_TIME", "timestamp_ns"),
        ("CREDITS_USED", "decimal(38,9)"),
        ("BYTES_INSERTED", "double"),
        // A VARIANT.
        ("FILES_INSERTED", "varchar"),
        ("BYTES_BILLED", "decimal(38,0)"),
    ],
};
const WAREHOUSE_METERING_HISTORY: View = View {
    name: "WAREHOUSE_METERING_HISTORY",
    role: "USAGE_VIEWER",
    latency: TimeDelta::minutes(180),
    columns: &[
        ("START_TIME", "timestamp_ns"),
        ("END_TIME", "timestamp_ns"),
        ("WAREHOUSE_ID", "decimal(38,0)"),
        ("WAREHOUSE_NAME", "varchar"),
        ("CREDITS_USED", "decimal(38,9)"),
    ],
};
const VIEWS: [View; 3] = [QUERY_HISTORY, PIPE_USAGE_HISTORY, WAREHOUSE_METERING_HISTORY];

/// A statement that made a warehouse run, as `QUERY_HISTORY` keeps it; no log that a test clears.
#[derive(Debug, Clone)]
pub(super) struct PastQuery {
    pub(super) sql: String,
    pub(super) tag: Option<String>,
    pub(super) role: String,
    pub(super) warehouse: String,
    pub(super) at: DateTime<Utc>,
}

/// What a role must have to read a view: one of these.
pub(super) const IMPORTED: &str = "IMPORTED PRIVILEGES";

impl State {
    /// A view's rows as a select; what is not there and what may not be read look alike.
    pub(super) fn account_usage(&self, name: &str, role: &str) -> Outcome<String> {
        let full = format!("SNOWFLAKE.ACCOUNT_USAGE.{name}");
        let view = VIEWS.iter().find(|view| view.name == name);
        let view = view.filter(|view| self.may_read_usage(view.role, role));
        let view = view.ok_or_else(|| Problem::missing("Object", &full))?;
        let rows = match view.name {
            "QUERY_HISTORY" => self.past_queries(view),
            "PIPE_USAGE_HISTORY" => self.pipe_usage(view),
            _ => self.metering(view),
        };
        let names = view.columns.iter().map(|(name, _)| format!("\"{name}\""));
        let names = names.collect::<Vec<_>>().join(", ");
        if rows.is_empty() {
            let none =
                view.columns.iter().map(|(name, kind)| format!("null::{kind} as \"{name}\""));
            return Ok(format!("(select {} where false)", none.collect::<Vec<_>>().join(", ")));
        }
        Ok(format!("(select * from (values {}) as usage({names}))", rows.join(", ")))
    }

    fn may_read_usage(&self, database_role: &str, role: &str) -> bool {
        let roles = self.access.effective(role);
        let has = |wanted: &str| {
            let granted = self.usage_grants.iter();
            granted.into_iter().any(|(what, to)| what == wanted && roles.contains(to))
        };
        roles.contains("ACCOUNTADMIN") || has(database_role) || has(IMPORTED)
    }

    fn past_queries(&self, view: &View) -> Vec<String> {
        let known = self.past_queries.iter().filter(|query| self.is_told(view, query.at));
        let rows = known.enumerate().map(|(number, query)| {
            let size = self.catalog.warehouses.get(&query.warehouse).and_then(|warehouse| {
                super::listing::text_of(&warehouse.settings, "WAREHOUSE_SIZE")
            });
            row(
                view,
                [
                    Some(literal(&format!("01b-{number}"))),
                    Some(literal(&query.sql)),
                    // No tag is an empty text.
                    Some(literal(query.tag.as_deref().unwrap_or_default())),
                    Some(literal(&self.config.user)),
                    Some(literal(&query.role)),
                    Some(literal(&query.warehouse)),
                    size.map(|size| literal(&size)),
                    Some(ltz(query.at)),
                    Some(EXECUTION_MS.to_string()),
                    Some(BYTES_SCANNED.to_string()),
                ],
            )
        });
        rows.collect()
    }

    fn pipe_usage(&self, view: &View) -> Vec<String> {
        let mut hours: BTreeMap<(String, DateTime<Utc>), (u64, u64)> = BTreeMap::new();
        let loads = self.loads.iter().filter(|load| load.status == Status::Loaded);
        for load in loads.filter(|load| self.is_told(view, load.at)) {
            let Some(pipe) = &load.pipe else { continue };
            let entry = hours.entry((pipe.object.clone(), hour(load.at))).or_default();
            *entry = (entry.0 + load.size, entry.1 + 1);
        }
        let rows = hours.into_iter().map(|((pipe, start), (bytes, files))| {
            #[expect(clippy::cast_precision_loss, reason = "a price")]
            let credits = bytes as f64 / 1e9 * PIPE_CREDITS_PER_GB;
            row(
                view,
                [
                    Some("1".to_owned()),
                    Some(literal(&pipe)),
                    Some(ltz(start)),
                    Some(ltz(start + TimeDelta::hours(1))),
                    Some(format!("{credits:.9}")),
                    Some(bytes.to_string()),
                    Some(literal(&files.to_string())),
                    Some(bytes.to_string()),
                ],
            )
        });
        rows.collect()
    }

    /// A statement costs a minute, and an hour has sixty of them.
    fn metering(&self, view: &View) -> Vec<String> {
        let mut hours: BTreeMap<(String, DateTime<Utc>), u32> = BTreeMap::new();
        for query in self.past_queries.iter().filter(|query| self.is_told(view, query.at)) {
            *hours.entry((query.warehouse.clone(), hour(query.at))).or_default() += 1;
        }
        let rows = hours.into_iter().map(|((warehouse, start), count)| {
            let credits = f64::from(count.min(60)) / 60.0;
            row(
                view,
                [
                    Some(ltz(start)),
                    Some(ltz(start + TimeDelta::hours(1))),
                    Some("1".to_owned()),
                    Some(literal(&warehouse)),
                    Some(format!("{credits:.9}")),
                ],
            )
        });
        rows.collect()
    }

    fn is_told(&self, view: &View, at: DateTime<Utc>) -> bool {
        view.latency <= self.now() - at
    }
}

fn hour(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

fn row<const N: usize>(view: &View, cells: [Option<String>; N]) -> String {
    let cells = cells
        .into_iter()
        .zip(view.columns)
        .map(|(cell, (_, kind))| format!("{}::{kind}", cell.unwrap_or_else(|| "null".to_owned())));
    format!("({})", cells.collect::<Vec<_>>().join(", "))
}
