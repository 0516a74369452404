//! Settings as people really write them: `.env` files, variables, `snowtrack.toml`, keys, and what a slip of the keyboard leads to.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::World;
use crate::support::cloud::{Cloud, KEY, SMALL, report, text};
use crate::support::fake_s3::{ACCESS_KEY, REGION, SECRET_KEY};

fn refused(command: &mut Command, says: &[&str]) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for word in says {
        assert!(said.contains(word), "no `{word}` in {said}");
    }
}

/// `config check`: value and origin of a setting.
fn setting(command: &mut Command, key: &str) -> (Value, String) {
    let output: Output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let settings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = settings.as_array().unwrap();
    let found = all.iter().find(|it| it["setting"] == key).unwrap();
    (found["value"].clone(), found["origin"].as_str().unwrap().to_owned())
}

const CHECK: [&str; 3] = ["--json", "config", "check"];

#[test]
fn only_the_working_directorys_dot_env_is_read() {
    let world = World::new();
    world.write(".env", "SPOTIFY_ACCOUNTS_URL=http://other.example/\nAWS_ENDPOINT_URL=http://x\n");
    world.write("a/b/.keep", "");
    for folder in ["a", "a/b"] {
        let mut command = world.command(&CHECK);
        let (value, origin) =
            setting(command.current_dir(world.path(folder)), "spotify.accounts_url");
        assert_eq!((value, origin.as_str()), ("https://accounts.spotify.com/".into(), "default"));
    }
    let (value, origin) = setting(&mut world.command(&CHECK), "spotify.accounts_url");
    assert_eq!(value, "http://other.example/");
    assert_eq!(origin, "`.env` `SPOTIFY_ACCOUNTS_URL`");
}

#[test]
fn the_flag_wins_over_every_variable_and_config_check_says_so() {
    let world = World::new();
    world.write(".env", "SNOWTRACK_DATA_DIR=from-dot-env\n");
    let mut command = world.command(&["--json", "config", "check", "--data-dir", "from-flag"]);
    let (value, origin) = setting(&mut command, "data_dir");
    assert_eq!((value, origin.as_str()), ("from-flag".into(), "flag `--data-dir`"));
    let (value, origin) = setting(&mut world.command(&CHECK), "data_dir");
    assert_eq!((value, origin.as_str()), ("from-dot-env".into(), "`.env` `SNOWTRACK_DATA_DIR`"));
}

