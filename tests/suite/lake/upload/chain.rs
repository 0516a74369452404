//! AWS's own chain: variables and profiles, read by a process of its own, because a test must not change its own environment.

use std::process::Command;

use snowtrack::lake::{Store, StoreSettings, ToUpload, WrittenFile, upload};
use snowtrack::stop::Stop;

use super::{Lake, runtime, timing, words};
use crate::support::fake_s3::{ACCESS_KEY, BUCKET, FakeS3, REGION, SECRET_KEY};

/// What [`child`] says with this environment.
fn upload_with(lake: &Lake, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command
        .args(["--exact", "lake::upload::chain::child", "--ignored", "--nocapture"])
        .env_clear()
        .env("HOME", lake.folder.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("LD_LIBRARY_PATH", option_env!("LD_LIBRARY_PATH").unwrap_or_default())
        .env("UPLOAD_FROM", lake.folder.path())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = text.lines().find_map(|line| line.split_once("said: ").map(|(_, said)| said));
    said.unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr))).to_owned()
}

#[test]
#[ignore = "run by the other tests of this module"]
#[expect(clippy::disallowed_methods, reason = "the test is about the environment")]
fn child() {
    let folder = std::env::var("UPLOAD_FROM").unwrap();
    let settings = StoreSettings {
        bucket: Some(BUCKET.to_owned()),
        timing: timing(),
        ..StoreSettings::default()
    };
    let key = "p/manifests/year=2026/month=01/day=05/R.json";
    let manifest = WrittenFile::of(folder.as_ref(), key).unwrap();
    let to_upload =
        ToUpload { lake: folder.as_ref(), files: &[], archive: None, manifest: &manifest };
    let result = runtime().block_on(async {
        let store = Store::open(&settings).await?;
        upload(&store, &to_upload, &|_| {}, &Stop::default()).await
    });
    match result {
        Ok(_) => println!("said: uploaded"),
        Err(error) => println!("said: {}", words(&error)),
    }
}

#[test]
fn keys_region_and_endpoint_come_from_the_environment() {
    for endpoint in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
        let (s3, lake) = (FakeS3::start(), Lake::new(1, &[]));
        let variables = [
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_REGION", REGION),
            (endpoint, &s3.url()),
        ];
        assert_eq!(upload_with(&lake, &variables), "uploaded", "{endpoint}");
        assert!(lake.is_in(&s3));
    }
}

#[test]
fn keys_region_and_endpoint_come_from_a_profile() {
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[]));
    let url = s3.url();
    let config = format!(
        "[profile keeper]\nregion = {REGION}\nservices = local\n[services local]\ns3 =\n  endpoint_url = {url}\n"
    );
    let keys = format!(
        "[keeper]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    );
    lake.write(".aws/config", config.as_bytes());
    lake.write(".aws/credentials", keys.as_bytes());
    assert_eq!(upload_with(&lake, &[("AWS_PROFILE", "keeper")]), "uploaded");
    assert!(lake.is_in(&s3));
}

#[test]
fn missing_credentials_and_a_missing_region_are_told_apart() {
    let lake = Lake::new(1, &[]);
    insta::assert_snapshot!(upload_with(&lake, &[("AWS_REGION", REGION)]), @"could not open the bucket `lake`: no AWS credentials were found (not set up: no credentials found in chain. Attempted: Environment: not set up: environment variable not set Profile: not set up WebIdentityToken: not set up: $AWS_WEB_IDENTITY_TOKEN_FILE was not set EcsContainer: not set up: ECS provider not configured Ec2InstanceMetadata: not set up: IMDS disabled by AWS_EC2_METADATA_DISABLED env var set to `true`); set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE` (after `aws sso login`), or give the machine or task a role");
    let keys = [("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY)];
    insta::assert_snapshot!(upload_with(&lake, &keys), @"could not open the bucket `lake`: no AWS region is configured; set `AWS_REGION` (a server of your own takes `us-east-1`)");
}
