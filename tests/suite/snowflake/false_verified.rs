//! Attempts to get a `verified` that is not earned. Each was tried once by hand, and stays.
//!
//! | Attempt | Test |
//! |---|---|
//! | rows deleted, truncated, doubled, put under another file's name; one in place of another | `whatever_is_done_to_rows_that_were_proven_is_found`, `songs_that_exchange_…` |
//! | values, keys, times, hashes changed; nothing for a value and a value for nothing | `whatever_is_done_to_rows_that_were_proven_is_found` |
//! | values or hashes of two rows exchanged, hashes that cancel out in a sum | `songs_that_exchange_what_is_theirs_are_found_though_sums_and_counts_stay` |
//! | file, run or time of two versions exchanged, so that the older one is current | `two_versions_of_a_song_that_exchange_what_makes_one_current_are_found` |
//! | another Unicode form, letter case, blank; accents; cut short | `a_text_that_only_looks_the_same_is_found` |
//! | the same in `copy`, `auto`, csv | `what_is_done_to_rows_is_found_however_they_came`; in flight `a_load_that_is_reported_otherwise_…` |
//! | table emptied, replaced by an empty one, a view, one of other types; a column more | `another_table_of_the_same_name_is_asked_for_its_own_rows`; its types `proof::a_second_plan_is_empty_…` |
//! | table, pipe, file, prefix removed | `verdicts::what_somebody_removed_is_named` |
//! | another program's newer row of the same key; rows of nobody's file | `cures::a_row_that_is_newer_…`, `cures::rows_that_only_snowflake_has_…` |
//! | copy history and report that say loaded, loaded twice, partly, with 0 rows; a pipe that says nothing waits | `false_answers::what_pipes_and_histories_claim_vouches_for_no_row`, `what_pipes_say_of_themselves_…` |
//! | rows lost, changed, doubled in flight behind a report of success | `a_load_that_goes_wrong_…`, `false_answers::a_load_that_is_reported_otherwise_…` |
//! | a result of another file, run, table or statement; other columns, another order; less or more than promised; parts that repeat or lack | `false_answers` |
//! | no answer with 200, stale once, an error's body | `no_answers` |
//! | another database, schema, account between run and `verify`; another warehouse's answer is the same table's | `a_proof_holds_for_the_tables_that_it_was_given_of` |
//! | a forged ledger, one of an earlier version, of another lake, an older copy; every file replaced | `a_ledger_…`, `the_ledger_of_another_lake_…`, `an_older_copy_…`, `where_every_file_was_replaced_…`; `lost_ledger` |
//! | clocks an hour, a day, 15, 100, 400 days off | `a_clock_of_snowflakes_…`, `a_clock_that_jumps_…`, `rows_that_were_deleted_are_missed_also_…` |
//! | killed at any call, while it proves, while `verify` asks | `cloud_kills`, `a_run_that_was_killed_…`, `a_verification_that_was_killed_…` |
//! | two programs at once, told twice, told two ways | `holders::verify_and_reconcile_find_the_warehouse_held_…`, `promises::a_file_that_may_have_been_told_one_way_…`, `announced` |
//! | `--no-ingest`, then `verify`; no account | `verifications::a_verification_that_could_not_ask_…`, `verdicts::without_an_account_…` |
//! | a run with nothing to send after rows went | `verdicts::verify_asks_every_landing_table_anew_…` |
//! | S3 that keeps less or other bytes than it says | `s3_lies`; in the local lake `lake_damage` |
//!
//! What is hashed is text (`sql/snowflake/canonical`), so three changes leave a row's hash as it is: no value and the text `\N`, a
//! U+001F that moves from one text to the next, and a fraction of a second in `ADDED_AT`, which we never send.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use snowtrack::ids::Table;

use crate::run::cloud_kills::{killed, wait_until_it_hangs};
use crate::snowflake::verdicts::{id_of, rename_the_song, status, verify};
use crate::support::cloud::{self, Cloud, SMALL, text};
use crate::support::fake_snowflake::{Fault, LoadFault, PipeState, When};

