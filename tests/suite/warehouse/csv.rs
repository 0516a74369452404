//! Texts that a reader may take for NULL, above all in csv, where nothing tells text from no text but quotes.

use std::io::Read;

use serde_json::json;

use crate::snowflake::proof::assert_verified;
use crate::support::cloud::{Cloud, SMALL, text};

/// Texts that some reader of csv takes for something else.
const ODD: [&str; 9] =
    [r"\N", "NULL", "null", "", " ", "\"", "a,b\"c\n\\d\r\ne", r"\\N", "\u{1f}☂"];

#[test]
fn a_name_that_looks_like_nothing_arrives_as_it_is() {
    for (mode, format, names) in [
        ("copy", "csv", &ODD[..]),
        ("rest", "csv", &ODD),
        ("copy", "parquet", &ODD[..4]),
        ("rest", "parquet", &ODD[..1]),
    ] {
        let mut cloud = Cloud::new(mode, format);
        for name in names {
            cloud.empty();
            let named = crate::source::documents::playlist(|song| {
                song["name"] = json!(name);
                song["album"]["name"] = json!(name);
                song["artists"][0]["name"] = json!(name);
                song["album"]["artists"][0]["name"] = json!(name);
            });
            let mut playlist: serde_json::Value = serde_json::from_str(&named).unwrap();
            playlist["name"] = json!(name);
            cloud.world.write("in/playlist.json", &playlist.to_string());
            let (code, report) = cloud.report(&SMALL);
            assert_eq!(code, 0, "{mode} {format} {name:?}: {report:#}");
            assert_verified(&cloud, &report);
            for table in ["SONGS", "ALBUMS", "ARTISTS", "PLAYLISTS"] {
                let rows = cloud.snowflake.rows(&format!("select name from SPOTIFY.RAW.{table}"));
                assert_eq!(rows, [[Some((*name).to_owned())]], "{mode} {format} {table}");
            }
            // An episode, a local file and a removed row have none, which is another thing.
            let popularity = cloud.snowflake.rows("select popularity from SPOTIFY.RAW.SONGS");
            assert_eq!(popularity, [[None]], "{mode} {name:?}");
        }
        let same = cloud.run(&["reconcile"]);
        assert_eq!(same.status.code(), Some(0), "{}", text(&same));
    }
}

#[test]
fn in_csv_text_stands_in_quotes_and_no_value_is_an_empty_field() {
    let cloud = Cloud::new("copy", "csv");
    cloud.write_source();
    let (code, report) = cloud.report(&[&SMALL[..], &["--no-ingest"]].concat());
    assert_eq!(code, 0, "{report:#}");
    let mut lines = Vec::new();
    for file in report["files"].as_array().unwrap() {
        let path = cloud.s3.bucket().join(file["key"].as_str().unwrap());
        let mut plain = String::new();
        let packed = std::fs::File::open(path).unwrap();
        flate2::read::GzDecoder::new(packed).read_to_string(&mut plain).unwrap();
        let row = plain.lines().nth(1).unwrap().to_owned();
        if ["songs", "song_observations"].contains(&file["table"].as_str().unwrap()) {
            // What differs from run to run: its id and time.
            lines.push(row.split(",\"01").next().unwrap().to_owned());
        }
    }
    lines.sort();
    let day = report["started_at"].as_str().unwrap().split('T').next().unwrap();
    let song = r#""0aB1cD2eF3gH4iJ5kL6mN7","Low Tide",2024-05-01T10:00:00.000000,200000,,"https://open.spotify.com/track/0aB1cD2eF3gH4iJ5kL6mN7","2aB1cD2eF3gH4iJ5kL6mN7","1aB1cD2eF3gH4iJ5kL6mN7""#;
    let seen = format!(r#""0aB1cD2eF3gH4iJ5kL6mN7",{day},,1"#);
    assert_eq!(lines, [song.to_owned(), seen]);
}

/// The hash writes NULL as `\\N`: where the file format reads that text as NULL, no checksum sees it. For parquet a format that says
/// nothing does, which is what earlier versions set up.
#[test]
fn where_the_file_format_reads_a_text_as_null_no_file_with_such_a_text_is_called_verified() {
    let by_default = "drop file format SPOTIFY.RAW.PARQUET_V1;
        create file format if not exists SPOTIFY.RAW.PARQUET_V1 type = parquet use_vectorized_scanner = true;
        grant usage on file format SPOTIFY.RAW.PARQUET_V1 to role SPOTIFY_LOADER;";
    for (format, name, spoil) in [
        ("csv", "CSV_V2", r"alter file format SPOTIFY.RAW.CSV_V2 set null_if = ('\\N')"),
        ("parquet", "PARQUET_V1", by_default),
        (
            "parquet",
            "PARQUET_V1",
            r"alter file format SPOTIFY.RAW.PARQUET_V1 set null_if = ('NULL', '\\N')",
        ),
    ] {
        let cloud = Cloud::new("copy", format);
        cloud.snowflake.admin(spoil);
        let usual = crate::source::documents::playlist(|_| {});
        cloud.world.write("in/playlist.json", &usual);
        let (code, report) = cloud.report(&SMALL);
        assert_eq!((code, &report["status"]), (0, &json!("verified")), "no such text: {report:#}");
        let cloud = Cloud::new("copy", format);
        let named = crate::source::documents::playlist(|song| song["name"] = json!(r"\N"));
        cloud.world.write("in/playlist.json", &named);
        cloud.snowflake.admin(spoil);
        let (code, report) = cloud.report(&SMALL);
        assert_eq!(code, 6, "{format}: {report:#}");
        for file in report["files"].as_array().unwrap() {
            let is_of_songs = file["table"] == "songs";
            assert_eq!(file["state"] != "verified", is_of_songs, "{report:#}");
        }
        let names = |cloud: &Cloud| cloud.snowflake.rows("select name from SPOTIFY.RAW.SONGS");
        assert_eq!(names(&cloud), [[None]], "{format}: what would have been called verified");
        // What is said mends it.
        let error = report["error"].as_str().unwrap();
        let steps: Vec<&str> = error.split('`').filter(|it| it.ends_with("null_if = ()")).collect();
        let step = format!("alter file format SPOTIFY.RAW.{name} set null_if = ()");
        assert_eq!(steps, [step.as_str()], "{error}");
        cloud.snowflake.admin(steps[0]);
        assert!(error.contains("`snowtrack run --from-dir in --full`"), "{error}");
        let (code, report) = cloud.report(&[&SMALL[..], &["--full"]].concat());
        assert_eq!((code, &report["status"]), (0, &json!("verified")), "{report:#}");
        let current = names(&cloud);
        assert!(current.contains(&vec![Some(r"\N".to_owned())]), "{current:?}");
    }
}
