//! `verify --watch`: what a person sees of each table while Snowflake takes its time.

use crate::support::cloud::{Cloud, text};
use crate::support::fake_snowflake::{Latency, PipeState};

/// A run whose files are submitted and not verified.
fn submitted() -> Cloud {
    let cloud = Cloud::new("rest", "parquet");
    let output = cloud.run(&["run", "--demo", "--no-ingest"]);
    assert!(output.status.success(), "{}", text(&output));
    cloud.snowflake.let_loads_take(Latency::Looks(2));
    let output = cloud.run(&["ingest"]);
    assert!(output.status.success(), "{}", text(&output));
    cloud
}

#[test]
fn without_a_terminal_each_change_of_a_table_is_a_line() {
    let cloud = submitted();
    let pipe = "SPOTIFY.RAW.ALBUMS_PARQUET_REST_V1";
    let output = cloud.run(&["verify", "--watch"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for table in ["albums", "artists", "songs", "genres"] {
        let of_table: Vec<&str> =
            said.lines().filter(|line| line.contains(&format!("`{table}`:"))).collect();
        assert!(of_table[0].contains("pending, 0 of 1 file, 0 of "), "{said}");
        assert!(of_table[0].contains("waits for Snowpipe's report"), "{said}");
        assert!(of_table.last().unwrap().contains("verified, 1 of 1 file, "), "{said}");
        // Rounds without news are no lines.
        let mut news: Vec<&str> =
            of_table.iter().filter_map(|line| line.split_once('`')).map(|(_, line)| line).collect();
        let count = news.len();
        news.dedup();
        assert_eq!(news.len(), count, "{said}");
    }
    assert!(!said.contains('\u{1b}'), "no drawing: {said}");
    // A pipe that stands still is what is waited for.
    let cloud = submitted();
    cloud.snowflake.set_pipe_state(pipe, PipeState::new("PAUSED", None));
    let output = cloud.run(&["--json", "verify", "--watch"]);
    assert_eq!(output.status.code(), Some(8), "{}", text(&output));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let albums = said.lines().rfind(|line| line.contains("`albums`: pending"));
    assert!(albums.is_some_and(|line| line.contains("PAUSED")), "{said}");
    assert!(serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok());
    // Who does not watch is not told.
    let output = cloud.run(&["verify"]);
    assert_eq!(output.status.code(), Some(8), "{}", text(&output));
    assert!(!text(&output).contains("`songs`: "), "{}", text(&output));
}

/// `script` (util-linux) is a terminal for a command; where it is missing or another one, nothing is tried.
#[test]
fn on_a_terminal_each_table_has_a_line_that_is_redrawn() {
    let version = std::process::Command::new("script").arg("--version").output();
    if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux")) {
        println!("skipped: there is no `script` of util-linux");
        return;
    }
    let cloud = submitted();
    let binary = env!("CARGO_BIN_EXE_snowtrack");
    let mut command = std::process::Command::new("script");
    let watched = cloud.command(&[]);
    command
        .args(["--quiet", "--return", "--command"])
        .arg(format!("stty cols 160 rows 40; exec '{binary}' verify --watch"))
        .arg("/dev/null")
        .env_clear()
        .envs(watched.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .envs([("TERM", "xterm"), ("PATH", "/usr/bin:/bin")])
        .current_dir(cloud.world.path(""));
    let output = command.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    for table in ["albums", "song_artists", "genres"] {
        let waiting = shown.find(&format!("· {table} ")).unwrap_or_else(|| panic!("{shown}"));
        let arrived = shown.rfind(&format!("✓ {table} ")).unwrap_or_else(|| panic!("{shown}"));
        assert!(waiting < arrived, "{shown}");
    }
    assert!(shown.contains("\u{1b}[") && shown.contains("asks Snowflake again at "), "{shown}");
    assert!(shown.contains("waits for Snowpipe's report"), "{shown}");
}
