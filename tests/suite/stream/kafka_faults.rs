//! A cluster that is down, slow, full, or does not let us in: each has its own words, and the lake is shipped all the same.

use std::time::Duration;

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use serde_json::Value;

use super::events::{compacted, core, streamed};
use super::kafka::{Cluster, answered, said};
use crate::support::World;

/// A run with little patience.
fn run(cluster: &Cluster, world: &World, properties: Option<&str>) -> (i32, Value) {
    let mut command = cluster.command(world, &["--json", "run", "--demo"]);
    command.env("SNOWTRACK_STREAM_TIMEOUT_SECS", "3");
    if let Some(properties) = properties {
        command.env("SNOWTRACK_KAFKA_PROPERTIES", properties);
    }
    answered(command.output().unwrap())
}

/// What a run says that the cluster kept from sending; its files are written all the same.
fn trouble(answer: (i32, Value), code: i32, state: &str) -> String {
    let (found, report) = answer;
    assert_eq!(found, code, "{report}");
    assert!(8 <= report["files"].as_array().unwrap().len() + 1, "{report}");
    let (events, acknowledged, states) = streamed(&report);
    assert!(acknowledged < events && states.contains(&state.to_owned()), "{report}");
    report["error"].as_str().unwrap().to_owned()
}

/// The next run, with nothing in the way, sends what is missing.
fn is_mended(cluster: &Cluster, world: &World) {
    let (code, report) = cluster.json(world, &["run", "--demo"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(compacted(&cluster.events()), core(world));
}

#[test]
fn a_cluster_that_is_down_is_asked_again_by_the_next_run() {
    let (cluster, world) = (Cluster::start(), World::new());
    cluster.mock.broker_down(-1).unwrap();
    let error = trouble(run(&cluster, &world, None), 8, "pending");
    assert!(error.contains("did not answer within 3 s"), "{error}");
    let (_, status) = said(&cluster, &world, &["status"]);
    assert!(status.contains(": 0 events acknowledged; it was not sent every row yet"), "{status}");
    let (code, doctor) = said(&cluster, &world, &["doctor"]);
    assert!(code == 8 && doctor.contains("FAIL  stream     address: `kafka://"), "{code} {doctor}");
    cluster.mock.broker_up(-1).unwrap();
    is_mended(&cluster, &world);
    let (code, doctor) = said(&cluster, &world, &["doctor"]);
    assert_eq!(code, 0, "{doctor}");
    for wanted in [
        "address: `kafka://",
        "answers and lets us in",
        "the one that was sent everything so far",
        "place: 8 of 8 topics `spotify.*` are there",
        "event size: an event may have 1000000 bytes",
        "acknowledged; it lacks nothing",
    ] {
        assert!(doctor.contains(wanted), "{wanted}\n{doctor}");
    }
}

/// Rows of a table that the latest run changed.
fn runs_of(world: &World, table: &str) -> Value {
    let sql = format!(
        "select count(*) as n from {table} where run_id = (select max(run_id) from {table})"
    );
    world.query(&sql)[0]["n"].clone()
}

#[test]
fn a_cluster_that_is_slow_is_given_up_in_time() {
    let (cluster, world) = (Cluster::start(), World::new());
    assert_eq!(run(&cluster, &world, None).0, 0);
    cluster.mock.broker_round_trip_time(-1, Duration::from_secs(20)).unwrap();
    let error = trouble(run(&cluster, &world, None), 8, "pending");
    assert!(error.contains("3 s"), "{error}");
    // How far it is, what it lacks, and since when.
    let (_, runs) = cluster.json(&world, &["status"]);
    let stream = &runs[0]["stream"];
    assert_eq!(stream["lacks_since"], runs[0]["started_at"], "{runs}");
    assert!(0 < stream["acknowledged_count"].as_u64().unwrap(), "{runs}");
    let lacks = stream["lacks"].as_object().unwrap();
    let counted = runs_of(&world, "core.songs");
    assert_eq!(lacks["songs"], counted, "{runs}");
    let (_, status) = said(&cluster, &world, &["status"]);
    assert!(status.contains("it lacks up to ") && status.contains(" of runs since 20"), "{status}");
    cluster.mock.broker_round_trip_time(-1, Duration::ZERO).unwrap();
    is_mended(&cluster, &world);
}

#[test]
fn an_event_that_is_too_large_is_named_and_nothing_is_dropped() {
    let (cluster, world) = (Cluster::start(), World::new());
    let too_large = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    cluster.mock.request_errors(RDKafkaApiKey::Produce, &[too_large]);
    let error = trouble(run(&cluster, &world, None), 2, "failed");
    assert!(error.contains("MESSAGE_TOO_LARGE") && error.contains("the row ["), "{error}");
    is_mended(&cluster, &world);
}

#[test]
fn too_few_replicas_are_told_as_that() {
    let (cluster, world) = (Cluster::start(), World::new());
    let too_few = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
    cluster.mock.request_errors(RDKafkaApiKey::Produce, &[too_few; 100]);
    let error = trouble(run(&cluster, &world, None), 8, "pending");
    assert!(error.contains("NOT_ENOUGH_REPLICAS"), "{error}");
    cluster.mock.clear_request_errors(RDKafkaApiKey::Produce);
    is_mended(&cluster, &world);
}

/// A broker that knows no login: the mock cluster has none at all. It answers in the oldest form of each call.
fn doorman() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || refuse(stream.unwrap()));
        }
    });
    address
}

