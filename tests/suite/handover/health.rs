//! `doctor` and the state: can it be had, can its store be trusted, who has it, who wrote it.

use serde_json::{Value, json};

use crate::handover::between_machines::Fleet;
use crate::support::World;
use crate::support::cloud::text;
use crate::support::fake_s3::{Conditions, Fault};

/// Exit code and the findings about the state, by what they are about.
fn examined(fleet: &Fleet) -> (i32, Vec<Value>) {
    let output = fleet.run(&["--json", "doctor"]);
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let of_state = all.into_iter().filter(|finding| finding["area"] == "state");
    (output.status.code().unwrap(), of_state.collect())
}

fn line<'a>(findings: &'a [Value], what: &str) -> (&'a str, &'a str) {
    let found = findings.iter().find(|finding| finding["what"] == what);
    let found = found.unwrap_or_else(|| panic!("no `{what}` in {findings:#?}"));
    (found["health"].as_str().unwrap(), found["detail"].as_str().unwrap())
}

#[test]
fn of_a_state_it_is_said_that_it_answers_keeps_conditions_and_who_has_it() {
    let mut fleet = Fleet::new();
    fleet.cloud.s3.keep_versions();
    let (code, findings) = examined(&fleet);
    assert_eq!(code, 0, "{findings:#?}");
    assert_eq!(line(&findings, "location"), ("ok", "`s3://lake/state/` answers"));
    assert!(line(&findings, "conditional writes").1.contains("keeps them"), "{findings:#?}");
    assert_eq!(line(&findings, "lease"), ("ok", "nobody ever had it"));
    assert!(line(&findings, "ledger").1.starts_with("nothing yet"), "{findings:#?}");
    assert_eq!(fleet.cloud.s3.every_version(), [], "the probe leaves nothing behind");
    assert_eq!(fleet.report().0, 0);
    let before = fleet.cloud.s3.every_version();
    let (code, findings) = examined(&fleet);
    assert_eq!(code, 0, "{findings:#?}");
    assert_eq!(line(&findings, "lease"), ("ok", "held by nobody, fencing number 1"));
    let ledger = "generation 3 of schema 2 (kept: 3, 2, 1)";
    assert_eq!(line(&findings, "ledger"), ("ok", ledger));
    assert_eq!(fleet.cloud.s3.every_version(), before, "neither does the next");
    let said = text(&fleet.run(&["doctor"]));
    assert!(said.contains("ok    state      ledger: generation 3 of schema 2"), "{said}");
    fleet.next_machine();
}

#[test]
fn who_has_the_state_is_named_with_the_age_of_the_lease_by_the_stores_clock() {
    let fleet = Fleet::new();
    assert_eq!(fleet.report().0, 0);
    let mut lease = fleet.object("lease.json");
    lease["owner"] = json!("one process 7 (00)");
    fleet.cloud.s3.plant("state/lease.json", lease.to_string().as_bytes());
    let (code, findings) = examined(&fleet);
    let (health, detail) = line(&findings, "lease");
    assert_eq!((code, health), (0, "ok"), "{detail}");
    let age = |detail: &str| -> i64 {
        detail.split("renewed ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    assert!(
        detail.starts_with("held by `one process 7 (00)`") && (-1..110).contains(&age(detail)),
        "{detail}"
    );
    fleet.cloud.s3.set_clock_ahead(3_600);
    let (code, findings) = examined(&fleet);
    let (health, detail) = line(&findings, "lease");
    assert_eq!((code, health), (0, "warn"), "{detail}");
    assert!(detail.contains("has expired") && (3_599..3_710).contains(&age(detail)), "{detail}");
}

#[test]
fn a_store_that_cannot_be_trusted_or_reached_and_a_later_versions_ledger_are_a_runs_exit_code() {
    for (conditions, word) in [
        (Conditions::Refused, "refuses"),
        (Conditions::Ignored, "ignores"),
        (Conditions::MatchIgnored, "ignores"),
    ] {
        let fleet = Fleet::new();
        fleet.cloud.s3.take_conditions(conditions);
        let (code, findings) = examined(&fleet);
        let (health, detail) = line(&findings, "conditional writes");
        assert_eq!((code, health), (2, "fail"), "{detail}");
        assert!(detail.contains(word) && detail.contains("--state-single-writer"), "{detail}");
        assert_eq!(fleet.objects(), [] as [String; 0], "{conditions:?}");
    }
    let fleet = Fleet::new();
    assert_eq!(fleet.report().0, 0);
    let mut current = fleet.object("current.json");
    current["schema_version"] = json!(99);
    fleet.cloud.s3.plant("state/current.json", current.to_string().as_bytes());
    let (code, findings) = examined(&fleet);
    let (health, detail) = line(&findings, "ledger");
    assert_eq!((code, health), (2, "fail"), "{detail}");
    assert!(detail.contains("schema 99, this one knows 1"), "{detail}");
    fleet.cloud.s3.clear_log();
    let denied = Fault::answer(403, "AccessDenied", "Access Denied");
    fleet.cloud.s3.script_under("state/", 1, usize::MAX, denied);
    let (code, findings) = examined(&fleet);
    let (health, detail) = line(&findings, "location");
    assert_eq!((code, health), (5, "fail"), "{detail}");
    assert!(detail.contains("allow `s3:GetObject` on"), "{detail}");
}

#[test]
fn a_folder_is_looked_at_and_not_made() {
    let fleet = Fleet::new();
    let world = World::new();
    let folder = world.path("state");
    let mut command = fleet.command(&["doctor"]);
    let command = command.env("SNOWTRACK_STATE", format!("file://{}/", folder.display()));
    let said = text(&command.output().unwrap());
    assert!(said.contains("is not made yet; the first run makes it"), "{said}");
    assert!(!folder.exists());
    let mut show = fleet.command(&["state", "show"]);
    show.env("SNOWTRACK_STATE", format!("file://{}/", folder.display()));
    let said = text(&show.output().unwrap());
    assert!(said.contains("nothing yet, held by nobody") && !folder.exists(), "{said}");
    std::fs::create_dir(&folder).unwrap();
    let said = text(&command.output().unwrap());
    assert!(said.contains("a lock takes their place"), "{said}");
}
