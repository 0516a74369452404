//! What the program serves: one double or all three, which then share a lake.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::{Parser, ValueEnum};
use serde_json::{Map, Value, json};
use snowtrack_doubles::library::{Library, Mode, Recorded, documents_in};
use snowtrack_doubles::s3::{self, FakeS3};
use snowtrack_doubles::script::Script;
use snowtrack_doubles::snowflake::{FakeConfig, FakeSnowflake, FileSource, TokenKind};
use snowtrack_doubles::spotify::{self, FakeSpotify};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A programmatic access token that the Snowflake double knows.
const SNOWFLAKE_TOKEN: &str = "double-programmatic-access-token-51c0";
/// The account, user, role and warehouse that it knows.
const ACCOUNT: &str = "myorg-myacct";
const USER: &str = "SPOTIFY_LOADER_SVC";
const ROLE: &str = "SPOTIFY_LOADER";
const WAREHOUSE: &str = "SPOTIFY_WH";
/// What the Spotify double's user has where no documents are given.
const PLAYLIST_COUNT: usize = 5;
const ROWS_PER_PLAYLIST: usize = 120;

/// Serves strict doubles of Spotify, Snowflake and S3.
///
/// Prints one line of JSON with their addresses and with what a client needs to be let in, then serves until SIGINT or SIGTERM.
/// What a client did that the real service forbids is written to standard error at the end: exit 1 if there is any.
#[derive(Debug, Parser)]
#[command(name = "snowtrack-doubles", version)]
pub(crate) struct Command {
    /// Which services to serve.
    service: Choice,
    /// The address to listen on; 0.0.0.0 lets other machines in, with tokens that are no secret.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: IpAddr,
    /// Spotify's port; 0 is any free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    spotify_port: u16,
    /// Snowflake's port; 0 is any free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    snowflake_port: u16,
    /// S3's port; 0 is any free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    s3_port: u16,
    /// Answer in the shape that Spotify gives new apps, or the one that it gives apps with extended quota.
    #[arg(long, value_enum, default_value_t = Shape::Development)]
    spotify_mode: Shape,
    /// Serve the documents recorded in this folder instead of an invented account.
    #[arg(long, value_name = "DIR")]
    documents: Option<PathBuf>,
    /// Let in whoever signs with the private half of this public key (PEM), besides the bearer of the printed token.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The folder that Snowflake reads as its bucket where S3 is not served.
    #[arg(long, value_name = "DIR")]
    lake: Option<PathBuf>,
    /// Let calls go wrong as this file says (the module `script` of the library shows one).
    #[arg(long, value_name = "FAULTS.toml")]
    script: Option<PathBuf>,
}

impl Command {
    const fn at(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.listen, port)
    }
}

/// What to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    Spotify,
    Snowflake,
    S3,
    All,
}

/// Spotify's two shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    Development,
    Extended,
}

/// The running doubles.
pub(crate) struct Doubles {
    spotify: Option<FakeSpotify>,
    snowflake: Option<FakeSnowflake>,
    s3: Option<FakeS3>,
}

impl Doubles {
    /// Starts what was asked for.
    pub(crate) fn start(command: &Command) -> Result<Self, String> {
        let serves = |choice| command.service == choice || command.service == Choice::All;
        let s3 = serves(Choice::S3).then(|| start_s3(command)).transpose()?;
        let snowflake = serves(Choice::Snowflake).then(|| start_snowflake(command, s3.as_ref()));
        let spotify = serves(Choice::Spotify).then(|| start_spotify(command));
        let doubles = Self { spotify: spotify.transpose()?, snowflake: snowflake.transpose()?, s3 };
        if let Some(path) = &command.script {
            doubles.follow(path)?;
        }
        Ok(doubles)
    }

    /// Lets calls go wrong as a file says; what it says of a double that is not served would never happen.
    fn follow(&self, path: &Path) -> Result<(), String> {
        let text = read(path)?;
        let script =
            Script::parse(&text).map_err(|error| format!("`{}`: {error}", path.display()))?;
        for service in script.services() {
            if self.addresses().get(service).is_none() {
                return Err(format!("`{}` scripts {service}, which is not served", path.display()));
            }
        }
        self.spotify.iter().for_each(|double| script.apply_to_spotify(double));
        self.snowflake.iter().for_each(|double| script.apply_to_snowflake(double));
        self.s3.iter().for_each(|double| script.apply_to_s3(double));
        Ok(())
    }