fn refuse(mut stream: std::net::TcpStream) {
    use std::io::{Read, Write};
    let mut size = [0; 4];
    while stream.read_exact(&mut size).is_ok() {
        let mut request = vec![0; u32::from_be_bytes(size) as usize];
        stream.read_exact(&mut request).unwrap();
        let call = i16::from_be_bytes([request[0], request[1]]);
        let version = i16::from_be_bytes([request[2], request[3]]);
        let body: Vec<u8> = match (call, version) {
            // ApiVersions: what is known, each from version 0 to another; a newer form of the question is no version.
            (18, _) => {
                let known: [[i16; 2]; 5] = [[0, 7], [3, 4], [17, 1], [18, 0], [36, 0]];
                let code: i16 = if version == 0 { 0 } else { 35 };
                let mut body = code.to_be_bytes().to_vec();
                body.extend(5_i32.to_be_bytes());
                for [call, last] in known {
                    body.extend([call, 0, last].iter().flat_map(|it| it.to_be_bytes()));
                }
                body
            }
            // SaslHandshake: PLAIN it is.
            (17, _) => [&[0, 0, 0, 0, 0, 1, 0, 5][..], b"PLAIN"].concat(),
            // SaslAuthenticate: SASL_AUTHENTICATION_FAILED, a reason, nothing.
            _ => [&[0, 58, 0, 7][..], b"unknown", &[0, 0, 0, 0]].concat(),
        };
        let length = u32::try_from(body.len() + 4).unwrap();
        let answer = [&length.to_be_bytes()[..], &request[4..8], &body].concat();
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

#[test]
fn a_login_that_is_refused_is_told_without_the_password() {
    let (cluster, world) = (Cluster::start(), World::new());
    let properties = "security.protocol=SASL_PLAINTEXT,sasl.mechanism=PLAIN,sasl.username=u,sasl.password=hunter2";
    let mut command = world.command(&["--json", "run", "--demo"]);
    command
        .env("SNOWTRACK_STREAM", format!("kafka://{}", doorman()))
        .env("SNOWTRACK_STREAM_TIMEOUT_SECS", "5")
        .env("SNOWTRACK_KAFKA_PROPERTIES", properties);
    let answer = answered(command.output().unwrap());
    let text = answer.1.to_string();
    let error = trouble(answer, 2, "failed");
    assert!(error.contains("refuses the login"), "{error}");
    assert!(!text.contains("hunter2"), "{text}");
    let wrong = run(&cluster, &world, Some("security.protocol=hunter2"));
    assert_eq!(wrong.0, 2, "{}", wrong.1);
    assert!(!wrong.1.to_string().contains("hunter2"), "{}", wrong.1);
    is_mended(&cluster, &world);
}

#[test]
fn a_topic_that_may_not_be_made_is_named() {
    let (cluster, world) = (Cluster::start(), World::new());
    let unknown = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    cluster.mock.create_topic("spotify.albums", 1, 1).unwrap();
    cluster.mock.topic_error("spotify.artists", unknown).unwrap();
    let error = trouble(run(&cluster, &world, None), 2, "failed");
    assert!(error.contains("topic `spotify.artists` does not exist"), "{error}");
    let none = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
    cluster.mock.topic_error("spotify.artists", none).unwrap();
    is_mended(&cluster, &world);
}
