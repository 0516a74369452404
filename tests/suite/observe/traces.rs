//! Traces, read as a collector reads them: one tree a run, and a span for each call that the doubles counted.

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::time::Instant;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::Value;

use super::receiver::{Manner, Post, Receiver};
use crate::support::World;
use crate::support::cloud::{Cloud, text};
use crate::support::fake_spotify::{
    CLIENT_ID, CLIENT_SECRET, FakeSpotify, Fault, REFRESH_TOKEN, When,
};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

/// Client spans have this kind.
const CLIENT: i32 = 3;
/// A status of this code is an error.
const ERROR: i32 = 2;

/// What a collector took: the resource's attributes and the spans.
struct Taken {
    resource: BTreeMap<String, String>,
    spans: Vec<Span>,
}

/// Reads posts as strictly as a collector does.
fn taken(posts: &[Post]) -> Taken {
    let mut taken = Taken { resource: BTreeMap::new(), spans: Vec::new() };
    for post in posts {
        assert_eq!((post.method.as_str(), post.path.as_str()), ("POST", "/v1/traces"));
        assert_eq!(post.content_type, "application/x-protobuf");
        let request = ExportTraceServiceRequest::decode(post.body.as_slice()).unwrap();
        for spans in request.resource_spans {
            taken.resource = attributes(&spans.resource.unwrap().attributes);
            taken.spans.extend(spans.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    }
    for span in &taken.spans {
        assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8), "{span:?}");
        assert!(span.trace_id.iter().any(|byte| *byte != 0), "{span:?}");
        assert!(0 < span.start_time_unix_nano, "{span:?}");
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{span:?}");
        assert!(span.trace_id == taken.spans[0].trace_id, "one run is one trace");
    }
    taken
}

fn attributes(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    let value = |value: &Option<AnyValue>| match value.as_ref().and_then(|it| it.value.clone()) {
        Some(Any::StringValue(text)) => text,
        Some(Any::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    pairs.iter().map(|pair| (pair.key.clone(), value(&pair.value))).collect()
}

fn root(taken: &Taken) -> &Span {
    let roots: Vec<&Span> = taken.spans.iter().filter(|it| it.parent_span_id.is_empty()).collect();
    assert_eq!(roots.len(), 1, "{roots:#?}");
    roots[0]
}

fn children<'t>(taken: &'t Taken, parent: &Span) -> Vec<&'t Span> {
    let mut found: Vec<&Span> =
        taken.spans.iter().filter(|it| it.parent_span_id == parent.span_id).collect();
    found.sort_by_key(|span| span.start_time_unix_nano);
    found
}

/// A playlist of three songs.
fn spotify() -> (FakeSpotify, String) {
    let (library, tracks) = Library::new("keeper").with_plain_tracks(1_000, 3);
    let id = spotify_id(1);
    let rows: Vec<Row> = tracks.iter().map(|track| Row::track(track)).collect();
    let library = library.with_playlist(Playlist::new(&id, "Three", "keeper").with_rows(rows));
    (FakeSpotify::start(library, Mode::Development), id)
}

fn with_spotify(mut command: Command, spotify: &FakeSpotify) -> Command {
    command
        .env("SPOTIFY_CLIENT_ID", CLIENT_ID)
        .env("SPOTIFY_CLIENT_SECRET", CLIENT_SECRET)
        .env("SPOTIFY_REFRESH_TOKEN", REFRESH_TOKEN)
        .env("SPOTIFY_API_URL", spotify.api_url())
        .env("SPOTIFY_ACCOUNTS_URL", spotify.accounts_url());
    command
}

fn traced(world: &World, collector: &str, arguments: &[&str]) -> Command {
    let mut command = world.command(arguments);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
    command
}

/// The lines of the log that say that something is not right.
fn warnings(output: &Output) -> Vec<String> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    stderr.lines().filter(|line| line.contains("WARN")).map(str::to_owned).collect()
}

