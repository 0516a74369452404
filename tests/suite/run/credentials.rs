//! Who we are to the bucket and to Snowflake: every kind of credential goes all the way, every error says what to mend.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use serde_json::json;

use crate::support::cloud::{Cloud, report, text};
use crate::support::fake_s3::{self as s3, ACCESS_KEY, Op, SECRET_KEY};
use crate::support::fake_snowflake::{Fault, TokenKind, When};

/// The predecessor's file with keys that the bucket does not know.
const OLD_KEYS: &str = "[aws-auth]\naws_access_key_id = AKIAOLDOLDOLDOLDOLDO\naws_secret_access_key = old-secret\nregion_name = eu-west-1\n";

fn uploading(cloud: &Cloud) -> Command {
    cloud.world.write("old.ini", OLD_KEYS);
    cloud.command(&["--json", "--config", "old.ini", "run", "--demo", "--no-ingest"])
}

#[test]
fn keys_and_profiles_of_the_environment_win_over_those_of_the_predecessors_file() {
    let cloud = Cloud::bare("rest", "parquet");
    let (code, uploaded) = report(&mut uploading(&cloud));
    assert_eq!(code, 0, "{uploaded:#}");
    // An account is configured; it is the command that ends before it.
    assert_eq!(uploaded["verification"]["reason"], "the command ends before Snowflake is asked");

    let cloud = Cloud::bare("rest", "parquet");
    let credentials = format!(
        "[loader]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    );
    cloud.world.write("credentials", &credentials);
    let mut command = uploading(&cloud);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_SHARED_CREDENTIALS_FILE", cloud.world.path("credentials"))
        .env("AWS_PROFILE", "loader");
    let (code, uploaded) = report(&mut command);
    assert_eq!(code, 0, "{uploaded:#}");
}

#[test]
fn keys_of_the_predecessors_file_are_used_where_the_environment_names_none() {
    let cloud = Cloud::bare("rest", "parquet");
    let mut command = uploading(&cloud);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let output = command.output().unwrap();
    // The bucket does not know them, and says so.
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
}

/// A run by somebody without the key of the other tests.
fn keyless(cloud: &Cloud) -> Command {
    let mut command = cloud.command(&["--json", "run", "--demo"]);
    command.env_remove("SNOWFLAKE_PRIVATE_KEY_PATH");
    command
}

fn assert_verified(cloud: &Cloud, name: &str, command: &mut Command) {
    let (code, run) = report(command);
    assert_eq!((code, &run["status"]), (0, &json!("verified")), "{name}: {run:#}");
    assert!(cloud.landed("songs") > 0, "{name}");
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/snowflake").join(name)
}

/// The public half of the fixtures' key, as the user would have registered it.
fn public_half() -> Vec<u8> {
    let pem = std::fs::read_to_string(fixture("public.pem")).unwrap();
    let key = rsa::RsaPublicKey::from_public_key_pem(&pem).unwrap();
    key.to_public_key_der().unwrap().into_vec()
}

/// An account that knows the double's key and the fixtures'.
fn with_fixture_key() -> Cloud {
    let cloud = Cloud::with("rest", "parquet", |config| config.public_keys.push(public_half()));
    cloud.apply();
    cloud
}

/// Every token type has its header: the double refuses and counts any other, and one that an API does not take.
#[test]
fn every_kind_of_token_goes_all_the_way_to_verified() {
    let kinds = [
        ("PAT", TokenKind::Pat, "pat-secret", "auto"),
        ("OAuth", TokenKind::OAuth, "oauth-secret", "copy"),
        ("WIF", TokenKind::Wif, "WIF.AWS.wif-secret", "rest"),
    ];
    for (word, kind, token, mode) in kinds {
        let cloud = Cloud::with(mode, "parquet", |config| {
            config.tokens = vec![(kind, token.to_owned())];
        });
        cloud.apply();
        cloud.snowflake.clear_log();
        let mut command = keyless(&cloud);
        command.env("SNOWFLAKE_TOKEN", token).env("SNOWFLAKE_TOKEN_TYPE", word);
        assert_verified(&cloud, word, &mut command);
        assert_eq!(cloud.snowflake.counters().token_count, 1, "{word}: only the token was sent");
    }
    // The fourth kind is signed here, by a key that is read in each of its forms; each run has a world of its own.
    let cloud = with_fixture_key();
    let plain = std::fs::read_to_string(fixture("plain.p8")).unwrap();
    let encrypted = fixture("aes256.p8").display().to_string();
    for (name, variables) in [
        ("plain", &[("SNOWFLAKE_PRIVATE_KEY", plain.as_str())][..]),
        (
            "encrypted",
            &[
                ("SNOWFLAKE_PRIVATE_KEY_PATH", encrypted.as_str()),
                ("PRIVATE_KEY_PASSPHRASE", "correct horse"),
            ],
        ),
    ] {
        cloud.snowflake.clear_log();
        let mut command = keyless(&cloud);
        command.args(["--data-dir", name]).envs(variables.iter().copied());
        assert_verified(&cloud, name, &mut command);
        assert_eq!(cloud.snowflake.count("insertFiles"), 8, "{name}");
    }
}

#[test]
fn a_token_that_cannot_submit_files_is_refused_before_anything_is_done() {
    let cloud = Cloud::bare("rest", "parquet");
    for (word, token) in [("PAT", "pat-secret"), ("OAuth", "oauth-secret")] {
        let mut command = keyless(&cloud);
        command.env("SNOWFLAKE_TOKEN", token).env("SNOWFLAKE_TOKEN_TYPE", word);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains("SNOWFLAKE_INGEST=auto or copy"), "{}", text(&output));
        assert!(!text(&output).contains(token));
    }
    assert_eq!((cloud.snowflake.requests().len(), cloud.s3.calls().len()), (0, 0));
}

