//! The ledger lives in a bucket between machines: each run here is on a machine of its own unless it says otherwise.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::run::cloud_kills::wait_until_it_hangs;
use crate::run::kills::{signal, silent};
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_s3::{BUCKET, Conditions, Fault, Op};
use crate::support::fake_spotify::{FakeSpotify, Fault as SpotifyFault};
use crate::support::library::Mode;
use crate::support::{World, copy};

pub(crate) const STATE: &str = "s3://lake/state/";

/// A bucket and an account, and as many machines as are asked for.
pub(crate) struct Fleet {
    pub(crate) cloud: Cloud,
    pub(crate) night: u32,
}

impl Fleet {
    pub(crate) fn new() -> Self {
        Self::over(Cloud::new("rest", "parquet"))
    }

    pub(crate) fn over(cloud: Cloud) -> Self {
        let fleet = Self { cloud, night: 1 };
        fleet.write_night();
        fleet
    }

    /// Another machine, with nothing on it but what is asked for tonight. Returns the one before.
    pub(crate) fn next_machine(&mut self) -> World {
        let world = std::mem::replace(&mut self.cloud.world, World::new());
        self.write_night();
        world
    }

    /// Another night: the playlist has another snapshot, and its song another name.
    pub(crate) fn next_night(&mut self) {
        self.night += 1;
        self.write_night();
    }

