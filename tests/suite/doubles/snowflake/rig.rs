//! A double with a lake and a raw client: requests are written by hand, so that they can be wrong.

use std::path::Path;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use snowtrack_doubles::snowflake::{FakeConfig, FakeSnowflake, FileSource};

/// Two registered and unregistered keys, generated for these tests.
pub(super) static KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| key("double"));
pub(super) static OTHER_KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| key("other"));

pub(super) const PIPE: &str = "SPOTIFY.RAW.SONGS_PARQUET_REST_V1";
pub(super) const PREFIX: &str = "spotify-data/raw/songs/";
/// A good token, signed once.
pub(super) static TOKEN: LazyLock<String> = LazyLock::new(|| Jwt::right().signed_by(&KEY));
/// Everything a loader needs, with one small table.
pub(super) const SETUP: &str = include_str!("setup.sql");

fn key(name: &str) -> RsaPrivateKey {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/snowflake/{name}.p8"));
    RsaPrivateKey::from_pkcs8_pem(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(super) fn public_der(key: &RsaPrivateKey) -> Vec<u8> {
    key.to_public_key().to_public_key_der().unwrap().into_vec()
}

/// A double, its lake, and a client.
pub(super) struct Rig {
    pub(super) snowflake: FakeSnowflake,
    pub(super) lake: tempfile::TempDir,
    pub(super) http: reqwest::Client,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) body: Value,
}

/// A JWT's parts before they are signed.
pub(super) struct Jwt {
    pub(super) header: Value,
    pub(super) claims: Value,
}

impl Jwt {
    /// As it should be.
    pub(super) fn right() -> Self {
        let fingerprint = STANDARD.encode(Sha256::digest(public_der(&KEY)));
        let subject = "MYORG-MYACCT.LOADER_SVC";
        let now = now().timestamp();
        Self {
            header: json!({"alg": "RS256", "typ": "JWT"}),
            claims: json!({
                "iss": format!("{subject}.SHA256:{fingerprint}"), "sub": subject,
                "iat": now, "exp": now + 59 * 60,
            }),
        }
    }

    pub(super) fn with(mut self, claim: &str, value: Value) -> Self {
        self.claims[claim] = value;
        self
    }

    pub(super) fn signed_by(&self, key: &RsaPrivateKey) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&self.header), encode(&self.claims));
        let prefix = [
            0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
            0x01, 0x05, 0x00, 0x04, 0x20,
        ];
        let scheme = Pkcs1v15Sign { hash_len: Some(32), prefix: Box::new(prefix) };
        let signature = key.sign(scheme, &Sha256::digest(signed.as_bytes())).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

#[expect(clippy::disallowed_methods, reason = "a token must be of now")]
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}

pub(super) fn ago(seconds: i64) -> i64 {
    (now() - TimeDelta::seconds(seconds)).timestamp()
}

impl Rig {
    /// A double where everything has been created.
    pub(super) fn new() -> Self {
        let rig = Self::empty(|config| config);
        rig.snowflake.admin(SETUP);
        rig
    }

    /// A double where nothing has been created.
    pub(super) fn empty(change: impl FnOnce(FakeConfig) -> FakeConfig) -> Self {
        let lake = tempfile::tempdir().unwrap();
        let files = FileSource::Dir { bucket: "lake".to_owned(), folder: lake.path().to_owned() };
        let config = FakeConfig {
            default_warehouse: Some("WH".to_owned()),
            ..FakeConfig::new(public_der(&KEY), files)
        };
        let snowflake = FakeSnowflake::start(change(config));
        let http = reqwest::Client::builder().user_agent("double/1").no_gzip().build().unwrap();
        Self { snowflake, lake, http }
    }

    /// A request with every header right.
    pub(super) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.snowflake.url()))
            .bearer_auth(TOKEN.as_str())
            .header("X-Snowflake-Authorization-Token-Type", "KEYPAIR_JWT")
            .header("Accept", "application/json")
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(reqwest::Method::GET, path)).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Reply {
        Reply::of(self.request(reqwest::Method::POST, path).json(&body)).await
    }

    /// Submits a body under a new requestId.
    pub(super) async fn submit(&self, body: Value) -> Reply {
        self.post(&format!("/api/v2/statements?requestId={}", Uuid::new_v4()), body).await
    }

    /// Submits a statement with nothing but its text.
    pub(super) async fn sql(&self, sql: &str) -> Reply {
        self.submit(json!({"statement": sql})).await
    }

    /// Tells the pipe of files below its location.
    pub(super) async fn insert_files(&self, paths: &[&str]) -> Reply {
        let files: Vec<Value> = paths.iter().map(|path| json!({"path": path})).collect();
        self.post(&pipe_path(PIPE, "insertFiles", ""), json!({"files": files})).await
    }

    pub(super) async fn report(&self) -> Reply {
        self.get(&pipe_path(PIPE, "insertReport", "")).await
    }

    /// Writes the rows of a select as a Parquet file of the lake.
    pub(super) fn put_parquet(&self, key: &str, select: &str) {
        let path = self.lake.path().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let duckdb = duckdb::Connection::open_in_memory().unwrap();
        let sql =
            format!("copy ({select}) to '{}' (format parquet, compression zstd)", path.display());
        duckdb.execute_batch(&sql).unwrap();
    }

    pub(super) fn put(&self, key: &str, bytes: &[u8]) {
        let path = self.lake.path().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// What the double has to complain of; the complaints are expected from here on.
    pub(super) fn complaints(&self) -> Vec<String> {
        self.snowflake.allow_violations();
        self.snowflake.violations()
    }

    pub(super) fn complains_of(&self, what: &str) {
        let found = self.complaints();
        assert!(found.iter().any(|complaint| complaint.contains(what)), "no `{what}` in {found:?}");
    }
}

impl Reply {
    pub(super) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(super) fn handle(&self) -> &str {
        self.body["statementHandle"].as_str().unwrap()
    }

    /// The one cell of the result.
    pub(super) fn cell(&self) -> &Value {
        assert_eq!(self.status, 200, "{self:?}");
        &self.body["data"][0][0]
    }

    pub(super) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

pub(super) fn pipe_path(pipe: &str, action: &str, query: &str) -> String {
    format!("/v1/data/pipes/{pipe}/{action}?requestId={}{query}", Uuid::new_v4())
}

/// `count` songs as our exporter would write them.
pub(super) fn songs(count: u32) -> String {
    format!(
        "select 's' || i as id, 'Song ' || i as name, timestamp '2024-05-01 10:00:00' + to_seconds(i) as added_at, \
         i::integer as duration_ms, 'run1' as run_id, timestamp '2026-01-05 06:07:08' as extracted_at, \
         ('0x' || substr(md5('s' || i || chr(31) || 'Song ' || i), 1, 16))::ubigint::decimal(20, 0) as row_hash \
         from range({count}) as t(i)"
    )
}
