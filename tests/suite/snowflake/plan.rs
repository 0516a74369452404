//! `snowflake plan` and `apply`: what costs is compared, who may read is set up, and each thing is said once.

use serde_json::{Value, json};

use crate::support::cloud::{Cloud, SMALL, text};

const AS_ADMIN: [&str; 2] = ["--as-role", "ACCOUNTADMIN"];

fn plan(cloud: &Cloud, more: &[&str]) -> String {
    text(&cloud.run(&[&["snowflake", "plan"], &AS_ADMIN[..], more].concat()))
}

#[test]
fn an_empty_account_is_told_in_three_blocks_with_one_line_an_object() {
    let cloud = Cloud::bare("rest", "parquet");
    let said = plan(&cloud, &["--aws-role-arn", "arn:aws:iam::1:role/x"]);
    let blocks: Vec<&str> = said.split("\n\n").collect();
    assert_eq!(blocks.len(), 4, "{said}");
    for (block, title) in blocks[1..].iter().zip([
        "for an administrator of Snowflake",
        "for the loader's own role",
        "for an administrator of AWS",
    ]) {
        assert!(block.starts_with(title), "{block}");
    }
    // One warehouse, three schemas, two formats, one stage, eight each of three.
    for (kind, count) in [
        ("warehouse", 1),
        // The double begins with the loader's.
        ("role", 1),
        ("schema", 3),
        ("file format", 2),
        ("table", 8),
        ("pipe", 8),
        ("dynamic table", 8),
    ] {
        let begin = format!("  missing   {kind} ");
        let lines = said.lines().filter(|line| line.starts_with(&begin));
        assert_eq!(lines.count(), count, "{kind}: {said}");
    }
    assert!(!said.contains("create table"), "the statements are for `--sql`: {said}");
}

