//! `plan`: what it says of the next run is what that run does: calls by bucket to the letter, files and statements within bounds.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use duckdb::Connection;
use serde_json::{Value, json};

use crate::support::World;
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_spotify::{
    CLIENT_ID, CLIENT_SECRET, FakeSpotify, Fault, REFRESH_TOKEN, When,
};
use crate::support::library::{Library, Mode, spotify_id};
use crate::support::plain_lists::plain_lists;

const DAY: u64 = 86_400;
const BUCKETS: [&str; 8] = [
    "playlist",
    "playlist_items",
    "own_playlists",
    "liked_songs",
    "artists",
    "albums",
    "player",
    "writes",
];

/// Every file below a folder with what is in it; `status.json` and such are the run's, not a plan's.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries.map(Result::unwrap) {
        let name = entry.path().display().to_string();
        if entry.file_type().unwrap().is_dir() {
            found.insert(name, Vec::new());
            found.extend(contents(&entry.path()));
        } else {
            found.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
    found
}

fn with_spotify<'c>(command: &'c mut Command, spotify: &FakeSpotify) -> &'c mut Command {
    command
        .env("SPOTIFY_CLIENT_ID", CLIENT_ID)
        .env("SPOTIFY_CLIENT_SECRET", CLIENT_SECRET)
        .env("SPOTIFY_REFRESH_TOKEN", REFRESH_TOKEN)
        .env("SPOTIFY_API_URL", spotify.api_url())
        .env("SPOTIFY_ACCOUNTS_URL", spotify.accounts_url())
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

/// Everything that a run needs, and what it leaves behind.
struct Rig {
    cloud: Cloud,
    spotify: FakeSpotify,
}

impl Rig {
    fn new(library: Library, mode: Mode) -> Self {
        let cloud = Cloud::new("rest", "parquet");
        cloud.world.write("snowtrack.toml", "[spotify]\nmin_gap_ms = 0\n");
        Self { cloud, spotify: FakeSpotify::start(library, mode) }
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let mut command = self.cloud.command(arguments);
        with_spotify(&mut command, &self.spotify).output().unwrap()
    }

