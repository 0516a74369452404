//! Every mart, on histories made up at random, against a calculation in plain Python that shares no line of SQL with it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use super::{marts, night};
use crate::doubles::snowflake::oracle::oracle;
use crate::support::World;

/// What the program prints when it is given `input`.
fn told(command: &mut Command, input: &str) -> Value {
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The rows of each mart, as the published file has them.
fn rows(world: &World) -> Map<String, Value> {
    let flags = duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly).unwrap();
    let published = world.path("data/spotify.duckdb");
    let connection = duckdb::Connection::open_with_flags(published, flags).unwrap();
    let of = |mart: &String| -> Value {
        let sql =
            format!("select coalesce(to_json(list(m)), '[]')::varchar from marts.{mart} as m");
        let text: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    marts(world).into_iter().map(|mart| (mart.clone(), of(&mart))).collect()
}

/// Plays a history, the one that a seed makes up or the scripted one, and compares every mart after each of `nights`, counted from 1.
/// Returns how many rows each mart should have, and has, after the last.
fn play(name: &str, nights: &[usize]) -> Option<Map<String, Value>> {
    let mut maker = oracle("marts.py")?;
    let history = told(maker.args(["history", name]), "");
    let history = history.as_array().unwrap();
    let world = World::new();
    let (mut started_at, mut counts) = (Vec::new(), None);
    for (number, documents) in history.iter().enumerate() {
        started_at.push(night(&world, number, documents.as_array().unwrap()));
        if !nights.contains(&(number + 1)) {
            continue;
        }
        let observations =
            "select song_id, observed_on, popularity, playlist_count from core.song_observations";
        let given = json!({
            "nights": history[..=number], "started_at": started_at,
            "observations": world.query(observations), "marts": rows(&world),
        });
        let told = told(oracle("marts.py")?.arg("compare"), &given.to_string());
        assert_eq!(told["differences"], json!([]), "{name}, night {}", number + 1);
        counts = told["row_counts"].as_object().cloned();
    }
    counts
}

#[test]
fn every_mart_says_what_the_raw_history_says() {
    let mut filled = Map::new();
    // In the second, a list that is empty returns to an earlier empty version.
    for seed in ["4", "5"] {
        let Some(counts) = play(seed, &[9]) else { return };
        assert!(counts.len() >= 20, "{counts:?}");
        filled.extend(counts.into_iter().filter(|(_, count)| *count != json!(0)));
    }
    assert!(filled.len() >= 20, "a mart without a row shows nothing: {filled:?}");
}

/// The first run; then a song is added, removed, added again and moved, a list emptied, renamed, deleted, songs are taken down, with
/// two versions of a list in one day.
#[test]
fn every_mart_says_what_a_scripted_history_says_from_its_first_run_on() {
    let Some(counts) = play("scripted", &[1, 6]) else { return };
    let empty: Vec<&String> = counts.iter().filter(|it| *it.1 == json!(0)).map(|it| it.0).collect();
    assert!(empty.is_empty(), "a mart without a row shows nothing: {empty:?}");
}
