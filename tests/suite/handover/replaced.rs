//! What may take a ledger's place, and what may not: no generation goes that is somebody's ledger, whatever else is gone.

use serde_json::{Value, json};

use crate::handover::between_machines::Fleet;
use crate::run::cloud_kills::wait_until_it_hangs;
use crate::run::kills::silent;
use crate::support::cloud::{SMALL, text};
use crate::support::fake_s3::{Fault, Op};

fn lose_current(fleet: &Fleet) {
    std::fs::remove_file(fleet.cloud.s3.bucket().join("state/current.json")).unwrap();
}

fn generations(fleet: &Fleet) -> Vec<String> {
    fleet.objects().into_iter().filter(|it| it.ends_with(".zst")).collect()
}

/// Makes a generation's bytes the ledger of this machine, as `zstd -d` does.
fn unpack(fleet: &Fleet, bytes: &[u8]) {
    let path = fleet.cloud.world.path("data/snowtrack.duckdb");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, zstd::stream::decode_all(bytes).unwrap()).unwrap();
}

fn names(numbers: &[u64]) -> Vec<String> {
    numbers.iter().map(|it| format!("snowtrack-{it}.duckdb.zst")).collect()
}

#[test]
fn generations_that_nothing_names_are_nobodys_to_delete_and_the_newest_is_made_current_again() {
    let mut fleet = Fleet::new();
    assert_eq!(fleet.report().0, 0);
    let run = [&["run"], &SMALL[..]].concat();
    // As it was given back, and as a task that died left it.
    for is_dead in [false, true] {
        let newest = fleet.shown()["generation"].as_u64().unwrap();
        let there = names(&[newest - 2, newest - 1, newest]);
        assert_eq!(generations(&fleet), there);
        lose_current(&fleet);
        if is_dead {
            let mut lease = fleet.object("lease.json");
            (lease["owner"], lease["expires_at"]) = (json!("dead"), json!("2020-01-01T00:00:00Z"));
            fleet.cloud.s3.plant("state/lease.json", lease.to_string().as_bytes());
        }
        fleet.next_machine();
        let named = format!("{newest}, {}, {}", newest - 1, newest - 2);
        let says = ["current.json", &named, "state pull --force", "state push --force"];
        for arguments in [&run[..], &["state", "pull"], &["status"]] {
            fleet.refused(arguments, 2, &says);
        }
        assert_eq!(generations(&fleet), there, "nothing was deleted");
        assert_eq!(fleet.object("lease.json")["owner"], Value::Null, "given back");
        let shown = fleet.shown();
        assert_eq!(shown["generation"], Value::Null);
        assert_eq!(shown["generations"], json!([newest, newest - 1, newest - 2]));
        assert!(text(&fleet.run(&["doctor"])).contains(says[2]));
        // What it says helps.
        assert_eq!(fleet.json(&["state", "pull", "--force"])["generation"], newest);
        fleet.refused(&["state", "push"], 2, &["state push --force"]);
        assert_eq!(fleet.json(&["state", "push", "--force"])["generation"], newest + 1);
        assert_eq!(generations(&fleet), names(&[newest - 1, newest, newest + 1]));
        fleet.next_machine();
        let (code, report) = fleet.report();
        assert_eq!((code, &report["status"]), (0, &json!("unchanged")), "{report:#}");
        assert_eq!(fleet.cloud.landed("songs"), 1);
    }
}

#[test]
fn a_first_task_that_dies_before_its_generation_is_named_leaves_none_behind() {
    let mut fleet = Fleet::new();
    // Of `current.json`: looked for, made, and about to name the first generation.
    fleet.cloud.s3.script_under("state/current.json", 3, 1, Fault::Hang);
    let mut child = silent(fleet.command(&[&["run"], &SMALL[..]].concat()));
    wait_until_it_hangs(&mut child, fleet.cloud.s3.hung());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(generations(&fleet), names(&[1]));
    assert_eq!(fleet.shown()["generation"], Value::Null);
    fleet.cloud.s3.set_clock_ahead(3_600);
    fleet.next_machine();
    let (code, report) = fleet.report();
    assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
    assert_eq!(generations(&fleet), names(&[2, 3, 4]));
}

