//! What strangers can have us print: services' messages and names of playlists. None of it moves a cursor, turns a text or makes
//! up a line of its own on standard error or in a summary.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::support::World;
use crate::support::cloud::{Cloud, SMALL};
use crate::support::fake_s3::{self as s3, Op};
use crate::support::fake_snowflake::{self as snowflake, LoadFault};
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

/// Sets the title, clears the screen (as C0 and as C1), rings, goes back in the line, turns the text.
const COMMANDS: &str =
    "FAKE\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}2J\u{8}\u{202e}\u{202a}\u{2066}\u{2069}";
/// Lines that look like ours, behind each kind of break that a terminal or a log reader knows.
const LINES: &str = "FAKE\nerror: FAKE run verified\r\n2001-01-01T00:00:00Z  WARN FAKE\rwarning: FAKE\u{85}\
                     error: FAKE\u{2028}error: FAKE\u{2029}error: FAKE\u{b}error: FAKE\u{c}error: FAKE";

/// Who can say something, and how they are made to say it.
struct Place {
    name: &'static str,
    code: i32,
    said: fn(&'static str) -> Output,
}

fn spotify(playlist_name: &str) -> (FakeSpotify, String) {
    let (library, tracks) = Library::new("keeper").with_plain_tracks(1, 3);
    let id = spotify_id(7);
    let rows: Vec<_> = tracks.iter().map(|track| Row::track(track)).collect();
    let library =
        library.with_playlist(Playlist::new(&id, playlist_name, "keeper").with_rows(rows));
    (FakeSpotify::start(library, Mode::Development), id)
}

/// A run against a Spotify with one fault.
fn from_spotify(when: When, fault: Fault) -> Output {
    let (world, (spotify, id)) = (World::new(), spotify("Plain"));
    spotify.script(when, usize::MAX, fault);
    spotify.allow_violations();
    world.operator(&spotify, &["-v", "run", "--playlist", &id]).output().unwrap()
}

/// A login whose pasted redirect says `error=`.
fn from_a_browser(text: &str) -> Output {
    let (world, (spotify, _)) = (World::new(), spotify("Plain"));
    let mut command = world.operator(&spotify, &["login", "--no-browser"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.env_remove("SPOTIFY_REFRESH_TOKEN").spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let address: reqwest::Url = loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "no address was shown");
        if let Ok(address) = line.trim().parse() {
            break address;
        }
    };
    let value = |name: &str| address.query_pairs().find(|it| it.0 == name).unwrap().1.into_owned();
    let mut redirect: reqwest::Url = value("redirect_uri").parse().unwrap();
    redirect.query_pairs_mut().append_pair("error", text).append_pair("state", &value("state"));
    child.stdin.take().unwrap().write_all(format!("{redirect}\n").as_bytes()).unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    child.wait_with_output().unwrap()
}

/// An upload to a bucket that refuses. XML has no way to say most of the C0 letters.
fn from_s3(code: &str, message: &str) -> Output {
    let cloud = Cloud::bare("rest", "parquet");
    let xml = |text: &str| -> &'static str {
        let is_said = |letter: &char| !letter.is_ascii_control() || matches!(letter, '\n' | '\r');
        Box::leak(text.chars().filter(is_said).collect::<String>().into_boxed_str())
    };
    cloud.s3.script(Op::Put, 1, usize::MAX, s3::Fault::answer(400, xml(code), xml(message)));
    cloud.command(&["run", "--demo", "--no-ingest"]).output().unwrap()
}

/// A comparison with an account that refuses its first statement.
fn from_snowflake(fault: snowflake::Fault) -> Output {
    let cloud = Cloud::bare("rest", "parquet");
    cloud.snowflake.allow_violations();
    cloud.snowflake.script(snowflake::When::Any, usize::MAX, fault);
    cloud.command(&["-v", "reconcile", "songs"]).output().unwrap()
}

fn snowflake_status(code: u16, text: &str) -> snowflake::Fault {
    let body = json!({"code": "390000", "message": text, "sqlState": "08001"}).to_string();
    snowflake::Fault::Status { code, body, headers: vec![] }
}