#[test]
fn a_dot_env_of_windows_is_read_and_one_that_is_no_text_is_named() {
    let world = World::new();
    let utf16 = "\u{FEFF}S3_PREFIX=süß/\r\nSNOWFLAKE_USER=me\r\n".encode_utf16();
    std::fs::write(world.path(".env"), utf16.flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
        .unwrap();
    assert_eq!(setting(&mut world.command(&CHECK), "lake.prefix").0, "süß/");
    assert_eq!(setting(&mut world.command(&CHECK), "snowflake.user").0, "me");
    let utf16 = "\u{FEFF}[snowflake]\r\nrole = 'R'\r\n".encode_utf16();
    std::fs::write(
        world.path("snowtrack.toml"),
        utf16.flat_map(u16::to_be_bytes).collect::<Vec<_>>(),
    )
    .unwrap();
    assert_eq!(setting(&mut world.command(&CHECK), "snowflake.role").0, "R");
    std::fs::write(world.path(".env"), b"S3_PREFIX=a/\n# caf\xE9\nS3_BUCKET=b\n").unwrap();
    refused(&mut world.command(&CHECK), &["`.env`", "line 2", "UTF-8"]);
}

#[test]
fn whatever_else_is_called_dot_env_is_named_and_not_waited_for() {
    for name in [".env", "snowtrack.toml"] {
        let world = World::new();
        std::fs::create_dir(world.path(name)).unwrap();
        refused(&mut world.command(&CHECK), &[name, "a folder"]);
        std::fs::remove_dir(world.path(name)).unwrap();
        std::os::unix::fs::symlink("nowhere", world.path(name)).unwrap();
        refused(&mut world.command(&CHECK), &[name, "a link to nothing"]);
        std::fs::remove_file(world.path(name)).unwrap();
        let made = Command::new("mkfifo").arg(world.path(name)).status().unwrap();
        assert!(made.success());
        refused(&mut world.command(&CHECK), &[name, "a pipe"]);
    }
}

#[test]
fn a_dollar_a_space_and_a_backslash_reach_the_program_as_they_stand() {
    let world = World::new();
    world.write(
        ".env",
        "export S3_PREFIX=a b/\nSNOWFLAKE_USER=end$\nSNOWFLAKE_ROLE=\"my$ecret\"\n\
         SNOWFLAKE_WAREHOUSE='cost$5'\nSNOWFLAKE_STAGE=pa$$word1\nSNOWFLAKE_SCHEMA=back\\slash\n\
         SNOWFLAKE_DATABASE=${HOME} # not expanded\n",
    );
    for (key, wanted) in [
        ("lake.prefix", "a b/"),
        ("snowflake.user", "end$"),
        ("snowflake.role", "my$ecret"),
        ("snowflake.warehouse", "cost$5"),
        ("snowflake.stage", "pa$$word1"),
        ("snowflake.schema", "back\\slash"),
        ("snowflake.database", "${HOME}"),
    ] {
        assert_eq!(setting(world.command(&CHECK).env("HOME", "/root"), key).0, wanted, "{key}");
    }
    world.write(".env", "S3_PREFIX=a/\n\nhunter2\n");
    refused(&mut world.command(&CHECK), &["`.env`", "line 3"]);
}

/// An operator whose key has a passphrase with everything that a `.env` could change.
#[test]
fn a_passphrase_with_a_dollar_opens_its_key() {
    let pem = std::fs::read_to_string(KEY).unwrap();
    let key = <rsa::RsaPrivateKey as rsa::pkcs8::DecodePrivateKey>::from_pkcs8_pem(&pem).unwrap();
    let cloud = Cloud::new("rest", "parquet");
    for (passphrase, line) in [
        ("pa$$word1 \\ \"#'", "PRIVATE_KEY_PASSPHRASE=\"pa\\$$word1 \\ \\\"#'\""),
        ("pa$$word1", "PRIVATE_KEY_PASSPHRASE=pa$$word1"),
    ] {
        let encrypted = rsa::pkcs8::EncodePrivateKey::to_pkcs8_encrypted_pem(
            &key,
            rsa::rand_core::OsRng,
            passphrase,
            rsa::pkcs8::LineEnding::LF,
        );
        cloud.world.write("key.p8", &encrypted.unwrap());
        cloud.world.write(".env", &format!("{line}\n"));
        let mut command = cloud.command(&["snowflake", "jwt"]);
        let output = command.env("SNOWFLAKE_PRIVATE_KEY_PATH", "key.p8").output().unwrap();
        assert!(output.status.success(), "{line}: {}", text(&output));
    }
}

#[test]
fn what_a_secret_store_or_an_editor_leaves_behind_a_value_does_no_harm() {
    for end in ["\n", "\r\n", "  "] {
        let cloud = Cloud::small("rest", "parquet");
        let mut command = cloud.command(&[&["--json", "run"], &SMALL[..]].concat());
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_REGION", REGION),
            ("SNOWFLAKE_USER", "SPOTIFY_LOADER_SVC"),
            ("SNOWFLAKE_ACCOUNT", "myorg-myacct"),
        ] {
            command.env(name, format!("{value}{end}"));
        }
        let (code, run) = report(&mut command);
        assert_eq!((code, &run["status"]), (0, &"verified".into()), "{end:?}: {run:#}");
    }
}

#[test]
fn the_sdk_finds_its_own_variables_in_a_dot_env_of_windows() {
    let cloud = Cloud::small("rest", "parquet");
    cloud.world.write(
        ".env",
        &format!("AWS_ACCESS_KEY_ID={ACCESS_KEY}\r\nAWS_SECRET_ACCESS_KEY='{SECRET_KEY}'\r\n"),
    );
    let mut command = cloud.command(&[&["--json", "run", "--no-ingest"], &SMALL[..]].concat());
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let (code, run) = report(&mut command);
    assert_eq!((code, &run["status"]), (0, &"uploaded".into()), "{run:#}");
}

