//! `query NAME` and `query --list`: what they answer is right, and what cannot be asked is told with what can.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Map, Value, json};

use crate::doubles::snowflake::oracle::oracle;
use crate::support::fake_spotify::FakeSpotify;
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};
use crate::support::{TABLES, World};

const USER: &str = "keeper";

/// The demo as it is after its second point.
fn demo() -> World {
    let world = World::new();
    for _ in 0..2 {
        assert!(world.run(&["-q", "run", "--demo"]).status.success());
    }
    world
}

fn asked(world: &World, name: &str, given: &[(&str, &str)]) -> Value {
    serde_json::from_str(&answer(world, name, given)).unwrap()
}

/// The answer as it is written, columns in their order.
fn answer(world: &World, name: &str, given: &[(&str, &str)]) -> String {
    let values: Vec<String> = given.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut arguments = vec!["--json", "query", name];
    for value in &values {
        arguments.extend(["--param", value]);
    }
    let output = world.run(&arguments);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn listed(world: &World) -> Vec<Value> {
    let output = world.run(&["query", "--list", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    document["questions"].as_array().unwrap().clone()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What one column holds.
fn column(rows: &Value, name: &str) -> Vec<Value> {
    rows.as_array().unwrap().iter().map(|row| row[name].clone()).collect()
}

#[test]
fn the_list_says_what_each_question_answers_and_leaves_open() {
    let world = World::new();
    let questions = listed(&world);
    assert!(questions.len() >= 30, "{}", questions.len());
    for question in &questions {
        let keys: Vec<&String> = question.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["description", "name", "parameters"], "{question}");
        for parameter in question["parameters"].as_array().unwrap() {
            let keys: Vec<&String> = parameter.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["default", "example", "name", "required", "type"], "{question}");
            let kind = parameter["type"].as_str().unwrap();
            assert!(["text", "integer", "number", "date"].contains(&kind), "{question}");
            assert!(parameter["required"].is_boolean(), "{question}");
        }
    }
    // It needs no published file, and people get a table.
    let output = world.run(&["query", "--list"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    for part in ["playlist_overlap", "How many songs does each playlist share", "count=20"] {
        assert!(shown.contains(part), "no `{part}` in {shown}");
    }
}

#[test]
fn each_question_is_answered_as_plain_python_answers_it() {
    let world = demo();
    let mut answers = Vec::new();
    let mut empty = Vec::new();
    for question in listed(&world) {
        let name = question["name"].as_str().unwrap().to_owned();
        let parameters = question["parameters"].as_array().unwrap();
        // With what it needs alone, and with every example.
        let is_open = parameters.iter().any(|it| it["required"] == json!(false));
        for is_full in [false, true].into_iter().take(1 + usize::from(is_open)) {
            let mut values = Map::new();
            let mut given = Vec::new();
            for it in parameters {
                let named = it["name"].as_str().unwrap();
                let is_given = is_full || it["required"] == json!(true);
                let value = if is_given { &it["example"] } else { &it["default"] };
                values.insert(named.to_owned(), value.clone());
                given.extend(is_given.then(|| (named, text(value))));
            }
            let given: Vec<_> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let rows = answer(&world, &name, &given);
            if !is_full && rows.trim() == "[]" {
                empty.push(name.clone());
            }
            let (name, values) = (json!(name), json!(values));
            answers.push(format!(r#"{{"name":{name},"values":{values},"rows":{rows}}}"#));
        }
    }
    assert!(empty.len() <= 5, "{empty:?}");
    let Some(mut python) = oracle("questions.py") else { return };
    let mut tables = BTreeMap::new();
    for table in TABLES {
        tables.insert(table.to_owned(), world.query(&format!("from core.{table}")));
    }
    for table in ["runs", "files", "checks", "freshness"] {
        let name = format!("operations.{table}");
        tables.insert(name.clone(), world.query(&format!("from {name}")));
    }
    let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let input = format!(r#"{{"tables":{},"answers":[{}]}}"#, json!(tables), answers.join(","));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "[]");
}

/// Two lists of songs by their numbers: `Morning` 0 1 2 3, `Evening` 2 3 4. Then `Morning` loses 0 and gains 5; then 0 comes back.
struct Lists {
    world: World,
    tracks: Vec<String>,
    morning: String,
    evening: String,
}

fn lists(readings: usize) -> Lists {
    let (library, tracks) = Library::new(USER).with_plain_tracks(1_000, 6);
    let (morning, evening) = (spotify_id(1), spotify_id(2));
    let rows =
        |numbers: &[usize]| numbers.iter().map(|n| Row::track(&tracks[*n])).collect::<Vec<_>>();
    let library = library
        .with_playlist(Playlist::new(&morning, "Morning", USER).with_rows(rows(&[0, 1, 2, 3])))
        .with_playlist(Playlist::new(&evening, "Evening", USER).with_rows(rows(&[2, 3, 4])));
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    for reading in 0..readings {
        let changed = [None, Some(5), Some(0)][reading];
        if let Some(number) = changed {
            let (list, row) = (morning.clone(), Row::track(&tracks[number]));
            spotify.mutate(move |library| {
                if number == 5 {
                    library.remove_row(&list, 0);
                }
                library.add_rows(&list, [row]);
            });
        }
        assert_eq!(world.live_report(&spotify, &["--mine"]).0, 0);
    }
    Lists { world, tracks, morning, evening }
}

#[test]
fn small_lists_are_answered_as_counted_by_hand() {
    let Lists { world, tracks, morning, evening } = lists(2);
    let ids = |numbers: &[usize]| -> Vec<Value> {
        let mut ids: Vec<&String> = numbers.iter().map(|number| &tracks[*number]).collect();
        ids.sort();
        ids.into_iter().map(|id| json!(id)).collect()
    };
    let sorted = |rows: &Value| {
        let mut ids = column(rows, "song_id");
        ids.sort_by_key(text);
        ids
    };
    // Morning holds 1 2 3 5 now, Evening 2 3 4: two of five are in both.
    let overlap = asked(&world, "playlist_overlap", &[("playlist", "Morning")]);
    let wanted = json!([{
        "playlist_id": morning, "playlist_name": "Morning", "other_playlist_id": evening,
        "other_playlist_name": "Evening", "shared_song_count": 2, "jaccard": 0.4,
    }]);
    assert_eq!(overlap, wanted);
    let both = [("playlist", morning.as_str()), ("other_playlist", "Evening")];
    assert_eq!(sorted(&asked(&world, "shared_songs", &both)), ids(&[2, 3]));
    assert_eq!(sorted(&asked(&world, "only_here", &[("playlist", "Evening")])), ids(&[4]));
    assert_eq!(column(&asked(&world, "gone_songs", &[]), "song_id"), ids(&[0]));
    let changes = asked(&world, "playlist_changes", &[]);
    assert_eq!(column(&changes, "change"), [json!("added"), json!("removed")]);
    assert_eq!(column(&changes, "song_id"), [json!(tracks[5]), json!(tracks[0])]);
    let churn = asked(&world, "playlist_churn", &[("playlist", "Morning")]);
    let counts = ["added_song_count", "removed_song_count", "retained_share"];
    assert_eq!(counts.map(|name| churn[0][name].clone()), [json!(1), json!(1), json!(0.75)]);
    // One artist has all of it.
    let even = asked(&world, "playlist_concentration", &[("playlist", &morning)]);
    let wanted = [json!(1), json!(1.0), json!(0.0)];
    assert_eq!(["artist_count", "top_10_share", "gini"].map(|name| even[0][name].clone()), wanted);
    assert_eq!(
        asked(&world, "release_decades", &[]),
        json!([{"decade": 2010, "song_count": 5}]),
        "1 2 3 4 5, of an album of 2019"
    );
    let many = asked(&world, "songs_in_many_playlists", &[("min_playlists", "2")]);
    assert_eq!(column(&many, "song_id"), ids(&[2, 3]));
    assert_eq!(column(&many, "playlists"), [json!("Evening, Morning"), json!("Evening, Morning")]);
    // Long before the first reading nothing was known, and long after the last one the list is as it is.
    let on = |day: &str| asked(&world, "playlist_on_day", &[("playlist", "Morning"), ("day", day)]);
    assert_eq!(on("2020-01-01"), json!([]));
    assert_eq!(sorted(&on("2200-01-01")), ids(&[1, 2, 3, 5]));
    assert_eq!(asked(&world, "returned_songs", &[]), json!([]));
}

#[test]
fn a_song_that_came_back_is_not_gone() {
    let Lists { world, tracks, morning, .. } = lists(3);
    assert_eq!(asked(&world, "gone_songs", &[]), json!([]));
    let wanted = json!([{
        "playlist_id": morning, "playlist_name": "Morning", "song_id": tracks[0], "song_name": "Song 0", "stay_count": 2,
    }]);
    assert_eq!(asked(&world, "returned_songs", &[]), wanted);
}

const PROMISED: [&str; 10] = [
    "playlist_overlap",
    "playlist_duplicates",
    "unavailable_songs",
    "playlist_adders",
    "added_at_heatmap",
    "songs_added_weekly",
    "release_years",
    "playlist_concentration",
    "playlist_churn",
    "genre_coverage",
];

#[test]
fn the_promised_ten_give_all_of_their_mart_for_a_list_by_id_or_whole_name() {
    let world = demo();
    let lists = world.query("select playlist_id, playlist_name from marts.playlist_overview");
    let lists = lists.as_array().unwrap();
    for mart in PROMISED {
        let all = asked(&world, mart, &[]);
        let of_list = |id: &Value| {
            let rows = all.as_array().unwrap().iter().filter(|row| row["playlist_id"] == *id);
            Value::Array(rows.cloned().collect())
        };
        let counts = format!("select count(*) as n from marts.{mart}");
        assert_eq!(json!([{"n": all.as_array().unwrap().len()}]), world.query(&counts), "{mart}");
        for list in &lists[..2] {
            let id = text(&list["playlist_id"]);
            let rows = asked(&world, mart, &[("playlist", &id)]);
            assert_eq!(rows, of_list(&list["playlist_id"]), "{mart}: {id}");
            let name = text(&list["playlist_name"]);
            assert_eq!(rows, asked(&world, mart, &[("playlist", &name)]), "{mart}: {name}");
        }
        // The mart's columns, in its order: CSV names them.
        let csv = String::from_utf8(world.run(&["query", mart, "--format", "csv"]).stdout).unwrap();
        let described = world.query(&format!("describe marts.{mart}"));
        let columns: Vec<String> = column(&described, "column_name").iter().map(text).collect();
        assert_eq!(csv.lines().next().unwrap(), columns.join(","), "{mart}");
        // A part of a name is no name.
        assert_eq!(asked(&world, mart, &[("playlist", "Long Way")]), json!([]), "{mart}");
    }
}

/// Exit 2 with nothing on standard output, as a table and as JSON; what is said.
fn refused(world: &World, arguments: &[&str]) -> String {
    let mut told = String::new();
    for arguments in [arguments.to_vec(), [&["--json"], arguments].concat()] {
        let output = world.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
        told = String::from_utf8(output.stderr).unwrap();
    }
    told
}

#[test]
fn what_cannot_be_asked_is_told_with_what_can() {
    let world = demo();
    let cases: [(&[&str], &[&str]); 12] = [
        (&["playlist_overlp"], &["`playlist_overlp`", "`playlist_overlap`"]),
        (&["duplicates"], &["`playlist_duplicates`", "query --list"]),
        (&["zzzzzz"], &["`zzzzzz`", "query --list"]),
        (&["playlist_overlap", "--param", "list=x"], &["no parameter `list`", "`playlist` (text)"]),
        (&["newest_songs", "--param", "count"], &["`count` has no value", "`playlist` (text)"]),
        (&["newest_songs", "--param", "nosuch"], &["no parameter `nosuch`", "`count` (integer)"]),
        (&["newest_songs", "--param", "count=many"], &["`many`", "number"]),
        (&["newest_songs", "--param", "count=-3"], &["`-3`", "number"]),
        (&["playlist_songs"], &["needs `playlist`", "--param playlist="]),
        (&["playlist_changes", "--param", "since=yesterday"], &["`yesterday`", "a day such as"]),
        (&["select 1", "--param", "count=1"], &["`--param`", "query --list"]),
        (&["-- n\nselect 1", "--param", "count=1"], &["`--param`"]),
    ];
    for (arguments, wanted) in cases {
        let told = refused(&world, &[&["query"], arguments].concat());
        for part in wanted {
            assert!(told.contains(part), "{arguments:?}: no `{part}` in {told}");
        }
    }
    // Before there is a file, too: a question is wrong whatever there is.
    let told = refused(&World::new(), &["query", "playlist_overlp"]);
    assert!(told.contains("`playlist_overlap`"), "{told}");
}

#[test]
fn a_value_is_a_value_whatever_it_says() {
    let world = demo();
    for hostile in [
        "x' or '1'='1",
        "'; drop table core.songs; --",
        "$playlist",
        "a=b",
        "",
        "\u{202e}\"\n",
        "Long Way Home' union all select * from core.songs --",
    ] {
        let rows = asked(&world, "newest_songs", &[("playlist", hostile)]);
        assert_eq!(rows, json!([]), "{hostile}");
    }
}

#[test]
fn answers_come_as_a_table_as_csv_and_as_json() {
    let world = demo();
    let answer = |arguments: &[&str]| {
        let output =
            world.run(&[&["query", "top_artists", "--param", "count=2"], arguments].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let rows: Value = serde_json::from_str(&answer(&["--format", "json"])).unwrap();
    assert_eq!(column(&rows, "artist_name").len(), 2);
    let name = text(&rows[0]["artist_name"]);
    let csv = answer(&["--format", "csv"]);
    let header =
        "artist_id,artist_name,song_count,primary_song_count,playlist_count,top_song_popularity";
    assert_eq!(csv.lines().next(), Some(header));
    assert_eq!(csv.lines().count(), 3);
    let table = answer(&[]);
    assert!(table.contains(&name) && table.ends_with("2 rows, 6 columns\n"), "{table}");
}