    pub(crate) fn write_night(&self) {
        self.cloud.write_source();
        let playlist = crate::source::documents::playlist(|song| {
            song["name"] = json!(format!("Low Tide {}", self.night));
        });
        let snapshot = format!("\"snapshot_id\":\"s{}\"", self.night);
        let playlist = playlist.replace("\"snapshot_id\":\"s1\"", &snapshot);
        assert!(playlist.contains(&snapshot));
        self.cloud.world.write("in/playlist.json", &playlist);
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.cloud.command(arguments);
        command.env("SNOWTRACK_STATE", STATE);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Tonight's run.
    pub(crate) fn report(&self) -> (i32, Value) {
        crate::support::cloud::report(&mut self.command(&[&["--json", "run"], &SMALL[..]].concat()))
    }

    /// One document of a command that succeeds.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--json"], arguments].concat());
        assert!(output.status.success(), "{}", text(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn shown(&self) -> Value {
        self.json(&["state", "show"])
    }

    /// The objects of the state.
    pub(crate) fn objects(&self) -> Vec<String> {
        let keys = self.cloud.s3.keys().into_iter();
        keys.filter_map(|key| Some(key.strip_prefix("state/")?.to_owned())).collect()
    }

    pub(crate) fn object(&self, name: &str) -> Value {
        serde_json::from_slice(&self.cloud.s3.object(&format!("state/{name}")).unwrap()).unwrap()
    }

    pub(crate) fn refused(&self, arguments: &[&str], code: i32, says: &[&str]) {
        let output = self.run(arguments);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        for word in says {
            assert!(said.contains(word), "no `{word}` in {said}");
        }
    }
}

fn generation_names(numbers: &[u64]) -> Vec<String> {
    let mut names: Vec<String> =
        numbers.iter().map(|it| format!("snowtrack-{it}.duckdb.zst")).collect();
    names.extend(["current.json", "lease.json"].map(str::to_owned));
    names.sort();
    names
}

#[test]
fn nights_on_ever_new_machines_load_each_file_once_and_know_what_came_before() {
    let mut fleet = Fleet::new();
    for night in 1..=4 {
        let (code, report) = fleet.report();
        assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
        // A song's name changes, and with it the song; its observation is the day's.
        assert_eq!(fleet.cloud.landed("songs"), night, "{report:#}");
        assert_eq!(fleet.cloud.landed("artists"), 1, "shipped once, on the first night");
        let lease = fleet.object("lease.json");
        assert_eq!((&lease["owner"], &lease["fencing_number"]), (&Value::Null, &json!(night)));
        // After export, after ingest, at the end.
        let newest = night * 3;
        let kept = [newest, newest - 1, newest - 2];
        assert_eq!(fleet.objects(), generation_names(&kept));
        let current = fleet.object("current.json");
        assert_eq!(
            (&current["generation"], &current["fencing_number"], &current["schema_version"]),
            (&json!(newest), &json!(night), &json!(2))
        );
        fleet.next_machine();
        fleet.next_night();
    }
    // Nothing new: one save, and the analysts have their file all the same.
    fleet.night -= 1;
    fleet.write_night();
    let (code, report) = fleet.report();
    assert_eq!((code, &report["status"]), (0, &json!("unchanged")), "{report:#}");
    assert_eq!(fleet.object("current.json")["generation"], 13);
    let names = fleet.cloud.world.query("select name from core.songs");
    assert_eq!(names, json!([{"name": "Low Tide 4"}]));
}

#[test]
fn the_state_is_a_duckdb_file_and_never_holds_the_login() {
    let fleet = Fleet::new();
    fleet.cloud.world.write("data/spotify_token.json", "{\"refresh_token\":\"hunter2\"}");
    let (code, report) = fleet.report();
    assert_eq!(code, 0, "{report:#}");
    for name in fleet.objects() {
        let bytes = fleet.cloud.s3.object(&format!("state/{name}")).unwrap();
        let plain = match name.ends_with(".zst") {
            true => zstd::stream::decode_all(bytes.as_slice()).unwrap(),
            false => bytes.clone(),
        };
        let holds = |bytes: &[u8]| bytes.windows(7).any(|window| window == b"hunter2");
        assert!(!holds(&plain) && !holds(&bytes), "{name}");
        if name.ends_with(".zst") {
            let path = fleet.cloud.world.path("unpacked.duckdb");
            std::fs::write(&path, plain).unwrap();
            let connection = duckdb::Connection::open(&path).unwrap();
            let sql = "select count(*) from meta.runs";
            let runs: u64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(runs, 1);
        }
    }
}

#[test]
fn what_is_shown_has_its_shape_from_the_first_look_on() {
    let fleet = Fleet::new();
    let nothing = json!({
        "location": STATE, "generation": null, "fencing_number": 0, "schema_version": null,
        "lease": null, "generations": []
    });
    assert_eq!(fleet.shown(), nothing);
    assert_eq!(fleet.report().0, 0);
    let shown = json!({
        "location": STATE, "generation": 3, "fencing_number": 1, "schema_version": 2,
        "lease": null, "generations": [3, 2, 1]
    });
    assert_eq!(fleet.shown(), shown);
    let lease =
        json!({"owner": "somebody", "expires_at": "2099-01-01T00:00:00Z", "fencing_number": 7});
    fleet.cloud.s3.plant("state/lease.json", lease.to_string().as_bytes());
    let shown = fleet.shown();
    assert_eq!(shown["lease"], json!({"owner": "somebody", "expires_at": "2099-01-01T00:00:00Z"}));
    assert_eq!(shown["fencing_number"], 7);
    let output = fleet.run(&["state", "show"]);
    assert!(text(&output).contains("held by `somebody` until 2099-01-01 00:00:00 UTC"));
}

#[test]
fn a_held_state_is_exit_8_naming_the_holder_and_unlock_raises_the_number() {
    let fleet = Fleet::new();
    let lease =
        json!({"owner": "somebody", "expires_at": "2099-01-01T00:00:00Z", "fencing_number": 7});
    fleet.cloud.s3.plant("state/lease.json", lease.to_string().as_bytes());
    for command in ["run", "fetch"] {
        let arguments = [&[command], &SMALL[..]].concat();
        fleet.refused(&arguments, 8, &["somebody", "2099-01-01", "--lease-wait", "unlock --yes"]);
    }
    fleet.refused(&["state", "unlock"], 0, &["somebody", "--yes"]);
    assert_eq!(fleet.object("lease.json"), lease, "only looked at");
    let unlocked = fleet.json(&["state", "unlock", "--yes"]);
    assert_eq!(unlocked["fencing_number"], 8);
    assert_eq!(fleet.shown()["lease"], Value::Null);
    fleet.refused(&["state", "unlock"], 0, &["held by nobody", "nothing to unlock"]);
    assert_eq!(fleet.report().0, 0);
    assert_eq!(fleet.shown()["fencing_number"], 9);
    assert_eq!(fleet.json(&["state", "unlock", "--yes"])["fencing_number"], 10);
}

#[test]
fn a_lease_that_somebody_deleted_begins_above_the_number_that_was_used() {
    let fleet = Fleet::new();
    for number in [1, 2] {
        assert_eq!(fleet.report().0, 0);
        assert_eq!(fleet.shown()["fencing_number"], number);
        std::fs::remove_file(fleet.cloud.s3.bucket().join("state/lease.json")).unwrap();
    }
    assert_eq!(fleet.shown()["fencing_number"], 2);
}

#[test]
fn a_store_without_conditional_writes_is_refused_unless_nobody_else_writes() {
    for (conditions, word) in [
        (Conditions::Refused, "refuses"),
        (Conditions::Ignored, "ignores"),
        (Conditions::MatchIgnored, "ignores"),
    ] {
        let mut fleet = Fleet::new();
        fleet.cloud.s3.take_conditions(conditions);
        let run = [&["run"], &SMALL[..]].concat();
        fleet.refused(&run, 2, &[word, "--state-single-writer"]);
        assert!(!fleet.objects().iter().any(|name| name.contains("duckdb")), "{conditions:?}");
        assert_eq!(fleet.cloud.snowflake.count("insertFiles"), 0);
        for _ in 0..2 {
            let output = fleet.run(&[&run[..], &["--state-single-writer"]].concat());
            assert_eq!(output.status.code(), Some(0), "{conditions:?}: {}", text(&output));
            fleet.next_machine();
        }
        assert_eq!(fleet.cloud.landed("songs"), 1, "{conditions:?}");
    }
}

#[test]
fn conflicts_and_a_busy_store_are_asked_again() {
    let fleet = Fleet::new();
    let conflict = || Fault::answer(409, "ConditionalRequestConflict", "A conflicting operation.");
    for nth in [1, 4, 7, 10, 13] {
        fleet.cloud.s3.script_under("state/", nth, 1, Fault::slow_down());
        fleet.cloud.s3.script(Op::Put, nth + 1, 1, conflict());
    }
    let (code, report) = fleet.report();
    assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
}

#[test]
fn a_ledger_of_a_later_version_is_not_read() {
    let mut fleet = Fleet::new();
    assert_eq!(fleet.report().0, 0);
    let mut current = fleet.object("current.json");
    current["schema_version"] = json!(99);
    fleet.cloud.s3.plant("state/current.json", current.to_string().as_bytes());
    fleet.next_machine();
    let run = [&["run"], &SMALL[..]].concat();
    for arguments in [&run[..], &["status"], &["state", "pull"], &["query", "select 1"]] {
        fleet.refused(arguments, 2, &["later version", "99"]);
        assert!(!fleet.cloud.world.path("data/snowtrack.duckdb").exists());
    }
    assert_eq!(fleet.object("current.json"), current);
    assert_eq!(fleet.object("lease.json")["owner"], Value::Null, "given back");
    assert_eq!(fleet.shown()["schema_version"], 99);
}

#[test]
fn commands_that_read_find_the_current_generation_on_an_empty_folder_and_take_no_lease() {
    let mut fleet = Fleet::new();
    let (_, report) = fleet.report();
    fleet.next_machine();
    fleet.cloud.s3.clear_log();
    assert_eq!(fleet.json(&["status"])[0]["run_id"], report["run_id"]);
    assert_eq!(fleet.json(&["query", "select name from core.songs"])[0]["name"], "Low Tide 1");
    assert_eq!(fleet.json(&["verify"])["status"], "verified");
    assert!(fleet.run(&[&["plan"], &SMALL[..]].concat()).status.success());
    assert_eq!(fleet.run(&["reconcile"]).status.code(), Some(0));
    assert_eq!(fleet.cloud.s3.count(Op::Put), 0, "reading writes nothing");
    // What was only read follows the state.
    let first = std::mem::replace(&mut fleet.cloud.world, World::new());
    fleet.next_night();
    let (_, report) = fleet.report();
    fleet.cloud.world = first;
    assert_eq!(fleet.json(&["status"])[0]["run_id"], report["run_id"]);
    assert_eq!(fleet.json(&["query", "select name from core.songs"])[0]["name"], "Low Tide 2");
    // And a run goes on from there.
    fleet.next_night();
    assert_eq!(fleet.report().0, 0);
    assert_eq!(fleet.cloud.landed("songs"), 3);
}

#[test]
fn who_comes_first_brings_a_ledger_and_two_that_differ_are_a_persons_to_decide() {
    let mut fleet = Fleet::new();
    // A machine that has run without a state.
    assert_eq!(fleet.cloud.report(&SMALL).0, 0);
    let (code, report) = fleet.report();
    assert_eq!((code, &report["status"]), (0, &json!("unchanged")), "{report:#}");
    assert_eq!(fleet.shown()["generations"], json!([2, 1]), "the first is what was brought");
    // Another that has, too; its runs went to a lake of its own.
    fleet.next_machine();
    fleet.next_night();
    let run = [&["run"], &SMALL[..]].concat();
    let mut own = fleet.cloud.command(&[&run[..], &["--no-ingest"]].concat());
    own.env_remove("S3_BUCKET").env_remove("SNOWFLAKE_ACCOUNT");
    assert_eq!(own.output().unwrap().status.code(), Some(0));
    fleet.refused(&run, 2, &["state push --force", "state pull --force"]);
    fleet.refused(&["state", "pull"], 2, &["state pull --force"]);
    assert_eq!(fleet.shown()["lease"], Value::Null, "given back");
    let kept = fleet.cloud.world.path("kept");
    copy(&fleet.cloud.world.path("data"), &kept);
    assert_eq!(fleet.json(&["state", "pull", "--force"])["generation"], 2);
    assert_eq!(fleet.json(&["status"])[0]["run_id"], report["run_id"]);
    // Or the other way round.
    std::fs::remove_dir_all(fleet.cloud.world.path("data")).unwrap();
    copy(&kept, &fleet.cloud.world.path("data"));
    assert_eq!(fleet.json(&["state", "push"])["generation"], 3);
    assert_eq!(fleet.shown()["generations"], json!([3, 2, 1]), "the other can be had back");
    let output = fleet.run(&run);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn a_push_is_refused_where_others_went_on_and_a_pull_brings_the_analysts_file() {
    let mut fleet = Fleet::new();
    assert_eq!(fleet.report().0, 0);
    let first = fleet.next_machine();
    fleet.next_night();
    assert_eq!(fleet.report().0, 0);
    fleet.cloud.world = first;
    fleet.refused(&["state", "push"], 8, &["generation 6", "generation 3", "state pull"]);
    let pulled = fleet.json(&["state", "pull"]);
    assert_eq!((&pulled["generation"], &pulled["is_published"]), (&json!(6), &json!(true)));
    assert_eq!(fleet.cloud.world.query("select name from core.songs")[0]["name"], "Low Tide 2");
    assert_eq!(fleet.json(&["state", "push"])["generation"], 7);
    fleet.next_machine();
    fleet.refused(&["state", "push"], 2, &["no ledger"]);
    assert_eq!(fleet.json(&["state", "pull"])["generation"], 7);
}

#[test]
fn a_machine_that_comes_back_goes_on_with_what_the_others_did() {
    let mut fleet = Fleet::new();
    assert_eq!(fleet.report().0, 0);
    let mut first = fleet.next_machine();
    for night in 2..=5 {
        fleet.next_night();
        std::mem::swap(&mut fleet.cloud.world, &mut first);
        fleet.write_night();
        let (code, report) = fleet.report();
        assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
        assert_eq!(fleet.cloud.landed("songs"), night);
    }
    // Whoever has the newest one asks for none.
    fleet.cloud.s3.clear_log();
    assert_eq!(fleet.report().0, 0);
    let gets = fleet.cloud.s3.calls().into_iter().filter(|call| call.op == Op::Get);
    let gets: Vec<String> = gets.map(|call| call.key).collect();
    assert_eq!(gets, ["state/lease.json", "state/current.json"]);
}

#[test]
fn what_is_exported_on_a_machine_that_dies_leaves_from_the_next_one() {
    let mut fleet = Fleet::new();
    // The first call about the lake: everything is saved, nothing has left.
    fleet.cloud.s3.script_under("spotify-data/raw/", 1, usize::MAX, Fault::Hang);
    let mut child = silent(fleet.command(&[&["run"], &SMALL[..]].concat()));
    wait_until_it_hangs(&mut child, fleet.cloud.s3.hung());
    child.kill().unwrap();
    child.wait().unwrap();
    fleet.cloud.s3.clear_log();
    let dead = fleet.next_machine();
    let exported = dead.path("data/lake/spotify-data/raw");
    assert!(exported.exists());
    // The song has changed meanwhile, and is not asked for: this run is the one that was begun.
    fleet.next_night();
    fleet.cloud.s3.set_clock_ahead(3_600);
    let (code, report) = fleet.report();
    assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
    for file in report["files"].as_array().unwrap() {
        let key = file["key"].as_str().unwrap();
        let bytes = std::fs::read(dead.path("data/lake").join(key)).unwrap();
        assert!(fleet.cloud.s3.object(key) == Some(bytes), "the same file: {key}");
    }
    assert_eq!(fleet.cloud.world.query("select name from core.songs")[0]["name"], "Low Tide 1");
}

#[test]
fn a_folder_is_a_state_as_well() {
    let mut fleet = Fleet::new();
    let folder = tempfile::tempdir().unwrap();
    let location = format!("file://{}/state/", folder.path().display());
    for night in 1..=3 {
        let mut command = fleet.command(&[&["--json", "run"], &SMALL[..]].concat());
        let (code, report) =
            crate::support::cloud::report(command.env("SNOWTRACK_STATE", &location));
        assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
        assert_eq!(fleet.cloud.landed("songs"), night);
        fleet.next_machine();
        fleet.next_night();
    }
    let mut command = fleet.command(&["--json", "state", "show"]);
    let output = command.env("SNOWTRACK_STATE", &location).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let wanted = json!({
        "location": location, "generation": 9, "fencing_number": 3, "schema_version": 2,
        "lease": null, "generations": [9, 8, 7]
    });
    assert_eq!(shown, wanted);
}

#[test]
fn the_published_file_is_put_where_it_is_wanted_after_each_run_with_news() {
    let mut fleet = Fleet::new();
    let key = "published/spotify.duckdb";
    let to = format!("s3://{BUCKET}/{key}");
    let run = |fleet: &Fleet| {
        let mut command = fleet.command(&[&["--json", "run"], &SMALL[..]].concat());
        crate::support::cloud::report(command.env("SNOWTRACK_PUBLISH_TO", &to)).0
    };
    let name = |fleet: &Fleet| -> String {
        let path = fleet.cloud.world.path("got.duckdb");
        std::fs::write(&path, fleet.cloud.s3.object(key).unwrap()).unwrap();
        let connection = duckdb::Connection::open(&path).unwrap();
        // It is put when the run is over, and says how.
        let sql = "select max_by(status, run_id) from operations.runs";
        let status: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(status, "verified");
        connection.query_row("select name from core.songs", [], |row| row.get(0)).unwrap()
    };
    for night in 1..=2 {
        assert_eq!(run(&fleet), 0);
        assert_eq!(name(&fleet), format!("Low Tide {night}"));
        fleet.next_machine();
        fleet.next_night();
    }
    // Without news it stays as it is, also on a machine that makes a file of its own.
    fleet.night -= 1;
    fleet.write_night();
    fleet.cloud.s3.clear_log();
    assert_eq!(run(&fleet), 0);
    assert!(fleet.cloud.world.path("data/spotify.duckdb").exists());
    assert!(!fleet.cloud.s3.calls().iter().any(|call| call.key == key));
    // In a folder, and without a state.
    let target = fleet.cloud.world.path("elsewhere/x.duckdb");
    let mut command = fleet.cloud.command(&["run", "--from-dir", "in", "--full", "--no-ingest"]);
    command.env("SNOWTRACK_PUBLISH_TO", format!("file://{}", target.display()));
    assert!(command.output().unwrap().status.success());
    assert!(target.exists());
}

/// A run that reads from a double of Spotify, and hangs at its third call.
fn hanging_fetch(fleet: &Fleet, spotify: &FakeSpotify) -> std::process::Child {
    spotify.script(crate::support::fake_spotify::When::Call(3), 1, SpotifyFault::Hang);
    let mut command = fleet.cloud.world.operator(spotify, &["run", "--mine", "--no-ingest"]);
    let of_cloud = fleet.command(&[]);
    let named = |name: &std::ffi::OsStr| {
        let name = name.to_string_lossy();
        name.starts_with("AWS_") || name.starts_with("SNOWTRACK_") || name.starts_with("S3_")
    };
    for (name, value) in of_cloud.get_envs().filter(|(name, _)| named(name)) {
        command.env(name, value.unwrap_or_default());
    }
    let child = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while 0 < spotify.unused_faults() {
        std::thread::yield_now();
    }
    child
}

#[test]
fn sigterm_in_a_fetch_saves_where_there_is_time_and_says_so_where_there_is_none() {
    for (saved_in_ms, generation) in [(50, 4), (600_000_000, 3)] {
        let mut fleet = Fleet::new();
        assert_eq!(fleet.report().0, 0);
        let mut current = fleet.object("current.json");
        current["saved_in_ms"] = json!(saved_in_ms);
        fleet.cloud.s3.plant("state/current.json", current.to_string().as_bytes());
        fleet.next_machine();
        let spotify = FakeSpotify::start(crate::run::kills::library(), Mode::Development);
        let child = hanging_fetch(&fleet, &spotify);
        signal(&child, "TERM");
        let output = child.wait_with_output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert_eq!(fleet.object("lease.json")["owner"], Value::Null, "given back: {said}");
        assert_eq!(fleet.object("current.json")["generation"], generation, "{said}");
        let has_no_time = said.contains("no time to save the state: generation 3 stays");
        assert_eq!(has_no_time, generation == 3, "{said}");
        // What was saved is not asked for again.
        fleet.next_machine();
        let runs = fleet.json(&["status"]);
        assert_eq!(runs.as_array().unwrap().len(), generation - 2, "{runs:#}");
    }
}

#[test]
fn a_save_that_hangs_holds_up_no_one_who_asks_to_stop() {
    let fleet = Fleet::new();
    fleet.cloud.s3.script_under("state/snowtrack-", 1, usize::MAX, Fault::Hang);
    let mut child = silent(fleet.command(&[&["run"], &SMALL[..]].concat()));
    wait_until_it_hangs(&mut child, fleet.cloud.s3.hung());
    let began = std::time::Instant::now();
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(began.elapsed().as_secs() < 25, "{:?}", began.elapsed());
    assert_eq!(fleet.object("lease.json")["owner"], Value::Null, "given back");
}

#[test]
fn a_long_fetch_is_saved_on_its_way() {
    let mut fleet = Fleet::new();
    let spotify = FakeSpotify::start(crate::run::kills::library(), Mode::Development);
    spotify.script(crate::support::fake_spotify::When::Call(6), 1, SpotifyFault::Hang);
    fleet.cloud.world.write("snowtrack.toml", "[spotify]\nmin_gap_ms = 400\n");
    let run = |fleet: &Fleet| {
        let mut command = fleet.cloud.world.operator(&spotify, &["run", "--mine", "--no-ingest"]);
        for (name, value) in fleet.command(&[]).get_envs() {
            let is_wanted = name.to_string_lossy();
            if ["AWS_", "SNOWTRACK_", "S3_"].iter().any(|it| is_wanted.starts_with(it)) {
                command.env(name, value.unwrap_or_default());
            }
        }
        command.env("SNOWTRACK_STATE_SAVE_SECS", "1");
        command
    };
    let mut child = silent(run(&fleet));
    while 0 < spotify.unused_faults() {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it was killed");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    fleet.next_machine();
    fleet.cloud.s3.set_clock_ahead(3_600);
    spotify.clear_log();
    let output = run(&fleet).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    // Of `/me`, the list, five pages and one: those that were saved are not asked for again.
    assert!(spotify.api_call_count() < 8, "{}", spotify.api_call_count());
}
