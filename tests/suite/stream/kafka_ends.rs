//! What ends in a topic: rows of who is forgotten, by tombstones, and what its retention takes, which nobody can prove any more.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use super::events::{Event, compacted, core};
use super::kafka::{Cluster, PATIENCE, answered};
use crate::support::World;
use crate::support::fake_spotify::FakeSpotify;
use crate::support::library::{AddedBy, Library, Mode, Playlist, Row, spotify_id};

const USER: &str = "keeper-of-lists";

/// A list of the user's, and one of a friend's that the user added songs to.
fn library() -> Library {
    let (library, tracks) = Library::new(USER).with_plain_tracks(1_000, 40);
    let rows = |range: std::ops::Range<usize>| {
        let rows = tracks[range].iter().map(|id| Row::track(id));
        rows.map(|row| row.by(AddedBy::User(USER.to_owned()))).collect::<Vec<_>>()
    };
    let own = Playlist::new(&spotify_id(1), "Own", USER).with_rows(rows(0..20));
    let friends = Playlist::new(&spotify_id(2), "Of a Friend", "friend")
        .with_collaborator(USER)
        .with_rows(rows(10..40));
    library.with_playlist(own).with_playlist(friends).with_liked(rows(0..3))
}

fn json(
    cluster: &Cluster,
    world: &World,
    spotify: &FakeSpotify,
    arguments: &[&str],
) -> (i32, Value) {
    let mut command = world.operator(spotify, &[&["--json"], arguments].concat());
    answered(command.env("SNOWTRACK_STREAM", cluster.address()).output().unwrap())
}

/// The newest value of each row of a table.
fn newest<'e>(events: &'e [Event], table: &str) -> BTreeMap<&'e str, Value> {
    let of_table = events.iter().filter(|event| event.table == table);
    let newest: BTreeMap<&str, Option<&String>> =
        of_table.map(|event| (event.key.as_str(), event.value.as_ref())).collect();
    let value = |text: &String| serde_json::from_str(text).unwrap();
    newest.into_iter().filter_map(|(key, text)| Some((key, value(text?)))).collect()
}

#[test]
fn of_a_forgotten_user_a_topic_keeps_what_others_own_and_then_of_everything_nothing() {
    let (cluster, world) = (Cluster::start(), World::new());
    let spotify = FakeSpotify::start(library(), Mode::Development);
    let (code, report) = json(&cluster, &world, &spotify, &["run", "--mine", "--liked"]);
    assert_eq!(code, 0, "{report}");
    let before = cluster.events();
    assert_eq!(compacted(&before), core(&world));
    assert!(newest(&before, "playlist_songs").values().any(|row| row["added_by"] == USER));
    let (code, done) = json(&cluster, &world, &spotify, &["forget", "--user", "--yes"]);
    assert_eq!((code, &done["status"]), (0, &"forgotten".into()), "{done}");
    // Older versions are the cluster's until it compacts them, which the proof says.
    let beyond = done["beyond_reach"].to_string();
    assert!(beyond.contains("spotify.*") && beyond.contains("delete.retention.ms"), "{beyond}");
    let events = cluster.events();
    events.iter().for_each(Event::check);
    assert_eq!(compacted(&events), core(&world));
    let rows = newest(&events, "playlist_songs");
    assert_eq!(rows.len(), 30, "the friend's");
    assert!(rows.values().all(|row| row["added_by"].is_null()), "{rows:?}");
    assert_eq!(newest(&events, "songs").len(), 30);
    let news = &events.iter().filter(|event| !before.contains(event)).collect::<Vec<_>>();
    assert!(!news.iter().any(|event| event.value.iter().any(|text| text.contains(USER))));
    let (code, proof) = json(&cluster, &world, &spotify, &["verify", "--stream"]);
    assert_eq!((code, &proof["verdict"]), (0, &"verified".into()), "{proof}");

    let (code, done) = json(&cluster, &world, &spotify, &["forget", "--everything", "--yes"]);
    assert_eq!((code, &done["status"]), (0, &"forgotten".into()), "{done}");
    assert!(done["beyond_reach"].to_string().contains("delete.retention.ms"), "{done}");
    assert_eq!(compacted(&cluster.events()).len(), 0);
}

/// Fills a partition until the mock cluster, which keeps 5 MB of each, takes the oldest away.
fn fill(cluster: &Cluster, topic: &str, partition: i32) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster.mock.bootstrap_servers());
    let producer: BaseProducer = config.create().unwrap();
    let value = "x".repeat(900_000);
    for _ in 0..7 {
        let record = BaseRecord::<[u8], _>::to(topic).payload(&value).partition(partition);
        producer.send(record).map_err(|it| it.0).unwrap();
        producer.flush(PATIENCE).unwrap();
    }
}

#[test]
fn what_the_retention_took_is_said_to_be_expired_and_the_rest_is_proven() {
    let (cluster, world) = (Cluster::start(), World::new());
    assert_eq!(cluster.json(&world, &["run", "--demo"]).0, 0);
    let topic = "spotify.songs";
    for partition in 0..4 {
        fill(&cluster, topic, partition);
    }
    let (code, proof) = cluster.json(&world, &["verify", "--stream"]);
    assert_eq!((code, &proof["verdict"]), (0, &"expired".into()), "{proof}");
    for table in proof["streams"].as_array().unwrap() {
        let wanted = if table["table"] == "songs" { "expired" } else { "verified" };
        assert_eq!(table["verdict"], wanted, "{table}");
    }
    assert!(proof["streams"].to_string().contains("nobody can say"), "{proof}");
    // What comes afterwards is proven beside it.
    assert_eq!(cluster.json(&world, &["run", "--demo"]).0, 0);
    let (code, proof) = cluster.json(&world, &["verify", "--stream"]);
    assert_eq!((code, &proof["verdict"]), (0, &"expired".into()), "{proof}");
}