#[test]
fn a_run_is_one_tree_and_each_call_that_the_doubles_counted_is_a_span_of_its_stage() {
    let (spotify, id) = spotify();
    let cloud = Cloud::new("rest", "parquet");
    cloud.world.write("snowtrack.toml", "[spotify]\nmin_gap_ms = 0\n");
    // One call is repeated: each try is a call.
    spotify.script(When::Path("/v1/playlists".to_owned()), 1, Fault::status(503, "no"));
    spotify.let_a_second_last(std::time::Duration::from_millis(1));
    cloud.s3.clear_log();
    let collector = Receiver::start();
    let arguments = ["--json", "--log-format", "json", "-v", "run", "--playlist", &id];
    let mut command = with_spotify(cloud.command(&arguments), &spotify);
    let output = command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hunter2")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["status"], "verified");
    let posts = collector.take();
    assert!(posts.iter().all(|post| post.key == "hunter2"));
    let taken = taken(&posts);
    assert_eq!(taken.resource["service.name"], "snowtrack");

    let root = root(&taken);
    assert_eq!(root.name, "run");
    assert_eq!(
        attributes(&root.attributes)["snowtrack.run_id"],
        report["run_id"].as_str().unwrap()
    );
    let stages = children(&taken, root);
    let names: Vec<&str> =
        stages.iter().filter(|it| it.kind != CLIENT).map(|it| it.name.as_str()).collect();
    let wanted = ["fetch", "transform", "check", "publish", "export", "upload", "ingest", "verify"];
    assert_eq!(names, wanted);

    // Calls by whom they went to, and by the stage under which they are.
    let mut calls: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let ports = [spotify.api_url(), cloud.s3.url(), cloud.snowflake.url()]
        .map(|url| url.split(':').nth(2).unwrap().split('/').next().unwrap().to_owned());
    for stage in &stages {
        for call in children(&taken, stage) {
            assert_eq!(call.kind, CLIENT, "{call:?}");
            let found = attributes(&call.attributes);
            assert_eq!(found["http.request.method"], call.name);
            assert_eq!(found["server.address"], "127.0.0.1");
            assert!(found["url.full"].starts_with("http://127.0.0.1:"), "{found:?}");
            assert!(!found["url.full"].contains(['?', '@']), "{found:?}");
            let is_refused = 400 <= found["http.response.status_code"].parse::<u16>().unwrap();
            let status = call.status.as_ref().map_or(0, |status| status.code);
            assert_eq!(status == ERROR, is_refused, "{call:?}");
            let whom = ports.iter().position(|port| *port == found["server.port"]).unwrap();
            let whom = ["spotify", "s3", "snowflake"][whom];
            *calls.entry((whom, stage.name.as_str())).or_default() += 1;
        }
    }
    let to =
        |whom: &str| calls.iter().filter(|((it, _), _)| *it == whom).map(|(_, n)| n).sum::<usize>();
    assert_eq!(to("spotify"), spotify.requests().len(), "{calls:?}");
    assert_eq!(to("s3"), cloud.s3.calls().len(), "{calls:?}");
    assert_eq!(to("snowflake"), cloud.snowflake.requests().len(), "{calls:?}");
    assert_eq!(calls.get(&("spotify", "fetch")), Some(&to("spotify")), "{calls:?}");
    // One look for runs that the ledger does not know, then the files.
    assert_eq!(calls.get(&("s3", "fetch")), Some(&1), "{calls:?}");
    assert_eq!(calls.get(&("s3", "upload")), Some(&(to("s3") - 1)), "{calls:?}");
    assert!(7 <= calls[&("snowflake", "ingest")] && 7 <= calls[&("snowflake", "verify")]);

    // Each line of the log names the trace.
    let trace: String = root.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<Value> =
        stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() > 20, "{stderr}");
    assert!(lines.iter().all(|line| line["trace_id"] == trace.as_str()), "{stderr}");

    let secrets =
        [spotify.secrets(), cloud.snowflake.tokens(), vec!["hunter2".to_owned()]].concat();
    require_no_secret(&posts, &stderr, &secrets);
}

/// Nothing of what only we and a service know is in a span or in the log, and no statement is in a span.
fn require_no_secret(posts: &[Post], stderr: &str, secrets: &[String]) {
    let bodies: String =
        posts.iter().map(|post| String::from_utf8_lossy(&post.body).into_owned()).collect();
    for secret in secrets {
        assert!(!bodies.contains(secret) && !stderr.contains(secret), "{secret}");
    }
    assert!(!bodies.to_lowercase().contains("select "), "{bodies}");
}