#[test]
fn no_secret_is_in_what_a_run_says_that_fails() {
    let plain = std::fs::read_to_string(fixture("plain.p8")).unwrap();
    let key_line = plain.lines().nth(3).unwrap().to_owned();
    let wif = "WIF.AWS.wif-secret";
    let (encrypted, passphrase) = (fixture("aes256.p8").display().to_string(), "correct horse");
    let ways: [&[(&str, &str)]; 4] = [
        &[("SNOWFLAKE_PRIVATE_KEY", plain.as_str())],
        &[
            ("SNOWFLAKE_PRIVATE_KEY_PATH", encrypted.as_str()),
            ("PRIVATE_KEY_PASSPHRASE", passphrase),
        ],
        &[("SNOWFLAKE_TOKEN", wif), ("SNOWFLAKE_TOKEN_TYPE", "WIF")],
        &[("SNOWFLAKE_TOKEN", "pat-secret"), ("SNOWFLAKE_TOKEN_TYPE", "PAT")],
    ];
    // Who it is that says no, and at which call.
    let status = |code| Fault::Status { code, body: "<html>no</html>".to_owned(), headers: vec![] };
    let faults = [Fault::Unauthorized, status(403), Fault::CutOff, Fault::WrongRowCount];
    for (variables, fault) in ways.iter().zip(faults) {
        for is_s3 in [true, false] {
            let cloud = with_fixture_key();
            if is_s3 {
                let denied = s3::Fault::answer(403, "AccessDenied", "Access Denied");
                cloud.s3.script(Op::Put, 1, usize::MAX, denied);
            }
            cloud.snowflake.script(When::Any, usize::MAX, fault.clone());
            cloud.snowflake.allow_violations();
            let mut command = keyless(&cloud);
            let mode = if variables[0].1 == "pat-secret" { "copy" } else { "rest" };
            command.arg("-vvv").env("SNOWFLAKE_INGEST", mode).envs(variables.iter().copied());
            let output = command.output().unwrap();
            assert!(!output.status.success(), "{fault:?}: {}", text(&output));
            let mut secrets = cloud.snowflake.tokens();
            secrets
                .extend([&key_line, passphrase, wif, "pat-secret", SECRET_KEY].map(String::from));
            for secret in secrets {
                assert!(!text(&output).contains(&secret), "`{secret}` is in {}", text(&output));
            }
        }
    }
}

