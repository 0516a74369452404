//! Cures that cure: what each verdict names is done as it stands there, and ends `verified`.

use serde_json::json;

use crate::snowflake::verdicts::{error_of, id_of, states_of, status, verify};
use crate::support::World;
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_snowflake::{Fault, LoadFault, When};

/// What stands between backticks and can be done: our own commands, and statements.
fn steps(message: &str) -> Vec<&str> {
    let quoted = message.split('`').skip(1).step_by(2);
    quoted
        .filter(|it| {
            (it.starts_with("snowtrack ") && *it != "snowtrack snowflake plan")
                || it.starts_with("delete ")
        })
        .collect()
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

/// What happens to the songs.
enum Spoil {
    InFlight(LoadFault),
    ByHand(&'static str),
}

/// What happens, the state of the file then, and how many steps it takes to mend it.
fn cases() -> Vec<(&'static str, Spoil, &'static str, usize)> {
    use Spoil::{ByHand, InFlight};
    let refused = LoadFault::Fail("NULL result".to_owned());
    vec![
        ("refused", InFlight(refused), "failed", 1),
        ("changed in flight", InFlight(LoadFault::CorruptValue), "mismatch", 1),
        ("lost in flight", InFlight(LoadFault::DropRow), "mismatch", 1),
        ("loaded twice", InFlight(LoadFault::LoadTwice), "mismatch", 1),
        ("deleted", ByHand("delete from SPOTIFY.RAW.SONGS"), "mismatch", 1),
        ("changed", ByHand("update SPOTIFY.RAW.SONGS set DURATION_MS = 1"), "mismatch", 1),
        ("another hash", ByHand("update SPOTIFY.RAW.SONGS set ROW_HASH = 1"), "mismatch", 1),
        ("another time", ByHand(ANOTHER_TIME), "mismatch", 2),
        ("a row too many", ByHand(ONE_MORE), "mismatch", 2),
        ("another key", ByHand(ANOTHER_KEY), "mismatch", 3),
    ]
}

const ONE_MORE: &str = "insert into SPOTIFY.RAW.SONGS select * replace ('9aB1cD2eF3gH4iJ5kL6mN9' as ID, 77 as _FILE_ROW_NUMBER) from SPOTIFY.RAW.SONGS";
const ANOTHER_TIME: &str =
    "update SPOTIFY.RAW.SONGS set EXTRACTED_AT = EXTRACTED_AT + interval 1 hour";
const ANOTHER_KEY: &str = "update SPOTIFY.RAW.SONGS set ID = '9aB1cD2eF3gH4iJ5kL6mN9'";

#[test]
fn the_cure_of_each_verdict_leads_to_verified() {
    for (name, spoil, state, count) in cases() {
        let cloud = Cloud::small("rest", "parquet");
        match spoil {
            Spoil::InFlight(fault) => {
                cloud.snowflake.script_load("raw/songs/", 1, fault);
                assert_eq!(cloud.report(&SMALL).0, 7, "{name}");
            }
            Spoil::ByHand(sql) => {
                assert_eq!(cloud.report(&SMALL).0, 0, "{name}");
                cloud.snowflake.tamper(sql);
            }
        }
        let (code, found) = verify(&cloud, &[]);
        assert_eq!(code, 7, "{name}: {found:#}");
        assert_eq!(states_of(&found, "songs"), [state], "{name}");
        let message = error_of(&found);
        assert_eq!(follow(&cloud, message), count, "{name}: {message}");
        for arguments in [&[][..], &["--all"]] {
            let (code, mended) = verify(&cloud, arguments);
            assert_eq!((code, &mended["status"]), (0, &json!("verified")), "{name}: {mended:#}");
        }
        assert_eq!(cloud.report(&SMALL).1["status"], "unchanged", "{name}");
        let same = cloud.run(&["reconcile"]);
        assert_eq!(same.status.code(), Some(0), "{name}: {}", text(&same));
    }
}

/// Four tables are wrong in four ways: the message names all of them, and its steps mend all of them.
#[test]
fn several_wrong_tables_are_all_named_and_one_command_mends_them() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    cloud.snowflake.tamper("update SPOTIFY.RAW.ALBUMS set NAME = 'Changed'");
    cloud.snowflake.tamper("insert into SPOTIFY.RAW.ARTISTS select * replace ('9aB1cD2eF3gH4iJ5kL6mN9' as ID, 77 as _FILE_ROW_NUMBER) from SPOTIFY.RAW.ARTISTS");
    cloud.snowflake.tamper("insert into SPOTIFY.RAW.GENRES select * from SPOTIFY.RAW.GENRES");
    let (code, found) = verify(&cloud, &[]);
    assert_eq!(code, 7, "{found:#}");
    let message = error_of(&found);
    assert!(message.contains("wrong in `albums`, `artists`, `songs` and `genres`"), "{message}");
    assert!(
        message.contains("`snowtrack reconcile albums artists songs genres --repair`"),
        "{message}"
    );
    let count = follow(&cloud, message);
    // The delete, the repair, and what `reconcile` says of the row that is no file's any more.
    assert_eq!(count, 2, "{message}");
    for arguments in [&[][..], &["--all"]] {
        let (code, mended) = verify(&cloud, arguments);
        assert_eq!((code, &mended["status"]), (0, &json!("verified")), "{mended:#}");
    }
    assert_eq!(cloud.report(&SMALL).1["status"], "unchanged");
}

#[test]
fn a_row_from_the_future_is_told_with_the_statement_that_lets_the_same_command_mend_it() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    // A plain table, and one whose newest group is the current one.
    for table in ["ARTISTS", "SONG_ARTISTS"] {
        cloud.snowflake.tamper(&format!("insert into SPOTIFY.RAW.{table} select * replace ('other' as ARTIST, EXTRACTED_AT + interval 9 day as EXTRACTED_AT, 'other.parquet' as _FILE_NAME) from SPOTIFY.RAW.{table}").replace("'other' as ARTIST", if table == "ARTISTS" { "'Later' as NAME" } else { "'9aB1cD2eF3gH4iJ5kL6mN9' as ARTIST_ID" }));
    }
    for command in [
        &["reconcile", "--repair"][..],
        &["reconcile", "--repair", "--force"],
        &["reconcile", "artists", "song_artists"],
    ] {
        let output = cloud.run(command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(7), "{said}");
        assert!(!said.contains("writes over"), "it cannot: {said}");
        assert_eq!(steps(&said).iter().filter(|it| it.starts_with("delete ")).count(), 2, "{said}");
        assert_eq!((cloud.landed("artists"), cloud.landed("song_artists")), (2, 2), "{said}");
    }
    let output = cloud.run(&["reconcile", "--repair", "--force"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let deletions: Vec<&str> =
        steps(&said).into_iter().filter(|it| it.starts_with("delete ")).collect();
    for statement in deletions {
        cloud.snowflake.admin(statement);
    }
    assert_eq!((cloud.landed("artists"), cloud.landed("song_artists")), (1, 1), "no other row");
    let output = cloud.run(&["reconcile", "--repair", "--force"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

/// The row of our own file was moved into the future: after the statement the same command ships it again.
#[test]
fn our_own_row_that_was_moved_into_the_future_comes_back_by_the_same_command() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.tamper("update SPOTIFY.RAW.ALBUMS set NAME = 'Later', EXTRACTED_AT = EXTRACTED_AT + interval 9 day");
    let command = ["reconcile", "albums", "--repair", "--force"];
    let output = cloud.run(&command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert_eq!(steps(&said), [steps(&said)[0], "snowtrack reconcile albums --repair"], "{said}");
    assert_eq!(follow(&cloud, &said), 2, "{said}");
    let output = cloud.run(&command);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    // The file that the row stood in is settled with it.
    let (code, mended) = verify(&cloud, &["--all"]);
    assert_eq!((code, &mended["status"]), (0, &json!("verified")), "{mended:#}");
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
    assert!(text(&output).contains("error: 1 row differs: "), "{}", text(&output));
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
    assert_eq!(error.matches("cannot be mended from here").count(), 1, "{error}");
    let who = "the tables' owner or ACCOUNTADMIN may run them (the loader's role `";
    assert_eq!(error.matches(who).count(), 1, "{error}");
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
    for sentence in ["somebody changed them in Snowflake", "never arrived, or were deleted"] {
        assert_eq!(said.matches(sentence).count(), 1, "{sentence}: {said}");
    }
}

/// Takes away the artist of the demo whose id is the `nth` in order.
fn delete_artist(cloud: &Cloud, nth: u32) {
    let ids = format!("select ID from SPOTIFY.RAW.ARTISTS order by ID limit 1 offset {nth}");
    cloud.snowflake.tamper(&format!("delete from SPOTIFY.RAW.ARTISTS where ID in ({ids})"));
}

/// An account in which one of the demo's artists was repaired, so that the file of all of them is settled; with the first run's id.
fn repaired() -> (Cloud, String) {
    let cloud = Cloud::small("copy", "parquet");
    let (code, first) = cloud.report(&["--demo"]);
    assert_eq!(code, 0, "{first:#}");
    delete_artist(&cloud, 0);
    assert_eq!(verify(&cloud, &[]).0, 7);
    let output = cloud.run(&["reconcile", "artists", "--repair"]);
    assert!(output.status.success(), "{}", text(&output));
    (cloud, first["run_id"].as_str().unwrap().to_owned())
}

/// Nobody verified before the repair: the ledger holds the file that the rows were deleted of for proven.
#[test]
fn a_repair_settles_the_proven_files_that_it_makes_incomplete() {
    let cloud = Cloud::small("copy", "parquet");
    assert_eq!(cloud.report(&["--demo"]).0, 0);
    for spoil in [
        "delete from SPOTIFY.RAW.ARTISTS where ID in (select min(ID) from SPOTIFY.RAW.ARTISTS)",
        "update SPOTIFY.RAW.ARTISTS set NAME = 'Changed' where ID in (select max(ID) from SPOTIFY.RAW.ARTISTS)",
        "update SPOTIFY.RAW.ARTISTS set ID = '9aB1cD2eF3gH4iJ5kL6mN9' where ID in (select min(ID) from SPOTIFY.RAW.ARTISTS)",
    ] {
        cloud.snowflake.tamper(spoil);
        let output = cloud.run(&["reconcile", "--repair"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.code() != Some(0) {
            assert_eq!(output.status.code(), Some(7), "{spoil}: {}", text(&output));
            assert_eq!(follow(&cloud, &said), 2, "{spoil}: {said}");
        }
        for arguments in [&["--all"][..], &[]] {
            let (code, report) = verify(&cloud, arguments);
            assert_eq!((code, &report["status"]), (0, &json!("verified")), "{spoil}: {report:#}");
        }
        let (code, next) = cloud.report(&["--demo"]);
        assert_eq!(code, 0, "{spoil}: {next:#}");
        assert_eq!(cloud.run(&["reconcile"]).status.code(), Some(0), "{spoil}");
    }
    // What stands in the settled files alone is looked for as before.
    delete_artist(&cloud, 5);
    let (code, report) = verify(&cloud, &["--all"]);
    assert_eq!(code, 7, "{report:#}");
    assert_eq!(follow(&cloud, error_of(&report)), 1, "{report:#}");
    assert_eq!(verify(&cloud, &["--all"]).0, 0);
}

/// A ledger that shipped nothing says nothing of what others shipped, and deletes none of it.
#[test]
fn an_empty_ledger_is_named_and_no_deletion() {
    let mut cloud = Cloud::small("copy", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.world = World::new();
    for arguments in [&["reconcile"][..], &["reconcile", "--repair"], &["reconcile", "--json"]] {
        let output = cloud.run(arguments);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("snowtrack.duckdb` has shipped nothing"), "{said}");
        let cure = "`snowtrack run` with your source ships every row again";
        assert!(said.contains(cure), "nobody knows which: {said}");
        assert!(!said.contains("delete"), "{said}");
    }
}

/// Only a group that has rows here can be shipped again, and takes a row away that only Snowflake has.
#[test]
fn a_repair_promises_only_what_it_can_ship() {
    let cloud = Cloud::small("copy", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    let insert = "insert into SPOTIFY.RAW.SONG_ARTISTS select * replace";
    cloud.snowflake.tamper(&format!(
        "{insert} (99 as ARTIST_POSITION, 77 as _FILE_ROW_NUMBER) from SPOTIFY.RAW.SONG_ARTISTS limit 1"
    ));
    let output = cloud.run(&["reconcile"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(7), "{said}");
    for part in ["`snowtrack reconcile --repair` ships 1 row again", "which takes it away"] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    assert!(!said.contains("delete from"), "{said}");
    let output = cloud.run(&["reconcile", "--repair"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    cloud.snowflake.tamper(&format!(
        "{insert} ('nosuchsong' as SONG_ID, 78 as _FILE_ROW_NUMBER) from SPOTIFY.RAW.SONG_ARTISTS limit 1"
    ));
    let newest = || id_of(&status(&cloud, &[])[0]).to_owned();
    let before = newest();
    for arguments in [&["reconcile"][..], &["reconcile", "--repair"]] {
        let output = cloud.run(arguments);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(7), "{said}");
        assert!(!said.contains("ships 1 row") && !said.contains("shipped again"), "{said}");
        assert!(said.contains("delete from SPOTIFY.RAW.SONG_ARTISTS where"), "{said}");
    }
    assert_eq!(newest(), before, "no empty run");
}

/// Statements that compared a whole table since the log was cleared.
fn compared(cloud: &Cloud) -> usize {
    let statements = cloud.snowflake.statements().into_iter();
    statements.filter(|it| it.sql.to_lowercase().contains("with current_rows")).count()
}

/// A repair ships the rows that were wrong, and settles the file that they stood in: the rest of it is in no other file.
#[test]
fn a_verification_compares_the_table_of_a_file_that_a_repair_settled() {
    let (cloud, first) = repaired();
    for arguments in [&[][..], &["--run", &first], &["--all"]] {
        cloud.snowflake.clear_log();
        let (code, report) = verify(&cloud, arguments);
        assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
        assert_eq!(compared(&cloud), 1, "{arguments:?}: one statement for the one table");
        // One of them came again.
        let held = cloud.world.query("select count(*) as n from core.artists");
        let rest = held[0]["n"].as_u64().unwrap() - 1;
        let said = format!(
            "{rest} current rows of `artists` stand in files that a repair or `reconcile` settled: not row by row"
        );
        let notes = report["notes"].as_array().unwrap();
        assert!(notes.iter().any(|it| it.as_str().unwrap().starts_with(&said)), "{notes:#?}");
    }
    for (nth, arguments) in (1..).zip([&[][..], &["--run", &first], &["--all"]]) {
        delete_artist(&cloud, nth);
        let (code, report) = verify(&cloud, arguments);
        assert_eq!((code, &report["status"]), (7, &json!("failed")), "{arguments:?}: {report:#}");
        assert_eq!(report["verification"]["verdict"], "mismatch", "{report:#}");
        assert!(states_of(&report, "artists").contains(&"mismatch"), "{report:#}");
        let error = error_of(&report);
        assert!(error.contains(&format!("run {first}")) && error.contains("`artists`"), "{error}");
        let notes = report["notes"].to_string();
        let finding = "1 row of `artists` that stands only in files which a repair settled is not in Snowflake as here (only in DuckDB)";
        assert!(notes.contains(finding), "{notes}");
        // Asked again it is the same: the count of the settled file has nothing to do with it.
        let (_, again) = verify(&cloud, arguments);
        for error in [error, error_of(&again)] {
            assert!(error.contains(finding) && !error.contains(" holds "), "{error}");
        }
        assert_eq!(steps(error), ["snowtrack reconcile artists --repair"], "{error}");
        // Whatever ships next says so as well, until it is mended.
        let (code, next) = cloud.report(&["--demo"]);
        assert_eq!(code, 7, "{arguments:?}");
        assert!(error_of(&next).contains(finding), "{next:#}");
        assert_eq!(follow(&cloud, error), 1, "{arguments:?}: {error}");
        let (code, mended) = verify(&cloud, &["--all"]);
        assert_eq!((code, &mended["status"]), (0, &json!("verified")), "{mended:#}");
    }
}

#[test]
fn rows_that_only_snowflake_has_are_no_fault_of_a_settled_file() {
    let (cloud, _) = repaired();
    cloud.snowflake.tamper("insert into SPOTIFY.RAW.ARTISTS select * replace ('9aB1cD2eF3gH4iJ5kL6mN9' as ID, 'x' as _FILE_NAME) from SPOTIFY.RAW.ARTISTS limit 1");
    let (code, report) = verify(&cloud, &["--all"]);
    assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
}

#[test]
fn what_a_repair_settled_is_not_verified_where_its_table_cannot_be_compared() {
    let (cloud, first) = repaired();
    for (fault, wanted) in [
        (Fault::TimedOut, 8),
        (Fault::Status { code: 200, body: "{}".to_owned(), headers: Vec::new() }, 6),
    ] {
        let compare = When::Sql("with current_rows".to_owned());
        cloud.snowflake.script(compare, usize::MAX, fault);
        for arguments in [&[][..], &["--run", &first], &["--all"]] {
            let (code, report) = verify(&cloud, arguments);
            assert_eq!(code, wanted, "{arguments:?}: {report:#}");
            assert_eq!(report["verification"]["verdict"], "pending", "{report:#}");
            assert!(error_of(&report).contains("artists") || wanted == 6, "{report:#}");
        }
        cloud.snowflake.drop_scripts();
    }
    assert_eq!(verify(&cloud, &["--all"]).0, 0);
}
