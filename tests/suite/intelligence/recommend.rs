//! `recommend`: what it says of the demo and of planted tastes, and whose rows it may use.

use serde_json::Value;

use crate::doubles::snowflake::oracle::oracle;
use crate::support::World;
use crate::support::fake_spotify::FakeSpotify;
use crate::support::library::{Library, Mode};

const LIST: &str = "6P8x2OTXTBsmAWXAJtUFnD";
const EMPTY_LIST: &str = "0eOHcA5R3XvDwyYSu1mnIM";

fn demo() -> World {
    let world = World::new();
    let (code, report) = world.report(&["--demo"]);
    assert_eq!(code, 0, "{report}");
    world
}

/// `recommend … --json`: the rows.
fn rows(world: &World, arguments: &[&str]) -> Vec<Value> {
    let output = world.run(&[&["--json", "recommend"], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    document["recommendations"].as_array().unwrap().clone()
}

/// The message of a command that ends with 2 and prints nothing else.
fn refused(world: &World, arguments: &[&str]) -> String {
    let output = world.run(&[&["recommend"], arguments].concat());
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_list_gets_as_many_songs_as_asked_for_none_of_which_it_holds_each_with_its_reason() {
    let world = demo();
    let count = world.query("select count(*) as n from core.songs where name <> ''");
    let held = world.query(&format!(
        "select distinct song_id from marts.playlist_songs_current where playlist_id = '{LIST}'"
    ));
    let held: Vec<&str> =
        held.as_array().unwrap().iter().map(|row| row["song_id"].as_str().unwrap()).collect();
    let found = rows(&world, &["--playlist", LIST, "--count", "10000"]);
    assert_eq!(found.len() as u64, count[0]["n"].as_u64().unwrap() - held.len() as u64);
    assert!(found.iter().all(|row| !held.contains(&row["song_id"].as_str().unwrap())));
    let methods: Vec<&str> = found.iter().map(|row| row["method"].as_str().unwrap()).collect();
    let mut kinds = methods.clone();
    kinds.dedup();
    assert_eq!(kinds, ["co_occurrence", "same_artist", "popularity"], "each in one piece");
    for row in &found {
        let (score, reason) = (row["score"].as_f64().unwrap(), row["reason"].as_str().unwrap());
        let is_together = row["method"] == "co_occurrence";
        assert_eq!(score > 0.0, is_together, "{row}");
        assert_eq!(reason.starts_with("with "), is_together, "{row}");
    }
    assert_eq!(rows(&world, &["--playlist", LIST]), found[..20], "20 unless said otherwise");
    // Whatever names the list.
    let url = format!("https://open.spotify.com/playlist/{LIST}?si=1");
    for name in [url.as_str(), "Rain on Tin Roofs"] {
        assert_eq!(rows(&world, &["--playlist", name]), found[..20]);
    }
    let shown = world.run(&["recommend", "--playlist", LIST, "--count", "3"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("co_occurrence") && shown.contains("3 songs"), "{shown}");
}

#[test]
fn the_score_is_the_formula_for_a_song_that_one_can_count_by_hand() {
    let world = demo();
    // In DuckDB, but another way: pairs of arrays instead of joins of rows.
    let lists = "(select playlist_id as list, list(distinct song_id) as songs \
        from marts.playlist_songs_current where song_id is not null group by all)";
    let count =
        |what: &str| format!("(select count(*) from {lists} where list_has_all(songs, {what}))");
    for found in rows(&world, &["--playlist", LIST, "--count", "3"]) {
        let song = found["song_id"].as_str().unwrap();
        let sql = format!(
            "with seeds as (select unnest(songs) as i from {lists} where list = '{LIST}'), \
            counted as (select {} as shared, {} as of_i, {} as of_j from seeds) \
            select sum(shared / sqrt(of_i * of_j) * shared / (shared + 10)) as score from counted",
            count(&format!("[i, '{song}']")),
            count("[i]"),
            count(&format!("['{song}']")),
        );
        let wanted = world.query(&sql)[0]["score"].as_f64().unwrap();
        assert!((found["score"].as_f64().unwrap() - wanted).abs() < 1e-9, "{found} {wanted}");
    }
}

#[test]
fn what_there_is_not_is_named_and_ends_with_2() {
    let world = demo();
    let none = "0000000000000000000000";
    assert!(refused(&world, &["--playlist", none]).contains(none));
    let other = refused(&world, &["--playlist", "No such list"]);
    assert!(other.contains("`No such list`") && !other.contains("nearest"), "{other}");
    // A slip of the pen is answered with what was meant, and not taken for it.
    let slip = refused(&world, &["--playlist", "rain on tin rofs"]);
    assert!(slip.contains("the nearest is `Rain on Tin Roofs`"), "{slip}");
    assert!(refused(&world, &["--playlist", EMPTY_LIST]).contains("no songs to start from"));
    assert!(refused(&world, &["--song", none]).contains(none));
    assert!(
        refused(&world, &["--song", "spotify:album:6P8x2OTXTBsmAWXAJtUFnD"]).contains("not a song")
    );
    assert!(refused(&world, &[]).contains("--playlist"));
    assert!(refused(&World::new(), &["--playlist", none]).contains("snowtrack run"));
}

#[test]
fn rows_of_the_api_need_the_users_word_and_those_of_files_and_the_demo_do_not() {
    let world = World::new();
    let spotify = FakeSpotify::start(Library::generated(11, 3, 130), Mode::Development);
    let recorded = world.path("recorded").display().to_string();
    let mut fetch = world.operator(&spotify, &["fetch", "--mine", "--record", &recorded]);
    assert!(fetch.output().unwrap().status.success());
    assert!(world.operator(&spotify, &["run", "--mine"]).output().unwrap().status.success());
    let list = "select playlist_id as id from marts.playlist_overview order by row_count desc";
    let list = world.query(list)[0]["id"].as_str().unwrap().to_owned();
    let list = list.as_str();
    let told = refused(&world, &["--playlist", list]);
    for part in ["III.14", "machine learning", "--i-may-use-api-content", " lists of"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(refused(&world, &["--evaluate"]).contains("--i-may-use-api-content"));
    let allowed = rows(&world, &["--playlist", list, "--i-may-use-api-content"]);
    assert_eq!(allowed.len(), 20);
    let origins = "select playlist_id, origin from meta.origins order by all";
    assert!(world.query(origins).as_array().unwrap().iter().all(|row| row["origin"] == "api"));

    // The same documents from a folder are a file's; a list that was read from both stays the API's.
    let replayed = World::new();
    let (code, _) = replayed.report(&["--from-dir", &recorded]);
    assert_eq!(code, 0);
    assert_eq!(rows(&replayed, &["--playlist", list]).len(), 20);
    let (code, _) = world.report(&["--from-dir", &recorded]);
    assert_eq!(code, 0);
    assert!(refused(&world, &["--playlist", list]).contains("III.14"));
}

#[test]
fn an_evaluation_says_how_well_the_last_tenth_is_found_beside_popularity() {
    let world = demo();
    let output = world.run(&["--json", "recommend", "--evaluate"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    for method in ["model", "popularity"] {
        for (measure, most) in [("r_precision", 1.0), ("ndcg", 1.0), ("clicks", 51.0)] {
            let value = document[method][measure].as_f64().unwrap();
            assert!((0.0..=most).contains(&value), "{document}");
        }
    }
    assert_eq!(document["list_count"], 5);
    let output = world.run(&["recommend", "--evaluate"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for word in ["R-precision", "NDCG", "clicks", "popularity"] {
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn an_independent_implementation_gives_the_same_neighbours_scores_and_measures() {
    let Some(mut check) = oracle("recommend_check.py") else { return };
    let world = World::new();
    check.arg(env!("CARGO_BIN_EXE_snowtrack")).arg(world.path("planted"));
    let output = check.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["compared"], 12 * 600, "{told}");
    let measure = |method: &str| told["evaluation"][method]["r_precision"].as_f64().unwrap();
    assert!(measure("model") > 3.0 * measure("popularity"), "{told}");
}