const SONGS_PIPE: &str = "SPOTIFY.RAW.SONGS_PARQUET_REST_V1";

/// Neither says that it is proven, nor ends as if it were.
pub(crate) fn assert_not_verified(name: &str, codes: &[i32], (code, report): &(i32, Value)) {
    assert!(codes.contains(code), "{name}: exit {code}: {report:#}");
    assert_ne!(report["status"], "verified", "{name}: {report:#}");
    assert_ne!(report["status"], "unchanged", "{name}: {report:#}");
    assert_ne!(report["verification"]["verdict"], "verified", "{name}: {report:#}");
}

fn of_ledger(cloud: &Cloud, sql: &str) {
    let connection = duckdb::Connection::open(cloud.world.path("data/snowtrack.duckdb")).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn whatever_is_done_to_rows_that_were_proven_is_found() {
    let attempts: [(&str, &str); 20] = [
        ("rows deleted", "delete from SPOTIFY.RAW.SONGS"),
        ("a text changed", "update SPOTIFY.RAW.SONGS set NAME = 'High Tide'"),
        ("another case", "update SPOTIFY.RAW.SONGS set NAME = upper(NAME)"),
        ("a space behind", "update SPOTIFY.RAW.SONGS set NAME = NAME || ' '"),
        ("a number changed", "update SPOTIFY.RAW.SONGS set DURATION_MS = DURATION_MS + 1"),
        ("a time changed", "update SPOTIFY.RAW.SONGS set ADDED_AT = ADDED_AT + interval 1 second"),
        ("a value lost", "update SPOTIFY.RAW.SONGS set URL = null"),
        ("a text emptied", "update SPOTIFY.RAW.SONGS set URL = ''"),
        ("a value out of nothing", "update SPOTIFY.RAW.SONGS set POPULARITY = 0"),
        ("an hour later", "update SPOTIFY.RAW.SONGS set ADDED_AT = ADDED_AT + interval 1 hour"),
        ("another run's", "update SPOTIFY.RAW.SONGS set RUN_ID = '01M8P9A8NFRAY6TJPWYKWCFP73'"),
        ("nobody's", "update SPOTIFY.RAW.SONGS set RUN_ID = ''"),
        (
            "extracted a moment later, and so current for longer",
            "update SPOTIFY.RAW.SONGS set EXTRACTED_AT = EXTRACTED_AT + interval 1 microsecond",
        ),
        ("the key changed", "update SPOTIFY.RAW.SONGS set ID = '9aB1cD2eF3gH4iJ5kL6mN9'"),
        ("the hash changed alone", "update SPOTIFY.RAW.SONGS set ROW_HASH = 1"),
        (
            "values exchanged, and so the same letters",
            "update SPOTIFY.RAW.SONGS set NAME = URL, URL = NAME",
        ),
        ("every row twice", "insert into SPOTIFY.RAW.SONGS from SPOTIFY.RAW.SONGS"),
        (
            "every row twice, with numbers of its own",
            "insert into SPOTIFY.RAW.SONGS select * replace (_FILE_ROW_NUMBER + 1 as _FILE_ROW_NUMBER) from SPOTIFY.RAW.SONGS",
        ),
        (
            "rows under another file's name",
            "update SPOTIFY.RAW.SONGS set _FILE_NAME = 'x/' || _FILE_NAME",
        ),
        (
            "another row in place of one",
            "delete from SPOTIFY.RAW.SONGS; insert into SPOTIFY.RAW.SONGS select ID, NAME, null, 1, 1, URL, null, null, RUN_ID, EXTRACTED_AT, ROW_HASH, _FILE_NAME, _FILE_ROW_NUMBER, _LOADED_AT from SPOTIFY.RAW.ARTISTS",
        ),
    ];
    let mut cloud = Cloud::small("rest", "parquet");
    for (name, sql) in attempts {
        cloud.empty();
        cloud.write_source();
        assert_eq!(cloud.report(&SMALL).0, 0, "{name}");
        cloud.snowflake.tamper(sql);
        assert_not_verified(name, &[7], &verify(&cloud, &[]));
        assert_not_verified(name, &[7], &cloud.report(&SMALL));
        assert_not_verified(name, &[7], &verify(&cloud, &["--all"]));
    }
}

#[test]
fn rows_that_were_deleted_are_missed_also_when_snowflake_remembers_no_load() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.truncate("SPOTIFY.RAW.SONGS");
    cloud.snowflake.advance_clock(Duration::from_secs(100 * 24 * 3600));
    let found = verify(&cloud, &[]);
    assert_not_verified("a hundred days later", &[7], &found);
    let reason = found.1["verification"]["reason"].as_str().unwrap();
    assert!(reason.contains("held all of them on"), "{reason}");
}

