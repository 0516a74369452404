//! Two tasks at one state: never two that write, whatever the clocks say and however late the other comes back.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::handover::between_machines::Fleet;
use crate::run::cloud_kills::wait_until_it_hangs;
use crate::support::World;
use crate::support::cloud::{SMALL, text};
use crate::support::fake_s3::{Fault, Op};

/// Two machines that begin at once; their first writes meet at a gate.
fn race(rounds: u32) {
    let mut fleet = Fleet::new();
    for round in 0..rounds {
        fleet.cloud.empty();
        fleet.night = 1;
        fleet.write_night();
        let (mut first, mut second) = (None, None);
        let mut worlds = Vec::new();
        // Both have looked before either writes.
        fleet.cloud.s3.gather_once(Op::Get, 2);
        for child in [&mut first, &mut second] {
            let mut command = fleet.command(&[&["--json", "run"], &SMALL[..]].concat());
            *child = Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
            worlds.push(fleet.next_machine());
        }
        let outputs = [first, second].map(|child| child.unwrap().wait_with_output().unwrap());
        let mut codes = outputs.each_ref().map(|output| output.status.code().unwrap());
        codes.sort_unstable();
        assert_eq!(codes, [0, 8], "round {round}: {}{}", text(&outputs[0]), text(&outputs[1]));
        let loser = outputs.iter().find(|output| output.status.code() == Some(8)).unwrap();
        let report: Value = serde_json::from_slice(&loser.stdout).unwrap();
        let error = report["error"].as_str().unwrap();
        assert!(error.contains("is held by `"), "{error}");
        assert_eq!(fleet.cloud.landed("songs"), 1);
        assert_eq!(fleet.object("lease.json")["fencing_number"], 1, "one owner alone");
    }
}

#[test]
fn of_two_tasks_that_begin_at_once_one_runs_and_the_other_is_exit_8() {
    race(4);
}

#[test]
#[ignore = "takes minutes: `make test-long`"]
fn of_two_tasks_that_begin_at_once_fifty_times_never_two_write() {
    race(50);
}

#[test]
fn who_waits_for_the_lease_runs_when_the_other_has_ended() {
    let mut fleet = Fleet::new();
    fleet.cloud.s3.script_under("spotify-data/raw/", 1, 1, Fault::Hang);
    let mut first = crate::run::kills::silent(fleet.command(&[&["run"], &SMALL[..]].concat()));
    wait_until_it_hangs(&mut first, fleet.cloud.s3.hung());
    let world = fleet.next_machine();
    let waits = fleet
        .command(&[&["--json", "run"], &SMALL[..], &["--lease-wait", "10m"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let looks = |fleet: &Fleet| {
        let calls = fleet.cloud.s3.calls().into_iter();
        calls.filter(|call| call.op == Op::Get && call.key == "state/lease.json").count()
    };
    while looks(&fleet) < 3 {
        std::thread::yield_now();
    }
    crate::run::kills::signal(&first, "TERM");
    assert_eq!(first.wait().unwrap().code(), Some(130));
    let output = waits.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["status"], "verified");
    assert_eq!(fleet.cloud.landed("songs"), 1);
    drop(world);
}

/// An owner that is held up until its lease has expired by the store's clock and another has done the work.
fn fenced_at(prefix: &str, nth: usize) {
    let mut fleet = Fleet::new();
    // Held up there, and then answered as anything would be whose answer came late.
    fleet.cloud.s3.script_under(prefix, nth, 1, Fault::Hang);
    let mut command = fleet.command(&[&["--json", "run"], &SMALL[..]].concat());
    let mut first = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until_it_hangs(&mut first, fleet.cloud.s3.hung());
    crate::run::kills::signal(&first, "STOP");
    let world = fleet.next_machine();
    fleet.cloud.s3.set_clock_ahead(3_600);
    let (code, report) = fleet.report();
    assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
    let (objects, current) = (fleet.objects(), fleet.object("current.json"));
    let (keys, lease) = (fleet.cloud.s3.keys(), fleet.object("lease.json"));
    let submitted = fleet.cloud.snowflake.count("insertFiles");
    // The call that hangs ends with its connection, and the client tries again.
    fleet.cloud.s3.let_go();
    crate::run::kills::signal(&first, "CONT");
    let output = first.wait_with_output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(8), "{prefix} {nth}: {said}");
    assert!(said.contains("went to"), "{said}");
    assert_eq!((fleet.objects(), fleet.object("current.json")), (objects, current));
    assert_eq!((fleet.cloud.s3.keys(), fleet.object("lease.json")), (keys, lease));
    assert_eq!(fleet.cloud.snowflake.count("insertFiles"), submitted);
    drop(world);
}

#[test]
fn an_owner_whose_lease_was_taken_over_is_fenced_and_writes_nothing_more() {
    // While it saves what it exported: before its generation, before `current.json` names it; and on its way into the lake, so that
    // it is found out before anything is submitted.
    fenced_at("state/snowtrack-1", 1);
    fenced_at("state/current.json", 3);
    fenced_at("spotify-data/manifests/", 1);
}

#[test]
fn an_owner_that_was_unlocked_is_fenced() {
    let fleet = Fleet::new();
    fleet.cloud.s3.script_under("spotify-data/raw/", 1, 1, Fault::Hang);
    let mut command = fleet.command(&[&["--json", "run"], &SMALL[..]].concat());
    let mut first = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until_it_hangs(&mut first, fleet.cloud.s3.hung());
    assert_eq!(fleet.json(&["state", "unlock", "--yes"])["fencing_number"], 2);
    fleet.cloud.s3.let_go();
    let output = first.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(8), "{}", text(&output));
    assert_eq!(fleet.cloud.snowflake.count("insertFiles"), 0);
    assert_eq!(fleet.object("lease.json")["fencing_number"], 2);
    let (code, report) = fleet.report();
    assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
}

#[test]
fn a_machine_whose_clock_is_an_hour_off_takes_no_lease_that_has_not_expired() {
    for ahead in [-3_600, 3_600] {
        let mut fleet = Fleet::new();
        // The store's clock is what differs from this machine's.
        fleet.cloud.s3.set_clock_ahead(ahead);
        fleet.cloud.s3.script_under("spotify-data/raw/", 1, 1, Fault::Hang);
        let mut first = crate::run::kills::silent(fleet.command(&[&["run"], &SMALL[..]].concat()));
        wait_until_it_hangs(&mut first, fleet.cloud.s3.hung());
        let world = fleet.next_machine();
        let (code, report) = fleet.report();
        assert_eq!(code, 8, "{ahead}: {report:#}");
        first.kill().unwrap();
        first.wait().unwrap();
        fleet.cloud.s3.clear_log();
        // It lasts two minutes; half of one is left for whatever this machine does meanwhile.
        fleet.cloud.s3.set_clock_ahead(ahead + 90);
        assert_eq!(fleet.report().0, 8);
        fleet.cloud.s3.set_clock_ahead(ahead + 300);
        let (code, report) = fleet.report();
        assert_eq!((code, &report["status"]), (0, &json!("verified")), "{ahead}: {report:#}");
        drop((world, World::new()));
    }
}