    fn plan(&self, arguments: &[&str]) -> Value {
        let data = self.cloud.world.path("data");
        let before = contents(&data);
        let output = self.output(&[&["--json", "plan"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert!(before == contents(&data), "a plan changes nothing: {arguments:?}");
        json_of(&output)
    }

    /// Runs what was planned, and holds the plan to it. Returns both.
    fn agree(&self, arguments: &[&str], code: i32) -> (Value, Value) {
        let plan = self.plan(arguments);
        self.spotify.clear_log();
        // The run may find that out once; the plan did not have to.
        self.spotify.forget_refused_batch();
        let before = self.cloud.snowflake.counters().warehouse_statement_count;
        let output = self.output(&[&["--json", "run"], arguments].concat());
        let report = json_of(&output);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {:#} {:#}",
            report["error"],
            report["files"]
        );
        let planned = |bucket: &str| {
            let mut buckets = plan["spotify"]["buckets"].as_array().unwrap().iter();
            let found = buckets.find(|it| it["bucket"] == bucket);
            found.map_or(0, |it| it["call_count"].as_u64().unwrap())
        };
        for bucket in BUCKETS {
            let made = self.spotify.bucket_count(bucket) as u64;
            assert_eq!(planned(bucket), made, "{bucket} of {arguments:?}: {plan:#} {report:#}");
        }
        assert_eq!(plan["spotify"]["call_count"], report["spotify"]["call_count"], "{plan:#}");
        let files = report["files"].as_array().unwrap().len() as u64;
        let most = plan["file_count"].as_u64().unwrap();
        assert!(files <= most, "{files} files, {most} planned: {arguments:?}");
        let used = self.cloud.snowflake.counters().warehouse_statement_count - before;
        let most = plan["snowflake"]["statement_count"].as_u64().unwrap() as usize;
        assert!(used <= most && most <= 8 * used, "{used} of {most}: {arguments:?}: {plan:#}");
        let credits = plan["snowflake"]["credits_upper_bound"].as_f64().unwrap();
        assert_eq!(0.0 < credits, 0 < used, "{plan:#}");
        (plan, report)
    }
}

/// `(id, status, row_count)` of each list of a plan.
fn playlists(plan: &Value) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> = plan["playlists"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (text(&it["playlist_id"]), text(&it["status"]), it["row_count"].as_u64().unwrap())
        })
        .collect();
    found.sort();
    found
}

/// What each list of a plan is called, by its id.
fn names(plan: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let playlists = plan["playlists"].as_array().unwrap().iter();
    playlists.map(|it| (text(&it["playlist_id"]), text(&it["name"]))).collect()
}

fn liked_songs() -> Option<(String, String)> {
    Some(("liked:keeper".to_owned(), "Liked Songs".to_owned()))
}

fn sorted<const N: usize>(mut rows: [(String, String, u64); N]) -> [(String, String, u64); N] {
    rows.sort();
    rows
}

fn row(id: &str, status: &str, row_count: u64) -> (String, String, u64) {
    (id.to_owned(), status.to_owned(), row_count)
}

#[test]
fn named_playlists_new_unchanged_and_changed() {
    let (library, ids) = plain_lists(&[178, 3], 0);
    let rig = Rig::new(library, Mode::Development);
    let arguments = ["--playlist", &ids[0], "--playlist", &ids[1]];
    let (plan, _) = rig.agree(&arguments, 0);
    assert_eq!(playlists(&plan), sorted([row(&ids[0], "new", 178), row(&ids[1], "new", 3)]));
    // One call each; of the first two further pages, and a look back.
    assert_eq!(plan["spotify"]["call_count"], 2 + 2 + 1);
    // The plan asked for the two first pages alone.
    assert_eq!(plan["spotify"]["asked_count"], 2);
    assert!(0 < plan["spotify"]["duration_s"].as_u64().unwrap());
    assert_eq!(plan["snowflake"]["missing"], json!([]));

    let (plan, report) = rig.agree(&arguments, 0);
    assert_eq!(
        playlists(&plan),
        sorted([row(&ids[0], "unchanged", 178), row(&ids[1], "unchanged", 3)])
    );
    let nothing = json!({"call_count": 2, "file_count": 0, "statement_count": 0});
    let found = json!({"call_count": plan["spotify"]["call_count"], "file_count": plan["file_count"],
        "statement_count": plan["snowflake"]["statement_count"]});
    assert_eq!((found, &report["status"]), (nothing, &json!("unchanged")));

    rig.spotify.mutate(|library| library.remove_row(&ids[0], 5));
    let (plan, _) = rig.agree(&arguments, 0);
    assert_eq!(
        playlists(&plan),
        sorted([row(&ids[0], "changed", 177), row(&ids[1], "unchanged", 3)])
    );
    // Small enough to be seen whole: then it is known which tables change.
    rig.spotify.mutate(|library| library.remove_row(&ids[1], 1));
    let (plan, report) = rig.agree(&arguments, 0);
    assert!(playlists(&plan).contains(&row(&ids[1], "changed", 2)), "{plan:#}");
    assert_eq!(plan["file_count"], report["files"].as_array().unwrap().len());
    rig.agree(&[&arguments[..], &["--refetch"]].concat(), 0);
    rig.agree(&[&arguments[..], &["--refetch-older-than", "7d"]].concat(), 0);
    let (plan, _) = rig.agree(&[&arguments[..], &["--refetch-older-than", "0s"]].concat(), 0);
    assert_eq!(plan["spotify"]["call_count"], 2 + 2 + 1);
    // Every row again, though nothing is news.
    let (plan, report) = rig.agree(&[&arguments[..], &["--full"]].concat(), 0);
    assert_eq!(plan["spotify"]["call_count"], 2);
    assert_eq!(plan["file_count"], report["files"].as_array().unwrap().len());
}

#[test]
fn own_playlists_and_liked_songs() {
    let (library, ids) = plain_lists(&[120, 3, 260], 120);
    let rig = Rig::new(library, Mode::Extended);
    let (plan, _) = rig.agree(&["--mine"], 0);
    assert_eq!(
        playlists(&plan),
        sorted([row(&ids[0], "new", 120), row(&ids[1], "new", 3), row(&ids[2], "new", 260)])
    );
    let (plan, _) = rig.agree(&["--mine"], 0);
    assert_eq!((&plan["spotify"]["call_count"], &plan["file_count"]), (&json!(2), &json!(0)));
    rig.spotify.mutate(|library| library.remove_row(&ids[2], 0));
    let (plan, _) = rig.agree(&["--mine", "--liked"], 0);
    assert_eq!(
        playlists(&plan),
        sorted([
            row(&ids[0], "unchanged", 120),
            row(&ids[1], "unchanged", 3),
            row(&ids[2], "changed", 259),
            row("liked:keeper", "new", 120)
        ])
    );
    // Listed, changed or never read: each is called what it calls itself.
    let called = ["Number 1", "Number 2", "Number 3"].map(str::to_owned);
    assert_eq!(names(&plan), ids.iter().cloned().zip(called).chain(liked_songs()).collect());
    let (plan, _) = rig.agree(&["--mine", "--liked"], 0);
    assert_eq!((&plan["spotify"]["call_count"], &plan["file_count"]), (&json!(3), &json!(0)));
    rig.spotify.mutate(|library| library.liked.pop());
    rig.agree(&["--liked"], 0);
    // Named and listed: asked for once.
    rig.spotify.mutate(|library| library.remove_row(&ids[0], 0));
    rig.agree(&["--mine", "--playlist", &ids[0], "--liked", "--refetch-older-than", "0s"], 0);
}

#[test]
fn artists_and_albums() {
    for mode in [Mode::Development, Mode::Extended] {
        let rig = Rig::new(Library::generated(11, 3, 130), mode);
        let (plan, _) = rig.agree(&["--mine", "--enrich"], 0);
        assert!(10 < plan["spotify"]["call_count"].as_u64().unwrap());
        let (plan, _) = rig.agree(&["--mine", "--enrich"], 0);
        assert_eq!((&plan["spotify"]["call_count"], &plan["file_count"]), (&json!(2), &json!(0)));
        // Known lists whose artists were never asked for.
        let rig = Rig::new(Library::generated(12, 2, 60), mode);
        rig.agree(&["--mine"], 0);
        rig.agree(&["--mine", "--enrich"], 0);
        rig.agree(&["--mine", "--enrich", "--refetch"], 0);
    }
}

#[test]
fn locked_buckets_and_half_read_lists() {
    let (library, ids) = plain_lists(&[230, 3, 160], 5);
    let rig = Rig::new(library, Mode::Development);
    let named: Vec<&str> = ids.iter().flat_map(|id| ["--playlist", id]).collect();
    let everything = [&named[..], &["--liked"]].concat();
    rig.spotify.limit("playlist_items", 1, Some(DAY));
    rig.spotify.limit("liked_songs", 0, Some(DAY));
    let output = rig.output(&[&["--json", "run"], &everything[..]].concat());
    assert_eq!(output.status.code(), Some(8), "{}", text(&output));

    // The next run makes no call to what is locked, and the plan says until when.
    let (plan, _) = rig.agree(&everything, 8);
    let locked: Vec<_> = plan["spotify"]["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["not_before"].is_string())
        .map(|it| (it["bucket"].as_str().unwrap(), it["call_count"].as_u64().unwrap()))
        .collect();
    assert_eq!(locked, [("playlist_items", 0), ("liked_songs", 0)], "{plan:#}");
    assert!(playlists(&plan).contains(&row(&ids[0], "new", 230)), "{plan:#}");

    // The day has passed: what is landed is not asked for again.
    let ledger = rig.cloud.world.path("data/snowtrack.duckdb");
    Connection::open(ledger).unwrap().execute_batch("delete from meta.not_before").unwrap();
    rig.spotify.unlock();
    let (plan, report) = rig.agree(&everything, 0);
    assert_eq!(report["status"], "verified", "{report:#}");
    assert!(
        plan["spotify"]["buckets"].as_array().unwrap().iter().all(|it| it["not_before"].is_null())
    );
}

#[test]
fn a_run_that_was_stopped_in_its_fetch_and_one_that_was_stopped_behind_its_export() {
    let (library, ids) = plain_lists(&[230, 3], 0);
    let rig = Rig::new(library, Mode::Development);
    let named: Vec<&str> = ids.iter().flat_map(|id| ["--playlist", id]).collect();
    // The fourth page ends the run: what came before is kept.
    rig.spotify.script(When::Query("offset=200".to_owned()), 4, Fault::PremiumRequired);
    let output = rig.output(&[&["--json", "run"], &named[..]].concat());
    assert_ne!(output.status.code(), Some(0), "{}", text(&output));
    rig.spotify.drop_scripts();
    rig.agree(&named, 0);

    // Exported and not sent: then no list is looked at.
    rig.spotify.mutate(|library| library.remove_row(&ids[0], 1));
    let mut command = rig.cloud.command(&[&["--json", "run"], &named[..]].concat());
    let output = with_spotify(&mut command, &rig.spotify)
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .output()
        .unwrap();
    assert_ne!(output.status.code(), Some(0), "{}", text(&output));
    let (plan, report) = rig.agree(&named, 0);
    assert_eq!(
        (&plan["spotify"]["call_count"], &report["status"]),
        (&json!(0), &json!("verified"))
    );
    assert!(plan["continues_run"].is_string(), "{plan:#}");
}

#[test]
fn what_needs_no_network_is_planned_without_one_and_leaves_an_empty_folder_empty() {
    let world = World::new();
    for arguments in [&["--demo"][..], &["--demo", "--offline"]] {
        let output = world.run(&[&["--json", "plan"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        let plan = json_of(&output);
        assert_eq!(plan["spotify"]["call_count"], 0);
        assert!(playlists(&plan).iter().all(|it| it.1 == "new"), "{plan:#}");
        assert_eq!(
            plan["snowflake"],
            json!({"statement_count": 0, "credits_upper_bound": 0.0, "missing": []})
        );
        assert!(!world.path("data").exists());
    }
    let planned = json_of(&world.run(&["--json", "plan", "--demo"]));
    let (code, report) = world.report(&["--demo"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(planned["file_count"], report["files"].as_array().unwrap().len());
    // The demo's second point has news, its third has none.
    for _ in 0..2 {
        let planned = json_of(&world.run(&["--json", "plan", "--demo"]));
        let (_, report) = world.report(&["--demo"]);
        assert_eq!(planned["file_count"], report["files"].as_array().unwrap().len());
    }
    let (library, ids) = plain_lists(&[3], 0);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let output = world.operator(&spotify, &["plan", "--playlist", &ids[0]]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(!world.path("data").exists(), "room for a login is given back");
    let said = text(&output);
    assert_eq!(said.lines().count(), 7, "{said}");
    assert!(said.contains("Number 1") && !said.contains(&ids[0]), "{said}");
    // So does the first stage alone, whose lists are in no table yet.
    let output = world.operator(&spotify, &["fetch", "--playlist", &ids[0]]).output().unwrap();
    let said = text(&output);
    assert!(said.contains("Number 1") && !said.contains("gave no name"), "{said}");
}

#[test]
fn offline_nobody_is_asked() {
    let (library, ids) = plain_lists(&[178, 3], 7);
    let rig = Rig::new(library, Mode::Development);
    let everything = ["--mine", "--liked"];
    assert_eq!(rig.output(&[&["run"], &everything[..]].concat()).status.code(), Some(0));
    rig.spotify.clear_log();
    rig.cloud.snowflake.clear_log();
    let plan = rig.plan(&[&everything[..], &["--offline"]].concat());
    assert_eq!((rig.spotify.requests().len(), rig.cloud.snowflake.requests().len()), (0, 0));
    assert_eq!(
        playlists(&plan),
        sorted([
            row(&ids[0], "unchanged", 178),
            row(&ids[1], "unchanged", 3),
            row("liked:keeper", "unchanged", 7)
        ])
    );
    // As it is: the user, the list, one look at the liked songs.
    assert_eq!(
        (&plan["spotify"]["call_count"], &plan["spotify"]["asked_count"]),
        (&json!(3), &json!(0))
    );
    let named = rig.plan(&["--playlist", &spotify_id(99), "--playlist", &ids[0], "--offline"]);
    assert_eq!(
        playlists(&named),
        sorted([row(&ids[0], "unchanged", 178), row(&spotify_id(99), "new", 0)])
    );
    assert_eq!(named["spotify"]["call_count"], 2);
    assert_eq!(names(&named)[&ids[0]], "Number 1");
    assert_eq!((&plan["lacks_lists"], &named["lacks_lists"]), (&json!(false), &json!(true)));
}

#[test]
fn what_only_spotify_knows_is_not_told_as_nothing_where_it_is_not_asked() {
    let (library, ids) = plain_lists(&[178], 0);
    let rig = Rig::new(library, Mode::Development);
    for wanted in [&["--mine"][..], &["--playlist", &ids[0]]] {
        let offline = text(&rig.output(&[&["plan", "--offline"], wanted].concat()));
        assert!(offline.contains("files and dollars are not known"), "{offline}");
        assert!(!offline.contains("0.00") && !offline.contains("nothing to ship"), "{offline}");
        let asked = text(&rig.output(&[&["plan"], wanted].concat()));
        assert!(asked.contains(" US dollars") && !asked.contains("not known"), "{asked}");
    }
}

#[test]
fn what_snowflake_lacks_is_missing_and_nothing_is_asked_of_spotify_before_that_is_known() {
    let cloud = Cloud::bare("rest", "parquet");
    cloud.write_source();
    let output = cloud.run(&[&["--json", "plan"], &SMALL[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let plan = json_of(&output);
    let missing = plan["snowflake"]["missing"].as_array().unwrap();
    let pipes = missing.iter().filter(|it| it["kind"] == "pipe").count();
    assert_eq!(pipes, 8, "{plan:#}");
    let said = text(&cloud.run(&[&["plan"], &SMALL[..]].concat()));
    assert!(said.contains("missing: ") && said.contains("`snowtrack snowflake plan`"), "{said}");
    let plan = json_of(&cloud.run(&[&["--json", "plan", "--no-ingest"], &SMALL[..]].concat()));
    assert_eq!(plan["snowflake"]["statement_count"], 0);
}

#[test]
fn a_plan_works_beside_a_run() {
    let (library, ids) = plain_lists(&[230, 230], 0);
    let rig = Rig::new(library, Mode::Development);
    rig.spotify.let_answers_take(std::time::Duration::from_millis(40));
    let named: Vec<&str> = ids.iter().flat_map(|id| ["--playlist", id]).collect();
    let mut command = rig.cloud.command(&[&["--json", "run"], &named[..]].concat());
    let mut at_work = with_spotify(&mut command, &rig.spotify)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut plans = 0;
    while at_work.try_wait().unwrap().is_none() {
        let output = rig.output(&[&["--json", "plan", "--offline"], &named[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        plans += 1;
    }
    assert!(at_work.wait().unwrap().success());
    assert!(0 < plans);
    let left = std::fs::read_dir(rig.cloud.world.path("data/tmp"));
    assert!(left.map_or(0, Iterator::count) == 0, "a copy stays behind");
}

#[test]
fn statements_are_within_bounds_in_each_way_of_loading() {
    for mode in ["copy", "auto"] {
        let cloud = Cloud::small(mode, "parquet");
        for more in [&[][..], &["--full"]] {
            let arguments = [&SMALL[..], more].concat();
            let plan = json_of(&cloud.run(&[&["--json", "plan"], &arguments[..]].concat()));
            let before = cloud.snowflake.counters().warehouse_statement_count;
            let (code, report) = cloud.report(&arguments);
            assert_eq!(code, 0, "{mode}: {report:#}");
            let used = cloud.snowflake.counters().warehouse_statement_count - before;
            let most = plan["snowflake"]["statement_count"].as_u64().unwrap() as usize;
            assert!(0 < used && used <= most && most <= 8 * used, "{mode}: {used} of {most}");
            assert_eq!(plan["file_count"], report["files"].as_array().unwrap().len(), "{mode}");
        }
    }
}
