//! The world of a test: a data directory of its own and the real binary, without the developer's environment.

pub(crate) mod cloud;
pub(crate) mod model;
pub(crate) mod plain_lists;
pub(crate) mod truth;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
pub(crate) use snowtrack_doubles::{
    bell, http, library, s3 as fake_s3, snowflake as fake_snowflake, spotify as fake_spotify,
};

use self::fake_spotify::{CLIENT_ID, CLIENT_SECRET, FakeSpotify, REFRESH_TOKEN};
use self::truth::TextRow;

/// A data directory and the binary.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary in an empty folder, with `data` as its data directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_snowtrack"));
        command.env_clear().current_dir(self.folder.path()).args(arguments);
        // What is said is compared whole; how it is broken is the layout's business, which has tests of its own.
        command.env("COLUMNS", "1000");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// `run … --json`: exit code and report.
    pub(crate) fn report(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(&[&["--json", "run"], arguments].concat());
        let report = serde_json::from_slice(&output.stdout);
        (
            output.status.code().unwrap(),
            report.unwrap_or_else(|error| panic!("{error}: {output:?}")),
        )
    }

    /// Rows of a query on the published file.
    pub(crate) fn query(&self, sql: &str) -> Value {
        let output = self.run(&["--json", "query", sql]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The binary against a double of Spotify, with a login and in a hurry.
    pub(crate) fn operator(&self, spotify: &FakeSpotify, arguments: &[&str]) -> Command {
        if !self.path("snowtrack.toml").exists() {
            self.write("snowtrack.toml", "[spotify]\nmin_gap_ms = 0\n");
        }
        let mut command = self.command(arguments);
        command
            .env("SPOTIFY_CLIENT_ID", CLIENT_ID)
            .env("SPOTIFY_CLIENT_SECRET", CLIENT_SECRET)
            .env("SPOTIFY_REFRESH_TOKEN", REFRESH_TOKEN)
            .env("SPOTIFY_API_URL", spotify.api_url())
            .env("SPOTIFY_ACCOUNTS_URL", spotify.accounts_url());
        command
    }

    /// `run … --json` against a double: exit code and report.
    pub(crate) fn live_report(&self, spotify: &FakeSpotify, arguments: &[&str]) -> (i32, Value) {
        let arguments = [&["--json", "run"], arguments].concat();
        let output = self.operator(spotify, &arguments).output().unwrap();
        let report = serde_json::from_slice(&output.stdout);
        (
            output.status.code().unwrap(),
            report.unwrap_or_else(|error| panic!("{error}: {output:?}")),
        )
    }

    /// A core table as text, sorted, without the columns that name the run.
    pub(crate) fn rows_of(&self, table: &str) -> Vec<TextRow> {
        let rows = self.query(&format!(
            "select list_value(*columns(*)) as cells from (select columns(* exclude (run_id, extracted_at))::varchar from core.{table})"
        ));
        let cells = |row: &Value| -> TextRow {
            let cells = row["cells"].as_array().unwrap().iter();
            cells.map(|cell| cell.as_str().map(str::to_owned)).collect()
        };
        let mut rows: Vec<TextRow> = rows.as_array().unwrap().iter().map(cells).collect();
        rows.sort();
        rows
    }

    /// The files below a folder, by their paths in it.
    pub(crate) fn files(&self, name: &str) -> Vec<String> {
        let root = self.path(name);
        let (mut folders, mut files) = (vec![root.clone()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push(path.strip_prefix(&root).unwrap().display().to_string()),
                }
            }
        }
        files.sort();
        files
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// The shipped tables, named here and not by the program.
pub(crate) const TABLES: [&str; 8] = [
    "albums",
    "artists",
    "songs",
    "song_artists",
    "playlists",
    "playlist_songs",
    "song_observations",
    "genres",
];

/// A folder with everything below it, each file as old as it was.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
            let modified = entry.metadata().unwrap().modified().unwrap();
            std::fs::File::options()
                .append(true)
                .open(target)
                .unwrap()
                .set_modified(modified)
                .unwrap();
        }
    }
}

/// What a report says of each table: `(table, rows, changed)`.
pub(crate) fn tables(report: &Value) -> Vec<(String, u64, u64)> {
    let tables = report["tables"].as_array().unwrap().iter();
    tables
        .map(|table| {
            let count = |name: &str| table[name].as_u64().unwrap();
            (
                table["table"].as_str().unwrap().to_owned(),
                count("row_count"),
                count("changed_row_count"),
            )
        })
        .collect()
}

/// A file of the repository as JSON.
pub(crate) fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
