//! `SNOWTRACK_REPORT_TO`: what a scheduler reads that knows the exit code alone.

use chrono::{DateTime, Timelike, Utc};
use serde_json::Value;

use crate::support::World;
use crate::support::cloud::{Cloud, SMALL, report};
use crate::support::fake_s3::BUCKET;
use crate::support::fake_spotify::FakeSpotify;
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

/// The lists of a report, which grow with the library.
const LISTS: [&str; 5] = ["playlists", "skipped_documents", "checks", "files", "notes"];

fn require_short_form(short: &Value, whole: &Value) {
    let mut wanted = whole.clone();
    let fields = wanted.as_object_mut().unwrap();
    for list in LISTS {
        assert!(fields.remove(list).is_some_and(|it| it.is_array()), "{whole:#}");
    }
    fields.insert("not_before".to_owned(), short["not_before"].clone());
    assert_eq!(*short, wanted);
}

#[test]
fn who_runs_it_again_reads_until_when_to_wait_in_whole_seconds_and_never_too_early() {
    let (library, tracks) = Library::new("keeper").with_plain_tracks(1_000, 3);
    let playlist = Playlist::new(&spotify_id(1), "Number 1", "keeper");
    let library = library.with_playlist(
        playlist.with_rows(tracks.iter().map(|track| Row::track(track)).collect::<Vec<_>>()),
    );
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.limit("own_playlists", 0, Some(86_400));
    let to = world.path("reports/new folder/one.json");
    let mut command = world.operator(&spotify, &["--json", "run", "--mine"]);
    let (code, whole) =
        report(command.env("SNOWTRACK_REPORT_TO", format!("file://{}", to.display())));
    assert_eq!(code, 8, "{whole:#}");
    let short: Value = serde_json::from_str(&std::fs::read_to_string(&to).unwrap()).unwrap();
    require_short_form(&short, &whole);
    let time = |report: &Value| -> DateTime<Utc> {
        report["not_before"].as_str().unwrap().parse().unwrap()
    };
    let late = time(&short) - time(&whole);
    assert_eq!(time(&short).nanosecond(), 0);
    assert!(0 <= late.num_milliseconds() && late.num_milliseconds() < 1_000, "{late}");
    assert!(!to.with_extension("part").exists());
}

#[test]
fn in_a_bucket_each_run_replaces_it_and_a_run_that_did_not_begin_leaves_it_alone() {
    let cloud = Cloud::small("copy", "parquet");
    let key = "reports/one.json";
    let to = format!("s3://{BUCKET}/{key}");
    let put = || -> Value { serde_json::from_slice(&cloud.s3.object(key).unwrap()).unwrap() };
    let mut runs = Vec::new();
    for wanted in ["verified", "unchanged"] {
        let mut command = cloud.command(&[&["--json", "run"], &SMALL[..]].concat());
        let (code, whole) = report(command.env("SNOWTRACK_REPORT_TO", &to));
        assert_eq!((code, whole["status"].as_str().unwrap()), (0, wanted), "{whole:#}");
        require_short_form(&put(), &whole);
        runs.push(whole["run_id"].clone());
    }
    assert_ne!(runs[0], runs[1]);
    let output = cloud.command(&["run"]).env("SNOWTRACK_REPORT_TO", &to).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "nothing says what to read");
    assert_eq!(put()["run_id"], runs[1]);
}

#[test]
fn a_place_that_cannot_be_written_is_a_warning_and_changes_no_exit_code() {
    let world = World::new();
    world.write("taken", "a file, where a folder is wanted");
    let to = format!("file://{}/one.json", world.path("taken").display());
    let output =
        world.command(&["run", "--demo"]).env("SNOWTRACK_REPORT_TO", &to).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    assert!(words.contains(&format!("the report could not be put to `{to}`")), "{words}");
}
