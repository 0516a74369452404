//! An account that nobody reaches: the verification says so at once, and its own end bounds every wait.

use std::net::TcpListener;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::cloud::{Cloud, SMALL, text};

/// A second of patience, ten for an answer that is on its way, and what a slow machine needs beside; far less than one call's own
/// patience (90 s for an answer, and seven tries).
const SOON: Duration = Duration::from_secs(30);

/// Asks with one second of patience at another address.
fn verify(cloud: &Cloud, url: &str, arguments: &[&str]) -> Output {
    let mut command = cloud.command(&[&["verify"], arguments].concat());
    command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "1").env("SNOWFLAKE_URL", url);
    let began = Instant::now();
    let output = command.output().unwrap();
    assert!(began.elapsed() < SOON, "{:?}: {}", began.elapsed(), text(&output));
    output
}

#[test]
fn a_verification_without_an_account_ends_at_its_end_and_names_host_and_cause() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    // It takes connections and never answers; the other one is no longer there.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (address, cause) in [
        (closed, "it refuses the connection"),
        (silent.local_addr().unwrap(), "no answer came in time"),
    ] {
        let url = format!("http://{address}");
        let output = verify(&cloud, &url, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(6), "{said}");
        let (before, error) = said.split_once("error: Snowflake failed").unwrap();
        assert!(before.contains(&address.to_string()) && before.contains(" until "), "{said}");
        assert!(error.contains("127.0.0.1") && error.contains(cause), "{said}");
        assert!(error.contains("see whether"), "{said}");
        let output = verify(&cloud, &url, &["--json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["verification"]["verdict"], "pending", "{report:#}");
    }
    // What is waited for, and until when, is said before the end.
    let output = verify(&cloud, &format!("http://{closed}"), &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let told = said.lines().next().unwrap();
    assert!(told.contains("Snowflake does not answer, it is asked again until "), "{said}");
    assert!(told.contains(&format!("UTC: `{closed}`: it refuses the connection")), "{said}");
    assert_eq!(said.matches("does not answer").count(), 1, "{said}");
    let (code, report) = cloud.report(&SMALL);
    assert_eq!((code, &report["status"]), (0, &Value::from("unchanged")), "{report:#}");
}