const PLACES: [Place; 12] = [
    Place {
        name: "Spotify's message to a wrong request",
        code: 3,
        said: |text| from_spotify(When::Any, Fault::status(400, text)),
    },
    Place {
        name: "Spotify's message with an odd status",
        code: 3,
        said: |text| from_spotify(When::Any, Fault::status(418, text)),
    },
    Place {
        name: "the accounts service's error",
        code: 3,
        said: |text| {
            let body = json!({"error": text, "error_description": text}).to_string();
            let headers = vec![("content-type", "application/json".to_owned())];
            let fault = Fault::Status { code: 400, body, headers };
            from_spotify(When::Path("/accounts/api/token".to_owned()), fault)
        },
    },
    Place { name: "the redirect's error", code: 3, said: from_a_browser },
    Place { name: "S3's message", code: 5, said: |text| from_s3("Odd", text) },
    Place { name: "S3's code", code: 5, said: |text| from_s3(text, "odd") },
    Place {
        name: "Snowflake's message to a failed statement",
        code: 6,
        said: |text| {
            let (code, sql_state) = ("000904".to_owned(), "42000".to_owned());
            from_snowflake(snowflake::Fault::Failed { code, sql_state, message: text.to_owned() })
        },
    },
    Place {
        name: "Snowflake's message to a wrong token",
        code: 6,
        said: |text| from_snowflake(snowflake_status(401, text)),
    },
    Place {
        name: "Snowflake's message to a forbidden call",
        code: 6,
        said: |text| from_snowflake(snowflake_status(403, text)),
    },
    Place {
        name: "Snowflake's message to a wrong request",
        code: 6,
        said: |text| from_snowflake(snowflake_status(400, text)),
    },
    Place {
        name: "Snowpipe's reason for a refused file",
        code: 7,
        said: |text| {
            let cloud = Cloud::small("rest", "parquet");
            cloud.snowflake.script_load("raw/songs/", 1, LoadFault::Fail(text.to_owned()));
            cloud.command(&[&["-v", "run"], &SMALL[..]].concat()).output().unwrap()
        },
    },
    Place {
        name: "a playlist's name",
        code: 0,
        said: |text| {
            let (world, (spotify, id)) = (World::new(), spotify(text));
            world.operator(&spotify, &["-vvv", "run", "--playlist", &id]).output().unwrap()
        },
    },
];

fn is_mark(letter: char) -> bool {
    let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() && letter != '\n' || turns || matches!(letter, '\u{2028}' | '\u{2029}')
}

#[test]
fn no_text_of_a_stranger_commands_the_terminal_or_makes_up_a_line() {
    for Place { name, code, said } in PLACES {
        for (kind, text) in [("commands", COMMANDS), ("lines", LINES)] {
            let output = said(text);
            let stdout = String::from_utf8_lossy(&output.stdout);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{name}, {kind}: {stderr:?}");
            assert!(stdout.contains("FAKE") || stderr.contains("FAKE"), "{name}: {stderr:?}");
            for (place, shown) in [("stdout", &stdout), ("stderr", &stderr)] {
                let found = shown.chars().find(|letter| is_mark(*letter));
                assert_eq!(found, None, "{name}, {kind} on {place}: {shown:?}");
                for line in shown.lines() {
                    let begins = ["error: FAKE", "warning: FAKE", "2001-"];
                    let is_made_up = begins.iter().any(|it| line.trim_start().starts_with(it));
                    assert!(!is_made_up, "{name}, {kind} on {place}: {line:?} in {shown:?}");
                }
            }
        }
    }
}

#[test]
fn the_answer_to_a_query_keeps_its_lines_and_its_error_points_at_the_place() {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    let mut command: Command = world.command(&["query", "select\n  nothing from core.songs"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "error: the query failed");
    assert!(lines[1].starts_with("  caused by: Binder Error"), "{said}");
    assert!(lines[2..].iter().all(|line| line.starts_with("  | ")), "{said}");
    assert!(lines.last().unwrap().trim_end().ends_with('^'), "{said}");
}
