//! Every fault that the doubles know: its verdict, its exit code and the remedy it is told with; and none is believed.
//!
//! The lists are matches without a wildcard, so that a new fault does not compile before it has its place here.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::snowflake::proof::assert_verified;
use crate::support::cloud::{Cloud, SMALL, report};
use crate::support::fake_s3::{Fault as S3Fault, Op};
use crate::support::fake_snowflake::{Fault, LoadFault, PipeState, When};

/// One trial in an account that is set up already.
fn trial(cloud: &mut Cloud, prepare: impl FnOnce(&Cloud)) -> (i32, Value) {
    cloud.empty();
    cloud.write_source();
    prepare(cloud);
    cloud.report(&SMALL)
}

/// What a report says went wrong, without what differs from run to run.
fn words(report: &Value) -> String {
    let error = report["error"].as_str().unwrap_or("no error");
    let verdict = report["verification"]["verdict"].as_str().unwrap();
    let line = format!("{verdict}: {error}");
    let is_own = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        bare.len() >= 36 && (bare.contains('/') || bare.matches('-').count() == 4)
    };
    let shown = |word: &str| match word {
        word if is_own(word) => {
            let kept = |c: char| !c.is_ascii_alphanumeric() && !"/=_-.".contains(c);
            let before: String = word.chars().take_while(|c| kept(*c)).collect();
            let after: String = word.chars().rev().take_while(|c| kept(*c)).collect();
            format!("{before}…{}", after.chars().rev().collect::<String>())
        }
        word if word.len() == 26 && word.starts_with("01") => "RUN".to_owned(),
        word if word.contains("127.0.0.1:") => "`HOST`".to_owned(),
        word if word.len() == 10 && word.starts_with("20") && word.contains('-') => {
            "DATE".to_owned()
        }
        word if word.len() == 8 && word.matches(':').count() == 2 => "TIME".to_owned(),
        // `Date` has whole seconds.
        "(1" | "(-1" => "(0".to_owned(),
        word if word.parse::<u128>().is_ok_and(|n| n > 99_999) => "SUM".to_owned(),
        word => word.to_owned(),
    };
    line.split(' ').map(shown).collect::<Vec<_>>().join(" ")
}

#[test]
fn passing_troubles_are_survived_and_nothing_is_loaded_twice() {
    let mut cloud = Cloud::new("rest", "parquet");
    let places = ["insertFiles", "insertReport", "/api/v2/statements"];
    let passes = |fault: &Fault, place: &str| match fault {
        Fault::Unauthorized
        | Fault::TooMany { .. }
        | Fault::Html(_)
        | Fault::Empty(_)
        | Fault::ResetBefore
        | Fault::ResetAfter
        | Fault::TruncatedJson
        | Fault::TruncatedBody
        | Fault::Slow { .. } => true,
        Fault::Accepted { .. } | Fault::TimedOut | Fault::Partitions { .. } => {
            place == "/api/v2/statements"
        }
        // What stays is in the next test; a call without an answer outlives no run (`cloud_kills.rs`).
        Fault::Status { .. } | Fault::Failed { .. } | Fault::CutOff | Fault::WrongRowCount => false,
        Fault::Hang | Fault::HangAfter => false,
        // What is larger than memory is in `bombs.rs`.
        Fault::Endless | Fault::Bomb { .. } => false,
    };
    let faults = [
        Fault::Unauthorized,
        Fault::TooMany { retry_after: None },
        Fault::TooMany { retry_after: Some(1) },
        Fault::Html(502),
        Fault::Empty(503),
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::TruncatedJson,
        Fault::TruncatedBody,
        Fault::Slow { chunk_size_bytes: 64, gap: Duration::from_millis(1) },
        Fault::Accepted { polls: 1 },
        Fault::TimedOut,
        Fault::Partitions { size: 1, is_unmarked: true },
    ];
    for fault in faults {
        for place in places.into_iter().filter(|place| passes(&fault, place)) {
            let (code, report) = trial(&mut cloud, |cloud| {
                cloud.snowflake.script(When::Path(place.to_owned()), 1, fault.clone());
            });
            assert_eq!(code, 0, "{fault:?} at {place}: {report:#}");
            assert_verified(&cloud, &report);
            assert_eq!(cloud.snowflake.unused_faults(), 0, "{fault:?} at {place}");
        }
    }
}

