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

/// Which calls a run is killed at, and where the next one goes on.
#[derive(Clone, Copy)]
struct Trial {
    /// What their keys begin with.
    prefix: &'static str,
    elsewhere: bool,
    /// Each so many'th of them, from the first on.
    step: usize,
}

const OF_STATE: Trial = Trial { prefix: "state/", elsewhere: true, step: 1 };

/// The calls that one run makes about what begins with `prefix`, by what they are.
fn calls(fleet: &Fleet, prefix: &str) -> Vec<(Op, String)> {
    let calls = fleet.cloud.s3.calls().into_iter();
    calls.filter(|call| call.key.starts_with(prefix)).map(|call| (call.op, call.key)).collect()
}

/// Kills a run at each of its calls, before and after they were done. `begin` makes the world before it.
fn kill_everywhere(fleet: &mut Fleet, trial: Trial, begin: impl Fn(&mut Fleet)) -> usize {
    let Trial { prefix, elsewhere, step } = trial;
    begin(fleet);
    fleet.cloud.s3.clear_log();
    let (code, report) = fleet.report();
    assert_eq!(code, 0, "{report:#}");
    let (wanted, calls) = (landed(fleet), calls(fleet, prefix));
    let mut kills = 0;
    for (nth, (op, key)) in (1..).zip(&calls).step_by(step) {
        let faults = [Fault::Hang, Fault::HangAfter];
        // Where nothing was done the same machine has nothing that another lacks.
        let is_question = !matches!(op, Op::Put | Op::Delete);
        for fault in faults.into_iter().skip(usize::from(is_question || !elsewhere)) {
            if is_question && !elsewhere {
                continue;
            }
            let moment = format!("call {nth} of {}: {op:?} {key}, {fault:?}", calls.len());
            begin(fleet);
            fleet.cloud.s3.clear_log();
            fleet.cloud.s3.script_under(prefix, nth, 1, fault);
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

fn first_nights(trial: Trial) -> usize {
    kill_everywhere(&mut Fleet::new(), trial, |fleet| {
        fleet.cloud.empty();
        fleet.write_night();
    })
}

/// A fleet on its second night, and what the bucket holds of the first. The account has forgotten that one; what the second loads is
/// counted.
fn later_nights(trial: Trial) -> usize {
    let mut fleet = Fleet::new();
    let (code, report) = fleet.report();
    assert_eq!(code, 0, "{report:#}");
    assert!(tables(&report).len() == 8);
    let before = World::new();
    copy(&fleet.cloud.s3.bucket(), &before.path("bucket"));
    fleet.next_night();
    kill_everywhere(&mut fleet, trial, |fleet| {
        fleet.cloud.empty();
        copy(&before.path("bucket"), &fleet.cloud.s3.bucket());
        fleet.write_night();
    })
}

/// A night with nothing new, of which the state is all there is to do.
fn quiet_nights(trial: Trial) -> usize {
    let mut fleet = Fleet::new();
    let (code, report) = fleet.report();
    assert_eq!(code, 0, "{report:#}");
    let before = World::new();
    copy(&fleet.cloud.s3.bucket(), &before.path("bucket"));
    kill_everywhere(&mut fleet, trial, |fleet| {
        fleet.cloud.empty();
        copy(&before.path("bucket"), &fleet.cloud.s3.bucket());
        fleet.write_night();
    })
}

#[test]
fn a_first_night_killed_at_calls_of_the_state_goes_on_elsewhere() {
    let kills = first_nights(Trial { step: 4, ..OF_STATE });
    assert!(kills >= 6, "{kills}");
}

#[test]
fn a_later_night_killed_at_calls_of_the_state_goes_on_elsewhere() {
    let kills = later_nights(Trial { step: 4, ..OF_STATE });
    assert!(kills >= 7, "{kills}");
}

#[test]
fn a_later_night_killed_at_writes_of_the_state_goes_on_where_it_was() {
    let kills = later_nights(Trial { elsewhere: false, step: 4, ..OF_STATE });
    assert!(kills >= 3, "{kills}");
}

/// All of them: each call of the state's protocol, and each call to S3 at all, over alternating machines and on the same one.
#[test]
#[ignore = "takes minutes: `make test-long`"]
fn nights_killed_at_any_call_lose_nothing_and_load_nothing_twice() {
    type Nights = fn(Trial) -> usize;
    let here = Trial { elsewhere: false, ..OF_STATE };
    let any = Trial { prefix: "", ..OF_STATE };
    let all: [(&str, Nights, Trial); 8] = [
        ("first night, state, elsewhere", first_nights, OF_STATE),
        ("later night, state, elsewhere", later_nights, OF_STATE),
        ("quiet night, state, elsewhere", quiet_nights, OF_STATE),
        ("first night, state, here", first_nights, here),
        ("later night, state, here", later_nights, here),
        ("quiet night, state, here", quiet_nights, here),
        ("first night, any call to S3, elsewhere", first_nights, any),
        ("later night, any call to S3, elsewhere", later_nights, any),
    ];
    let mut kills = 0;
    for (what, nights, trial) in all {
        let count = nights(trial);
        println!("{what}: {count} kills");
        kills += count;
    }
    println!("{kills} kills");
    assert!(kills >= 200, "{kills}");
}