/// Does each to the songs that were proven, finds it, takes it back, and finds that all is well.
fn assert_each_is_found(cloud: &Cloud, attempts: &[(&str, &str)]) {
    cloud.snowflake.tamper("create table SPOTIFY.RAW.KEPT as from SPOTIFY.RAW.SONGS");
    for (name, sql) in attempts {
        cloud.snowflake.tamper(sql);
        assert_not_verified(name, &[7], &verify(cloud, &["--all"]));
        cloud.snowflake.tamper(
            "delete from SPOTIFY.RAW.SONGS; insert into SPOTIFY.RAW.SONGS from SPOTIFY.RAW.KEPT",
        );
        assert_eq!(verify(cloud, &["--all"]).0, 0, "{name}: taken back");
    }
}

#[test]
fn songs_that_exchange_what_is_theirs_are_found_though_sums_and_counts_stay() {
    let cloud = Cloud::new("rest", "parquet");
    assert_eq!(cloud.report(&["--demo"]).0, 0);
    cloud.snowflake.tamper("create table SPOTIFY.RAW.PAIR as select song.ID, other.ID as OTHER, other.* exclude (ID) from SPOTIFY.RAW.SONGS as song, SPOTIFY.RAW.SONGS as other where song.ID <> other.ID and (song.ID in (select unnest([arg_min(ID, DURATION_MS), arg_max(ID, DURATION_MS)]) from SPOTIFY.RAW.SONGS)) and other.ID in (select unnest([arg_min(ID, DURATION_MS), arg_max(ID, DURATION_MS)]) from SPOTIFY.RAW.SONGS)");
    assert_each_is_found(
        &cloud,
        &[
            (
                "a value",
                "update SPOTIFY.RAW.SONGS as song set DURATION_MS = pair.DURATION_MS from SPOTIFY.RAW.PAIR as pair where song.ID = pair.ID",
            ),
            (
                "the hash",
                "update SPOTIFY.RAW.SONGS as song set ROW_HASH = pair.ROW_HASH from SPOTIFY.RAW.PAIR as pair where song.ID = pair.ID",
            ),
            (
                "a value and the hash",
                "update SPOTIFY.RAW.SONGS as song set DURATION_MS = pair.DURATION_MS, ROW_HASH = pair.ROW_HASH from SPOTIFY.RAW.PAIR as pair where song.ID = pair.ID",
            ),
            (
                "one hash more, another less by as much",
                "update SPOTIFY.RAW.SONGS as song set ROW_HASH = song.ROW_HASH + if(pair.ID < pair.OTHER, 1, -1) from SPOTIFY.RAW.PAIR as pair where song.ID = pair.ID",
            ),
            (
                "one twice in place of another",
                "delete from SPOTIFY.RAW.SONGS where ID = (select min(ID) from SPOTIFY.RAW.PAIR); insert into SPOTIFY.RAW.SONGS select song.* replace ((select kept._FILE_ROW_NUMBER from SPOTIFY.RAW.KEPT as kept where kept.ID = (select min(ID) from SPOTIFY.RAW.PAIR)) as _FILE_ROW_NUMBER) from SPOTIFY.RAW.SONGS as song where song.ID = (select max(ID) from SPOTIFY.RAW.PAIR)",
            ),
        ],
    );
}

