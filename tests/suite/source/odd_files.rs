//! What people and tools leave in a folder that is given to `--from-dir`: read, or named and passed over; never waited for, never more
//! than memory holds, never a success with nothing.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::source::documents::playlist;
use crate::support::World;

/// A file in the folder `in`, or another kind of thing.
enum Odd {
    Text(&'static str, String),
    Bytes(&'static str, Vec<u8>),
    Fifo(&'static str),
    Socket(&'static str),
    Link(&'static str, &'static str),
    Folder(&'static str),
}

/// What the run makes of it.
struct Told {
    code: i32,
    /// Lists that it read.
    lists: usize,
    /// What is said, of what was skipped or as the error.
    words: &'static [&'static str],
}

const fn read(lists: usize) -> Told {
    Told { code: 0, lists, words: &[] }
}

const fn named(lists: usize, words: &'static [&'static str]) -> Told {
    Told { code: 0, lists, words }
}

const fn refused(code: i32, words: &'static [&'static str]) -> Told {
    Told { code, lists: 0, words }
}

fn good() -> String {
    playlist(|_| {})
}

/// Another list, so that two are told apart.
fn other() -> String {
    good().replace("3aB1", "9aB1")
}

fn line(body: &str) -> String {
    format!("{{\"url\":\"/v1/playlists/x\",\"body\":{body}}}\n")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// So many MiB of one letter between two texts, packed.
fn bomb(before: &str, letter: u8, mib: usize, after: &str) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(before.as_bytes()).unwrap();
    let chunk = vec![letter; 1 << 20];
    for _ in 0..mib {
        encoder.write_all(&chunk).unwrap();
    }
    encoder.write_all(after.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A playlist with a name of so many MiB.
fn long_name(mib: usize) -> Vec<u8> {
    let whole = other();
    let (before, after) = whole.split_once("Harbour").unwrap();
    bomb(before, b'x', mib, after)
}

/// A playlist of so many rows of so many KiB each.
fn long_rows(count: usize, kib: usize) -> String {
    let mut list: Value = serde_json::from_str(&other()).unwrap();
    let row = list["items"]["items"][0].take();
    let rows = (0..count).map(|number| {
        let mut row = row.clone();
        row["item"]["note"] = json!(format!("{number}{}", "x".repeat(kib << 10)));
        row
    });
    list["items"]["items"] = rows.collect();
    list["items"]["total"] = json!(count);
    list.to_string()
}

impl Odd {
    fn make(&self, folder: &Path) {
        let place = |name: &str| {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        match self {
            Self::Text(name, text) => std::fs::write(place(name), text).unwrap(),
            Self::Bytes(name, bytes) => std::fs::write(place(name), bytes).unwrap(),
            Self::Fifo(name) => {
                assert!(Command::new("mkfifo").arg(place(name)).status().unwrap().success());
            }
            // The name stays when its listener is gone.
            Self::Socket(name) => drop(UnixListener::bind(place(name)).unwrap()),
            Self::Link(name, target) => symlink(target, place(name)).unwrap(),
            Self::Folder(name) => std::fs::create_dir_all(folder.join(name)).unwrap(),
        }
    }
}

/// The run, with half of a small machine's memory to itself, and an end to waiting.
fn report(world: &World) -> (i32, Value) {
    let binary = env!("CARGO_BIN_EXE_snowtrack");
    let script = format!("ulimit -v 2500000; exec timeout 100 '{binary}' --json run --from-dir in");
    let mut command = Command::new("/bin/sh");
    command.env_clear().env("PATH", "/usr/bin:/bin").current_dir(world.path(""));
    let output = command.arg("-c").arg(script).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    assert!(!report.is_null(), "{output:?}");
    (output.status.code().unwrap(), report)
}

fn check(cases: Vec<(&str, Vec<Odd>, Told)>) {
    for (name, odd, told) in cases {
        let world = World::new();
        let folder = world.path("in");
        std::fs::create_dir(&folder).unwrap();
        odd.iter().for_each(|odd| odd.make(&folder));
        let (code, report) = report(&world);
        assert_eq!(code, told.code, "{name}: {report:#}");
        assert_eq!(report["playlists"].as_array().unwrap().len(), told.lists, "{name}");
        let said = format!("{} {}", report["skipped_documents"], report["error"]);
        for word in told.words {
            assert!(said.contains(word), "{name}: no `{word}` in {said}");
        }
        if told.words.is_empty() {
            assert_eq!(report["skipped_documents"], json!([]), "{name}");
        }
        // Nothing of it is in the way of the next run.
        if said.contains("too large") {
            let output = world.run(&["-q", "run", "--demo"]);
            assert_eq!(output.status.code(), Some(0), "{name}, then the demo: {output:?}");
        }
    }
}

#[test]
fn what_is_no_regular_file_is_named_and_never_waited_for() {
    use Odd::{Fifo, Folder, Link, Socket, Text};
    const NO_FILE: &str = "no regular file";
    check(vec![
        ("a FIFO", vec![Text("b.json", good()), Fifo("a.json")], named(1, &["a.json", NO_FILE])),
        (
            "a FIFO of lines",
            vec![Text("b.json", good()), Fifo("a.ndjson")],
            named(1, &["a.ndjson", NO_FILE]),
        ),
        (
            "a link to a FIFO",
            vec![Text("b.json", good()), Fifo("pipe"), Link("a.json", "pipe")],
            named(1, &["a.json", NO_FILE]),
        ),
        (
            "a link to a device without end",
            vec![Text("b.json", good()), Link("a.ndjson", "/dev/zero")],
            named(1, &["a.ndjson", NO_FILE]),
        ),
        (
            "a socket",
            vec![Text("b.json", good()), Socket("a.json")],
            named(1, &["a.json", NO_FILE]),
        ),
        ("nothing but a FIFO", vec![Fifo("a.json")], refused(2, &["a.json", NO_FILE])),
        ("a folder with a file's name", vec![Text("b.json", good()), Folder("x.json")], read(1)),
        (
            "a link into a loop of folders",
            vec![Text("b.json", good()), Link("loop", ".")],
            named(1, &["loop", "link to a folder"]),
        ),
        (
            "a link to a file",
            vec![Text("sub/b.json", good()), Link("a.json", "sub/b.json")],
            read(1),
        ),
        (
            "a link to nowhere",
            vec![Text("b.json", good()), Link("a.json", "nowhere")],
            refused(2, &["a.json"]),
        ),
    ]);
}

#[test]
fn every_name_is_read_or_named() {
    use Odd::{Bytes, Text};
    check(vec![
        (
            "capital letters",
            vec![Text("A.JSON", good()), Text("b.NdJson", line(&other()))],
            read(2),
        ),
        ("jsonl", vec![Text("a.jsonl", line(&good()))], read(1)),
        ("gzip", vec![Bytes("a.json.gz", gzip(good().as_bytes()))], read(1)),
        ("gzip of lines", vec![Bytes("a.ndjson.gz", gzip(line(&good()).as_bytes()))], read(1)),
        (
            "two gzip files joined",
            vec![Bytes(
                "a.ndjson.gz",
                [gzip(line(&good()).as_bytes()), gzip(line(&other()).as_bytes())].concat(),
            )],
            read(2),
        ),
        ("zstd of one document", vec![Bytes("a.json.zst", zstd(good().as_bytes()))], read(1)),
        (
            "folders within",
            vec![Text("2024/a.json", good()), Text("2024/05/b.json", other())],
            read(2),
        ),
        (
            "other endings",
            vec![Text("a.json", good()), Text("notes.txt", String::new()), Text("s/l.csv", good())],
            named(1, &["notes.txt, s/l.csv: passed over"]),
        ),
        (
            "what desktops leave",
            vec![Text("a.json", good()), Text(".DS_Store", good()), Text(".git/b.json", good())],
            read(1),
        ),
        (
            "nothing that is read",
            vec![Text("a.csv", good())],
            refused(2, &["a.csv", "holds no .json"]),
        ),
    ]);
}

#[test]
fn what_a_file_holds_is_read_or_named() {
    use Odd::{Bytes, Text};
    let utf16: Vec<u8> = good().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = format!("{{\"type\":\"playlist\",\"id\":\"p\",\"x\":{}", "[".repeat(200_000));
    let half = &gzip(good().as_bytes())[..300];
    let two = format!("{}\n{}", good(), other());
    check(vec![
        (
            "an empty file",
            vec![Text("a.json", String::new()), Text("b.json", good())],
            named(1, &["a.json: "]),
        ),
        ("nothing but empty files", vec![Text("a.json", String::new())], refused(3, &["a.json: "])),
        (
            "lines, of which there are none",
            vec![Text("a.ndjson", "\n \r\n".to_owned())],
            refused(3, &["a.ndjson", "holds no document"]),
        ),
        (
            "two documents in one",
            vec![Text("a.json", two), Text("b.json", good())],
            named(1, &["a.json: it holds more than one document"]),
        ),
        ("UTF-16", vec![Bytes("a.json", utf16)], refused(3, &["a.json: "])),
        ("nested without end", vec![Text("a.json", deep)], refused(3, &["a.json: "])),
        (
            "half of a gzip file",
            vec![Bytes("a.json.gz", half.to_vec()), Text("b.json", good())],
            named(1, &["a.json.gz: it cannot be decompressed"]),
        ),
        (
            "no gzip file",
            vec![Text("a.ndjson.gz", line(&good())), Text("b.json", good())],
            named(1, &["a.ndjson.gz, line 1: from here on it cannot be decompressed"]),
        ),
        (
            "a page of the web",
            vec![Text("a.json", "<!DOCTYPE html><html></html>".to_owned())],
            refused(3, &["a.json: it is HTML"]),
        ),
    ]);
}

#[test]
fn exports_of_other_programs_are_refused_by_name() {
    let cases = [
        (
            r#"{"playlists": [{"name": "one", "tracks": [{"track": {"name": "a", "uri": "spotify:track:2aAbBcCdDeEfFgGhHiIjJk"}}]}], "albums": []}"#,
            "an export of playlists by another program",
        ),
        (
            r#"{"tracks": [{"artist": "x", "album": "y", "track": "z", "uri": "spotify:track:2aAbBcCdDeEfFgGhHiIjJk"}], "albums": [{"artist": "x", "album": "y", "uri": "spotify:album:3aAbBcCdDeEfFgGhHiIjJk"}], "artists": [{"name": "x", "uri": "spotify:artist:4aAbBcCdDeEfFgGhHiIjJk"}], "shows": [], "episodes": [], "bannedTracks": [], "other": []}"#,
            "the library of a Spotify account's data export",
        ),
        (
            r#"{"playlists":[{"name":"x","lastModifiedDate":"2024-01-01","items":[]}]}"#,
            "the playlists of a Spotify account's data export",
        ),
        (
            r#"[{"endTime":"2024-01-01 10:00","artistName":"x","trackName":"y","msPlayed":5}]"#,
            "the streaming history of a Spotify account's data export",
        ),
        (
            r#"{"info":{"slice":"0-999"},"playlists":[{"pid":0,"name":"x","tracks":[]}]}"#,
            "a slice of the Million Playlist Dataset",
        ),
        (r#"{"artists":[{"name":"x"}]}"#, "an object with `artists` or `albums`"),
        (r#"{"albums":[{"title":"x"}]}"#, "an object with `artists` or `albums`"),
    ];
    for (text, kind) in cases {
        let world = World::new();
        world.write("in/a.json", text);
        for _ in 0..2 {
            let (code, report) = report(&world);
            assert_eq!((code, &report["status"]), (3, &json!("failed")), "{text}");
            let error = report["error"].as_str().unwrap();
            assert!(error.contains(&format!("a.json: it is {kind}")), "{error}");
        }
        assert!(!world.path("data/spotify.duckdb").exists(), "{text}");
        // Beside a playlist it is named, and nothing of it is landed.
        world.write("in/b.json", &good());
        let (code, report) = report(&world);
        assert_eq!(code, 0, "{report:#}");
        assert!(report["skipped_documents"].to_string().contains(kind), "{report:#}");
        assert_eq!(world.query("select count(*) as n from core.artists")[0]["n"], 1, "{text}");
    }
}

#[test]
fn what_is_too_large_is_named_and_the_warehouse_goes_on() {
    use Odd::{Bytes, Text};
    let large_row = other().replace("Low Tide", &"x".repeat(2 << 20));
    let whole = other();
    let (before, after) = whole.split_once("Harbour").unwrap();
    let before = format!("{}{{\"url\":\"/x\",\"body\":{before}", line(&good()));
    let after = format!("{after}}}\n");
    let lines = |mib| {
        bomb(&before, b'x', mib, &format!("{after}{}", line(&good().replace("3aB1", "7aB1"))))
    };
    check(vec![
        (
            "a value of 200 MB",
            vec![Bytes("a.json.zst", long_name(200)), Text("b.json", good())],
            named(1, &["a.json.zst: too large: its text around the rows has 2048"]),
        ),
        (
            "nothing but a value of 200 MB",
            vec![Bytes("a.json.zst", long_name(200))],
            refused(3, &["a.json.zst: too large"]),
        ),
        (
            "a row of 2 MiB",
            vec![Text("a.json", large_row), Text("b.json", good())],
            named(1, &["a.json: too large: its row in position 0 has 2048"]),
        ),
        (
            "a hundred rows of 64 KiB",
            vec![Text("a.json", long_rows(100, 64)), Text("b.json", good())],
            named(1, &["a.json: too large: its 100 rows have 64"]),
        ),
        ("one row of 900 KiB", vec![Text("a.json", long_rows(1, 900))], read(1)),
        (
            "a document of 300 MiB",
            vec![Bytes("a.json.zst", long_name(300)), Text("b.json", good())],
            named(1, &["a.json.zst: too large: a document of more than 256 MiB"]),
        ),
        (
            "a line of 3 GiB among others",
            vec![Bytes("a.ndjson.zst", lines(3 << 10))],
            named(2, &["a.ndjson.zst, line 2: too large"]),
        ),
        (
            "a line of 5 GiB",
            vec![Bytes("a.ndjson.zst", lines(5 << 10)), Text("b.json", other())],
            named(2, &["a.ndjson.zst, line 2: too large", "the rest of the file is passed over"]),
        ),
        (
            "blank lines without end",
            vec![
                Bytes("a.ndjson.zst", bomb("", b'\n', 300, &line(&good()))),
                Text("b.json", good()),
            ],
            named(1, &["a.ndjson.zst", "too large"]),
        ),
    ]);
}
