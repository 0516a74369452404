//! `kill -9` at every call of the state's protocol, before and after it was done; then another machine goes on: nothing lost, nothing twice.

use serde_json::json;

use crate::handover::between_machines::Fleet;
use crate::run::cloud_kills::wait_until_it_hangs;
use crate::run::kills::silent;
use crate::support::TABLES;
use crate::support::cloud::SMALL;
use crate::support::fake_s3::{Fault, Op};
use crate::support::{World, copy, tables};

fn landed(fleet: &Fleet) -> Vec<u64> {
    TABLES.map(|table| fleet.cloud.landed(table)).to_vec()
}

/// The calls about the state that one run makes, by what they are.
fn calls(fleet: &Fleet) -> Vec<(Op, String)> {
    let calls = fleet.cloud.s3.calls().into_iter();
    calls.filter(|call| call.key.starts_with("state/")).map(|call| (call.op, call.key)).collect()
}

/// Kills a run at each of its calls about the state. `begin` makes the world before it.
fn kill_everywhere(fleet: &mut Fleet, elsewhere: bool, begin: impl Fn(&mut Fleet)) -> usize {
    begin(fleet);
    fleet.cloud.s3.clear_log();
    let (code, report) = fleet.report();
    assert_eq!(code, 0, "{report:#}");
    let (wanted, calls) = (landed(fleet), calls(fleet));
    let mut kills = 0;
    for (nth, (op, key)) in (1..).zip(&calls) {
        let faults = [Fault::Hang, Fault::HangAfter];
        // Where nothing was done the same machine has nothing that another lacks.
        let is_question = *op == Op::Get;
        for fault in faults.into_iter().skip(usize::from(is_question || !elsewhere)) {
            if is_question && !elsewhere {
                continue;
            }
            let moment = format!("call {nth} of {}: {op:?} {key}, {fault:?}", calls.len());
            begin(fleet);
            fleet.cloud.s3.clear_log();
            fleet.cloud.s3.script_under("state/", nth, 1, fault);
            let mut child = silent(fleet.command(&[&["run"], &SMALL[..]].concat()));
            wait_until_it_hangs(&mut child, fleet.cloud.s3.hung());
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            fleet.cloud.s3.clear_log();
            // Nobody renews what the dead one held.
            fleet.cloud.s3.set_clock_ahead(3_600);
            if elsewhere {
                fleet.next_machine();
            }
            let (code, report) = fleet.report();
            assert_eq!(code, 0, "{moment}: {report:#}");
            let status = report["status"].as_str().unwrap();
            assert!(["verified", "unchanged"].contains(&status), "{moment}: {report:#}");
            assert_eq!(landed(fleet), wanted, "{moment}: {report:#}");
            let shown = fleet.shown();
            assert_eq!(shown["lease"], json!(null), "{moment}");
            let generations = shown["generations"].as_array().unwrap().len();
            let objects = fleet.objects().iter().filter(|it| it.ends_with(".zst")).count();
            assert_eq!(objects, generations, "nothing is left behind: {moment}");
            assert!(generations <= 3);
        }
    }
    kills
}

#[test]
fn a_first_night_killed_at_any_call_of_the_state_goes_on_elsewhere() {
    let mut fleet = Fleet::new();
    let kills = kill_everywhere(&mut fleet, true, |fleet| {
        fleet.cloud.empty();
        fleet.write_night();
    });
    assert!(kills >= 25, "{kills}");
}

/// A fleet on its second night, and what the bucket holds of the first.
fn second_night() -> (Fleet, World) {
    let mut fleet = Fleet::new();
    let (code, report) = fleet.report();
    assert_eq!(code, 0, "{report:#}");
    assert!(tables(&report).len() == 8);
    let before = World::new();
    copy(&fleet.cloud.s3.bucket(), &before.path("bucket"));
    fleet.next_night();
    (fleet, before)
}

/// The account has forgotten the first night; what the second one loads is counted.
fn begin_second_night(fleet: &mut Fleet, before: &World) {
    fleet.cloud.empty();
    copy(&before.path("bucket"), &fleet.cloud.s3.bucket());
    fleet.write_night();
}

#[test]
fn a_later_night_killed_at_any_call_of_the_state_goes_on_elsewhere() {
    let (mut fleet, before) = second_night();
    let kills = kill_everywhere(&mut fleet, true, |fleet| begin_second_night(fleet, &before));
    assert!(kills >= 30, "{kills}");
}

#[test]
fn a_later_night_killed_at_any_write_of_the_state_goes_on_where_it_was() {
    let (mut fleet, before) = second_night();
    let kills = kill_everywhere(&mut fleet, false, |fleet| begin_second_night(fleet, &before));
    assert!(kills >= 15, "{kills}");
}