#[test]
fn two_versions_of_a_song_that_exchange_what_makes_one_current_are_found() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    rename_the_song(&cloud, "High Tide");
    assert_eq!(cloud.report(&SMALL).0, 0);
    let exchange = |columns: &[&str]| {
        let set: Vec<String> = columns.iter().map(|it| format!("{it} = other.{it}")).collect();
        format!(
            "update SPOTIFY.RAW.SONGS as song set {} from SPOTIFY.RAW.KEPT as other where song.NAME <> other.NAME",
            set.join(", ")
        )
    };
    let attempts = [
        ("the file", exchange(&["_FILE_NAME"])),
        ("the time", exchange(&["EXTRACTED_AT"])),
        ("the run", exchange(&["RUN_ID"])),
        ("run and time", exchange(&["RUN_ID", "EXTRACTED_AT"])),
        ("run, time and file", exchange(&["RUN_ID", "EXTRACTED_AT", "_FILE_NAME"])),
        ("the text", exchange(&["NAME"])),
    ];
    assert_each_is_found(&cloud, &attempts.each_ref().map(|(name, sql)| (*name, sql.as_str())));
}

#[test]
fn a_text_that_only_looks_the_same_is_found() {
    let cloud = Cloud::new("rest", "parquet");
    let named =
        crate::source::documents::playlist(|song| song["name"] = json!("Cafe\u{301} \u{2168} ß 1"));
    cloud.world.write("in/playlist.json", &named);
    assert_eq!(cloud.report(&SMALL).0, 0);
    assert_each_is_found(
        &cloud,
        &[
            ("composed", "update SPOTIFY.RAW.SONGS set NAME = nfc_normalize(NAME)"),
            ("no accents", "update SPOTIFY.RAW.SONGS set NAME = strip_accents(NAME)"),
            ("small letters", "update SPOTIFY.RAW.SONGS set NAME = lower(NAME)"),
            (
                "a space that does not break",
                "update SPOTIFY.RAW.SONGS set NAME = replace(NAME, ' ', chr(160))",
            ),
            ("a letter of two", "update SPOTIFY.RAW.SONGS set NAME = replace(NAME, 'ß', 'ss')"),
            ("nothing that is seen", "update SPOTIFY.RAW.SONGS set NAME = NAME || chr(8203)"),
            ("cut short", "update SPOTIFY.RAW.SONGS set NAME = NAME[:-2]"),
        ],
    );
}

#[test]
fn what_is_done_to_rows_is_found_however_they_came() {
    for (mode, format) in [("copy", "csv"), ("auto", "parquet"), ("rest", "csv")] {
        let cloud = Cloud::small(mode, format);
        assert_eq!(cloud.report(&SMALL).0, 0, "{mode} {format}");
        assert_each_is_found(
            &cloud,
            &[
                ("deleted", "delete from SPOTIFY.RAW.SONGS"),
                ("changed", "update SPOTIFY.RAW.SONGS set NAME = 'High Tide'"),
                ("twice", "insert into SPOTIFY.RAW.SONGS from SPOTIFY.RAW.SONGS"),
                ("another hash", "update SPOTIFY.RAW.SONGS set ROW_HASH = 1"),
                (
                    "another time",
                    "update SPOTIFY.RAW.SONGS set EXTRACTED_AT = EXTRACTED_AT - interval 1 hour",
                ),
            ],
        );
    }
}

