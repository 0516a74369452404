//! What a run says while it works, as a sink hears it: stages with their ends, in order, each event with its run and its time.
//!
//! The sink of these tests is what a new one costs: a function of an event, and a line that adds it.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use snowtrack::config::Config;
use snowtrack::event::Event;
use snowtrack::ids::DataDir;
use snowtrack::observe::Sinks;
use snowtrack::run::{EndedRun, Error, Settings, Source, run};

use crate::source::documents::playlist;
use crate::support::World;
use crate::support::cloud::Cloud;

/// A sink that writes each event as a line of JSON.
fn json_lines(path: &Path) -> impl Fn(&Event) + Send + Sync + use<> {
    let file = Mutex::new(File::create(path).unwrap());
    move |event| {
        writeln!(file.lock().unwrap(), "{}", serde_json::to_string(event).unwrap()).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "a run needs the time; events are compared with it")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// What `run` returns.
type Ended = Result<EndedRun, Error>;

/// A run in this process, and the lines that it left.
fn told(world: &World, source: Source) -> (Ended, Vec<Value>) {
    let path = world.path("events.ndjson");
    let config = Config { data_dir: DataDir::new(world.path("data")), ..Config::default() };
    let count = Mutex::new(0);
    let sinks = Sinks::new().with(|_| *count.lock().unwrap() += 1).with(json_lines(&path));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (began, settings) = (now(), Settings::new(source, now));
    let ended = runtime.block_on(async {
        run(&config, &settings, &|event| sinks.tell(event), &Arc::default()).await
    });
    let lines = std::fs::read_to_string(&path).unwrap();
    let events: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(*count.lock().unwrap(), events.len(), "each sink hears everything");
    let mut before = began;
    for event in &events {
        let at: DateTime<Utc> = event["at"].as_str().unwrap().parse().unwrap();
        assert!(before <= at && at <= now(), "{event}");
        before = at;
    }
    (ended, events)
}

fn of_kind<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["kind"] == kind).collect()
}

/// `started fetch`, `ended fetch done`, … in the order in which it was told.
fn stages(events: &[Value]) -> Vec<String> {
    let mut began = None;
    let mut lines = Vec::new();
    for event in events {
        let stage = event["stage"].as_str().unwrap_or_default();
        match event["kind"].as_str().unwrap() {
            "stage_started" => {
                began = event["at"].as_str();
                lines.push(format!("started {stage}"));
            }
            "stage_ended" => {
                let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
                let took = at(event["at"].as_str().unwrap()) - at(began.take().unwrap());
                // Two clocks measured it, and each cuts off.
                let duration_ms = event["duration_ms"].as_i64().unwrap();
                assert!((took.num_milliseconds() - duration_ms).abs() <= 50, "{event}");
                lines.push(format!("ended {stage} {}", event["ending"].as_str().unwrap()));
            }
            _ => {}
        }
    }
    lines
}

/// Each of these stages begun and ended well.
fn done(stages: &[&str]) -> Vec<String> {
    let lines =
        stages.iter().map(|stage| [format!("started {stage}"), format!("ended {stage} done")]);
    lines.flatten().collect()
}

/// Whether the run's beginning comes first, its end last, and everything between is the run's.
fn require_whole(events: &[Value], run: &str) {
    let kinds: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("run_started", "run_ended"));
    assert!(events.iter().all(|event| event["run"] == run), "{events:#?}");
    assert_eq!(of_kind(events, "stage_started").len(), of_kind(events, "stage_ended").len());
}

