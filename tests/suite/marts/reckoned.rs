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

/// Plays the history that `seed` makes up. Returns how many rows each mart should have, and has.
fn play(seed: u32) -> Option<Map<String, Value>> {
    let mut maker = oracle("marts.py")?;
    let history = told(maker.args(["history", &seed.to_string()]), "");
    let world = World::new();
    let nights = history.as_array().unwrap().iter().enumerate();
    let started_at: Vec<String> = nights
        .map(|(number, documents)| night(&world, number, documents.as_array().unwrap()))
        .collect();
    let rows = marts(&world).into_iter().map(|mart| {
        let rows = world.query(&format!("from marts.{mart}"));
        (mart, rows)
    });
    let observations =
        "select song_id, observed_on, popularity, playlist_count from core.song_observations";
    let given = json!({
        "nights": history, "started_at": started_at, "observations": world.query(observations),
        "marts": rows.collect::<Map<_, _>>(),
    });
    let told = told(oracle("marts.py")?.arg("compare"), &given.to_string());
    assert_eq!(told["differences"], json!([]), "seed {seed}");
    told["row_counts"].as_object().cloned()
}

#[test]
fn every_mart_says_what_the_raw_history_says() {
    let mut filled = Map::new();
    // Of the third, an empty list returns to an earlier empty version.
    for seed in [1, 4, 5] {
        let Some(counts) = play(seed) else { return };
        assert!(counts.len() >= 20, "{counts:?}");
        filled.extend(counts.into_iter().filter(|(_, count)| *count != json!(0)));
    }
    assert!(filled.len() >= 20, "a mart without a row shows nothing: {filled:?}");
}
