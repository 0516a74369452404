//! The double and our tokens against Snowflake's own Python clients and PyJWT, which we did not write.
//!
//! `SNOWTRACK_ORACLES` names a virtual environment with what `tests/oracles/requirements.txt` lists; `make test` makes one where it
//! can. Without the variable these tests say that they skip; with it they must run.
#![expect(clippy::print_stdout, reason = "says why it checks nothing")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use super::rig::{PIPE, PREFIX, Rig, SETUP, songs};
use crate::support::World;
use snowtrack_doubles::snowflake::{FakeConfig, Manners};

/// A program of `tests/oracles`, run by a Python that has Snowflake's clients.
pub(crate) fn oracle(program: &str) -> Option<Command> {
    #[expect(clippy::disallowed_methods, reason = "which Python has them is the machine's matter")]
    let folder = std::env::var_os("SNOWTRACK_ORACLES").filter(|folder| !folder.is_empty());
    let Some(folder) = folder else {
        println!("skipped: SNOWTRACK_ORACLES is not set (see tests/oracles/requirements.txt)");
        return None;
    };
    let mut command = Command::new(Path::new(&folder).join("bin/python"));
    command.arg(root().join("tests/oracles").join(program));
    Some(command)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a program prints when it is given `input`.
fn told(command: &mut Command, input: &str) -> Value {
    let (input_pipe, output_pipe, error_pipe) = (Stdio::piped(), Stdio::piped(), Stdio::piped());
    let spawned = command.stdin(input_pipe).stdout(output_pipe).stderr(error_pipe).spawn();
    let mut child = spawned.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(text.trim()).unwrap_or_else(|_| panic!("{text}\n{output:?}"))
}

#[tokio::test]
async fn snowflakes_own_clients_sign_submit_and_read_reports() {
    let Some(mut client) = oracle("ingest.py") else { return };
    let rig = Rig::empty(|config| FakeConfig { manners: Manners::Documented, ..config });
    rig.snowflake.admin(SETUP);
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(3));
    let start =
        (super::rig::now() - chrono::TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%S.000Z");
    let url = rig.snowflake.url();
    client.arg(root().join("tests/fixtures/snowflake/double.p8"));
    client.args([url.rsplit(':').next().unwrap(), PIPE, "a.parquet", &start.to_string()]);
    let told = told(&mut client, "");
    assert_eq!(told["queued"]["responseCode"], "SUCCESS");
    let report = &told["report"];
    assert_eq!((&report["pipe"], &report["completeResult"]), (&json!(PIPE), &json!(true)));
    let file = &report["files"][0];
    let expected = (&json!("a.parquet"), &json!("LOADED"), &json!(3));
    assert_eq!((&file["path"], &file["status"], &file["rowsInserted"]), expected);
    let scan = &told["scan"];
    let expected = (&json!("a.parquet"), &json!("true"));
    assert_eq!((&scan["files"][0]["path"], &scan["completeResult"]), expected);
    assert_eq!(rig.snowflake.row_count("SPOTIFY.RAW.SONGS"), 3);
    // The driver's token is of another make than the ingest client's.
    let path = super::rig::pipe_path(PIPE, "insertReport", "");
    let mut request = rig.request(reqwest::Method::GET, &path).build().unwrap();
    let header = format!("Bearer {}", told["driver_token"].as_str().unwrap());
    request.headers_mut().insert("authorization", header.parse().unwrap());
    assert_eq!(rig.http.execute(request).await.unwrap().status(), 200);
    // Tokens, headers and parameters are all as the double thinks they should be.
    assert!(rig.snowflake.violations().is_empty());
    assert_eq!(rig.snowflake.counters().token_count, 2);
}

#[test]
fn our_tokens_pass_pyjwt_and_say_what_snowflakes_own_clients_would_say() {
    let Some(mut checker) = oracle("jwt_check.py") else { return };
    let (key, passphrase) = (root().join("tests/fixtures/snowflake/aes256.p8"), "correct horse");
    let user = "Loader@example.com";
    let world = World::new();
    let token = |account: &str| {
        let mut command = world.command(&["snowflake", "jwt"]);
        command
            .env("SNOWFLAKE_ACCOUNT", account)
            .env("SNOWFLAKE_USER", user)
            .env("SNOWFLAKE_PRIVATE_KEY_PATH", &key)
            .env("PRIVATE_KEY_PASSPHRASE", passphrase);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let accounts = [
        "myorg-myacct",
        "MyOrg-my_acct",
        "xy12345",
        "xy12345.us-east-2.aws",
        "xy12345.eu-west-1.privatelink",
        "myorg-acct.privatelink",
        "acct-extid.global",
        "xy12345.cn-northwest-1.aws",
    ];
    let tokens: Map<String, Value> =
        accounts.iter().map(|account| ((*account).to_owned(), json!(token(account)))).collect();
    checker.arg(&key).args([passphrase, user]);
    let told = told(&mut checker, &Value::Object(tokens).to_string());
    for account in accounts {
        let told = &told[account];
        let ours = told["ours"].as_object().unwrap();
        assert_eq!(told["header"], json!({"alg": "RS256", "typ": "JWT"}), "{account}");
        let names: Vec<&str> = ours.keys().map(String::as_str).collect();
        assert_eq!(names, ["exp", "iat", "iss", "sub"], "{account}");
        let life = |token: &Value| token["exp"].as_i64().unwrap() - token["iat"].as_i64().unwrap();
        assert_eq!(life(&told["ours"]), life(&told["ingest"]), "{account}");
        for client in ["driver", "ingest"] {
            // The ingest client looks for `.global` after it has put the account into capitals, and never finds it.
            if client == "ingest" && account.ends_with(".global") {
                continue;
            }
            for claim in ["iss", "sub"] {
                assert_eq!(ours[claim], told[client][claim], "{claim} of `{account}`: {client}");
            }
        }
    }
}
