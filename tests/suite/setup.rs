//! The setup on the command line, as three people see it: an administrator, the loader, and who changes the mode.

use crate::support::cloud::{Cloud, text};

#[test]
fn what_apply_made_is_settled_for_the_admin_and_for_the_loader_in_every_mode_and_format() {
    for (mode, format) in
        [("rest", "parquet"), ("rest", "csv"), ("auto", "parquet"), ("copy", "parquet")]
    {
        let cloud = Cloud::new(mode, format);
        let as_admin = ["snowflake", "plan", "--as-role", "ACCOUNTADMIN"];
        for arguments in [&as_admin[..], &["snowflake", "plan"]] {
            let output = cloud.run(arguments);
            let said = text(&output);
            let first = said.lines().next().unwrap_or_default().to_owned();
            // Nothing stands before the count: nothing is missing, different, in conflict or hidden.
            let is_count = first.starts_with("-- ") && first.ends_with(" are as they shall be");
            assert!(is_count, "{mode} {format} {arguments:?}:\n{said}");
            let words: Vec<&str> = first.split_whitespace().collect();
            assert_eq!(words[1], words[3], "{first}");
            assert!(said.contains("sts:ExternalId"), "{said}");
            assert_eq!(said.contains("QueueConfigurations"), mode == "auto", "{said}");
        }
    }
}

#[test]
fn a_loader_alone_is_told_what_to_ask_an_admin_for() {
    let cloud = Cloud::bare("rest", "parquet");
    cloud.snowflake.admin("create role if not exists SPOTIFY_LOADER");
    let output = cloud.run(&["snowflake", "apply", "--aws-role-arn", "arn:aws:iam::1:role/x"]);
    let said = text(&output);
    assert!(!output.status.success(), "{said}");
    for wanted in ["warehouse SPOTIFY_WH", "database SPOTIFY", "storage integration SPOTIFY_S3"] {
        assert!(said.contains(&format!("-- ask an admin: {wanted}")), "{wanted}\n{said}");
    }
    assert!(!said.contains("-- made:"), "{said}");
    assert!(said.contains("create database if not exists SPOTIFY;"), "{said}");
}

#[test]
fn pipes_of_another_mode_are_a_conflict_and_none_is_made_beside_them() {
    let cloud = Cloud::new("rest", "parquet");
    let as_auto = |what: &str| {
        let mut command = cloud.command(&["snowflake", what, "--as-role", "ACCOUNTADMIN"]);
        text(&command.env("SNOWFLAKE_INGEST", "auto").output().unwrap())
    };
    let plan = as_auto("plan");
    let other = "SPOTIFY.RAW.SONGS_PARQUET_REST_V1";
    assert!(plan.contains(&format!("-- conflict: pipe {other} reads s3://")), "{plan}");
    let applied = as_auto("apply");
    assert!(
        applied.contains(&format!(
            "-- not made: pipe SPOTIFY.RAW.SONGS_PARQUET_AUTO_V1: pipe {other}"
        )),
        "{applied}"
    );
    let pipes = cloud.snowflake.rows("show pipes in schema SPOTIFY.RAW");
    assert_eq!(pipes.len(), 8);
}
