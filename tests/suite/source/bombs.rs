//! Answers without end: none is believed, none fills the memory, and what they say is not told at length.

use std::process::{Command, Stdio};

use crate::support::World;
use crate::support::cloud::{Cloud, SMALL};
use crate::support::fake_snowflake as snowflake;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode};

/// Half of a small container, and far less than each of these answers unpacks to.
const MAX_RSS_KIB: u64 = 400 << 10;

/// How a process ended: its exit code, the most memory it had, and what it said.
struct Ended {
    code: i32,
    peak_rss_kib: u64,
    said: String,
}

fn measured(mut command: Command, folder: &World) -> Ended {
    // Into files: a process that says too much must not wait for its reader.
    let file = |name: &str| std::fs::File::create(folder.path(name)).unwrap();
    command.stdout(Stdio::from(file("out"))).stderr(Stdio::from(file("err")));
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_rss_kib = 0;
    let code = loop {
        // The mark stands in every reading once it was reached.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
        let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok());
        peak_rss_kib = peak_rss_kib.max(kib.unwrap_or(0));
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None => std::thread::yield_now(),
        }
    };
    let text = |name: &str| std::fs::read_to_string(folder.path(name)).unwrap();
    Ended { code: code.expect("it ends by itself"), peak_rss_kib, said: text("out") + &text("err") }
}

impl Ended {
    fn assert_modest(&self, name: &str, (code, words): (i32, &str)) {
        let Self { peak_rss_kib, said, .. } = self;
        assert!(said.len() < 8 << 10, "{name} says {} bytes", said.len());
        assert_eq!(self.code, code, "{name}: {said}");
        assert!(said.contains(words), "{name}: {said}");
        assert!(*peak_rss_kib < MAX_RSS_KIB, "{name}: {peak_rss_kib} KiB");
        assert!(*peak_rss_kib > 0, "{name}: nothing was measured");
    }
}

#[test]
fn no_answer_of_spotifys_is_read_without_end() {
    let message = "x".repeat(40 << 20);
    let too_large = "more than 64 MiB";
    let cases = [
        ("an endless body", "run", "/v1/", Fault::Endless, too_large),
        ("a packed body", "run", "/v1/", Fault::Bomb, too_large),
        ("a packed body, to doctor", "doctor", "/v1/me", Fault::Bomb, too_large),
        ("a packed token", "run", "/accounts/api/token", Fault::Bomb, too_large),
        ("an endless token", "run", "/accounts/api/token", Fault::Endless, too_large),
        ("a long message", "run", "/v1/", Fault::status(418, &message), "xxx…"),
        (
            "a long refusal of the app",
            "run",
            "/accounts/api/token",
            Fault::Status {
                code: 400,
                body: format!(r#"{{"error":"{message}"}}"#),
                headers: Vec::new(),
            },
            "xxx…",
        ),
    ];
    for (name, command, path, fault, words) in cases {
        let spotify = FakeSpotify::start(Library::new("keeper"), Mode::Development);
        let world = World::new();
        spotify.script(When::Path(path.to_owned()), usize::MAX, fault);
        let arguments: &[&str] = if command == "run" { &["run", "--mine"] } else { &["doctor"] };
        let ended = measured(world.operator(&spotify, arguments), &world);
        ended.assert_modest(name, (3, words));
        // Once more, to be sure; what is told is final at once.
        let tries = if words == too_large { 2 } else { 1 };
        assert_eq!(spotify.count(path), tries, "{name}");
    }
}

#[test]
fn no_answer_of_snowflakes_is_read_without_end() {
    let failed = snowflake::Fault::Failed {
        code: "001003".to_owned(),
        sql_state: "42000".to_owned(),
        message: "x".repeat(40 << 20),
    };
    let cases = [
        ("an endless body", snowflake::Fault::Endless),
        ("a packed body", snowflake::Fault::Bomb { is_marked: true }),
        ("a packed body without its header", snowflake::Fault::Bomb { is_marked: false }),
        ("a long message", failed),
    ];
    let cloud = Cloud::small("rest", "parquet");
    let statements = "/api/v2/statements";
    for (name, fault) in cases {
        let is_message = matches!(fault, snowflake::Fault::Failed { .. });
        cloud.snowflake.clear_log();
        cloud.snowflake.script(snowflake::When::Path(statements.to_owned()), usize::MAX, fault);
        let ended = measured(cloud.command(&["snowflake", "pipes"]), &cloud.world);
        let words = if is_message { "xxx…" } else { "more than 64 MiB" };
        ended.assert_modest(name, (6, words));
        if !is_message {
            assert_eq!(cloud.snowflake.count(statements), 2, "{name}");
        }
        cloud.snowflake.drop_scripts();
    }
    // What comes whole afterwards is read, by the same command as ever.
    let output = cloud.run(&[&["run"], &SMALL[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