#[test]
fn what_apply_made_costs_no_more_than_it_says_and_what_differs_is_found() {
    let cloud = Cloud::new("rest", "parquet");
    let said = plan(&cloud, &[]);
    assert!(said.starts_with("0 to make or missing, 0 differ, "), "{said}");
    assert!(said.lines().nth(1).unwrap().contains("at target lag `1 hour`"), "{said}");
    let acceleration = cloud.snowflake.rows("show warehouses like 'SPOTIFY_WH'");
    assert!(acceleration[0].contains(&Some("false".to_owned())), "{acceleration:?}");
    let tables = cloud.snowflake.rows("show dynamic tables in schema SPOTIFY.CORE");
    assert_eq!(tables.len(), 8);
    for table in tables {
        for wanted in ["1 hour", "INCREMENTAL"] {
            assert!(table.contains(&Some(wanted.to_owned())), "{table:?}");
        }
    }
    cloud.snowflake.admin("alter warehouse SPOTIFY_WH set enable_query_acceleration = true");
    cloud.snowflake.admin("alter dynamic table SPOTIFY.CORE.ALBUMS set target_lag = '5 minutes'");
    cloud.snowflake.let_refresh_be("SPOTIFY.CORE.SONGS", "FULL", "change tracking is off");
    let said = plan(&cloud, &[]);
    assert!(said.starts_with("0 to make or missing, 3 differ, "), "{said}");
    for wanted in [
        "differs   warehouse SPOTIFY_WH: query acceleration: on -> off",
        "differs   dynamic table SPOTIFY.CORE.ALBUMS: target lag: 5 minutes -> 1 hour",
        "differs   dynamic table SPOTIFY.CORE.SONGS: refresh mode: full (change tracking is off) -> incremental",
        "fine      dynamic table SPOTIFY.CORE.ARTISTS: refresh incremental, lag 1 hour",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    // What the script says about it does it.
    let script = plan(&cloud, &["--sql"]);
    for line in script.lines().filter_map(|line| line.strip_prefix("-- by hand: alter ")) {
        cloud.snowflake.admin(&format!("alter {line}"));
    }
    cloud.snowflake.let_refresh_be("SPOTIFY.CORE.SONGS", "INCREMENTAL", "");
    assert!(plan(&cloud, &[]).starts_with("0 to make or missing, 0 differ, "));
}

#[test]
fn the_target_lag_is_a_setting() {
    let cloud = Cloud::new("rest", "parquet");
    let with_lag = |lag: &str| {
        let mut command =
            cloud.command(&["--json", "snowflake", "plan", "--as-role", "ACCOUNTADMIN"]);
        command.env("SNOWFLAKE_TARGET_LAG", lag).output().unwrap()
    };
    let document: Value = serde_json::from_slice(&with_lag("2 Minutes").stdout).unwrap();
    assert_eq!(document["cost"]["target_lag"], "2 minutes", "{document:#}");
    assert_eq!((&document["differing_count"], &document["is_settled"]), (&json!(8), &json!(false)));
    // 21,600 refreshes a month of 90 s each: 540 hours of an X-Small warehouse.
    assert_eq!(document["cost"]["credits_a_month_at_most"], 540.0);
    for wrong in ["now", "10 seconds", "1 hour; drop"] {
        let output = with_lag(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(text(&output).contains("SNOWFLAKE_TARGET_LAG"), "{}", text(&output));
    }
}

#[test]
fn apply_says_what_it_did_and_not_the_plan_again() {
    let cloud = Cloud::bare("rest", "parquet");
    let arn = ["--aws-role-arn", "arn:aws:iam::123456789012:role/snowflake"];
    let said = text(&cloud.run(&[&["snowflake", "apply"], &AS_ADMIN[..], &arn].concat()));
    let made = said.lines().filter(|line| line.starts_with("made: ")).count();
    let last = said.lines().last().unwrap();
    assert_eq!(said.lines().count(), made + 1, "{said}");
    assert!(last.starts_with("0 to make or missing, 0 differ, "), "{said}");
    let again = text(&cloud.run(&[&["snowflake", "apply"], &AS_ADMIN[..]].concat()));
    assert_eq!(again.trim(), last);
}

#[test]
fn the_reader_reads_current_rows_and_marts_now_and_later_and_nothing_else() {
    let mut cloud = Cloud::with("rest", "parquet", |config| {
        config.roles.push("SPOTIFY_READER".to_owned());
    });
    cloud.apply();
    let script = plan(&cloud, &["--sql"]);
    for wanted in [
        "\ncreate role if not exists SPOTIFY_READER;",
        "\ngrant usage on database SPOTIFY to role SPOTIFY_READER;",
        "\ngrant usage on schema SPOTIFY.CORE to role SPOTIFY_READER;",
        "\ngrant usage on schema SPOTIFY.MARTS to role SPOTIFY_READER;",
        "\ngrant select on all dynamic tables in schema SPOTIFY.CORE to role SPOTIFY_READER;",
        "\ngrant select on future views in schema SPOTIFY.MARTS to role SPOTIFY_READER;",
    ] {
        assert!(script.contains(wanted), "{wanted}\n{script}");
    }
    cloud.write_source();
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{report:#}");
    let grants = cloud.snowflake.rows("show grants to role SPOTIFY_READER");
    let on = |grant: &Vec<Option<String>>| {
        let cell = |at: usize| grant[at].clone().unwrap_or_default();
        format!("{} {} {}", cell(1), cell(2), cell(3))
    };
    let mut grants: Vec<String> = grants.iter().map(on).collect();
    grants.sort();
    let tables = crate::support::truth::TABLES.iter().chain(["song_observations"].iter());
    let mut wanted: Vec<String> = tables
        .map(|table| format!("SELECT DYNAMIC_TABLE SPOTIFY.CORE.{}", table.to_uppercase()))
        .collect();
    wanted.push("USAGE DATABASE SPOTIFY".to_owned());
    wanted.extend(["CORE", "MARTS"].map(|schema| format!("USAGE SCHEMA SPOTIFY.{schema}")));
    wanted.sort();
    assert_eq!(grants, wanted);
    // What dbt makes later is theirs as well.
    cloud.snowflake.admin("create table if not exists SPOTIFY.MARTS.LATER (id varchar)");
    let grants = cloud.snowflake.rows("show grants to role SPOTIFY_READER");
    assert!(grants.iter().map(on).any(|grant| grant == "SELECT TABLE SPOTIFY.MARTS.LATER"));
    assert!(plan(&cloud, &[]).starts_with("0 to make or missing, 0 differ, "));
    // An older table of whom nobody told it is missed.
    cloud.snowflake.admin("revoke select on table SPOTIFY.MARTS.LATER from role SPOTIFY_READER");
    let said = plan(&cloud, &[]);
    assert!(
        said.contains("missing   grant select on all tables in schema SPOTIFY.MARTS"),
        "{said}"
    );
    cloud.empty();
}

#[test]
fn a_new_account_has_dbts_descriptions_and_one_without_them_is_no_different() {
    let mut cloud = Cloud::with("rest", "parquet", |config| {
        config.roles.push("SPOTIFY_READER".to_owned());
    });
    // A table as an earlier version made it.
    let former = "create table if not exists SPOTIFY.RAW.GENRES (artist_id varchar not null, genre varchar not null, \
        run_id varchar not null, extracted_at timestamp_ntz(6) not null, row_hash number(20, 0) not null, \
        _file_name varchar not null, _file_row_number number(38, 0) not null, _loaded_at timestamp_ltz)";
    cloud.snowflake.admin("create schema if not exists SPOTIFY.RAW");
    cloud.snowflake.admin(former);
    cloud.apply();
    let comment = |table: &str, column: &str| {
        let rows = cloud.snowflake.rows(&format!("desc table SPOTIFY.{table}"));
        rows.into_iter().find(|row| row[0].as_deref() == Some(column)).unwrap()[9].clone()
    };
    let yml = include_str!("../../../dbt/models/staging/_spotify__sources.yml");
    let document: serde_json::Value = serde_yaml_ng::from_str(yml).unwrap();
    for table in document["sources"][0]["tables"].as_array().unwrap() {
        let name = table["name"].as_str().unwrap().to_uppercase();
        for column in table["columns"].as_array().unwrap() {
            let wanted = column["description"].as_str().unwrap();
            let column = column["name"].as_str().unwrap().to_uppercase();
            assert_eq!(
                comment(&format!("CORE.{name}"), &column).as_deref(),
                Some(wanted),
                "{name}.{column}"
            );
            let landed = comment(&format!("RAW.{name}"), &column);
            assert_eq!(
                landed.as_deref(),
                Some(wanted).filter(|_| name != "GENRES"),
                "{name}.{column}"
            );
        }
    }
    assert!(plan(&cloud, &[]).starts_with("0 to make or missing, 0 differ, "));
    cloud.empty();
}
