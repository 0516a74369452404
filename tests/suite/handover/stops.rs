//! Who asks to stop waits for no store that does not answer: out within 25 s, wherever the call hangs, and at once where one asks twice.

use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::handover::between_machines::Fleet;
use crate::run::cloud_kills::wait_until_it_hangs;
use crate::run::kills::signal;
use crate::support::cloud::{SMALL, text};
use crate::support::fake_s3::{BUCKET, Fault};

/// A run all of whose calls about what begins with `prefix` hang, from the `nth` on.
fn hanging(fleet: &Fleet, prefix: &str, nth: usize) -> Child {
    fleet.cloud.s3.clear_log();
    fleet.cloud.s3.script_under(prefix, nth, usize::MAX, Fault::Hang);
    let mut command = fleet.command(&[&["run"], &SMALL[..]].concat());
    command.env("SNOWTRACK_REPORT_TO", format!("s3://{BUCKET}/reports/last.json"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until_it_hangs(&mut child, fleet.cloud.s3.hung());
    child
}

/// Asks it to stop; how it ended, and after how long.
fn stopped(child: Child) -> (Output, Duration) {
    let began = Instant::now();
    signal(&child, "TERM");
    let output = child.wait_with_output().unwrap();
    (output, began.elapsed())
}

fn holder(fleet: &Fleet) -> Value {
    fleet.object("lease.json")["owner"].clone()
}

#[test]
fn a_store_that_hangs_while_the_state_is_taken_holds_up_no_one_who_asks_to_stop() {
    let mut fleet = Fleet::new();
    assert_eq!(fleet.report().0, 0);
    fleet.next_machine();
    // The lease looked for, `current.json` fenced, the generation fetched.
    for (prefix, nth) in
        [("state/lease.json", 1), ("state/current.json", 2), ("state/snowtrack-", 1)]
    {
        let (output, took) = stopped(hanging(&fleet, prefix, nth));
        assert_eq!(output.status.code(), Some(130), "{prefix}: {}", text(&output));
        assert!(took < Duration::from_secs(10), "{prefix}: {took:?}");
        assert_eq!(holder(&fleet), Value::Null, "given back: {prefix}");
    }
}

#[test]
fn a_state_that_hangs_before_files_are_submitted_holds_up_no_one_who_asks_to_stop() {
    let fleet = Fleet::new();
    // The manifest is the last that goes to the lake; then the lease is confirmed, and everything about the state hangs.
    fleet.cloud.s3.script_under("spotify-data/manifests/", 1, 1, Fault::Hang);
    let mut command = fleet.command(&[&["run"], &SMALL[..]].concat());
    command.env("SNOWTRACK_REPORT_TO", format!("s3://{BUCKET}/reports/last.json"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until_it_hangs(&mut child, fleet.cloud.s3.hung());
    fleet.cloud.s3.script_under("reports/", 1, usize::MAX, Fault::Hang);
    fleet.cloud.s3.script_under("state/", 1, usize::MAX, Fault::Hang);
    fleet.cloud.s3.let_go();
    wait_until_it_hangs(&mut child, fleet.cloud.s3.hung());
    let (output, took) = stopped(child);
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    assert!(took < Duration::from_secs(25), "{took:?}");
    assert_eq!(fleet.cloud.snowflake.count("insertFiles"), 0);
}

#[test]
fn a_report_that_hangs_holds_up_no_run_that_is_over() {
    let fleet = Fleet::new();
    let (output, took) = stopped(hanging(&fleet, "reports/", 1));
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("the report could not be put") && said.contains("too long"), "{said}");
    assert!(took < Duration::from_secs(8), "{took:?}");
    // Nor where nobody asks.
    let began = Instant::now();
    let output = hanging(&fleet, "reports/", 1).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn who_asks_twice_is_obeyed_at_once() {
    for name in ["INT", "TERM"] {
        let fleet = Fleet::new();
        let mut child = hanging(&fleet, "state/snowtrack-", 1);
        let began = Instant::now();
        // Two that come at the same moment are one to the system.
        while child.try_wait().unwrap().is_none() {
            signal(&child, name);
        }
        let output = child.wait_with_output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(130), "{name}: {said}");
        assert!(said.contains("asked to stop a second time"), "{said}");
        assert!(began.elapsed() < Duration::from_secs(10), "{name}: {:?}", began.elapsed());
    }
}
