//! Against librdkafka's own mock cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;

use super::events::{Event, compacted, core, streamed};
use crate::snowflake::reshipped_groups::{full_artists, playlist};
use crate::support::{TABLES, World};

/// A cluster on loopback ports; it stops when dropped.
pub(crate) struct Cluster {
    pub(crate) mock: MockCluster<'static, DefaultProducerContext>,
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

impl Cluster {
    pub(crate) fn start() -> Self {
        Self { mock: MockCluster::new(3).unwrap() }
    }

    pub(crate) fn address(&self) -> String {
        format!("kafka://{}", self.mock.bootstrap_servers())
    }

    /// The binary, told of the cluster.
    pub(crate) fn command(&self, world: &World, arguments: &[&str]) -> Command {
        let mut command = world.command(arguments);
        command.env("SNOWTRACK_STREAM", self.address());
        command
    }

    pub(crate) fn json(&self, world: &World, arguments: &[&str]) -> (i32, Value) {
        answered(self.command(world, &[&["--json"], arguments].concat()).output().unwrap())
    }

    fn consumer(&self) -> BaseConsumer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.mock.bootstrap_servers());
        config.set("group.id", "reader").set("enable.auto.commit", "false");
        // A partition is read as soon as the broker no longer waits for more of the one before.
        config.set("fetch.wait.max.ms", "10");
        config.create().unwrap()
    }

    /// Every event of the topics, in the order of each partition, table by table.
    pub(crate) fn events(&self) -> Vec<Event> {
        let consumer = self.consumer();
        let mut events = Vec::new();
        let metadata = consumer.fetch_metadata(None, PATIENCE).unwrap();
        for table in TABLES {
            let name = format!("spotify.{table}");
            let topic = metadata.topics().iter().find(|it| it.name() == name);
            for partition in topic.into_iter().flat_map(|it| it.partitions()) {
                self.read(&consumer, table, partition.id(), &mut events);
            }
        }
        events
    }

    fn read(&self, consumer: &BaseConsumer, table: &str, partition: i32, to: &mut Vec<Event>) {
        let topic = format!("spotify.{table}");
        let (low, high) = consumer.fetch_watermarks(&topic, partition, PATIENCE).unwrap();
        if low == high {
            return;
        }
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(&topic, partition, Offset::Beginning).unwrap();
        consumer.assign(&assignment).unwrap();
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "{topic} {partition}");
            let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let headers: BTreeMap<String, String> = message
                .headers()
                .unwrap()
                .iter()
                .map(|it| (it.key.to_owned(), text(it.value.unwrap())))
                .collect();
            assert_eq!(headers.len(), 4, "{headers:?}");
            to.push(Event {
                table: table.to_owned(),
                key: message.key().map(text).unwrap(),
                value: message.payload().map(text),
                op: headers["op"].clone(),
                event_id: headers["event_id"].clone(),
                run_id: headers["run_id"].clone(),
                schema_version: headers["schema_version"].clone(),
            });
            if message.offset() + 1 == high {
                return;
            }
        }
    }
}

pub(crate) fn answered(output: Output) -> (i32, Value) {
    let code = output.status.code().unwrap();
    let document = serde_json::from_slice(&output.stdout);
    (code, document.unwrap_or_else(|error| panic!("{error}: {output:?}")))
}