#[test]
fn another_table_of_the_same_name_is_asked_for_its_own_rows() {
    let attempts: [(&str, &[i32], &str); 6] = [
        ("an empty one", &[7], "create table SPOTIFY.RAW.SONGS as from SPOTIFY.RAW.OLD limit 0"),
        (
            "a view of nothing",
            &[7],
            "create view SPOTIFY.RAW.SONGS as from SPOTIFY.RAW.OLD limit 0",
        ),
        (
            "a view of other texts",
            &[7],
            "create view SPOTIFY.RAW.SONGS as select * replace (upper(NAME) as NAME) from SPOTIFY.RAW.OLD",
        ),
        (
            "one without times of day",
            &[6, 7],
            "create table SPOTIFY.RAW.SONGS as select * replace (ADDED_AT::date as ADDED_AT) from SPOTIFY.RAW.OLD",
        ),
        (
            "one that rounds",
            &[6, 7],
            "create table SPOTIFY.RAW.SONGS as select * replace (DURATION_MS::double / 3 as DURATION_MS) from SPOTIFY.RAW.OLD",
        ),
        // The rows are what is proven, and they are there.
        (
            "one with a column more",
            &[0],
            "create table SPOTIFY.RAW.SONGS as select *, 1 as MORE from SPOTIFY.RAW.OLD",
        ),
    ];
    for (name, codes, sql) in attempts {
        let cloud = Cloud::small("rest", "parquet");
        assert_eq!(cloud.report(&SMALL).0, 0, "{name}");
        cloud.snowflake.tamper(&format!("alter table SPOTIFY.RAW.SONGS rename to OLD; {sql}"));
        let found = verify(&cloud, &[]);
        match codes {
            [0] => assert_eq!(found.0, 0, "{name}: {:#}", found.1),
            _ => assert_not_verified(name, codes, &found),
        }
    }
}

#[test]
fn a_ledger_of_an_earlier_version_proves_nothing_by_itself() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    of_ledger(
        &cloud,
        "alter table meta.files drop column verified_at; alter table meta.files drop column verified_in",
    );
    assert_eq!(verify(&cloud, &[]).0, 0, "it is all there");
    of_ledger(
        &cloud,
        "alter table meta.files drop column verified_at; alter table meta.files drop column verified_in",
    );
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    assert_not_verified("an old ledger", &[7], &verify(&cloud, &[]));
}

#[test]
fn a_ledger_that_claims_what_never_was_is_not_believed() {
    let cloud = Cloud::small("rest", "parquet");
    cloud.snowflake.set_pipe_state(SONGS_PIPE, PipeState::new("PAUSED", None));
    assert_eq!(cloud.report(&SMALL).0, 8);
    of_ledger(
        &cloud,
        "update meta.files set state = 'verified', verified_at = now()::timestamp; update meta.runs set status = 'verified'",
    );
    assert_not_verified("a forged ledger", &[7], &verify(&cloud, &[]));
}

#[test]
fn a_proof_holds_for_the_tables_that_it_was_given_of() {
    let mut cloud = Cloud::small("rest", "parquet");
    for place in ["SNOWFLAKE_DATABASE", "SNOWFLAKE_SCHEMA"] {
        cloud.empty();
        cloud.write_source();
        assert_eq!(cloud.report(&SMALL).0, 0);
        let elsewhere = |arguments: &[&str]| {
            let mut command = cloud.command(arguments);
            command.env(place, "ELSEWHERE");
            command
        };
        // First without any table, then with empty ones.
        let asked = cloud::report(&mut elsewhere(&["--json", "verify"]));
        assert_not_verified("no such place", &[6], &asked);
        let apply = elsewhere(&["snowflake", "apply", "--as-role", "ACCOUNTADMIN"]).output();
        let apply = apply.unwrap();
        assert!(matches!(apply.status.code(), Some(0 | 6)), "{}", text(&apply));
        let asked = cloud::report(&mut elsewhere(&["--json", "verify"]));
        assert_not_verified("empty tables", &[7], &asked);
        assert_eq!(verify(&cloud, &[]).0, 0, "at home all is well");
        let run = cloud::report(&mut elsewhere(&["--json", "run", "--from-dir", "in"]));
        assert_not_verified("a run that has nothing new, there", &[7], &run);
        assert_eq!(verify(&cloud, &[]).0, 0);
    }

    // Another account of the same name.
    let mut other = Cloud::new("rest", "parquet");
    std::mem::swap(&mut other.world, &mut { cloud }.world);
    assert_not_verified("another account", &[7], &verify(&other, &[]));
}

