//! Cures that cure: what each verdict names is done as it stands there, and ends `verified`.

use serde_json::json;

use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_snowflake::LoadFault;
use crate::verdicts::{error_of, verify};

/// What stands between backticks and can be done: our own commands, and statements.
fn steps(message: &str) -> Vec<&str> {
    let quoted = message.split('`').skip(1).step_by(2);
    quoted.filter(|it| it.starts_with("snowtrack ") || it.starts_with("delete ")).collect()
}

/// Does what a message says, step by step, and what those steps say in their turn; how many there were.
fn follow(cloud: &Cloud, message: &str) -> usize {
    let mut count = 0;
    for step in steps(message) {
        count += 1;
        match step.strip_prefix("snowtrack ") {
            None => {
                cloud.snowflake.admin(step);
            }
            Some(command) => {
                let arguments: Vec<&str> = command.split(' ').collect();
                let output = cloud.run(&arguments);
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                if output.status.code() != Some(0) {
                    assert_eq!(output.status.code(), Some(7), "`{step}`: {}", text(&output));
                    assert!(count < 10, "it goes round in a circle: {said}");
                    count += follow(cloud, &said);
                }
            }
        }
    }
    count
}

const ANOTHER_KEY: &str = "9aB1cD2eF3gH4iJ5kL6mN9";

#[test]
fn the_cure_of_each_verdict_leads_to_verified() {
    type Spoil = fn(&Cloud);
    // What happens to the songs, before or after they are loaded; how many steps it takes to mend it.
    let cases: [(&str, &str, Spoil, Spoil, usize); 9] = [
        (
            "refused",
            "failed",
            |cloud| {
                let fault = LoadFault::Fail("NULL result".to_owned());
                cloud.snowflake.script_load("raw/songs/", 1, fault);
            },
            |_| {},
            1,
        ),
        (
            "changed in flight",
            "mismatch",
            |cloud| {
                cloud.snowflake.script_load("raw/songs/", 1, LoadFault::CorruptValue);
            },
            |_| {},
            1,
        ),
        (
            "lost a row in flight",
            "mismatch",
            |cloud| {
                cloud.snowflake.script_load("raw/songs/", 1, LoadFault::DropRow);
            },
            |_| {},
            1,
        ),
        (
            "loaded twice",
            "mismatch",
            |cloud| {
                cloud.snowflake.script_load("raw/songs/", 1, LoadFault::LoadTwice);
            },
            |_| {},
            1,
        ),
        (
            "deleted by hand",
            "mismatch",
            |_| {},
            |cloud| {
                cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
            },
            1,
        ),
        (
            "changed by hand",
            "mismatch",
            |_| {},
            |cloud| {
                cloud.snowflake.tamper("update SPOTIFY.RAW.SONGS set DURATION_MS = 1");
            },
            1,
        ),
        (
            "another hash",
            "mismatch",
            |_| {},
            |cloud| {
                cloud.snowflake.tamper("update SPOTIFY.RAW.SONGS set ROW_HASH = 1");
            },
            1,
        ),
        (
            "a row too many",
            "mismatch",
            |_| {},
            |cloud| {
                cloud.snowflake.tamper(&format!("insert into SPOTIFY.RAW.SONGS select * replace ('{ANOTHER_KEY}' as ID, 77 as _FILE_ROW_NUMBER) from SPOTIFY.RAW.SONGS"));
            },
            2,
        ),
        (
            "another key",
            "mismatch",
            |_| {},
            |cloud| {
                cloud
                    .snowflake
                    .tamper(&format!("update SPOTIFY.RAW.SONGS set ID = '{ANOTHER_KEY}'"));
            },
            3,
        ),
    ];
    for (name, state, before, after, count) in cases {
        let cloud = Cloud::small("rest", "parquet");
        before(&cloud);
        let (code, _) = cloud.report(&SMALL);
        assert!(matches!(code, 0 | 7), "{name}");
        after(&cloud);
        let (code, found) = verify(&cloud, &[]);
        assert_eq!(code, 7, "{name}: {found:#}");
        let files = found["files"].as_array().unwrap();
        let song = files.iter().find(|file| file["table"] == "songs").unwrap();
        assert_eq!(song["state"], state, "{name}");
        let message = error_of(&found);
        assert_eq!(follow(&cloud, message), count, "{name}: {message}");
        let (code, mended) = verify(&cloud, &[]);
        assert_eq!((code, &mended["status"]), (0, &json!("verified")), "{name}: {mended:#}");
        let (code, all) = verify(&cloud, &["--all"]);
        assert_eq!((code, &all["status"]), (0, &json!("verified")), "{name}: {all:#}");
        assert_eq!(cloud.report(&SMALL).1["status"], "unchanged", "{name}");
        let same = cloud.run(&["reconcile"]);
        assert_eq!(same.status.code(), Some(0), "{name}: {}", text(&same));
    }
}

