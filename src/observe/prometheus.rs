//! A run's numbers as a file for the textfile collector of Prometheus' node exporter: a batch job is gone before anybody could
//! scrape it.
//!
//! In: a run that ended. Out: the file, whole or as it was. Every number is a gauge: it is the last run's, and falls as it rises.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::metrics::{Metric, Numbers, Unit, metrics};
use crate::blocking::blocking;
use crate::event::Event;

/// A sink that writes `path` anew at the end of each run. That it cannot is a warning.
pub(super) fn prometheus(path: &Path) -> impl Fn(&Event) + Send + Sync + '_ {
    metrics(move |numbers| {
        if let Err(error) = blocking(|| replace(path, &text(numbers))) {
            let path = path.display();
            tracing::warn!("the metrics could not be written to `{path}`: {error}");
        }
    })
}

/// The collector reads every `*.prom`, at any moment: so the file is written under another name, and moved.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part: PathBuf = path.with_file_name(name);
    let written = std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        // Whatever kept us from writing may keep us from this, too.
        let _ = std::fs::remove_file(&part);
    }
    written
}

fn text(numbers: &Numbers<'_>) -> String {
    let mut text = String::new();
    for metric in &numbers.metrics {
        let name = name(metric);
        // A text of ours; writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} gauge", metric.what);
        match &metric.parts {
            None => {
                let _ = writeln!(text, "{name} {}", value(metric.unit, metric.total));
            }
            // No total beside its parts: a sum over the name would count everything twice.
            Some(parts) => {
                for (part, count) in &parts.values {
                    let value = value(metric.unit, *count);
                    let _ = writeln!(text, "{name}{{{}=\"{part}\"}} {value}", parts.label);
                }
            }
        }
    }
    text
}

/// `RowsFetched` → `snowtrack_rows_fetched`; times are in seconds, and say so.
fn name(metric: &Metric) -> String {
    let mut name = "snowtrack".to_owned();
    let stem = metric.name.strip_suffix("Ms").unwrap_or(metric.name);
    for letter in stem.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    if metric.unit == Unit::Milliseconds {
        name.push_str("_seconds");
    }
    name
}

fn value(unit: Unit, value: u64) -> String {
    match unit {
        Unit::Count | Unit::Seconds => value.to_string(),
        Unit::Milliseconds => format!("{}.{:03}", value / 1000, value % 1000),
    }
}
