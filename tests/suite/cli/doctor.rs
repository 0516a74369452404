//! `doctor`: what each service lacks is named, said once and at once, with what to run.

use std::process::Stdio;

use crate::support::World;
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_s3::{BUCKET, Fault, Op};
use crate::support::fake_snowflake::{LoadFault, PipeState};
use crate::support::fake_spotify::{CLIENT_ID, CLIENT_SECRET};
use crate::support::truth::TABLES;

fn all_tables() -> Vec<&'static str> {
    TABLES.into_iter().chain(["song_observations"]).collect()
}

#[test]
fn a_healthy_production_run_has_nothing_to_be_told() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    let output = cloud.run(&["doctor"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for wanted in ["writing: ", "files: all 8 files", "setup: everything is there", "all 8 of mode"]
    {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    assert!(!said.contains("warn") && !said.contains("FAIL"), "{said}");
    assert_eq!(cloud.s3.unfinished(), [] as [String; 0], "the probe leaves nothing behind");
    assert_eq!(cloud.s3.count(Op::Put), 9, "eight files and the manifest, and no probe");
    // The summary names the place where the files are.
    let summary = text(&cloud.run(&["run", "--from-dir", "in", "--full"]));
    assert!(summary.contains(&format!("in s3://{BUCKET}/spotify-data/ (8 verified)")), "{summary}");
}

#[test]
fn a_right_to_write_that_is_missing_is_found_before_a_run_needs_it() {
    let cloud = Cloud::new("rest", "parquet");
    let denied = "User: arn:aws:iam::1:user/x is not authorized to perform: s3:PutObject";
    cloud.s3.script(Op::Begin, 1, usize::MAX, Fault::answer(403, "AccessDenied", denied));
    let output = cloud.run(&["doctor"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("bucket: `") && said.contains("FAIL  lake       writing:"), "{said}");
    assert!(said.contains("allow `s3:PutObject` on"), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.contains("lake: `writing` is not well") && !last.contains("line above"), "{last}");
}

#[test]
fn the_same_remedy_for_eight_pipes_is_one_script_that_mends_them() {
    let cloud = Cloud::new("rest", "parquet");
    let pipes: Vec<String> = all_tables()
        .iter()
        .map(|table| format!("SPOTIFY.RAW.{}_PARQUET_REST_V1", table.to_uppercase()))
        .collect();
    for arguments in [&["snowflake", "pipes"][..], &["doctor"]] {
        for pipe in &pipes {
            cloud.snowflake.set_pipe_state(pipe, PipeState::new("PAUSED", None));
        }
        let said = text(&cloud.run(arguments));
        assert_eq!(said.matches("once it is resumed").count(), 1, "{said}");
        assert!(!said.contains('…'), "{said}");
        let begins = |line: &&str| line.trim_start().starts_with("alter pipe ");
        let script: Vec<&str> = said.lines().filter(begins).map(str::trim).collect();
        assert_eq!(script.len(), 8, "{said}");
        cloud.snowflake.admin(&script.join("\n"));
        let said = text(&cloud.run(arguments));
        assert!(!said.contains("PAUSED"), "{said}");
    }
}

#[test]
fn a_run_behind_eight_paused_pipes_gives_one_script_that_lets_it_go_on() {
    let cloud = Cloud::small("rest", "parquet");
    for table in all_tables() {
        let pipe = format!("SPOTIFY.RAW.{}_PARQUET_REST_V1", table.to_uppercase());
        cloud.snowflake.set_pipe_state(&pipe, PipeState::new("PAUSED", None));
    }
    let (code, report) = cloud.report(&SMALL);
    let error = report["error"].as_str().unwrap();
    assert_eq!(code, 8, "{error}");
    assert_eq!(error.matches("once it is resumed").count(), 1, "{error}");
    let script = error.split('`').find(|it| it.starts_with("alter pipe ")).unwrap();
    assert_eq!(script.matches("alter pipe ").count(), 8, "{script}");
    cloud.snowflake.admin(script);
    let output = cloud.run(&["verify"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn a_table_and_a_pipe_that_somebody_dropped_are_named_with_what_brings_them_back() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.admin("drop pipe SPOTIFY.RAW.GENRES_PARQUET_REST_V1");
    cloud.snowflake.admin("drop table SPOTIFY.RAW.ARTISTS");
    let output = cloud.run(&["doctor"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(6), "{said}");
    for wanted in [
        "table `SPOTIFY.RAW.ARTISTS`",
        "`snowtrack run --from-dir in --full` ships every row again",
        "`SPOTIFY.RAW.GENRES_PARQUET_REST_V1`: ",
        "STOPPED_MISSING_TABLE",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    assert!(!said.contains("table `SPOTIFY.RAW.SONGS`"), "{said}");
}

#[test]
fn files_and_a_prefix_that_somebody_removed_are_named() {
    let cloud = Cloud::small("rest", "parquet");
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 0);
    let key = report["files"][0]["key"].as_str().unwrap();
    std::fs::remove_file(cloud.s3.bucket().join(key)).unwrap();
    let output = cloud.run(&["doctor"]);
    let said = text(&output);
    // Snowflake holds its rows: nothing fails for it.
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("1 of 8 files") && said.contains(key), "{said}");
    std::fs::remove_dir_all(cloud.s3.bucket().join("spotify-data")).unwrap();
    let said = text(&cloud.run(&["doctor"]));
    assert!(
        said.contains(&format!(
            "nothing of the 8 files that were brought to `s3://{BUCKET}/spotify-data/`"
        )),
        "{said}"
    );
    assert!(said.contains("warn"), "{said}");
}

#[test]
fn a_file_that_is_gone_before_snowflake_had_it_is_a_failure_with_a_cure() {
    let cloud = Cloud::small("rest", "parquet");
    let (code, report) = cloud.report(&[&SMALL[..], &["--no-ingest"]].concat());
    assert_eq!(code, 0);
    let key = report["files"][0]["key"].as_str().unwrap();
    std::fs::remove_file(cloud.s3.bucket().join(key)).unwrap();
    let output = cloud.run(&["doctor"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("1 of them is not known"), "{said}");
    assert!(said.contains("`snowtrack run --from-dir in --full`"), "{said}");
}

#[test]
fn what_keeps_spotify_away_is_said_as_for_the_others() {
    let world = World::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = format!("http://{free}");
    for (url, cause) in [("http://no-such-host.invalid", "dns"), (closed.as_str(), "refused")] {
        let output = world
            .command(&["doctor"])
            .env("SPOTIFY_CLIENT_ID", CLIENT_ID)
            .env("SPOTIFY_CLIENT_SECRET", CLIENT_SECRET)
            .env("SPOTIFY_REFRESH_TOKEN", "r")
            .env("SPOTIFY_ACCOUNTS_URL", url)
            .env("SPOTIFY_API_URL", format!("{url}/v1"))
            .output()
            .unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.to_lowercase().contains(cause), "{url}: {said}");
    }
}

#[test]
fn a_configuration_that_cannot_be_used_ends_as_any_wrong_configuration() {
    let cloud = Cloud::new("rest", "parquet");
    for (name, value) in [
        ("SNOWFLAKE_PRIVATE_KEY_PATH", "nowhere.p8"),
        ("SNOWFLAKE_URL", "nonsense"),
        ("SNOWFLAKE_ROLE", "no role"),
    ] {
        let output = cloud.command(&["doctor"]).env(name, value).output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains("FAIL  Snowflake  account: "), "{name}: {said}");
    }
    // What the service refuses is not the configuration's fault.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{closed}");
    let output = cloud.command(&["doctor"]).env("SNOWFLAKE_URL", url).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", text(&output));
}

#[test]
fn each_line_is_told_as_soon_as_it_is_known() {
    let cloud = Cloud::new("rest", "parquet");
    cloud.s3.script(Op::List, 1, 1, Fault::Hang);
    let mut doctor = cloud.command(&["doctor"]).stdout(Stdio::piped()).spawn().unwrap();
    assert!(cloud.s3.hung().rings_within(std::time::Duration::from_secs(60)));
    doctor.kill().unwrap();
    let said = String::from_utf8(doctor.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.contains("data directory: `data` is writable"), "{said}");
    assert!(!said.contains("bucket:"), "{said}");
}

#[test]
fn what_stands_wrong_in_the_ledger_fails_until_it_is_mended() {
    let cloud = Cloud::small("rest", "parquet");
    cloud.snowflake.script_load("raw/songs/", 1, LoadFault::Fail("NULL result".to_owned()));
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 7);
    let run = report["run_id"].as_str().unwrap();
    cloud.snowflake.tamper("update SPOTIFY.RAW.ALBUMS set NAME = 'Changed'");
    assert_eq!(cloud.run(&["verify"]).status.code(), Some(7));
    let output = cloud.run(&["doctor"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(7), "{said}");
    for wanted in [
        "FAIL  ledger     proof: not in Snowflake as sent: ",
        &format!("1 `mismatch` in `albums` (of run {run})"),
        &format!("1 `failed` in `songs` (of run {run})"),
        "warn  ledger     last run: none has ended well yet",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    let repair = said.split('`').find(|it| it.starts_with("snowtrack reconcile ")).unwrap();
    let arguments: Vec<&str> = repair.split(' ').skip(1).collect();
    assert_eq!(arguments, ["reconcile", "albums", "songs", "--repair"]);
    let mended = cloud.run(&arguments);
    assert_eq!(mended.status.code(), Some(0), "{}", text(&mended));
    let output = cloud.run(&["doctor"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("ok    ledger     proof: no file stands refused"), "{said}");
    assert!(said.contains("ok    ledger     last run: one ended well 0 min ago"), "{said}");
}

#[test]
fn a_spotify_that_is_not_reached_is_named_with_its_cause_and_what_to_look_at() {
    let world = World::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{closed}");
    let mut command = world.command(&["doctor"]);
    command
        .env("SPOTIFY_CLIENT_ID", "0123456789abcdef0123456789abcdef")
        .env("SPOTIFY_REFRESH_TOKEN", "token")
        .env("SPOTIFY_API_URL", &url)
        .env("SPOTIFY_ACCOUNTS_URL", &url);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    let wanted = format!("FAIL  Spotify    login: `{closed}`: it refuses the connection");
    let mut lines = said.lines().skip_while(|line| !line.starts_with(&wanted));
    assert!(lines.next().is_some(), "{said}");
    let fix = lines.next().unwrap();
    for part in ["→ see whether host and port are right", "firewall", "`SPOTIFY_ACCOUNTS_URL`"] {
        assert!(fix.contains(part), "{said}");
    }
}

/// A scheduler reads both: what is to be configured is 2 whoever finds it.
#[test]
fn a_login_that_is_missing_is_the_same_exit_code_in_doctor_and_run() {
    let world = World::new();
    let mut codes = [&["doctor"][..], &["run", "--mine"]].map(|command| {
        let mut asked = world.command(command);
        let output = asked.env("SPOTIFY_CLIENT_ID", CLIENT_ID).output().unwrap();
        assert!(text(&output).contains("nobody is logged in"), "{}", text(&output));
        output.status.code()
    });
    codes.sort_unstable();
    assert_eq!(codes, [Some(2); 2]);
}

#[test]
fn a_manifest_and_an_archive_that_somebody_removed_are_named_and_brought_back() {
    let cloud = Cloud::small("rest", "parquet");
    let (code, report) = cloud.report(&[&SMALL[..], &["--archive"]].concat());
    assert_eq!(code, 0, "{report:#}");
    let said = text(&cloud.run(&["doctor"]));
    assert!(!said.contains("gone"), "{said}");
    let bucket = cloud.s3.bucket();
    let of = |folder: &str, ending: &str| {
        let files = cloud.world.files(&format!("data/lake/spotify-data/{folder}"));
        let name = files.into_iter().find(|name| name.ends_with(ending)).unwrap();
        format!("spotify-data/{folder}/{name}")
    };
    let keys = [of("manifests", ".json"), of("documents", ".ndjson.zst")];
    for key in &keys {
        std::fs::remove_file(bucket.join(key)).unwrap();
    }
    let output = cloud.run(&["doctor"]);
    let said = text(&output);
    // Snowflake holds the rows: nothing fails for it.
    assert_eq!(output.status.code(), Some(0), "{said}");
    let wanted = "warn  lake       manifests: of 2 objects that were brought there beside the files, 2 are gone";
    assert!(said.contains(wanted), "{said}");
    for key in &keys {
        let cure = format!("aws s3 cp data/lake/{key} s3://{BUCKET}/{key}");
        assert!(said.contains(&cure), "{cure}\n{said}");
    }
    let output = cloud.run(&["--json", "verify", "--all"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &found["status"]),
        (Some(0), &"verified".into()),
        "{found:#}"
    );
    let missing = found["verification"]["missing"].as_array().unwrap();
    let run = report["run_id"].as_str().unwrap();
    for (what, key) in [("manifest", &keys[0]), ("archive", &keys[1])] {
        let wanted = format!("the {what} of run {run}, `{key}`,");
        assert!(missing.iter().any(|name| name == &wanted), "{wanted}: {found:#}");
        assert!(text(&output).contains(&format!("{wanted} is gone")), "{}", text(&output));
    }
    let notes = found["notes"].to_string();
    assert!(notes.contains("find out who removes objects there"), "{notes}");
    assert!(notes.contains("`snowtrack doctor` names the commands"), "{notes}");
}

#[test]
fn a_state_that_all_pipes_are_in_is_said_once_with_their_names() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    cloud.snowflake.admin("drop stage SPOTIFY.RAW.SPOTIFY_S3_STAGE");
    let said = text(&cloud.run(&["doctor"]));
    let lines: Vec<&str> =
        said.lines().filter(|line| line.contains("STOPPED_STAGE_DROPPED")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert_eq!(lines[0].matches("STOPPED_STAGE_DROPPED").count(), 1, "{}", lines[0]);
    for table in all_tables() {
        let pipe = format!("`SPOTIFY.RAW.{}_PARQUET_REST_V1`", table.to_ascii_uppercase());
        assert!(lines[0].contains(&pipe), "{pipe}: {}", lines[0]);
    }
}
