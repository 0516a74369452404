//! Metrics: CloudWatch's lines by the rules of its published schema, and Prometheus' file read by its own client; the numbers are
//! the doubles' and the report's.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::support::World;
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_snowflake::LoadFault;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};
use crate::support::{TABLES, fixture};

/// Every metric with its unit.
const METRICS: [(&str, &str); 14] = [
    ("RowsFetched", "Count"),
    ("RowsShipped", "Count"),
    ("RowsVerified", "Count"),
    ("FilesVerified", "Count"),
    ("FilesPending", "Count"),
    ("FilesFailed", "Count"),
    ("FilesMismatched", "Count"),
    ("SpotifyCalls", "Count"),
    ("SpotifyRetries", "Count"),
    ("SpotifyWaitMs", "Milliseconds"),
    ("StageDurationMs", "Milliseconds"),
    ("RunDurationMs", "Milliseconds"),
    ("ChecksFailed", "Count"),
    ("FreshnessSeconds", "Seconds"),
];

const STAGES: [&str; 8] =
    ["fetch", "transform", "check", "publish", "export", "upload", "ingest", "verify"];

const BUCKETS: [&str; 8] = [
    "albums",
    "artists",
    "liked_songs",
    "own_playlists",
    "player",
    "playlist",
    "playlist_items",
    "writes",
];

/// What CloudWatch makes of a run's lines: the value of each metric, by its name and its dimensions.
#[derive(Debug)]
struct Extracted(BTreeMap<(String, Vec<(String, String)>), f64>);

impl Extracted {
    fn total(&self, name: &str) -> f64 {
        self.0[&(name.to_owned(), Vec::new())]
    }

