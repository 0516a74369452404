//! `kill -9` between any two calls to S3 and Snowflake, then the same command: `verified`, and every row there exactly once.
//!
//! What a run does before its first upload is killed elsewhere (`kills.rs`): here every trial starts with a copy of a data
//! directory whose files are exported and not yet uploaded.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::run::kills::signal;
use crate::snowflake::proof::assert_verified;
use crate::support::bell::Bell;
use crate::support::cloud::{Cloud, SMALL};
use crate::support::fake_s3::{self as s3, Op};
use crate::support::fake_snowflake::{Fault, When};
use crate::support::{World, copy};

/// How long to wait for a call to hang before looking whether the run is still there.
const GLANCE: Duration = Duration::from_millis(100);

pub(crate) fn start(cloud: &Cloud, arguments: &[&str]) -> Child {
    let mut command = cloud.command(&[&["run"], arguments].concat());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

pub(crate) fn wait_until_it_hangs(child: &mut Child, bell: &Bell) {
    while !bell.rings_within(GLANCE) {
        // A run that ends by itself would be waited for in vain.
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it was killed");
    }
}

/// Starts a run and kills it as soon as a call hangs.
pub(crate) fn killed(cloud: &Cloud, arguments: &[&str], bell: &Bell) {
    let mut child = start(cloud, arguments);
    wait_until_it_hangs(&mut child, bell);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// One account, set up once, and the data directory that every trial begins with.
struct Trials {
    cloud: Cloud,
    exported: World,
}

impl Trials {
    fn new(mode: &'static str) -> Self {
        let mut cloud = Cloud::small(mode, "parquet");
        cloud.s3.script(Op::Head, 1, usize::MAX, s3::Fault::Hang);
        let mut child = start(&cloud, &SMALL);
        wait_until_it_hangs(&mut child, cloud.s3.hung());
        signal(&child, "INT");
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let exported = std::mem::replace(&mut cloud.world, World::new());
        Self { cloud, exported }
    }

    /// Nothing uploaded, nothing loaded.
    fn begin(&mut self) {
        self.cloud.empty();
        for folder in ["data", "in"] {
            copy(&self.exported.path(folder), &self.cloud.world.path(folder));
        }
    }

    /// A run that nobody disturbs; the keys that it leaves in the bucket.
    fn undisturbed(&mut self) -> Vec<String> {
        self.begin();
        let (code, report) = self.cloud.report(&SMALL);
        assert_eq!(code, 0, "{report:#}");
        assert_verified(&self.cloud, &report);
        let files = report["files"].as_array().unwrap();
        assert_eq!((files.len(), report["tables"].as_array().unwrap().len()), (8, 8), "{report:#}");
        let keys = self.cloud.s3.keys();
        assert_eq!(keys.len(), 9, "eight files and the manifest");
        keys
    }

    /// Kills a run as soon as a call hangs, runs the same command again, and looks.
    fn kill(&self, bell: &Bell, wanted: &[String], moment: &str) {
        killed(&self.cloud, &SMALL, bell);
        let (code, report) = self.cloud.report(&SMALL);
        assert_eq!(code, 0, "{moment}: {report:#}");
        assert_exactly_once(&self.cloud, &report);
        assert_eq!(self.cloud.s3.keys(), wanted, "{moment}");
    }
}

/// Every row exactly once, whatever happened on the way.
fn assert_exactly_once(cloud: &Cloud, report: &Value) {
    assert_verified(cloud, report);
    assert_eq!(report["files"].as_array().unwrap().len(), 8, "{report:#}");
}

fn assert_any_call_to_snowflake_may_be_the_last(mode: &'static str, at_least: usize) {
    let mut trials = Trials::new(mode);
    let wanted = trials.undisturbed();
    let calls = trials.cloud.snowflake.requests();
    assert!(calls.len() >= at_least, "{} calls in mode {mode}", calls.len());
    for (call, request) in (1..).zip(&calls) {
        // Before anything was done, and after it was done but before the answer; which is one and the same for a question.
        let is_question = request.method == "GET" || request.body.contains("\"select");
        let is_question = is_question || request.body.contains("\"with landed");
        let faults = [Fault::Hang, Fault::HangAfter];
        for fault in faults.into_iter().skip(usize::from(is_question)) {
            trials.begin();
            let moment = format!("{mode}, call {call} of {}, {fault:?}", calls.len());
            trials.cloud.snowflake.script(When::Call(call), 1, fault);
            trials.kill(trials.cloud.snowflake.hung(), &wanted, &moment);
        }
    }
}

#[test]
fn a_run_killed_at_any_call_to_snowpipe_ends_verified_exactly_once() {
    // Telling, asking for the report and proving, for each of eight tables.
    assert_any_call_to_snowflake_may_be_the_last("rest", 24);
}

#[test]
fn a_run_killed_at_any_call_about_a_copy_ends_verified_exactly_once() {
    assert_any_call_to_snowflake_may_be_the_last("copy", 16);
}

#[test]
fn a_run_killed_at_any_call_while_events_load_its_files_ends_verified_exactly_once() {
    assert_any_call_to_snowflake_may_be_the_last("auto", 16);
}

#[test]
fn a_run_killed_at_any_call_to_s3_ends_verified_exactly_once() {
    let mut trials = Trials::new("rest");
    let wanted = trials.undisturbed();
    let mut counts: BTreeMap<Op, usize> = BTreeMap::new();
    trials.cloud.s3.calls().iter().for_each(|call| *counts.entry(call.op).or_default() += 1);
    assert_eq!(counts, BTreeMap::from([(Op::Head, 9), (Op::Put, 9)]));
    for (op, count) in counts {
        for nth in 1..=count {
            let faults = [s3::Fault::Hang, s3::Fault::HangAfter];
            for fault in faults.into_iter().skip(usize::from(op == Op::Head)) {
                trials.begin();
                let moment = format!("{op:?} {nth} of {count}, {fault:?}");
                trials.cloud.s3.script(op, nth, 1, fault);
                trials.kill(trials.cloud.s3.hung(), &wanted, &moment);
            }
        }
    }
}