#[test]
fn an_older_ledger_by_an_older_version_takes_the_place_of_a_later_ones_on_purpose() {
    let mut fleet = Fleet::new();
    assert_eq!(fleet.report().0, 0);
    // A version of the bucket's from before the upgrade.
    let older = fleet.cloud.s3.object("state/snowtrack-3.duckdb.zst").unwrap();
    fleet.next_night();
    assert_eq!(fleet.report().0, 0);
    let mut current = fleet.object("current.json");
    (current["schema_version"], current["fencing_number"]) = (json!(99), json!(7));
    fleet.cloud.s3.plant("state/current.json", current.to_string().as_bytes());
    fleet.next_machine();
    unpack(&fleet, &older);
    fleet.refused(&["state", "push"], 2, &["later version", "99", "state push --force"]);
    assert_eq!(fleet.object("current.json"), current);
    assert_eq!(fleet.json(&["state", "push", "--force"])["generation"], 7);
    let current = fleet.object("current.json");
    assert_eq!((&current["generation"], &current["schema_version"]), (&json!(7), &json!(2)));
    assert!(7 < current["fencing_number"].as_u64().unwrap(), "{current}");
    // It goes on from there, on any machine.
    fleet.next_machine();
    let (code, report) = fleet.report();
    assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
    assert_eq!(fleet.cloud.world.query("select name from core.songs")[0]["name"], "Low Tide 2");
}

#[test]
fn what_a_dead_task_did_not_delete_goes_also_after_its_lease_was_unlocked() {
    let mut fleet = Fleet::new();
    assert_eq!(fleet.report().0, 0);
    fleet.next_night();
    // Generation 4 is the current one, and 1 about to go.
    fleet.cloud.s3.clear_log();
    fleet.cloud.s3.script(Op::Delete, 1, 1, Fault::Hang);
    let mut child = silent(fleet.command(&[&["run"], &SMALL[..]].concat()));
    wait_until_it_hangs(&mut child, fleet.cloud.s3.hung());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(generations(&fleet), names(&[1, 2, 3, 4]));
    assert_eq!(fleet.shown()["generations"], json!([4, 3, 2]));
    assert_eq!(fleet.json(&["state", "unlock", "--yes"])["fencing_number"], 3);
    fleet.next_machine();
    let (code, report) = fleet.report();
    assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
    assert_eq!(generations(&fleet).len(), 3, "{:?}", generations(&fleet));
    assert_eq!(fleet.shown()["generations"].as_array().unwrap().len(), 3);
}

/// A run that goes to no bucket: its files end in the local lake.
fn local_run(fleet: &Fleet) -> (i32, String) {
    let mut command = fleet.command(&[&["run"], &SMALL[..], &["--no-ingest"]].concat());
    command.env_remove("S3_BUCKET").env_remove("SNOWFLAKE_ACCOUNT");
    let output = command.output().unwrap();
    (output.status.code().unwrap(), text(&output))
}

#[test]
fn without_a_bucket_what_was_exported_here_alone_is_a_persons_to_decide() {
    let mut fleet = Fleet::new();
    assert_eq!(local_run(&fleet).0, 0);
    let first = fleet.next_machine();
    fleet.next_night();
    assert_eq!(local_run(&fleet).0, 0);
    let second = std::mem::replace(&mut fleet.cloud.world, first);
    fleet.next_night();
    // The first machine goes on from what the second one saved; its run ends in its lake, and cannot be saved.
    let refused = Fault::answer(403, "AccessDenied", "Access Denied");
    fleet.cloud.s3.script_under("state/snowtrack-3", 1, usize::MAX, refused);
    let (code, said) = local_run(&fleet);
    assert_eq!(code, 5, "{said}");
    fleet.cloud.s3.clear_log();
    let first = std::mem::replace(&mut fleet.cloud.world, second);
    fleet.next_night();
    assert_eq!(local_run(&fleet).0, 0);
    fleet.cloud.world = first;
    let (code, said) = local_run(&fleet);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("state pull --force") && said.contains("state push --force"), "{said}");
}

#[test]
fn what_the_operator_is_told_is_what_holds() {
    let told = include_str!("../../../docs/operator.md");
    // With a condition on the prefix an object that is not there is 403 instead of 404.
    let rights = told.lines().filter(|line| line.starts_with("{\"Effect\""));
    let rights: Vec<Value> = rights
        .map(|line| serde_json::from_str(line.trim_end_matches(',')).unwrap())
        .filter(|it: &Value| it["Action"].to_string().contains("s3:ListBucket\""))
        .collect();
    assert!(!rights.is_empty());
    assert!(rights.iter().all(|it| it.get("Condition").is_none()), "{rights:?}");
    assert!(
        told.contains("`status`, `plan`, `verify`, `reconcile` and `query` on an empty folder")
    );
    let measured = include_str!("measured.rs");
    let filter = module_path!().replace("suite::", "").replace("replaced", "measured");
    assert!(measured.contains(&format!("--nocapture {filter}`")), "{filter}");
}