#[test]
fn quotes_that_came_with_a_value_are_named() {
    let world = World::new();
    for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "SPOTIFY_CLIENT_ID", "S3_PREFIX"] {
        refused(world.command(&["run", "--demo"]).env(name, "\"x\""), &[name, "`\"x\"`", "quotes"]);
    }
    for name in ["AWS_SECRET_ACCESS_KEY", "SPOTIFY_CLIENT_SECRET", "SNOWFLAKE_TOKEN"] {
        let output = world.command(&["run", "--demo"]).env(name, "'hunter2'").output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(name) && !said.contains("hunter2"), "{said}");
    }
    assert!(!world.path("data").exists());
}

#[test]
fn the_file_goes_through_the_checks_of_the_environment() {
    let world = World::new();
    for (toml, says) in [
        ("[lake]\nprefix = '../../escaped/'\n", ["line 2", "lake.prefix", "../../escaped/"]),
        ("[lake]\nmax_file_mib = 0\n", ["line 2", "lake.max_file_mib", "1 to 5000"]),
        ("[lake]\nmax_file_mib = 'many'\n", ["line 2", "lake.max_file_mib", "`many`"]),
        (
            "[snowflake]\nverify_timeout_secs = 9999999999999\n",
            ["line 2", "snowflake.verify_timeout_secs", "86400"],
        ),
    ] {
        world.write("snowtrack.toml", toml);
        refused(&mut world.command(&["run", "--demo"]), &says);
    }
    assert!(!world.path("data").exists());
}

#[test]
fn a_variable_that_nobody_reads_is_told_with_the_one_that_was_meant() {
    let world = World::new();
    world.write(".env", "S3_BUCKET_NAME=b\n");
    let mut command = world.command(&["config", "check"]);
    command.env("SNOWFLAKE_ACOUNT", "a-b").env("SNOWFLAKE_PASSWORD", "hunter2");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for (name, meant) in
        [("S3_BUCKET_NAME", "S3_BUCKET"), ("SNOWFLAKE_ACOUNT", "SNOWFLAKE_ACCOUNT")]
    {
        assert!(said.contains(&format!("`{name}` is set and not read; is `{meant}`")), "{said}");
    }
    assert!(!said.contains("PASSWORD") && said.lines().count() == 2, "{said}");
}

#[test]
fn a_key_is_found_at_home_and_read_however_often_its_line_breaks_were_escaped() {
    let cloud = Cloud::new("rest", "parquet");
    let home = std::path::Path::new(KEY).parent().unwrap();
    let pem = std::fs::read_to_string(KEY).unwrap();
    let jwt = || {
        let mut command = cloud.command(&["snowflake", "jwt"]);
        command.env_remove("SNOWFLAKE_PRIVATE_KEY_PATH").env("HOME", home);
        command
    };
    let fine = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    };
    fine(jwt().env("SNOWFLAKE_PRIVATE_KEY_PATH", "~/double.p8"));
    for escaped in ["\\n", "\\\\n", "\\\\\\\\n", "\\r\\n"] {
        fine(jwt().env("SNOWFLAKE_PRIVATE_KEY", pem.replace('\n', escaped)));
    }
    let utf16 = std::iter::once(0xFEFF).chain(pem.encode_utf16());
    std::fs::write(cloud.world.path("k.p8"), utf16.flat_map(u16::to_le_bytes).collect::<Vec<_>>())
        .unwrap();
    fine(jwt().env("SNOWFLAKE_PRIVATE_KEY_PATH", "k.p8"));
    let key = <rsa::RsaPrivateKey as rsa::pkcs8::DecodePrivateKey>::from_pkcs8_pem(&pem).unwrap();
    let der = rsa::pkcs8::EncodePrivateKey::to_pkcs8_der(&key).unwrap();
    std::fs::write(cloud.world.path("k.der"), der.as_bytes()).unwrap();
    let mut command = jwt();
    refused(command.env("SNOWFLAKE_PRIVATE_KEY_PATH", "k.der"), &["`k.der`", "DER", "openssl"]);
}
