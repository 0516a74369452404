//! The program as a script would use it: start it, read its line, talk to it, end it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;

/// A running program; killed if the test fails before it ends.
struct Program {
    child: Child,
    said: Value,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        Self::try_start(arguments).unwrap()
    }

    /// `None` where it says no address.
    fn try_start(arguments: &[&str]) -> Option<Self> {
        let mut child = command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut program = Self { child, said: Value::Null };
        program.said = serde_json::from_str(&line).ok()?;
        Some(program)
    }

    fn text(&self, service: &str, name: &str) -> &str {
        self.said[service][name].as_str().unwrap()
    }

    /// As `docker stop` and systemd do: how it ended, and what it complained of.
    fn end(mut self) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        let mut complaints = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        (status, complaints)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_snowtrack-doubles"));
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

/// The status of a bare GET.
fn status_of(url: &str) -> u16 {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    let mut lines = BufReader::new(stream);
    lines.read_line(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn all_three_say_where_they_are_and_one_lake_is_shared() {
    let program = Program::start(&["all"]);
    for (service, url) in [("spotify", "api_url"), ("snowflake", "url"), ("s3", "url")] {
        assert!(program.text(service, url).starts_with("http://127.0.0.1:"), "{}", program.said);
    }
    let lists = program.said["spotify"]["playlist_ids"].as_array().unwrap();
    assert!(!lists.is_empty() && lists.iter().all(Value::is_string), "{}", program.said);
    let folder = program.text("s3", "folder").to_owned();
    std::fs::write(format!("{folder}/planted"), "1").unwrap();
    let url = format!("{}/lake/planted", program.text("s3", "url"));
    assert_eq!(status_of(&url), 403, "S3 lets nobody in without a signature");
    let (status, complaints) = program.end();
    assert_eq!((status.code(), complaints.as_str()), (Some(0), ""));
    assert!(!std::path::Path::new(&folder).exists(), "the bucket outlives the program");
}

#[test]
fn what_a_client_did_that_spotify_forbids_is_told_at_the_end() {
    let program = Program::start(&["spotify"]);
    assert!(program.said.get("s3").is_none() && program.said.get("snowflake").is_none());
    assert_eq!(status_of(&format!("{}/me", program.text("spotify", "api_url"))), 401);
    let (status, complaints) = program.end();
    assert_eq!(status.code(), Some(1));
    assert!(complaints.contains("spotify: ") && complaints.contains("User-Agent"), "{complaints}");
}

#[test]
fn a_port_of_ones_choice_is_served_and_a_taken_one_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = command(&["s3", "--s3-port", &port]).output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint.contains(&format!("cannot serve s3 on port {port}")), "{complaint}");
    drop(taken);
    // A port that is free may be somebody else's a moment later, so it is looked for more than once.
    let served = (0..10).find_map(|_| {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port().to_string();
        drop(free);
        Some((Program::try_start(&["s3", "--s3-port", &port])?, port))
    });
    let (program, port) = served.unwrap();
    assert_eq!(program.text("s3", "url"), format!("http://127.0.0.1:{port}"));
}

#[test]
fn snowflake_alone_needs_a_lake() {
    let output = command(&["snowflake"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--lake DIR"));
    let program = Program::start(&["snowflake", "--lake", env!("CARGO_MANIFEST_DIR")]);
    assert!(program.text("snowflake", "url").starts_with("http://127.0.0.1:"));
}

#[test]
fn a_script_lets_calls_go_wrong_and_says_what_it_cannot_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults.toml");
    let path = path.to_str().unwrap();
    std::fs::write(path, "[[spotify]]\nfault = { html = 502 }\n").unwrap();
    let program = Program::start(&["spotify", "--script", path]);
    let url = format!("{}/me", program.text("spotify", "api_url"));
    assert_eq!([status_of(&url), status_of(&url)], [502, 401]);

    let complaint = |service: &str, script: &str| {
        let output = command(&[service, "--script", script]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(complaint("s3", path).contains("scripts spotify, which is not served"));
    assert!(complaint("s3", "nowhere.toml").contains("cannot read `nowhere.toml`"));
    std::fs::write(path, "[[spotify]]\nfault = 'rest'\n").unwrap();
    let said = complaint("spotify", path);
    assert!(said.contains("faults.toml") && said.contains("`reset`"), "{said}");
}