#[test]
fn a_row_that_is_newer_in_snowflake_is_not_written_over_without_force() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    // Another warehouse file ships to the same tables.
    cloud.snowflake.tamper("insert into SPOTIFY.RAW.ARTISTS select * replace ('Newer' as NAME, EXTRACTED_AT + interval 1 millisecond as EXTRACTED_AT, 'other.parquet' as _FILE_NAME) from SPOTIFY.RAW.ARTISTS");
    cloud.snowflake.tamper("update SPOTIFY.RAW.ALBUMS set NAME = 'Changed'");
    let output = cloud.run(&["reconcile", "--repair"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("mended 1 row\n"), "{said}");
    assert!(
        said.trim_end().ends_with("only `snowtrack reconcile --repair --force` writes over"),
        "{said}"
    );
    assert_eq!((cloud.landed("artists"), cloud.landed("albums")), (2, 2), "no artist was shipped");
    // Nothing else is left, so nothing is shipped at all.
    let output = cloud.run(&["reconcile", "artists", "--repair"]);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output));
    assert_eq!(cloud.landed("artists"), 2);
    assert_eq!(cloud.run(&["reconcile", "--force"]).status.code(), Some(2));
    let output = cloud.run(&["reconcile", "artists", "--repair", "--force"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(cloud.landed("artists"), 3);
}

#[test]
fn rows_that_only_snowflake_has_are_told_with_the_statement_that_deletes_them() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    for (table, change) in [
        ("ARTISTS", "'it''s' as ID"),
        ("SONG_OBSERVATIONS", "date '2020-01-02' as OBSERVED_ON"),
        ("PLAYLIST_SONGS", "5 as POSITION"),
        // A whole group: of a group that DuckDB has, another shipment takes the row away.
        ("GENRES", "'gone' as ARTIST_ID"),
    ] {
        cloud.snowflake.tamper(&format!("insert into SPOTIFY.RAW.{table} select * replace ({change}, 'x' as _FILE_NAME) from SPOTIFY.RAW.{table}"));
    }
    let output = cloud.run(&["reconcile", "--repair"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(7), "{}", text(&output));
    let deletions: Vec<&str> =
        steps(&error).into_iter().filter(|it| it.starts_with("delete from SPOTIFY.RAW.")).collect();
    assert_eq!(deletions.len(), 4, "{error}");
    assert!(!text(&output).contains("`--repair` ships"), "{}", text(&output));
    for statement in deletions {
        cloud.snowflake.admin(statement);
    }
    let output = cloud.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(
        (cloud.landed("artists"), cloud.landed("playlist_songs")),
        (1, 1),
        "and no other row"
    );
}

#[test]
fn what_a_difference_means_is_said_once_for_each_kind() {
    let cloud = Cloud::new("rest", "parquet");
    assert_eq!(cloud.report(&["--demo"]).0, 0);
    cloud.snowflake.tamper("update SPOTIFY.RAW.ARTISTS set NAME = 'Changed'");
    cloud.snowflake.tamper("update SPOTIFY.RAW.ALBUMS set NAME = 'Changed'");
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    let output = cloud.run(&["reconcile"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(7), "{said}");
    for sentence in ["somebody changed it in Snowflake", "never arrived, or was deleted"] {
        assert_eq!(said.matches(sentence).count(), 1, "{sentence}: {said}");
    }
}
