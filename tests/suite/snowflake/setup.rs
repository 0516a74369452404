//! The setup on the command line, as three people see it: an administrator, the loader, and who changes the mode.

use std::collections::BTreeSet;

use crate::doubles::snowflake::setup::{required, required_of};
use crate::support::TABLES;
use crate::support::cloud::{Cloud, SMALL, text};

#[test]
fn what_apply_made_is_settled_for_the_admin_and_for_the_loader_in_every_mode_and_format() {
    for (mode, format) in
        [("rest", "parquet"), ("rest", "csv"), ("auto", "parquet"), ("copy", "parquet")]
    {
        let cloud = Cloud::new(mode, format);
        for table in TABLES {
            assert_eq!(required(&cloud.snowflake, table), required_of(table), "{table}");
        }
        let as_admin = ["snowflake", "plan", "--as-role", "ACCOUNTADMIN"];
        for arguments in [&as_admin[..], &["snowflake", "plan"]] {
            let output = cloud.run(arguments);
            let said = text(&output);
            let first = said.lines().next().unwrap_or_default().to_owned();
            // Nothing is missing, different, in conflict or hidden.
            let is_settled = first.starts_with("0 to make or missing, 0 differ, ");
            assert!(
                is_settled && first.ends_with(" fine"),
                "{mode} {format} {arguments:?}:\n{said}"
            );
            cloud.run(&[arguments, &["--aws", "aws"]].concat());
            let written = |name: &str| std::fs::read_to_string(cloud.world.path("aws").join(name));
            let trust = written("snowflake-role-trust-policy.json").unwrap();
            assert!(trust.contains("sts:ExternalId"), "{trust}");
            let notification = written("bucket-notification.json");
            assert_eq!(notification.is_ok(), mode == "auto");
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
    let said = text(&cloud.run(&["snowflake", "plan", "--aws", "aws"]));
    let section = |name: &str| {
        assert!(said.contains(&format!("wrote aws/{name}")), "{said}");
        std::fs::read_to_string(cloud.world.path("aws").join(name)).unwrap()
    };
    let uploader = actions(&section("uploader-policy.json"));
    let calls = concat!(
        include_str!("../../../src/lake/store/mod.rs"),
        include_str!("../../../src/lake/store/listing.rs"),
    );
    let needed: BTreeSet<String> = calls
        .split("\"s3:")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .filter(|action| action.chars().all(|c| c.is_ascii_alphabetic()))
        .collect();
    assert_eq!(uploader, needed);
    let rights = include_str!("../../../docs/operator.md");
    let row = |who: &str| actions(rights.lines().find(|line| line.starts_with(who)).unwrap());
    assert_eq!(row("| snowtrack's AWS identity"), uploader);
    let snowflake = actions(&section("snowflake-role-policy.json"))
        .into_iter()
        .filter(|word| word != "prefix")
        .collect();
    assert_eq!(row("| the AWS role that Snowflake assumes"), snowflake);
    assert!(section("bucket-lifecycle.json").contains("AbortIncompleteMultipartUpload"));
}

#[test]
fn a_loader_alone_is_told_what_to_ask_an_admin_for() {
    let cloud = Cloud::bare("rest", "parquet");
    cloud.snowflake.admin("create role if not exists SPOTIFY_LOADER");
    let output = cloud.run(&["snowflake", "apply", "--aws-role-arn", "arn:aws:iam::1:role/x"]);
    let said = text(&output);
    assert!(!output.status.success(), "{said}");
    for wanted in ["warehouse SPOTIFY_WH", "database SPOTIFY", "storage integration SPOTIFY_S3"] {
        assert!(said.contains(&format!("ask an admin: {wanted}")), "{wanted}\n{said}");
    }
    assert!(!said.contains("\nmade: role"), "{said}");
    assert!(
        !said.contains("create database") && said.contains("plan` shows what is left"),
        "{said}"
    );
    let script = text(&cloud.run(&["snowflake", "plan", "--sql"]));
    assert!(script.contains("\ncreate database if not exists SPOTIFY;"), "{script}");
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
    assert!(plan.contains(&format!("conflict  pipe {other} reads s3://")), "{plan}");
    let applied = as_auto("apply");
    assert!(
        applied.contains("not made: 8 pipes, because others read their folders")
            && applied.contains(other),
        "{applied}"
    );
    let pipes = cloud.snowflake.rows("show pipes in schema SPOTIFY.RAW");
    assert_eq!(pipes.len(), 8);
}

#[test]
fn who_runs_before_the_setup_is_told_where_it_begins() {
    for ingest in ["rest", "auto", "copy"] {
        let cloud = Cloud::bare(ingest, "parquet");
        for command in [&["run", "--demo"][..], &["doctor"]] {
            let output = cloud.run(command);
            let said = text(&output);
            // Without a pipe nothing is shipped; a `COPY` needs none.
            let is_refused = ingest != "copy" && command[0] == "run";
            let code = if is_refused { 2 } else { 6 };
            assert_eq!(output.status.code(), Some(code), "{ingest} {command:?}: {said}");
            assert!(said.contains("`snowtrack snowflake plan`"), "{ingest} {command:?}: {said}");
        }
    }
}

#[test]
fn what_apply_could_not_make_is_a_line_each() {
    let cloud = Cloud::bare("rest", "parquet");
    let output = cloud.run(&["snowflake", "apply"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let starts = ["made: ", "ask an admin: ", "not made: "];
    let lines: Vec<&str> = said.lines().collect();
    let (counts, items) = lines.split_last().unwrap();
    assert!(items.len() > 4 && counts.contains(" fine"), "{said}");
    for line in items {
        assert!(starts.iter().any(|start| line.starts_with(start)), "{line}");
    }
}

/// What lies in a database that only an administrator makes is no cause of its own.
#[test]
fn on_an_empty_account_each_cause_is_a_line_and_what_follows_from_them_is_one() {
    let cloud = Cloud::bare("rest", "parquet");
    let output = cloud.run(&["snowflake", "apply"]);
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(6), "{said}");
    let causes = ["role SPOTIFY_READER", "warehouse SPOTIFY_WH", "database SPOTIFY"];
    for cause in causes {
        assert_eq!(said.matches(&format!("ask an admin: {cause}: ")).count(), 1, "{cause}: {said}");
    }
    assert!(said.lines().count() < 12 && !said.contains("schema"), "{said}");
    let follows = said.lines().find(|line| line.contains("rights on these")).expect(&said);
    let command = "`snowtrack snowflake apply --as-role ACCOUNTADMIN --aws-role-arn ARN`";
    assert!(follows.starts_with("not made: ") && follows.contains(command), "{follows}");
    // Each of them is counted, there or in a line of its own.
    let others: usize = follows["not made: ".len()..].split(' ').next().unwrap().parse().unwrap();
    let left: usize = said.lines().last().unwrap().split(' ').next().unwrap().parse().unwrap();
    let told = said
        .lines()
        .filter(|line| line.starts_with("ask") || line.starts_with("not made: storage"));
    assert_eq!(told.count() + others, left, "{said}");
}

/// The least that the loader needs is no right to make anything: what is gone is made again by the owner, and that is what is said.
#[test]
fn what_an_administrator_made_its_owner_makes_again_and_every_message_says_so() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.admin("drop table SPOTIFY.RAW.ARTISTS");
    cloud.snowflake.admin("drop pipe SPOTIFY.RAW.GENRES_PARQUET_REST_V1");
    // Snowflake lets nobody make objects in a schema that is not theirs.
    let denied = cloud.run(&["snowflake", "apply"]);
    let said = text(&denied);
    assert_eq!(denied.status.code(), Some(6), "{said}");
    for name in ["table SPOTIFY.RAW.ARTISTS: ", "pipe SPOTIFY.RAW.GENRES_PARQUET_REST_V1: "] {
        assert!(said.contains(&format!("not made: {name}")), "{said}");
    }
    assert!(!said.contains("grant"), "what cannot be granted on what is not there: {said}");
    let plan = text(&cloud.run(&["snowflake", "plan"]));
    assert!(plan.contains("for ACCOUNTADMIN, who owns the schemas: "), "{plan}");
    let command = "`snowtrack snowflake apply --as-role ACCOUNTADMIN` makes what is missing";
    let doctor = text(&cloud.run(&["doctor"]));
    assert!(doctor.contains(command), "{doctor}");
    for said in [plan, doctor] {
        assert!(!said.contains("`snowtrack snowflake apply`"), "the loader cannot: {said}");
    }
    let applied = cloud.run(&["snowflake", "apply", "--as-role", "ACCOUNTADMIN"]);
    assert_eq!(applied.status.code(), Some(0), "{}", text(&applied));
    let (code, full) = cloud.report(&["--from-dir", "in", "--full"]);
    let ended = (code, full["status"].as_str());
    assert_eq!(ended, (0, Some("verified")), "{}", full["error"]);
    let well = cloud.run(&["doctor"]);
    assert_eq!(well.status.code(), Some(0), "{}", text(&well));
}

/// A stage that is made again under its name is another one: the pipes are bound to the one that is gone.
#[test]
fn pipes_of_a_stage_that_is_gone_are_made_again_by_one_script() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.admin("drop stage SPOTIFY.RAW.SPOTIFY_S3_STAGE");
    // The stage comes back; the setup is not complete by that.
    let applied = cloud.run(&["snowflake", "apply", "--as-role", "ACCOUNTADMIN"]);
    assert_eq!(applied.status.code(), Some(6), "{}", text(&applied));
    let drops = TABLES
        .map(|table| format!("drop pipe SPOTIFY.RAW.{}_PARQUET_REST_V1;", table.to_uppercase()));
    let plan = text(&cloud.run(&["snowflake", "plan"]));
    assert!(plan.starts_with("0 to make or missing, 8 differ, "), "{plan}");
    let pipes = cloud.run(&["snowflake", "pipes"]);
    assert_eq!(pipes.status.code(), Some(6), "{}", text(&pipes));
    for said in [text(&cloud.run(&["snowflake", "plan", "--sql"])), text(&pipes)] {
        for drop in &drops {
            assert!(said.contains(drop), "{drop}\n{said}");
        }
    }
    drops.iter().for_each(|drop| cloud.snowflake.admin(drop.trim_end_matches(';')));
    cloud.apply();
    let plan = text(&cloud.run(&["snowflake", "plan"]));
    assert!(plan.starts_with("0 to make or missing, 0 differ, "), "{plan}");
    let (code, full) = cloud.report(&["--from-dir", "in", "--full"]);
    assert_eq!((code, full["status"].as_str()), (0, Some("verified")), "{full:#}");
}
