//! What is told of runs, and to whom: metrics, traces, alerts.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

/// What is told of runs, and to whom.
#[derive(Debug, Clone)]
pub struct ObserveConfig {
    /// Where a run's numbers go; without it they are told nowhere.
    pub metrics: Option<Metrics>,
    /// The namespace of `emf`.
    pub metrics_namespace: String,
    /// A webhook that takes Slack's JSON; its path is what lets somebody post there.
    pub alert_url: Option<SecretString>,
    /// The ARN of an SNS topic.
    pub alert_sns_topic: Option<String>,
    /// How traces are sent, where OpenTelemetry's own variables ask for them.
    pub traces: Option<Traces>,
}

/// How traces are sent. Addresses and headers the exporter reads itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    /// `service.name`, where somebody names it.
    pub service_name: Option<String>,
    /// How long one export may take.
    pub timeout: Duration,
}

/// Where a run's numbers go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Metrics {
    /// Into the log stream, in CloudWatch's embedded metric format.
    Emf,
    /// Into a file that Prometheus' node exporter reads.
    Prometheus(PathBuf),
}

/// What a value of `SNOWTRACK_METRICS` is.
pub(super) const METRICS: &str = "`emf`, or `prometheus:/path/file.prom`";

impl FromStr for Metrics {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "emf" {
            return Ok(Self::Emf);
        }
        let path = text.strip_prefix("prometheus:").map(PathBuf::from).ok_or(METRICS)?;
        // What has no such name is read by nobody.
        let is_read = path.extension().is_some_and(|ending| ending == "prom");
        if is_read { Ok(Self::Prometheus(path)) } else { Err(METRICS) }
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Emf => out.write_str("emf"),
            Self::Prometheus(path) => write!(out, "prometheus:{}", path.display()),
        }
    }
}

/// Whether OpenTelemetry's variables ask for traces, and what a person should know of them. The exporter reads the rest itself:
/// addresses, headers, timeouts.
///
/// <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>
pub(super) fn traces<'a>(
    get: &dyn Fn(&str) -> Option<&'a str>,
) -> (Option<Traces>, Option<String>) {
    let is_off =
        get("OTEL_SDK_DISABLED").is_some_and(|text| text.trim().eq_ignore_ascii_case("true"));
    let endpoints = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
    let has_endpoint = endpoints.iter().any(|name| get(name).is_some());
    let is_wanted = match get("OTEL_TRACES_EXPORTER").map(str::trim) {
        None => has_endpoint,
        Some("otlp") => true,
        Some("none") => false,
        Some(other) => {
            let warning = format!(
                "`OTEL_TRACES_EXPORTER` is `{other}`, wanted `otlp` or `none`: no traces are sent"
            );
            return (None, (!is_off).then_some(warning));
        }
    };
    if is_off || !is_wanted {
        return (None, None);
    }
    let protocols = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
    let said = protocols.iter().find_map(|name| Some((name, get(name)?)));
    match said {
        None | Some((_, "http/protobuf")) => (Some(sent(get)), None),
        Some((name, protocol)) => {
            let warning =
                format!("`{name}` is `{protocol}`, wanted `http/protobuf`: no traces are sent");
            (None, Some(warning))
        }
    }
}

fn sent<'a>(get: &dyn Fn(&str) -> Option<&'a str>) -> Traces {
    let timeouts = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
    let timeout = timeouts.iter().find_map(|name| get(name)?.trim().parse().ok());
    Traces {
        service_name: get("OTEL_SERVICE_NAME").map(str::to_owned),
        timeout: Duration::from_millis(timeout.unwrap_or(10_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_sent_where_an_address_is_named_and_nobody_forbids_it() {
        const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        type Case<'a> = (&'a [(&'a str, &'a str)], bool, bool);
        let table: [Case<'_>; 9] = [
            (&[], false, false),
            (&[ENDPOINT], true, false),
            (&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://h/v1/traces")], true, false),
            (&[("OTEL_TRACES_EXPORTER", "otlp")], true, false),
            (&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")], false, false),
            (&[ENDPOINT, ("OTEL_SDK_DISABLED", "TRUE")], false, false),
            (&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "console")], false, true),
            (&[ENDPOINT, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")], false, true),
            (
                &[
                    ENDPOINT,
                    ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
                    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
                ],
                true,
                false,
            ),
        ];
        for (said, is_sent, is_warned) in table {
            let get = |name: &str| said.iter().find(|(it, _)| *it == name).map(|(_, value)| *value);
            let (sends, warning) = traces(&get);
            assert_eq!((sends.is_some(), warning.is_some()), (is_sent, is_warned), "{said:?}");
        }
    }
}