#[test]
fn a_sink_hears_each_stage_begin_and_end_with_what_it_did() {
    let world = World::new();
    let (ended, events) = told(&world, Source::Demo);
    let EndedRun { report, error } = ended.unwrap();
    assert!(error.is_none(), "{error:?}");
    require_whole(&events, &report.run_id);
    assert_eq!(stages(&events), done(&["fetch", "transform", "check", "publish", "export"]));
    let started = json!({"source": "demo", "first": "fetch", "last": "verify"});
    for (name, value) in started.as_object().unwrap() {
        assert_eq!(events[0][name], *value);
    }
    let last = events.last().unwrap();
    assert_eq!((&last["status"], &last["ending"]), (&json!("exported"), &json!("done")));
    // What each stage counts, by what the run left behind.
    let count = |sql: &str| world.query(sql)[0]["n"].clone();
    let rows: u64 = report.tables.iter().map(|table| table.changed_row_count).sum();
    let sizes: u64 = report.files.iter().map(|file| file.file.size_bytes).sum();
    let published = std::fs::metadata(world.path("data/spotify.duckdb")).unwrap().len();
    let on_disk = |key: &str| std::fs::metadata(world.path("data/lake").join(key)).unwrap().len();
    assert_eq!(sizes, report.files.iter().map(|file| on_disk(&file.file.key)).sum::<u64>());
    assert_eq!(count("select count(*) as n from core.songs"), {
        let songs = report.tables.iter().find(|table| table.table.name() == "songs").unwrap();
        json!(songs.row_count)
    });
    let ends = of_kind(&events, "stage_ended");
    let of = |stage: &str| {
        let end = ends.iter().find(|end| end["stage"] == stage).unwrap();
        let names = ["row_count", "file_count", "call_count", "check_count", "size_bytes"];
        names.map(|name| end[name].as_u64())
    };
    let landed = of_kind(&events, "rows_landed");
    let landed = landed.iter().map(|event| event["row_count"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(of("fetch"), [Some(landed), None, None, None, None]);
    assert_eq!(of("transform"), [Some(rows), None, None, None, None]);
    assert_eq!(of("check"), [None, None, None, Some(report.checks.len() as u64), None]);
    // The end of a run adds what it says of itself to the file.
    let [None, Some(1), None, None, Some(size_bytes)] = of("publish") else {
        panic!("{:?}", of("publish"))
    };
    assert!((published / 2..published).contains(&size_bytes), "{size_bytes} of {published}");
    let files = report.files.len() as u64;
    assert_eq!(of("export"), [Some(rows), Some(files), None, None, Some(sizes)]);
}

#[test]
fn a_refused_run_and_a_failed_one_say_which_stage_it_was() {
    let world = World::new();
    let wrong = playlist(|song| song["duration_ms"] = json!(0));
    world.write("in/playlist.json", &wrong);
    let (ended, events) = told(&world, Source::FromDir(world.path("in")));
    let EndedRun { report, error } = ended.unwrap();
    assert!(matches!(error, Some(Error::Refused { .. })), "{error:?}");
    require_whole(&events, &report.run_id);
    let refused = ["started check".to_owned(), "ended check quality".to_owned()];
    assert_eq!(stages(&events), [&done(&["fetch", "transform"])[..], &refused].concat());
    let last = events.last().unwrap();
    assert_eq!((&last["status"], &last["ending"]), (&json!("refused"), &json!("quality")));
    let end = of_kind(&events, "stage_ended").pop().unwrap();
    assert_eq!(end["check_count"], report.checks.len());

    // Where the lake is to be, there is something else.
    let world = World::new();
    world.write("data/lake", "");
    let (ended, events) = told(&world, Source::Demo);
    let EndedRun { report, error } = ended.unwrap();
    assert!(matches!(error, Some(Error::Lake(_))), "{error:?}");
    require_whole(&events, &report.run_id);
    let failed = ["started export".to_owned(), "ended export lake".to_owned()];
    let before = done(&["fetch", "transform", "check", "publish"]);
    assert_eq!(stages(&events), [&before[..], &failed].concat());
    let last = events.last().unwrap();
    assert_eq!((&last["status"], &last["ending"]), (&json!("failed"), &json!("lake")));
    assert_eq!(last["error"].as_str(), report.error.as_deref());

    // And where no run begins, that is all there is to say, but for whom to call.
    let world = World::new();
    let (ended, events) = told(&world, Source::FromDir(world.path("nowhere")));
    assert!(ended.is_ok());
    assert_eq!(events.last().unwrap()["ending"], "usage");
    world.write("file", "");
    let nowhere = World::new();
    nowhere.write("data", "");
    let (ended, events) = told(&nowhere, Source::Demo);
    assert!(ended.is_err());
    assert_eq!(events.len(), 2, "{events:#?}");
    assert_eq!((&events[0]["kind"], &events[0]["alert"]), (&json!("alert"), &json!("began")));
    assert_eq!((&events[1]["kind"], &events[1]["run"]), (&json!("run_not_begun"), &Value::Null));
    assert_eq!(events[1]["ending"], "lake");
}

/// All eight stages, as the log has them: what it counts is what the report says, and what the services were asked.
#[test]
fn the_log_of_a_whole_run_tells_each_stage_and_its_calls() {
    let cloud = Cloud::new("rest", "parquet");
    let output = cloud.run(&["-vvv", "--log-format", "json", "--json", "run", "--demo"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["status"], "verified", "{report:#}");
    let log = String::from_utf8(output.stderr).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ends: Vec<Value> = lines
        .map(|line| line["fields"].clone())
        .filter(|fields| fields["message"].as_str().is_some_and(|text| text.contains(" took ")))
        .collect();
    let stages: Vec<&str> = ends.iter().map(|end| end["stage"].as_str().unwrap()).collect();
    let all = ["fetch", "transform", "check", "publish", "export", "upload", "ingest", "verify"];
    assert_eq!(stages, all);
    assert!(ends.iter().all(|end| end["run_id"] == report["run_id"]), "{ends:#?}");
    let of = |stage: &str, name: &str| {
        ends.iter().find(|end| end["stage"] == stage).and_then(|end| end[name].as_u64())
    };
    let files = report["files"].as_array().unwrap();
    let count = Some(files.len() as u64);
    // Beside the tables' files goes the manifest.
    assert_eq!(of("upload", "file_count"), count.map(|count| count + 1));
    assert_eq!((of("ingest", "file_count"), of("verify", "file_count")), (count, count));
    // The upload asks which pipes there are, before anything leaves.
    let calls: u64 =
        ["upload", "ingest", "verify"].map(|stage| of(stage, "call_count").unwrap()).iter().sum();
    assert_eq!(calls, cloud.snowflake.requests().len() as u64);
}
