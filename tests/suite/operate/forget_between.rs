//! `forget` where the ledger lives between machines: no generation of it, no version of one, and no published file that outlives its
//! machine holds anything of theirs; and whatever kills it, the same command ends it, here or on another machine.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::forget::{
    Trials, assert_rest_is_whole, change, cloud, files, found, library, lists, of_lists, secrets,
    succeeds, three_nights,
};
use crate::support::TABLES;
use crate::support::World;
use crate::support::cloud::{Cloud, text};
use crate::support::fake_s3::{Fault, Op};
use crate::support::fake_spotify::FakeSpotify;
use crate::support::library::Mode;

const STATE: &str = "s3://lake/state/";
const PUBLISHED: &str = "published/spotify.duckdb";
const REPORT: &str = "reports/last.json";

fn keeps_state(cloud: &mut Cloud) {
    cloud.settings.push(("SNOWTRACK_STATE", STATE.to_owned()));
    cloud.settings.push(("SNOWTRACK_PUBLISH_TO", format!("s3://lake/{PUBLISHED}")));
    cloud.settings.push(("SNOWTRACK_REPORT_TO", format!("s3://lake/{REPORT}")));
}

/// Three nights, each on a machine of its own that is gone afterwards.
fn three_machines(cloud: &mut Cloud, sources: &[&str]) -> FakeSpotify {
    let spotify = FakeSpotify::start(library(), Mode::Extended);
    for night in 1..=3 {
        if night > 1 {
            change(&spotify, night);
        }
        cloud.world = World::new();
        let run = [&["run", "--archive", "--enrich"], sources].concat();
        assert_eq!(succeeds(cloud, &spotify, &run)["status"], "verified");
    }
    spotify
}

/// Those of the places that are below a prefix of the bucket.
fn below<'a>(found: &'a BTreeSet<String>, prefix: &str) -> Vec<&'a String> {
    found.iter().filter(|place| place.starts_with(prefix)).collect()
}

fn state_of(cloud: &Cloud, spotify: &FakeSpotify) -> Value {
    succeeds(cloud, spotify, &["state", "show"])
}

/// The versions of objects below a prefix, by their keys.
fn versions(cloud: &Cloud, prefix: &str) -> BTreeMap<String, usize> {
    let mut versions = BTreeMap::new();
    for (key, _, _) in cloud.s3.every_version() {
        if key.starts_with(prefix) {
            *versions.entry(key).or_default() += 1;
        }
    }
    versions
}

#[test]
fn with_a_state_nothing_is_left_in_any_generation_and_the_next_machine_goes_on() {
    let ids = lists();
    let never = Cloud::new("rest", "parquet");
    three_nights(&never, &of_lists(&ids[1..]));
    let mut cloud = cloud("rest", "parquet");
    keeps_state(&mut cloud);
    let spotify = three_machines(&mut cloud, &of_lists(&ids));
    cloud.world = World::new();
    let before = found(&cloud, &secrets());
    assert!(below(&before, "state/").len() > 40, "{before:#?}");
    assert!(below(&before, PUBLISHED).len() > 10, "{before:#?}");
    assert_eq!(versions(&cloud, REPORT), BTreeMap::from([(REPORT.to_owned(), 3)]));
    let shown = succeeds(&cloud, &spotify, &["forget", "--playlist", &ids[0]]);
    assert_eq!((&shown["status"], &shown["missing_rights"]), (&json!("planned"), &json!([])));
    assert!(shown["files"].as_array().unwrap().len() > 5, "what another machine sent: {shown:#}");
    cloud.world = World::new();
    let last = state_of(&cloud, &spotify)["generation"].as_u64().unwrap();
    let done = succeeds(&cloud, &spotify, &["forget", "--playlist", &ids[0], "--yes"]);
    assert_eq!((&done["status"], &done["left"]), (&json!("forgotten"), &json!([])), "{done:#}");
    assert_eq!(done["files"], shown["files"]);
    assert!(done["beyond_reach"].to_string().contains("other machines"), "{done:#}");
    assert_eq!(versions(&cloud, REPORT), BTreeMap::new());
    assert_eq!(found(&cloud, &secrets()), BTreeSet::new());
    let state = state_of(&cloud, &spotify);
    let generation = state["generation"].as_u64().unwrap();
    assert!(generation > last, "{state:#}");
    assert_eq!((&state["generations"], &state["lease"]), (&json!([generation]), &Value::Null));
    let generations = versions(&cloud, "state/snowtrack-");
    let only = format!("state/snowtrack-{generation}.duckdb.zst");
    assert_eq!(generations, BTreeMap::from([(only, 1)]));
    assert_eq!(versions(&cloud, "published/"), BTreeMap::from([(PUBLISHED.to_owned(), 1)]));
    // On a machine that knows nothing but the state.
    cloud.world = World::new();
    succeeds(&cloud, &spotify, &["state", "pull"]);
    assert_rest_is_whole(&cloud, &spotify, &never);
    let run = [&["run"], &of_lists(&ids[1..])[..]].concat();
    assert_eq!(succeeds(&cloud, &spotify, &run)["status"], "unchanged");
    let again = succeeds(&cloud, &spotify, &["forget", "--playlist", &ids[0], "--yes"]);
    assert_eq!((&again["status"], &again["files"]), (&json!("forgotten"), &json!([])));
}