/// What a command says to a person, and its exit code.
pub(crate) fn said(cluster: &Cluster, world: &World, arguments: &[&str]) -> (i32, String) {
    let mut command = cluster.command(world, arguments);
    let output = command.env("SNOWTRACK_STREAM_TIMEOUT_SECS", "1").output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

/// What the ledger counts as sent of each batch.
fn verdict(cluster: &Cluster, world: &World) -> (i32, Value) {
    cluster.json(world, &["verify", "--stream"])
}

#[test]
fn a_topic_holds_what_core_holds_and_only_what_changed_is_sent_again() {
    let (cluster, world) = (Cluster::start(), World::new());
    let run = || cluster.json(&world, &["run", "--demo"]);
    let (code, report) = run();
    assert_eq!((code, &report["status"]), (0, &"exported".into()), "{report}");
    let first = cluster.events();
    let sent = u64::try_from(first.len()).unwrap();
    assert_eq!(streamed(&report), (sent, sent, vec!["sent".to_owned()]));
    first.iter().for_each(Event::check);
    assert_eq!(compacted(&first), core(&world));
    let rows: u64 = report["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["row_count"].as_u64().unwrap())
        .sum();
    assert_eq!(sent, rows, "each row once");

    let before = core(&world);
    let (_, report) = run();
    let both = cluster.events();
    both.iter().for_each(Event::check);
    let after = core(&world);
    assert_eq!(compacted(&both), after);
    // Rows that are new or have another hash, and keys that are gone: no more, no less.
    let changed = after.iter().filter(|(key, hash)| before.get(*key) != Some(*hash)).count();
    let gone = before.keys().filter(|key| !after.contains_key(*key)).count();
    assert!(0 < changed, "{changed} {gone}");
    let news = u64::try_from(changed + gone).unwrap();
    assert_eq!(streamed(&report).0, news);
    assert_eq!(both.len(), first.len() + changed + gone);

    // No news, and every row shipped again unchanged: no event.
    let (_, report) = run();
    assert_eq!(streamed(&report), (0, 0, vec!["sent".to_owned()]));
    let (code, report) = cluster.json(&world, &["run", "--demo", "--full"]);
    assert_eq!((code, streamed(&report).0), (0, 0), "{report}");
    assert_eq!(cluster.events().len(), both.len());
    let ids: BTreeSet<&String> = both.iter().map(|event| &event.event_id).collect();
    assert_eq!(ids.len(), both.len(), "each id once");

    let (code, proof) = verdict(&cluster, &world);
    assert_eq!((code, &proof["verification"]["verdict"]), (0, &"verified".into()), "{proof}");
}

#[test]
fn another_cluster_is_not_gone_on_with_in_the_middle_but_filled_by_a_replay() {
    let (one, other, world) = (Cluster::start(), Cluster::start(), World::new());
    assert_eq!(one.json(&world, &["run", "--demo"]).0, 0);
    let (code, report) = other.json(&world, &["run", "--demo"]);
    let error = report["error"].as_str().unwrap();
    assert_eq!(code, 2, "{report}");
    assert!(error.contains("--replay") && error.contains("mock"), "{error}");
    assert_eq!(report["playlists"], serde_json::json!([]), "before the fetch");
    assert_eq!(other.events(), []);
    let (code, doctor) = said(&other, &world, &["doctor"]);
    assert_eq!(code, 2, "{doctor}");
    assert!(doctor.contains("FAIL  stream     identity: cluster mock"), "{doctor}");
    assert!(doctor.contains("place: 0 of 8 topics") && doctor.contains("create them"), "{doctor}");
    // Of one table alone nobody would know what is missing.
    let (code, _) = other.json(&world, &["stream", "--replay", "--table", "songs"]);
    assert_eq!(code, 2);
    let (code, document) = other.json(&world, &["stream", "--replay"]);
    assert_eq!((code, &document["status"]), (0, &"sent".into()), "{document}");
    assert_eq!(compacted(&other.events()), core(&world));
    assert_eq!(other.json(&world, &["run", "--demo"]).0, 0);
    assert_eq!(compacted(&other.events()), core(&world));
    assert_eq!(verdict(&other, &world).0, 0);
    assert_eq!(one.json(&world, &["run", "--demo"]).0, 2, "the first one is another now");
}

#[test]
fn a_replay_sends_the_current_rows_under_the_ids_that_they_have() {
    let (cluster, world) = (Cluster::start(), World::new());
    cluster.json(&world, &["run", "--demo"]);
    let first = cluster.events();
    let (code, document) = cluster.json(&world, &["stream", "--replay", "--table", "songs"]);
    let songs = first.iter().filter(|event| event.table == "songs").count();
    let count = u64::try_from(songs).unwrap();
    assert_eq!((code, streamed(&document).0), (0, count), "{document}");
    let events = cluster.events();
    assert_eq!(events.len(), first.len() + songs);
    let distinct: BTreeSet<&Event> = events.iter().collect();
    assert_eq!(distinct.len(), first.len(), "the same events");
    assert_eq!(verdict(&cluster, &world).0, 0);
    let (_, document) = cluster.json(&world, &["stream"]);
    assert_eq!(streamed(&document).0, 0, "the replay is over");
}

#[test]
fn what_is_missing_or_altered_in_a_topic_is_found_and_its_key_named() {
    let (cluster, world) = (Cluster::start(), World::new());
    cluster.json(&world, &["run", "--demo"]);
    let ledger = || duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    let batch = "select batch, ranges from meta.stream_batches where \"table\" = 'songs'";
    let (number, ranges): (i64, String) =
        ledger().query_row(batch, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let set = |ranges: &Value| {
        let update = "update meta.stream_batches set ranges = ? where batch = ?";
        ledger().execute(update, duckdb::params![ranges.to_string(), number]).unwrap();
    };
    let whole: Value = serde_json::from_str(&ranges).unwrap();
    // The first event of a partition is not read any more: as if it had been deleted.
    let mut short = whole.clone();
    let first: i64 = short[0]["first"].as_str().unwrap().parse().unwrap();
    let partition: i32 = short[0]["partition"].as_str().unwrap().parse().unwrap();
    short[0]["first"] = (first + 1).to_string().into();
    set(&short);
    let (code, proof) = verdict(&cluster, &world);
    assert_eq!((code, &proof["verification"]["verdict"]), (7, &"mismatch".into()), "{proof}");
    let mut of_partition = Vec::new();
    cluster.read(&cluster.consumer(), "songs", partition, &mut of_partition);
    let missing = of_partition[0].clone();
    let of = |proof: &Value, table: &str| {
        let tables = proof["streams"].as_array().unwrap();
        tables.iter().find(|it| it["table"] == table).unwrap().clone()
    };
    assert_eq!(of(&proof, "songs")["differing_keys"], serde_json::json!([missing.key]));
    assert_eq!(of(&proof, "albums")["verdict"], "verified");
    // An altered one stands in its place.
    let value = missing.value.as_ref().unwrap();
    let mut altered: Value = serde_json::from_str(value).unwrap();
    altered["name"] = "another".into();
    let at = produce(&cluster, partition, &missing, &altered.to_string());
    let mut moved = whole.clone();
    let more = serde_json::json!({"partition": partition.to_string(), "first": at.to_string(), "last": at.to_string()});
    moved[0]["first"] = (first + 1).to_string().into();
    moved.as_array_mut().unwrap().push(more);
    set(&moved);
    let (code, proof) = verdict(&cluster, &world);
    assert_eq!(code, 7, "{proof}");
    assert_eq!(of(&proof, "songs")["differing_keys"], serde_json::json!([missing.key]));
    set(&whole);
    assert_eq!(verdict(&cluster, &world).0, 0);
}

/// Appends an event as it is but for its value, and returns its offset.
fn produce(cluster: &Cluster, partition: i32, event: &Event, value: &str) -> i64 {
    use rdkafka::message::{Header, OwnedHeaders};
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
    let servers = cluster.mock.bootstrap_servers();
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", servers).create().unwrap();
    let header = |key, value| Header { key, value: Some(value) };
    let headers = OwnedHeaders::new()
        .insert(header("op", &event.op))
        .insert(header("event_id", &event.event_id))
        .insert(header("run_id", &event.run_id))
        .insert(header("schema_version", &event.schema_version));
    let record = BaseRecord::to("spotify.songs").key(&event.key).payload(value);
    producer.send(record.partition(partition).headers(headers)).map_err(|it| it.0).unwrap();
    producer.flush(PATIENCE).unwrap();
    let high = cluster.consumer().fetch_watermarks("spotify.songs", partition, PATIENCE);
    high.unwrap().1 - 1
}

#[test]
fn killed_at_any_batch_it_sends_the_rest_and_repeats_under_the_same_ids() {
    let whole = {
        let (cluster, world) = (Cluster::start(), World::new());
        cluster.json(&world, &["run", "--demo"]);
        cluster.events().len()
    };
    // The first batch, one of the middle and the last; tests/stream does it at every one of Kinesis.
    for table in ["albums", "song_artists", "song_observations"] {
        let (cluster, world) = (Cluster::start(), World::new());
        let mut child = cluster.command(&world, &["-q", "run", "--demo"]).spawn().unwrap();
        // As soon as the broker has an event of the table; what of it the ledger knows by then is chance.
        let (consumer, topic) = (cluster.consumer(), format!("spotify.{table}"));
        let began = Instant::now();
        let mut is_over = false;
        while !is_over {
            assert!(began.elapsed() < PATIENCE, "{topic}");
            is_over = child.try_wait().unwrap().is_some();
            let ends = (0..4).filter_map(|partition| {
                consumer.fetch_watermarks(&topic, partition, Duration::from_millis(200)).ok()
            });
            if ends.map(|(_, high)| high).sum::<i64>() > 0 {
                break;
            }
        }
        let _ = child.kill();
        child.wait().unwrap();
        let (code, report) = cluster.json(&world, &["run", "--demo"]);
        assert_eq!(code, 0, "{table}: {report}");
        let events = cluster.events();
        let distinct: BTreeSet<&String> = events.iter().map(|event| &event.event_id).collect();
        // A second run of the demo has its second day, unless the first was continued.
        assert!(whole <= distinct.len(), "{table}: {} of {whole}", distinct.len());
        let same: BTreeSet<&Event> = events.iter().collect();
        assert_eq!(same.len(), distinct.len(), "{table}: a repeat is the same event");
        assert_eq!(compacted(&events), core(&world), "{table}");
        let (code, proof) = verdict(&cluster, &world);
        assert_eq!(code, 0, "{table}: {proof}");
    }
}

#[test]
fn a_row_that_goes_is_a_tombstone_and_what_is_shipped_again_for_its_sake_is_no_event() {
    let (cluster, world) = (Cluster::start(), World::new());
    let run = || {
        let (code, report) = cluster.json(&world, &["run", "--from-dir", "in"]);
        assert_eq!(code, 0, "{report}");
        report
    };
    let genres: [(char, &[&str]); 2] = [('x', &["pop", "rock"]), ('y', &["pop"])];
    world.write("in/playlist.json", &playlist("s1", &[('a', "xyz"), ('b', "xw")]));
    world.write("in/artists.json", &full_artists(&genres));
    run();
    let first = cluster.events();
    // The song loses its second artist of three, the artist a genre of two.
    let genres: [(char, &[&str]); 2] = [('x', &["rock"]), ('y', &["pop"])];
    world.write("in/playlist.json", &playlist("s2", &[('a', "xz"), ('b', "xw")]));
    world.write("in/artists.json", &full_artists(&genres));
    let report = run();
    let both = cluster.events();
    both.iter().for_each(Event::check);
    let news: Vec<&Event> = both.iter().filter(|event| !first.contains(event)).collect();
    let of = |table: &str, op: &str| {
        let found = news.iter().filter(|it| it.table == table && it.op == op);
        let mut keys: Vec<&str> = found.map(|event| event.key.as_str()).collect();
        keys.sort_unstable();
        keys
    };
    assert_eq!(of("song_artists", "delete"), [r#"["aB1cD2eF3gH4iJ5kL6mN7o",2]"#]);
    assert_eq!(of("song_artists", "upsert"), [r#"["aB1cD2eF3gH4iJ5kL6mN7o",1]"#]);
    assert_eq!(of("genres", "delete"), [r#"["xB1cD2eF3gH4iJ5kL6mN7o","pop"]"#]);
    assert_eq!(of("genres", "upsert"), [""; 0], "`rock` is shipped again and is no event");
    let shipped = report["tables"].as_array().unwrap().iter();
    let genres = shipped.filter(|it| it["table"] == "genres").map(|it| &it["changed_row_count"]);
    assert_eq!(genres.collect::<Vec<_>>(), [1]);
    let rows = |events: &[Event], table: &str| {
        compacted(events).into_keys().filter(|key| key.0 == table).count()
    };
    assert_eq!((rows(&both, "song_artists"), rows(&both, "genres")), (4, 2));
    // It comes back: an event again, although it is as it was.
    let genres: [(char, &[&str]); 2] = [('x', &["pop", "rock"]), ('y', &["pop"])];
    world.write("in/playlist.json", &playlist("s3", &[('a', "xz"), ('b', "xw")]));
    world.write("in/artists.json", &full_artists(&genres));
    run();
    assert_eq!(rows(&cluster.events(), "genres"), 3);
    let (code, proof) = verdict(&cluster, &world);
    assert_eq!(code, 0, "{proof}");
}

#[test]
fn who_is_forgotten_leaves_tombstones_and_nothing_in_the_ledgers_notes_of_the_stream() {
    let (cluster, world) = (Cluster::start(), World::new());
    world.write("in/playlist.json", &playlist("s1", &[('a', "xyz"), ('b', "xw")]));
    assert_eq!(cluster.json(&world, &["run", "--from-dir", "in"]).0, 0);
    let rows = compacted(&cluster.events());
    let id = "9B1cD2eF3gH4iJ5kL6mN7o";
    std::fs::remove_dir_all(world.path("in")).unwrap();
    let forget = ["forget", "--playlist", id, "--yes"];
    cluster.mock.broker_down(-1).unwrap();
    let mut command = cluster.command(&world, &[&["--json"][..], &forget].concat());
    let (code, document) =
        answered(command.env("SNOWTRACK_STREAM_TIMEOUT_SECS", "2").output().unwrap());
    assert_eq!(code, 8, "nothing goes as long as the stream cannot be told: {document}");
    cluster.mock.broker_up(-1).unwrap();
    let (code, document) = cluster.json(&world, &forget);
    assert_eq!(code, 0, "{document}");
    let text = document.to_string();
    assert!(text.contains("retention"), "{text}");
    let events = cluster.events();
    events.iter().for_each(Event::check);
    assert_eq!(compacted(&events).len(), 0, "of {} rows each has its tombstone", rows.len());
    let ledger = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    for table in ["stream_rows", "stream_gone"] {
        let count = format!("select count(*) from meta.{table}");
        let count: i64 = ledger.query_row(&count, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 0, "{table}");
    }
}