/// A case's name, the key's file, its passphrase, the exit code, and what must be said.
type KeyError = (&'static str, &'static str, Option<&'static str>, i32, &'static [&'static str]);

#[test]
fn each_error_with_a_key_has_its_own_message_and_the_remedy() {
    let mut told = String::new();
    let mut seen = BTreeSet::new();
    let cases: [KeyError; 7] = [
        ("no passphrase", "aes256.p8", None, 2, &["encrypted", "PRIVATE_KEY_PASSPHRASE"]),
        ("wrong passphrase", "aes256.p8", Some("wrong"), 2, &["PRIVATE_KEY_PASSPHRASE"]),
        ("wrong cipher", "des3.p8", Some("correct horse"), 2, &["des-ede3-cbc", "-v2 aes-256-cbc"]),
        ("public key", "public.pem", None, 2, &["public key", "rsa_key.p8"]),
        ("old format", "pkcs1.pem", None, 2, &["PKCS#1", "openssl pkcs8 -topk8"]),
        ("no such file", "nowhere.p8", None, 2, &["nowhere.p8"]),
        (
            "unregistered key",
            "plain.p8",
            None,
            6,
            &["RSA_PUBLIC_KEY_FP", "SYSTEM$GET_LOGIN_FAILURE"],
        ),
    ];
    for (name, file, passphrase, code, words) in cases {
        let cloud = Cloud::new("rest", "parquet");
        let mut command = cloud.command(&["-q", "run", "--demo"]);
        command.env("SNOWFLAKE_PRIVATE_KEY_PATH", fixture(file));
        passphrase.map(|text| command.env("PRIVATE_KEY_PASSPHRASE", text));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{name}: {said}");
        for word in words {
            assert!(said.contains(word), "{name} does not say `{word}`: {said}");
        }
        assert!(!said.contains("correct horse") && !said.contains("MII"), "{name}: {said}");
        assert!(seen.insert(said.clone()), "{name} says what another one says: {said}");
        assert_eq!(cloud.snowflake.login_failures().len(), if code == 6 { 2 } else { 0 }, "{name}");
        told += &format!("## {name}: exit {code}\n{}\n\n", said.trim_end());
    }
    let told = told.replace(&fixture("").display().to_string(), "[KEYS]/");
    let filters = [
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[UUID]"),
        (r"\(-?\d+ s off\)", "([SECONDS] s off)"),
    ];
    insta::with_settings!({filters => filters, omit_expression => true}, {
        insta::assert_snapshot!("errors_with_a_key", told);
    });
}

/// The forms themselves are a table beside the code; here, that claim and host both arrive.
#[test]
fn an_account_is_signed_for_as_snowflake_knows_it_and_an_ambiguous_one_is_refused() {
    let cloud = Cloud::with("rest", "parquet", |config| config.account = "XY12345".to_owned());
    let pipes = |account: &str| {
        let mut command = cloud.command(&["snowflake", "pipes"]);
        command.env("SNOWFLAKE_ACCOUNT", account).output().unwrap()
    };
    for account in ["xy12345", "xy12345.us-east-2.aws", "xy12345.eu-west-1.privatelink"] {
        pipes(account);
        assert_eq!(cloud.snowflake.login_failures(), [], "{account}");
        assert!(!cloud.snowflake.requests().is_empty(), "{account}");
        cloud.snowflake.clear_log();
    }
    let refused = pipes("myorg.myacct");
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("write `myorg-myacct` for the account"), "{}", text(&refused));
    assert_eq!(cloud.snowflake.requests().len(), 0);
}

#[test]
fn a_clock_that_is_ten_minutes_off_is_named_and_does_not_stop_the_run() {
    for (seconds, side) in [(-600, "ahead of"), (600, "behind")] {
        let cloud = Cloud::new("rest", "parquet");
        cloud.snowflake.skew_clock(seconds);
        let output = cloud.run(&["run", "--demo"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{side}: {}", text(&output));
        let line = said.lines().find(|line| line.contains(side)).unwrap_or_default();
        // A second more or less is the test's own.
        assert!(
            line.contains("this machine's clock is 6") || line.contains("clock is 59"),
            "{said}"
        );
        assert!(line.contains("NTP"), "{side}: {said}");
        assert_eq!(said.matches("clock").count(), 1, "said once: {said}");
        let doctor = cloud.run(&["doctor"]);
        assert!(text(&doctor).contains("clock"), "{}", text(&doctor));
    }
}

/// Whoever reads a named pipe waits for its writer, and no signal ends that.
#[test]
fn a_key_or_a_token_that_is_no_file_is_refused_at_once() {
    let cloud = Cloud::bare("rest", "parquet");
    let pipe = cloud.world.path("key.p8");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink(&pipe, cloud.world.path("link.p8")).unwrap();
    std::os::unix::fs::symlink(crate::support::cloud::KEY, cloud.world.path("good.p8")).unwrap();
    let folder = cloud.world.path("in").display().to_string();
    std::fs::create_dir(&folder).unwrap();
    for (path, kind) in [
        (pipe.display().to_string(), "a pipe or a device"),
        (cloud.world.path("link.p8").display().to_string(), "a pipe or a device"),
        ("/dev/zero".to_owned(), "a pipe or a device"),
        (folder, "a folder"),
    ] {
        let mut command = cloud.command(&["run", "--demo"]);
        let output = command.env("SNOWFLAKE_PRIVATE_KEY_PATH", &path).output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{path}: {said}");
        assert!(said.contains(&path) && said.contains(kind), "{path}: {said}");
        assert!(said.contains("SNOWFLAKE_PRIVATE_KEY_PATH"), "{path}: {said}");
    }
    // The standard input is a pipe here.
    let mut command = cloud.command(&["run", "--demo"]);
    command.env("SNOWFLAKE_PRIVATE_KEY_PATH", "/dev/stdin").stdin(std::process::Stdio::piped());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    // A link to a file is that file: the account is asked.
    let mut command = cloud.command(&["snowflake", "pipes"]);
    command.env("SNOWFLAKE_PRIVATE_KEY_PATH", cloud.world.path("good.p8"));
    command.output().unwrap();
    assert!(!cloud.snowflake.requests().is_empty());
    let token = format!(
        "[one]\naccount = 'myorg-myacct'\nauthenticator = 'oauth'\ntoken_file_path = '{}'\n",
        pipe.display()
    );
    cloud.world.write(".snowflake/connections.toml", &token);
    let mut command = cloud.command(&["config", "check"]);
    let home = cloud.world.path("");
    command.env_remove("SNOWFLAKE_PRIVATE_KEY_PATH").env("HOME", home);
    let output = command.env("SNOWFLAKE_CONNECTION", "one").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("key.p8"), "{}", text(&output));
}
