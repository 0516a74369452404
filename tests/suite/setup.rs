//! The setup on the command line, as three people see it: an administrator, the loader, and who changes the mode.

use std::collections::BTreeSet;

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

/// The S3 actions that a text names.
fn actions(text: &str) -> BTreeSet<String> {
    let named = text.split("s3:").skip(1);
    let words = named.map(|rest| rest.chars().take_while(char::is_ascii_alphabetic).collect());
    words.filter(|word: &String| word.len() > 2 && word != "ObjectCreated").collect()
}

#[test]
fn what_the_upload_may_be_refused_is_what_plan_and_readme_ask_aws_for() {
    let cloud = Cloud::new("rest", "parquet");
    let plan = text(&cloud.run(&["snowflake", "plan"]));
    let section = |title: &str| {
        let rest = plan.split(title).nth(1).unwrap_or_else(|| panic!("no {title} in {plan}"));
        rest.split("\n--").next().unwrap().to_owned()
    };
    let uploader = actions(&section("-- IAM policy of whoever runs snowtrack"));
    let calls = concat!(
        include_str!("../../src/lake/store.rs"),
        include_str!("../../src/lake/store/listing.rs"),
    );
    let needed: BTreeSet<String> = calls
        .split("\"s3:")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .filter(|action| action.chars().all(|c| c.is_ascii_alphabetic()))
        .collect();
    assert_eq!(uploader, needed);
    let readme = include_str!("../../README.md");
    let row = |who: &str| actions(readme.lines().find(|line| line.starts_with(who)).unwrap());
    assert_eq!(row("| snowtrack's AWS identity"), uploader);
    let snowflake = actions(&section("-- IAM policy of the role that Snowflake assumes"))
        .into_iter()
        .filter(|word| word != "prefix")
        .collect();
    assert_eq!(row("| the AWS role that Snowflake assumes"), snowflake);
    assert!(section("-- the bucket's lifecycle rule").contains("AbortIncompleteMultipartUpload"));
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