    fn of(&self, name: &str, label: &str) -> BTreeMap<&str, f64> {
        let found = self.0.iter().filter(|((it, dimensions), _)| {
            it == name && dimensions.len() == 1 && dimensions[0].0 == label
        });
        found.map(|((_, dimensions), value)| (dimensions[0].1.as_str(), *value)).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "metrics have the time of the run")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Reads the lines as CloudWatch does. The rules are those of the published specification and of the schema at its end.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
fn extracted(output: &Output, namespace: &str) -> Extracted {
    let mut found = BTreeMap::new();
    let lines = String::from_utf8_lossy(&output.stderr).into_owned();
    for line in lines.lines().filter(|line| line.contains("\"_aws\"")) {
        assert!(line.len() < 256 << 10, "an event of CloudWatch Logs");
        let root: Value = serde_json::from_str(line).unwrap();
        let metadata = root["_aws"].as_object().unwrap();
        assert_eq!(metadata.keys().collect::<Vec<_>>(), ["CloudWatchMetrics", "Timestamp"]);
        let at = DateTime::from_timestamp_millis(metadata["Timestamp"].as_i64().unwrap()).unwrap();
        assert!((now() - at).num_hours().abs() < 1, "{at}");
        for directive in metadata["CloudWatchMetrics"].as_array().unwrap() {
            let members: Vec<&String> = directive.as_object().unwrap().keys().collect();
            assert_eq!(members, ["Dimensions", "Metrics", "Namespace"]);
            assert_eq!(directive["Namespace"], namespace);
            let sets = directive["Dimensions"].as_array().unwrap();
            assert!(!sets.is_empty());
            let metrics = directive["Metrics"].as_array().unwrap();
            assert!((1..=100).contains(&metrics.len()));
            for set in sets {
                let set = set.as_array().unwrap();
                assert!(set.len() <= 30);
                let dimensions: Vec<(String, String)> = set
                    .iter()
                    .map(|key| {
                        let key = key.as_str().unwrap();
                        let value = root[key].as_str().expect("a dimension is a text");
                        assert!(
                            (1..=250).contains(&key.len()) && (1..=1024).contains(&value.len())
                        );
                        assert_ne!(key, "run_id", "each value is a metric that is paid for");
                        (key.to_owned(), value.to_owned())
                    })
                    .collect();
                for metric in metrics {
                    let name = metric["Name"].as_str().unwrap();
                    let unit = METRICS.iter().find(|(it, _)| *it == name).unwrap().1;
                    assert_eq!(metric["Unit"], unit, "{name}");
                    let value = root[name].as_f64().expect("a metric is a number");
                    let key = (name.to_owned(), dimensions.clone());
                    assert_eq!(found.insert(key, value), None, "{name} twice: {lines}");
                }
            }
        }
    }
    Extracted(found)
}

/// Whether everything that is promised of every run is there.
fn require_all(found: &Extracted) {
    for (name, _) in METRICS {
        assert!(0.0 <= found.total(name), "{name}");
    }
    let names = |name, label| found.of(name, label).into_keys().collect::<BTreeSet<_>>();
    for name in ["RowsShipped", "RowsVerified"] {
        assert_eq!(names(name, "table"), BTreeSet::from(TABLES), "{name}");
    }
    assert_eq!(names("SpotifyCalls", "bucket"), BTreeSet::from(BUCKETS));
    assert_eq!(names("StageDurationMs", "stage"), BTreeSet::from(STAGES));
    assert_eq!(found.0.len(), 14 + 2 * TABLES.len() + BUCKETS.len() + STAGES.len());
    for (name, label) in [
        ("RowsShipped", "table"),
        ("RowsVerified", "table"),
        ("SpotifyCalls", "bucket"),
        ("StageDurationMs", "stage"),
    ] {
        assert_eq!(found.of(name, label).values().sum::<f64>(), found.total(name), "{name}");
    }
    assert!(found.total("StageDurationMs") <= found.total("RunDurationMs") + 1.0);
}

/// What a report's files add up to.
fn rows_of_files(report: &Value, state: Option<&str>) -> f64 {
    let files = report["files"].as_array().unwrap().iter();
    let meant = files.filter(|file| state.is_none_or(|state| file["state"] == state));
    meant.map(|file| file["row_count"].as_f64().unwrap()).sum()
}

#[test]
fn the_demos_numbers_are_those_of_its_list_and_standard_output_stays_the_reports() {
    let world = World::new();
    let mut command = world.command(&["--json", "run", "--demo"]);
    let output = command.env("SNOWTRACK_METRICS", "emf").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = extracted(&output, "snowtrack");
    require_all(&found);
    let truth = fixture("demo_truth.json");
    let rows: u64 = report["playlists"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|playlist| playlist["status"] == "fetched")
        .map(|playlist| playlist["row_count"].as_u64().unwrap())
        .sum();
    assert_eq!(found.total("RowsFetched"), rows as f64);
    assert!(truth.is_object(), "{truth}");
    let shipped = found.of("RowsShipped", "table");
    for table in TABLES {
        let sql = format!("select count(*) as n from core.{table}");
        assert_eq!(shipped[table], world.query(&sql)[0]["n"].as_f64().unwrap(), "{table}");
    }
    for name in ["RowsVerified", "FilesVerified", "FilesPending", "FilesFailed", "FilesMismatched"]
    {
        assert_eq!(found.total(name), 0.0, "{name}: no account is configured");
    }
    assert_eq!((found.total("ChecksFailed"), found.total("FreshnessSeconds")), (0.0, 0.0));
    // The namespace is a setting; a run without news tells as much.
    world.report(&["--demo"]);
    let mut command = world.command(&["-q", "run", "--demo"]);
    command.env("SNOWTRACK_METRICS", "emf").env("SNOWTRACK_METRICS_NAMESPACE", "music/prod");
    let found = extracted(&command.output().unwrap(), "music/prod");
    require_all(&found);
    assert_eq!(found.total("RowsShipped"), 0.0);
}

#[test]
fn calls_rows_and_files_are_what_the_doubles_counted() {
    let (library, tracks) = Library::new("keeper").with_plain_tracks(1_000, 120);
    let ids = [spotify_id(1), spotify_id(2)];
    let rows =
        |count: usize| tracks.iter().take(count).map(|it| Row::track(it)).collect::<Vec<_>>();
    let library = library
        .with_playlist(Playlist::new(&ids[0], "Long", "keeper").with_rows(rows(120)))
        .with_playlist(Playlist::new(&ids[1], "Short", "keeper").with_rows(rows(3)));
    let spotify = FakeSpotify::start(library, Mode::Development);
    spotify.script(When::Path("/v1/me/playlists".to_owned()), 1, Fault::status(502, "no"));
    let world = World::new();
    let mut command = world.operator(&spotify, &["--json", "run", "--mine"]);
    let output = command.env("SNOWTRACK_METRICS", "emf").output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let found = extracted(&output, "snowtrack");
    require_all(&found);
    assert_eq!(found.total("RowsFetched"), 123.0);
    assert_eq!(found.total("SpotifyCalls"), spotify.api_call_count() as f64);
    for (bucket, count) in found.of("SpotifyCalls", "bucket") {
        assert_eq!(count, spotify.bucket_count(bucket) as f64, "{bucket}");
    }
    assert_eq!(found.total("SpotifyRetries"), 1.0);
    assert!(0.0 < found.total("SpotifyWaitMs"));
}

#[test]
fn proven_differing_and_refused_files_are_told_apart() {
    let cloud = Cloud::small("rest", "parquet");
    let run = || {
        let mut command = cloud.command(&[&["--json", "run"][..], &SMALL].concat());
        let output = command.env("SNOWTRACK_METRICS", "emf").output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = extracted(&output, "snowtrack");
        require_all(&found);
        (output.status.code().unwrap(), report, found)
    };
    cloud.snowflake.script_load("/genres_", 1, LoadFault::Fail("it is no Parquet".to_owned()));
    let (code, report, found) = run();
    assert_eq!(code, 7, "{report:#}");
    let files = ["FilesVerified", "FilesPending", "FilesFailed", "FilesMismatched"];
    assert_eq!(files.map(|name| found.total(name)), [7.0, 0.0, 1.0, 0.0]);
    assert_eq!(found.total("RowsShipped"), rows_of_files(&report, None));
    assert_eq!(found.total("RowsVerified"), rows_of_files(&report, Some("verified")));
    for table in TABLES {
        let landed = cloud.landed(table) as f64;
        assert_eq!(found.of("RowsVerified", "table")[table], landed, "{table}");
    }

    let cloud = Cloud::small("rest", "parquet");
    let run = |arguments: &[&str]| {
        let mut command = cloud.command(arguments);
        let output = command.env("SNOWTRACK_METRICS", "emf").output().unwrap();
        (output.status.code().unwrap(), extracted(&output, "snowtrack"))
    };
    assert_eq!(run(&["-q", "run", "--from-dir", "in"]).0, 0);
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    let (code, found) = run(&["-q", "verify"]);
    require_all(&found);
    assert_eq!(code, 7);
    assert_eq!(files.map(|name| found.total(name)), [7.0, 0.0, 0.0, 1.0]);
}

#[test]
fn prometheus_reads_the_file_and_no_metric_with_labels_has_a_total() {
    let world = World::new();
    let path = world.path("metrics/snowtrack.prom");
    let setting = format!("prometheus:{}", path.display());
    let run = || {
        let mut command = world.command(&["--json", "run", "--demo"]);
        command.env("SNOWTRACK_METRICS", &setting).output().unwrap()
    };
    // No folder: a warning, and nothing else.
    let output = run();
    assert!(output.status.success(), "{}", text(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("could not be written"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(run().status.success());
    assert_eq!(world.files("metrics"), ["snowtrack.prom"], "nothing else is left");
    let written = std::fs::read_to_string(&path).unwrap();
    let mut samples: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
    let mut described = BTreeSet::new();
    for line in written.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(kind, "gauge");
            assert!(described.contains(name), "{name} has no HELP");
            assert!(samples.insert(name, Vec::new()).is_none(), "{name} twice");
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            described.insert(rest.split(' ').next().unwrap());
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            samples.get_mut(name).unwrap().push((labels, value.parse().unwrap()));
        }
    }
    let names: Vec<&str> = samples.keys().copied().collect();
    let wanted = [
        "snowtrack_checks_failed",
        "snowtrack_files_failed",
        "snowtrack_files_mismatched",
        "snowtrack_files_pending",
        "snowtrack_files_verified",
        "snowtrack_freshness_seconds",
        "snowtrack_rows_fetched",
        "snowtrack_rows_shipped",
        "snowtrack_rows_verified",
        "snowtrack_run_duration_seconds",
        "snowtrack_spotify_calls",
        "snowtrack_spotify_retries",
        "snowtrack_spotify_wait_seconds",
        "snowtrack_stage_duration_seconds",
    ];
    assert_eq!(names, wanted);
    for (name, found) in &samples {
        let has_labels = found.iter().any(|(labels, _)| !labels.is_empty());
        assert_eq!(found.len(), if has_labels { 8 } else { 1 }, "{name}");
        assert!(found.iter().all(|(labels, _)| labels.is_empty() != has_labels), "{name}");
    }
    let took = samples["snowtrack_run_duration_seconds"][0].1;
    assert!((0.01..100.0).contains(&took), "seconds: {took}");

    // The same by the client library that Prometheus gives.
    let Some(mut python) = crate::doubles::snowflake::oracle::oracle("prometheus_check.py") else {
        return;
    };
    let output = python.arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let parsed: BTreeMap<String, Vec<f64>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(parsed.keys().collect::<Vec<_>>(), wanted);
    for (name, found) in samples {
        assert_eq!(parsed[name], found.iter().map(|(_, value)| *value).collect::<Vec<_>>());
    }
}

#[test]
fn a_value_that_is_no_sink_names_what_would_be_one() {
    let world = World::new();
    for (name, value) in [
        ("SNOWTRACK_METRICS", "statsd"),
        ("SNOWTRACK_METRICS", "prometheus:/tmp/x.txt"),
        ("SNOWTRACK_METRICS_NAMESPACE", "AWS/x"),
        ("SNOWTRACK_ALERT_SNS_TOPIC", "topic"),
        ("SNOWTRACK_ALERT_URL", "hunter2"),
    ] {
        let output = world.command(&["run", "--demo"]).env(name, value).output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("`{name}` is ")) && said.contains("wanted "), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