#[test]
fn the_ledger_of_another_lake_proves_nothing_of_this_one() {
    let (cloud, other) = (Cloud::small("rest", "parquet"), Cloud::small("rest", "parquet"));
    assert_eq!((cloud.report(&SMALL).0, other.report(&SMALL).0), (0, 0));
    let ledger = |cloud: &Cloud| cloud.world.path("data/snowtrack.duckdb");
    std::fs::copy(ledger(&other), ledger(&cloud)).unwrap();
    // Both lakes hold the same rows, but neither the other's files.
    for arguments in [&[][..], &["--all"]] {
        assert_not_verified("another's ledger", &[7], &verify(&cloud, arguments));
    }
    assert_not_verified("and a run", &[7], &cloud.report(&SMALL));
}

#[test]
fn an_older_copy_of_the_ledger_vouches_for_no_file_that_it_does_not_know() {
    let cloud = Cloud::small("rest", "parquet");
    let ledger = cloud.world.path("data/snowtrack.duckdb");
    let (_, first) = cloud.report(&SMALL);
    std::fs::copy(&ledger, cloud.world.path("older")).unwrap();
    rename_the_song(&cloud, "High Tide");
    let (code, second) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{second:#}");
    let newer = format!("delete from SPOTIFY.RAW.SONGS where RUN_ID = '{}'", id_of(&second));
    cloud.snowflake.tamper(&newer);
    std::fs::copy(cloud.world.path("older"), &ledger).unwrap();
    // What is verified is what was asked about, and it is named.
    let (code, found) = verify(&cloud, &["--all"]);
    let files = found["files"].as_array().unwrap();
    assert!(code == 0 && files.iter().all(|file| file["run_id"] == first["run_id"]), "{found:#}");
    // The song's new name is news again, and is proven by its own row.
    let (code, third) = cloud.report(&SMALL);
    assert_eq!((code, &third["status"]), (0, &json!("verified")), "{third:#}");
    let sql = format!("select NAME from SPOTIFY.RAW.SONGS where RUN_ID = '{}'", id_of(&third));
    assert_eq!(cloud.snowflake.rows(&sql), [[Some("High Tide".to_owned())]]);
}

#[test]
fn where_every_file_was_replaced_there_is_nothing_to_call_verified() {
    let cloud = Cloud::small("rest", "parquet");
    let (_, first) = cloud.report(&SMALL);
    of_ledger(&cloud, "update meta.files set state = 'superseded'");
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    for arguments in [&[][..], &["--run", id_of(&first)], &["--all"]] {
        let (code, found) = verify(&cloud, arguments);
        assert_ne!(found["verification"]["verdict"], "verified", "{arguments:?}: {found:#}");
        assert_ne!(found["status"], "verified", "{arguments:?}, exit {code}: {found:#}");
    }
}

#[test]
fn what_pipes_say_of_themselves_vouches_for_no_row() {
    let cloud = Cloud::small("rest", "parquet");
    cloud.snowflake.set_pipe_state(SONGS_PIPE, PipeState::new("PAUSED", None));
    let lies = json!({"executionState": "RUNNING", "pendingFileCount": 0,
        "lastIngestedTimestamp": "2099-01-01T00:00:00Z"});
    cloud.snowflake.let_pipe_status_say(SONGS_PIPE, lies);
    let mut command = cloud.command(&["--json", "run", "--from-dir", "in"]);
    command.env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "0");
    assert_not_verified("a pipe that lies", &[8], &cloud::report(&mut command));
}

