//! The production half of the world: a real S3 server and the Snowflake double on its bucket, set up by our own `apply`.
#![allow(dead_code, reason = "a vocabulary for tests; not every test speaks every word")]

use std::process::{Command, Output};
use std::time::Duration;

use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use serde_json::Value;

use super::World;
use super::fake_s3::{ACCESS_KEY, BUCKET, FakeS3, REGION, SECRET_KEY};
use super::fake_snowflake::{FakeConfig, FakeSnowflake, FileSource};

/// The key that the double knows.
pub(crate) const KEY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/snowflake/double.p8");

/// One root certificate, of a key that nobody kept.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/root.pem");

/// The source of a small run.
pub(crate) const SMALL: [&str; 2] = ["--from-dir", "in"];

/// A bucket, an account on it, and a data directory.
pub(crate) struct Cloud {
    pub(crate) world: World,
    pub(crate) s3: FakeS3,
    pub(crate) snowflake: FakeSnowflake,
    /// What else each command is told.
    pub(crate) settings: Vec<(&'static str, String)>,
    mode: &'static str,
    format: &'static str,
}

impl Cloud {
    /// Everything set up for one way of loading.
    pub(crate) fn new(mode: &'static str, format: &'static str) -> Self {
        let cloud = Self::bare(mode, format);
        cloud.apply();
        cloud.snowflake.clear_log();
        cloud
    }

    /// The same with [`SMALL`] to read.
    pub(crate) fn small(mode: &'static str, format: &'static str) -> Self {
        let cloud = Self::new(mode, format);
        cloud.write_source();
        cloud
    }

    /// A playlist of one song and its artist's genre, which is a row for each of the eight tables.
    pub(crate) fn write_source(&self) {
        self.world.write("in/playlist.json", &crate::source::documents::playlist(|_| {}));
        let artist = serde_json::json!({"id": "1aB1cD2eF3gH4iJ5kL6mN7", "type": "artist", "name": "The Piers", "genres": ["shanty"],
            "external_urls": {"spotify": "https://open.spotify.com/artist/1aB1cD2eF3gH4iJ5kL6mN7"}});
        self.world.write("in/artist.json", &artist.to_string());
    }

    /// An account with nothing in it.
    pub(crate) fn bare(mode: &'static str, format: &'static str) -> Self {
        Self::with(mode, format, |_| {})
    }

    /// An account with nothing in it that differs from the usual one.
    pub(crate) fn with(
        mode: &'static str,
        format: &'static str,
        change: impl FnOnce(&mut FakeConfig),
    ) -> Self {
        let s3 = FakeS3::start();
        let pem = std::fs::read_to_string(KEY).unwrap();
        let key = rsa::RsaPrivateKey::from_pkcs8_pem(&pem).unwrap();
        let public = key.to_public_key().to_public_key_der().unwrap().as_bytes().to_vec();
        let mut config = FakeConfig::new(public, bucket_of(&s3));
        config.user = "SPOTIFY_LOADER_SVC".to_owned();
        config.default_role = "SPOTIFY_LOADER".to_owned();
        config.default_warehouse = Some("SPOTIFY_WH".to_owned());
        change(&mut config);
        let snowflake = FakeSnowflake::start(config);
        // What we promise; the client's own floor is no lower.
        snowflake.let_polls_come_every(Duration::from_millis(250));
        Self { world: World::new(), s3, snowflake, settings: Vec::new(), mode, format }
    }

    /// As after `new`, for a tenth of the price: the account stays set up; bucket, tables and data directory are empty.
    pub(crate) fn empty(&mut self) {
        // Not the old one emptied: a write that was under way when its client died would end in it.
        self.s3 = FakeS3::start();
        self.snowflake.empty(bucket_of(&self.s3));
        self.world = World::new();
    }

    /// As an administrator would, once.
    pub(crate) fn apply(&self) {
        let output = self.run(&[
            "snowflake",
            "apply",
            "--as-role",
            "ACCOUNTADMIN",
            "--aws-role-arn",
            "arn:aws:iam::123456789012:role/snowflake",
        ]);
        assert!(output.status.success(), "{}", text(&output));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(arguments);
        command
            .env("S3_BUCKET", BUCKET)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_REGION", REGION)
            .env("AWS_ENDPOINT_URL", self.s3.url())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("LAKE_FORMAT", self.format)
            // The doubles speak no TLS, and reading the machine's root certificates takes longer than all else that a run does here.
            .env("SSL_CERT_FILE", ROOT)
            .env("SNOWFLAKE_ACCOUNT", "myorg-myacct")
            .env("SNOWFLAKE_USER", "SPOTIFY_LOADER_SVC")
            .env("SNOWFLAKE_PRIVATE_KEY_PATH", KEY)
            .env("SNOWFLAKE_URL", self.snowflake.url())
            .env("SNOWFLAKE_INGEST", self.mode)
            // Nothing here takes so long but what would never end.
            .env("SNOWFLAKE_VERIFY_TIMEOUT_SECS", "40")
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// `run … --json`: exit code and report.
    pub(crate) fn report(&self, arguments: &[&str]) -> (i32, Value) {
        report(&mut self.command(&[&["--json", "run"], arguments].concat()))
    }

    /// Rows of each landing table.
    pub(crate) fn landed(&self, table: &str) -> u64 {
        self.snowflake.row_count(&format!("SPOTIFY.RAW.{}", table.to_ascii_uppercase()))
    }
}

fn bucket_of(s3: &FakeS3) -> FileSource {
    FileSource::Dir { bucket: BUCKET.to_owned(), folder: s3.bucket() }
}

/// Runs a command that prints a report: exit code and report.
pub(crate) fn report(command: &mut Command) -> (i32, Value) {
    let output = command.output().unwrap();
    let report = serde_json::from_slice(&output.stdout);
    (
        output.status.code().unwrap(),
        report.unwrap_or_else(|error| panic!("{error}: {}", text(&output))),
    )
}

/// Everything a command printed.
pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