#[test]
fn troubles_that_stay_are_told_with_what_to_do_and_the_same_command_goes_on_when_they_are_gone() {
    let mut cloud = Cloud::new("rest", "parquet");
    let status =
        |code: u16, body: &str| Fault::Status { code, body: body.to_owned(), headers: Vec::new() };
    let failed = Fault::Failed {
        code: "000606".to_owned(),
        sql_state: "57P03".to_owned(),
        message: "No active warehouse selected in the current session.".to_owned(),
    };
    let statements = "/api/v2/statements";
    let troubles = [
        ("insertFiles", Fault::Unauthorized, 6),
        ("insertFiles", Fault::TooMany { retry_after: Some(3600) }, 8),
        ("insertFiles", status(403, r#"{"code":"390403","message":"no OPERATE"}"#), 6),
        ("insertFiles", status(404, r#"{"code":"390404","message":"not found"}"#), 6),
        ("insertFiles", status(400, r#"{"code":"390400","message":"STOPPED_CLONED"}"#), 6),
        (statements, failed, 6),
        (statements, Fault::CutOff, 6),
        (statements, Fault::WrongRowCount, 6),
        (statements, status(403, r#"{"code":"390422","message":"network policy"}"#), 6),
    ];
    let mut told = String::new();
    for (place, fault, code) in troubles {
        let (found, report) = trial(&mut cloud, |cloud| {
            cloud.snowflake.let_a_second_last(Duration::ZERO);
            let when = When::Path(place.to_owned());
            cloud.snowflake.script(when, usize::MAX, fault.clone());
        });
        writeln!(told, "{fault:?} at {place}: exit {found}\n  {}", words(&report)).unwrap();
        assert_eq!(found, code, "{fault:?} at {place}: {report:#}");
        cloud.snowflake.drop_scripts();
        let (code, again) = cloud.report(&SMALL);
        assert_eq!((code, &again["run_id"]), (0, &report["run_id"]), "{fault:?} at {place}");
        assert_verified(&cloud, &again);
    }
    insta::assert_snapshot!("troubles_that_stay", told);
}

#[test]
fn every_fault_of_a_load_has_its_verdict_and_exit_code_in_every_mode() {
    let wanted = |fault: &LoadFault| match fault {
        LoadFault::DropRow | LoadFault::CorruptValue | LoadFault::LoadTwice => (7, "mismatch"),
        LoadFault::Fail(_) => (7, "failed"),
        // The table itself vouches for what nobody reports.
        LoadFault::InParts(_) | LoadFault::ReportTwice => (0, "verified"),
        LoadFault::Unreported | LoadFault::LateReport(_) => (0, "verified"),
    };
    let faults = [
        LoadFault::DropRow,
        LoadFault::CorruptValue,
        LoadFault::LoadTwice,
        LoadFault::Fail("Numeric value 'x' is not recognized".to_owned()),
        LoadFault::InParts(1),
        LoadFault::Unreported,
        LoadFault::LateReport(Duration::from_secs(3600)),
        LoadFault::ReportTwice,
    ];
    let mut told = String::new();
    for (mode, count) in [("rest", faults.len()), ("copy", 4), ("auto", 4)] {
        let mut cloud = Cloud::new(mode, "parquet");
        // What reports do wrong is wrong only where there are any.
        for fault in &faults[..count] {
            let (code, report) = trial(&mut cloud, |cloud| {
                cloud.snowflake.script_load("raw/albums/", 1, fault.clone());
            });
            let verdict = report["verification"]["verdict"].as_str().unwrap();
            writeln!(told, "{fault:?} in mode {mode}: exit {code}\n  {}", words(&report)).unwrap();
            assert_eq!((code, verdict), wanted(fault), "{mode}, {fault:?}: {report:#}");
            assert_eq!(cloud.snowflake.unused_faults(), 0, "{mode}, {fault:?}");
        }
    }
    insta::assert_snapshot!("faults_of_a_load", told);
}

#[test]
fn every_state_of_a_pipe_has_its_exit_code_and_remedy() {
    let states = [
        ("RUNNING", 0),
        ("FAILING_OVER", 0),
        ("PAUSED", 8),
        ("READ_ONLY", 6),
        ("STOPPED_CLONED", 6),
        ("STOPPED_STAGE_ALTERED", 6),
        ("STOPPED_STAGE_DROPPED", 6),
        ("STOPPED_FILE_FORMAT_DROPPED", 6),
        ("STOPPED_NOTIFICATION_INTEGRATION_DROPPED", 6),
        ("STOPPED_MISSING_PIPE", 6),
        ("STOPPED_MISSING_TABLE", 6),
        ("STOPPED_FEATURE_DISABLED", 6),
        ("STOPPED_BY_SNOWFLAKE_ADMIN", 6),
        ("STALLED_COMPILATION_ERROR", 6),
        ("STALLED_INITIALIZATION_ERROR", 6),
        ("STALLED_EXECUTION_ERROR", 6),
        ("STALLED_INTERNAL_ERROR", 6),
        ("STALLED_STAGE_PERMISSION_ERROR", 6),
    ];
    // The mode in which the pipe is asked first.
    let mut cloud = Cloud::new("auto", "parquet");
    let pipe = "SPOTIFY.RAW.ALBUMS_PARQUET_AUTO_V1";
    let mut told = String::new();
    for (state, code) in states {
        let (found, report) = trial(&mut cloud, |cloud| {
            cloud.snowflake.set_pipe_state(pipe, PipeState::new(state, Some("the double's error")));
        });
        writeln!(told, "{state}: exit {found}\n  {}", words(&report)).unwrap();
        assert_eq!(found, code, "{state}: {report:#}");
        assert_eq!(cloud.landed("albums"), u64::from(code == 0), "{state}");
    }
    insta::assert_snapshot!("states_of_a_pipe", told);
}

#[test]
fn a_pipe_that_is_mended_gets_what_it_missed_by_the_same_command() {
    let mut cloud = Cloud::new("rest", "parquet");
    let pipe = "SPOTIFY.RAW.ALBUMS_PARQUET_REST_V1";
    // One that queued what it was told, and one that did not.
    for state in ["STALLED_EXECUTION_ERROR", "STOPPED_MISSING_TABLE"] {
        let (code, report) = trial(&mut cloud, |cloud| {
            cloud.snowflake.set_pipe_state(pipe, PipeState::new(state, None));
        });
        assert_eq!(code, 6, "{state}: {report:#}");
        cloud.snowflake.set_pipe_state(pipe, PipeState::new("RUNNING", None));
        let (code, again) = cloud.report(&SMALL);
        assert_eq!((code, &again["run_id"]), (0, &report["run_id"]), "{state}: {again:#}");
        assert_eq!(cloud.landed("albums"), 1, "{state}");
    }
}

#[test]
fn a_state_that_nobody_documented_is_pending_and_named() {
    let mut cloud = Cloud::new("rest", "parquet");
    cloud.empty();
    cloud.write_source();
    let pipe = "SPOTIFY.RAW.ALBUMS_PARQUET_REST_V1";
    cloud.snowflake.set_pipe_state(pipe, PipeState::new("MEDITATING", None));
    let mut command = cloud.command(&[&["--json", "run"], &SMALL[..]].concat());
    command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0");
    let (code, found) = report(&mut command);
    assert_eq!(code, 8, "{found:#}");
    assert!(found["error"].as_str().unwrap().contains("MEDITATING"), "{found:#}");
}

#[test]
fn every_fault_of_s3_is_survived_or_told_with_what_to_do() {
    let mut cloud = Cloud::new("rest", "parquet");
    let passes = |fault: &S3Fault| match fault {
        S3Fault::Reset | S3Fault::LostAnswer | S3Fault::CutAnswer | S3Fault::Damage => true,
        S3Fault::Answer { status, .. } => *status >= 500,
        // What is answered and not done has a table of its own (`s3_lies.rs`).
        S3Fault::Lie(_) | S3Fault::EndlessList { .. } => unreachable!("no trouble of a line"),
        // A call without an answer is killed in `cloud_kills.rs` and times out in `upload/refusals.rs`.
        S3Fault::Hang | S3Fault::HangAfter => unreachable!("the client would wait for its timeout"),
    };
    let faults = [
        S3Fault::Reset,
        S3Fault::LostAnswer,
        S3Fault::CutAnswer,
        S3Fault::Damage,
        S3Fault::slow_down(),
        S3Fault::answer(500, "InternalError", "We encountered an internal error."),
        S3Fault::answer(403, "AccessDenied", "no s3:PutObject"),
        S3Fault::answer(404, "NoSuchBucket", "The specified bucket does not exist"),
        S3Fault::answer(400, "ExpiredToken", "The provided token has expired."),
    ];
    let mut told = String::new();
    for fault in faults {
        let (found, report) =
            trial(&mut cloud, |cloud| cloud.s3.script(Op::Put, 1, 1, fault.clone()));
        writeln!(told, "{fault:?}: exit {found}\n  {}", words(&report)).unwrap();
        assert_eq!(found == 0, passes(&fault), "{fault:?}: {report:#}");
        let (code, again) = match found {
            0 => (0, report),
            _ => cloud.report(&SMALL),
        };
        assert_eq!(code, 0, "{fault:?}: {again:#}");
        assert_verified(&cloud, &again);
    }
    insta::assert_snapshot!("faults_of_s3", told);
}