#[test]
fn a_load_that_goes_wrong_behind_a_report_of_success_is_found() {
    let mut cloud = Cloud::small("rest", "parquet");
    for fault in [LoadFault::DropRow, LoadFault::CorruptValue, LoadFault::LoadTwice] {
        cloud.empty();
        cloud.write_source();
        cloud.snowflake.script_load("raw/songs/", 1, fault.clone());
        assert_not_verified("in flight", &[7], &cloud.report(&SMALL));
        assert_not_verified("asked again", &[7], &verify(&cloud, &[]));
    }
}

#[test]
fn a_run_that_was_killed_while_it_asked_has_proven_nothing() {
    let cloud = Cloud::small("rest", "parquet");
    cloud.snowflake.script(When::Sql("with landed".to_owned()), 1, Fault::HangAfter);
    killed(&cloud, &SMALL, cloud.snowflake.hung());
    let runs = status(&cloud, &[]);
    assert_ne!(runs[0]["status"], "verified", "{runs:#}");
    let files = status(&cloud, &["--run", runs[0]["run_id"].as_str().unwrap()]);
    let states = files.as_array().unwrap().iter().map(|file| file["state"].as_str().unwrap());
    assert!(states.clone().all(|state| state == "accepted"), "{files:#}");
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    assert_not_verified("and then rows went", &[7], &cloud.report(&SMALL));
}

#[test]
fn a_verification_that_was_killed_leaves_nothing_that_hides_what_happens_then() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    for fault in [Fault::Hang, Fault::HangAfter] {
        cloud.snowflake.script(When::Sql("with landed".to_owned()), 1, fault);
        let mut command = cloud.command(&["verify"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until_it_hangs(&mut child, cloud.snowflake.hung());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    assert_not_verified("rows went", &[7], &verify(&cloud, &[]));
    assert_not_verified("and a run", &[7], &cloud.report(&SMALL));
}

#[test]
fn a_clock_of_snowflakes_that_is_wrong_hides_nothing() {
    const HOUR: i64 = 3600;
    for seconds in [HOUR, 24 * HOUR, 15 * 24 * HOUR] {
        for seconds in [seconds, -seconds] {
            let cloud = Cloud::small("rest", "parquet");
            assert_eq!(cloud.report(&SMALL).0, 0);
            cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
            cloud.snowflake.skew_clock(seconds);
            // Two processes that sign within one second sign the same token, which was refused once.
            cloud.snowflake.allow_violations();
            // Either no token is valid then, or the tables are asked.
            let name = format!("{seconds} s off");
            assert_not_verified(&name, &[6, 7, 8], &verify(&cloud, &[]));
            assert_not_verified(&name, &[6, 7, 8], &cloud.report(&SMALL));
            cloud.snowflake.skew_clock(0);
            assert_not_verified(&name, &[7], &verify(&cloud, &[]));
        }
    }
}

#[test]
fn a_clock_that_jumps_proves_nothing_and_hides_nothing() {
    for days in [-400, 400] {
        let cloud = Cloud::small("rest", "parquet");
        assert_eq!(cloud.report(&SMALL).0, 0);
        // As if the run had been at another time than Snowflake's.
        of_ledger(
            &cloud,
            &format!(
                "update meta.files set verified_at = verified_at + interval '{days} days', updated_at = updated_at + interval '{days} days', told_at = told_at + interval '{days} days'; update meta.runs set started_at = started_at + interval '{days} days'"
            ),
        );
        for table in Table::ALL {
            cloud.snowflake.tamper(&format!("update SPOTIFY.RAW.{table} set EXTRACTED_AT = EXTRACTED_AT + interval '{days} days'"));
        }
        assert_eq!(verify(&cloud, &[]).0, 0, "{days} days: the rows are there");
        cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
        assert_not_verified(&format!("{days} days"), &[7], &verify(&cloud, &[]));
    }
}