    /// Where they are and how one is let in.
    pub(crate) fn addresses(&self) -> Value {
        let mut all = Map::new();
        if let Some(double) = &self.spotify {
            let spotify = json!({
                "api_url": double.api_url(), "accounts_url": double.accounts_url(),
                "client_id": spotify::CLIENT_ID, "client_secret": spotify::CLIENT_SECRET,
                "refresh_token": spotify::REFRESH_TOKEN,
                "playlist_ids": double.library().listed.iter().flatten().collect::<Vec<_>>(),
            });
            all.insert("spotify".to_owned(), spotify);
        }
        if let Some(double) = &self.snowflake {
            let snowflake = json!({
                "url": double.url(), "account": ACCOUNT, "user": USER, "role": ROLE,
                "warehouse": WAREHOUSE, "token": SNOWFLAKE_TOKEN,
            });
            all.insert("snowflake".to_owned(), snowflake);
        }
        if let Some(double) = &self.s3 {
            let s3 = json!({
                "url": double.url(), "bucket": s3::BUCKET, "folder": double.bucket(),
                "region": s3::REGION, "access_key_id": s3::ACCESS_KEY, "secret_access_key": s3::SECRET_KEY,
            });
            all.insert("s3".to_owned(), s3);
        }
        Value::Object(all)
    }

    /// What the clients did that the real services forbid, each with the service's name.
    pub(crate) fn violations(&self) -> Vec<String> {
        let spotify = self.spotify.iter().flat_map(|double| {
            double.allow_violations();
            double.violations().into_iter().map(|violation| format!("spotify: {violation}"))
        });
        let snowflake = self.snowflake.iter().flat_map(|double| {
            double.allow_violations();
            double.violations().into_iter().map(|violation| format!("snowflake: {violation}"))
        });
        spotify.chain(snowflake).collect()
    }
}

fn start_s3(command: &Command) -> Result<FakeS3, String> {
    FakeS3::start_at(command.at(command.s3_port))
        .map_err(|error| taken("s3", command.s3_port, &error))
}

fn start_snowflake(command: &Command, s3: Option<&FakeS3>) -> Result<FakeSnowflake, String> {
    let folder = match (s3, &command.lake) {
        (Some(_), Some(_)) => {
            return Err(
                "--lake is for `snowflake` alone; `all` loads from the S3 double".to_owned()
            );
        }
        (Some(s3), None) => s3.bucket(),
        (None, Some(folder)) => folder.clone(),
        (None, None) => {
            return Err("`snowflake` needs --lake DIR: the folder it loads from".to_owned());
        }
    };
    let files = FileSource::Dir { bucket: s3::BUCKET.to_owned(), folder };
    let public_keys = command.public_key.iter().map(|path| {
        let text = read(path)?;
        der_of(&text).ok_or_else(|| format!("`{}` is no public key in PEM form", path.display()))
    });
    let config = FakeConfig {
        public_keys: public_keys.collect::<Result<_, String>>()?,
        tokens: vec![(TokenKind::Pat, SNOWFLAKE_TOKEN.to_owned())],
        user: USER.to_owned(),
        default_role: ROLE.to_owned(),
        default_warehouse: Some(WAREHOUSE.to_owned()),
        ..FakeConfig::new(Vec::new(), files)
    };
    FakeSnowflake::start_at(command.at(command.snowflake_port), config)
        .map_err(|error| taken("snowflake", command.snowflake_port, &error))
}

fn start_spotify(command: &Command) -> Result<FakeSpotify, String> {
    let library = match &command.documents {
        None => Library::generated(1, PLAYLIST_COUNT, ROWS_PER_PLAYLIST),
        Some(folder) => {
            let documents = documents_in(folder);
            if documents.is_empty() {
                return Err(format!("`{}` holds no recorded documents", folder.display()));
            }
            Library { recorded: Recorded::new(&documents), ..Library::new("recorder") }
        }
    };
    let mode = match command.spotify_mode {
        Shape::Development => Mode::Development,
        Shape::Extended => Mode::Extended,
    };
    FakeSpotify::start_at(command.at(command.spotify_port), library, mode)
        .map_err(|error| taken("spotify", command.spotify_port, &error))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

fn taken(service: &str, port: u16, error: &std::io::Error) -> String {
    format!("cannot serve {service} on port {port}: {error}")
}

/// The bytes between the lines that say what they are.
fn der_of(pem: &str) -> Option<Vec<u8>> {
    let body =
        pem.split("-----BEGIN PUBLIC KEY-----").nth(1)?.split("-----END PUBLIC KEY-----").next()?;
    let body: String = body.split_whitespace().collect();
    BASE64_STANDARD.decode(body).ok().filter(|der| !der.is_empty())
}

/// SIGINT and SIGTERM, from now on.
pub(crate) struct TheEnd {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
}

impl TheEnd {
    /// Listens; before this a signal ends the program without a word.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let within = runtime.enter();
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        drop(within);
        Ok(Self { runtime, interrupt, terminate })
    }

    /// Until one of them has come.
    pub(crate) fn wait(mut self) {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        });
    }
}
