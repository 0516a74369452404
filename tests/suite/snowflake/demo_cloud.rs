//! The production path as a show, on this machine alone: `make demo-cloud`.
#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::process::Output;

use crate::support::cloud::{Cloud, text};
use crate::support::fake_snowflake::LoadFault;

/// Says what is run, runs it and shows what it prints.
fn show(cloud: &Cloud, arguments: &[&str]) -> Output {
    println!("\n$ snowtrack {}", arguments.join(" "));
    let output = cloud.run(arguments);
    for line in text(&output).lines() {
        println!("  {line}");
    }
    println!("  [exit {}]", output.status.code().unwrap());
    output
}

fn headline(text: &str) {
    println!("\n== {text}");
}

#[test]
#[ignore = "a show for people: `make demo-cloud`"]
fn from_nothing_to_verified_and_a_corrupted_load_caught() {
    println!("\nA real S3 server and a strict double of Snowflake, both on this machine.");
    for mode in ["rest", "auto", "copy"] {
        headline(&format!(
            "SNOWFLAKE_INGEST={mode}: an account with nothing in it, set up and loaded"
        ));
        let cloud = Cloud::new(mode, "parquet");
        let output = show(&cloud, &["run", "--demo"]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output).contains("verified: all"), "{}", text(&output));
        if mode == "rest" {
            show(&cloud, &["snowflake", "pipes"]);
            show(&cloud, &["reconcile"]);
        }
    }

    headline("one value of one song is changed on its way, every count stays right");
    let cloud = Cloud::new("rest", "parquet");
    cloud.snowflake.script_load("raw/songs/", 1, LoadFault::CorruptValue);
    let output = show(&cloud, &["run", "--demo"]);
    assert_eq!(output.status.code(), Some(7));
    let said = text(&output);
    assert!(said.contains("raw/songs/") && said.contains("sent was"), "{said}");

    headline("which row it is, and how it is mended");
    assert_eq!(show(&cloud, &["reconcile", "songs"]).status.code(), Some(7));
    show(&cloud, &["reconcile", "songs", "--repair"]);
    assert_eq!(show(&cloud, &["reconcile"]).status.code(), Some(0));
}