#[test]
fn where_everything_is_forgotten_the_state_is_gone_but_for_the_number_of_its_lease() {
    let mut cloud = cloud("copy", "parquet");
    keeps_state(&mut cloud);
    let ids = lists();
    let spotify = three_machines(&mut cloud, &of_lists(&ids[..2]));
    let number = state_of(&cloud, &spotify)["fencing_number"].as_u64().unwrap();
    cloud.world = World::new();
    for _ in 0..2 {
        let done = succeeds(&cloud, &spotify, &["forget", "--everything", "--yes"]);
        assert_eq!(done["status"], "forgotten", "{done:#}");
        let left: Vec<String> = versions(&cloud, "").into_keys().collect();
        assert_eq!(left, ["state/lease.json"]);
        assert_eq!(files(&cloud.world.path("data")), [cloud.world.path("data/lock")]);
        for table in TABLES {
            assert_eq!(cloud.landed(table), 0, "{table}");
        }
    }
    let state = state_of(&cloud, &spotify);
    assert_eq!((&state["generation"], &state["lease"]), (&Value::Null, &Value::Null));
    assert!(number < state["fencing_number"].as_u64().unwrap(), "{state:#}");
    let run = [&["run"], &of_lists(&ids[..2])[..]].concat();
    assert_eq!(succeeds(&cloud, &spotify, &run)["status"], "verified");
}

#[test]
fn a_state_that_another_task_holds_is_not_forgotten_in_and_rights_on_it_are_asked_for_first() {
    let mut cloud = cloud("copy", "parquet");
    keeps_state(&mut cloud);
    let ids = lists();
    let spotify = FakeSpotify::start(library(), Mode::Extended);
    succeeds(&cloud, &spotify, &[&["run"], &of_lists(&ids)[..]].concat());
    let before = versions(&cloud, "");
    let refused = |says: &str, code: i32| {
        let forget = ["forget", "--playlist", &ids[0], "--yes"];
        let output = super::forget::command(&cloud, &spotify, &forget).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        assert!(text(&output).contains(says), "{}", text(&output));
    };
    for prefix in ["state/", PUBLISHED, REPORT] {
        cloud.s3.clear_log();
        let denied = || Fault::answer(403, "AccessDenied", "Access Denied");
        // The second question about the prefix is asked with a key of nobody's.
        cloud.s3.script_under(&format!("{prefix}raw/.forget"), 1, usize::MAX, denied());
        refused(&format!("allow `s3:DeleteObject` on `arn:aws:s3:::lake/{prefix}*`"), 5);
    }
    cloud.s3.clear_log();
    let key = "state/lease.json";
    let mut lease: Value = serde_json::from_slice(&cloud.s3.object(key).unwrap()).unwrap();
    assert_eq!(lease["owner"], Value::Null, "given back where rights are missing");
    lease["owner"] = json!("another");
    lease["expires_at"] = json!("2099-01-01T00:00:00Z");
    cloud.s3.plant(key, lease.to_string().as_bytes());
    refused("is held by `another`", 8);
    let lasting = |versions: BTreeMap<String, usize>| {
        let keys = versions.into_iter().filter(|(key, _)| !key.ends_with(".json"));
        keys.collect::<Vec<_>>()
    };
    assert_eq!(lasting(versions(&cloud, "")), lasting(before), "nothing was deleted");
}

/// Kills it at its calls to S3, each `step`th of them, and gives the command again: here, or on a machine that has nothing.
fn kill_everywhere(step: usize, faults: &[Fault]) -> usize {
    let mut cloud = Cloud::new("copy", "parquet");
    keeps_state(&mut cloud);
    let mut trials = Trials::of(cloud);
    trials.begin();
    assert_eq!(trials.forget().output().unwrap().status.code(), Some(0));
    let calls = trials.cloud.s3.calls();
    let (mut counts, mut kills): (BTreeMap<Op, usize>, usize) = (BTreeMap::new(), 0);
    for (call, number) in calls.iter().zip(0_usize..) {
        let nth = counts.entry(call.op).or_default();
        *nth += 1;
        if number % step != 0 {
            continue;
        }
        let changes = matches!(call.op, Op::Put | Op::Delete | Op::DeleteVersion);
        // A question that was answered and one that was not are the same to whoever goes on.
        for fault in faults.iter().take(if changes { faults.len() } else { 1 }) {
            let elsewhere = kills % 2 == 1;
            let place = if elsewhere { "elsewhere" } else { "here" };
            let moment = format!("{:?} {nth}, {}, {fault:?}, ended {place}", call.op, call.key);
            trials.begin();
            trials.cloud.s3.set_clock_ahead(0);
            trials.cloud.s3.script(call.op, *nth, 1, fault.clone());
            trials.kill_at(trials.cloud.s3.hung());
            kills += 1;
            // Nobody renews what the dead one held.
            trials.cloud.s3.set_clock_ahead(3_600);
            if elsewhere {
                trials.cloud.world = World::new();
            }
            trials.assert_ends(&moment);
            let generations = versions(&trials.cloud, "state/snowtrack-");
            assert_eq!(generations.len(), 1, "{moment}: {generations:?}");
        }
    }
    kills
}

#[test]
fn forgetting_with_a_state_that_is_killed_is_ended_by_the_same_command_on_any_machine() {
    let kills = kill_everywhere(31, &[Fault::HangAfter]);
    assert!(kills >= 3, "{kills}");
}

#[test]
#[ignore = "takes minutes: `make test-long`"]
fn forgetting_with_a_state_that_is_killed_at_any_call_is_ended_by_the_same_command() {
    let kills = kill_everywhere(1, &[Fault::Hang, Fault::HangAfter]);
    println!("{kills} kills");
    assert!(kills >= 100, "{kills}");
}
