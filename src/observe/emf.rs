//! A run's numbers as lines of the log, in CloudWatch's embedded metric format: the awslogs driver brings them to CloudWatch Logs,
//! which makes metrics of them. No agent and no call of ours.
//!
//! In: a run that ended. Out: one line with every total, and one for each table, bucket and stage. What varies from run to run
//! (its id) is a member of the line and never a dimension: each value of a dimension is a metric that is paid for.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use serde_json::{Map, Value, json};

use super::metrics::{Metric, Numbers, Unit, metrics};
use crate::event::Event;
use crate::ids::RunId;

/// A sink that gives `write` each line.
pub(super) fn emf<'a>(
    namespace: &'a str,
    write: impl Fn(&str) + Send + Sync + 'a,
) -> impl Fn(&Event) + Send + Sync + 'a {
    metrics(move |numbers| {
        lines(namespace, numbers).iter().for_each(|line| write(&line.to_string()));
    })
}

fn lines(namespace: &str, numbers: &Numbers<'_>) -> Vec<Value> {
    let totals = numbers.metrics.iter().map(|metric| (metric, metric.total));
    let mut lines = vec![line(namespace, numbers, None, totals.collect())];
    for label in ["table", "bucket", "stage"] {
        let of_label = numbers.metrics.iter().filter_map(|metric| {
            Some((metric, metric.parts.as_ref().filter(|parts| parts.label == label)?))
        });
        let of_label: Vec<_> = of_label.collect();
        let Some((_, first)) = of_label.first() else { continue };
        for (at, (name, _)) in first.values.iter().enumerate() {
            let values = of_label.iter().map(|(metric, parts)| (*metric, parts.values[at].1));
            lines.push(line(namespace, numbers, Some((label, name)), values.collect()));
        }
    }
    lines
}

fn line(
    namespace: &str,
    numbers: &Numbers<'_>,
    dimension: Option<(&str, &str)>,
    values: Vec<(&Metric, u64)>,
) -> Value {
    let keys: Vec<&str> = dimension.iter().map(|(label, _)| *label).collect();
    let definitions: Vec<Value> = values
        .iter()
        .map(|(metric, _)| json!({ "Name": metric.name, "Unit": unit(metric.unit) }))
        .collect();
    let mut line = Map::new();
    let directive = json!({ "Namespace": namespace, "Dimensions": [keys], "Metrics": definitions });
    line.insert(
        "_aws".to_owned(),
        json!({ "Timestamp": numbers.at.timestamp_millis(), "CloudWatchMetrics": [directive] }),
    );
    line.insert("run_id".to_owned(), json!(numbers.run.map(RunId::as_str)));
    line.insert("status".to_owned(), json!(numbers.status));
    line.extend(dimension.map(|(label, name)| (label.to_owned(), name.into())));
    line.extend(values.iter().map(|(metric, value)| (metric.name.to_owned(), (*value).into())));
    line.into()
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "Count",
        Unit::Milliseconds => "Milliseconds",
        Unit::Seconds => "Seconds",
    }
}