#[test]
fn who_we_are_and_whether_we_tell_is_what_the_standard_variables_say() {
    let collector = Receiver::start();
    let world = World::new();
    let run = |name: &str, value: &str| {
        let mut command = traced(&world, &collector.url(), &["-q", "run", "--demo"]);
        assert!(command.env(name, value).output().unwrap().status.success());
        collector.take()
    };
    let named = taken(&run("OTEL_SERVICE_NAME", "ours"));
    assert_eq!(named.resource["service.name"], "ours");
    let named = taken(&run("OTEL_RESOURCE_ATTRIBUTES", "service.name=theirs,team=data"));
    assert_eq!((&*named.resource["service.name"], &*named.resource["team"]), ("theirs", "data"));
    assert!(run("OTEL_SDK_DISABLED", "true").is_empty());
    assert!(run("OTEL_TRACES_EXPORTER", "none").is_empty());
    assert!(run("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc").is_empty());
    // The variable of the signal names the whole address.
    let elsewhere = format!("{}/v1/traces", collector.url());
    let mut command = world.command(&["-q", "run", "--demo"]);
    command.env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", elsewhere);
    assert!(command.output().unwrap().status.success());
    assert_eq!(root(&taken(&collector.take())).name, "run");
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    assert!(collector.take().is_empty(), "nobody asked for it");
}

#[test]
fn a_run_that_fails_says_so_in_its_trace() {
    let (spotify, id) = spotify();
    let world = World::new();
    let collector = Receiver::start();
    spotify.script(When::Path("/v1/playlists".to_owned()), 1, Fault::status(404, "no"));
    let mut command = world.operator(&spotify, &["-q", "run", "--playlist", &id]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    assert_eq!(command.output().unwrap().status.code(), Some(3));
    let taken = taken(&collector.take());
    let root = root(&taken);
    assert_eq!(root.status.as_ref().map(|it| it.code), Some(ERROR));
    let stage = children(&taken, root)[0];
    assert_eq!((&*stage.name, stage.status.as_ref().map(|it| it.code)), ("fetch", Some(ERROR)));
    let calls = children(&taken, stage);
    let failed = calls.iter().filter(|it| it.status.as_ref().is_some_and(|it| it.code == ERROR));
    assert_eq!(failed.count(), 1, "{calls:#?}");
    assert_eq!(calls.len(), spotify.requests().len());
}

#[test]
fn a_collector_that_refuses_is_dead_or_hangs_is_one_warning_and_changes_nothing_else() {
    let world = World::new();
    let collector = Receiver::start();
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for (manner, address) in [
        (Manner::Status(400), collector.url()),
        (Manner::Status(503), collector.url()),
        (Manner::Hang, collector.url()),
        (Manner::Well, nobody),
    ] {
        collector.be(manner);
        let began = Instant::now();
        let plain = world.run(&["--json", "run", "--demo"]);
        let took = began.elapsed();
        let began = Instant::now();
        let output = traced(&world, &address, &["--json", "run", "--demo"]).output().unwrap();
        // The demo takes a second or two on an idle machine; the end may wait three more.
        let limit = took * 3 + std::time::Duration::from_secs(6);
        assert!(began.elapsed() < limit, "{manner:?}: {:?} after {took:?}", began.elapsed());
        assert_eq!(output.status.code(), plain.status.code(), "{manner:?}");
        assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok(), "one document");
        let warnings = warnings(&output);
        assert_eq!(warnings.len(), 1, "{manner:?}: {warnings:#?}");
        assert!(warnings[0].contains("the collector did not take"), "{warnings:?}");
    }
    // An address that is none, too; its words could be a password.
    let output = traced(&world, "http://me:hunter2@", &["run", "--demo"]).output().unwrap();
    assert!(output.status.success());
    assert!(!text(&output).contains("hunter2"), "{}", text(&output));
    assert_eq!(warnings(&output).len(), 1, "{}", text(&output));
}
