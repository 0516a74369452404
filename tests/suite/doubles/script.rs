//! Scripts from files, as `snowtrack-doubles --script` reads them.

use snowtrack_doubles::library::{Library, Mode};
use snowtrack_doubles::s3::FakeS3;
use snowtrack_doubles::script::Script;
use snowtrack_doubles::snowflake::{FakeConfig, FakeSnowflake, FileSource};
use snowtrack_doubles::spotify::FakeSpotify;

/// What the module's own documentation shows.
fn documented() -> String {
    let source = include_str!("../../doubles/src/script.rs");
    let lines = source.lines().skip_while(|line| *line != "//! ```toml").skip(1);
    let lines = lines.take_while(|line| *line != "//! ```");
    lines.map(|line| line.trim_start_matches("//!").trim_start()).collect::<Vec<_>>().join("\n")
}

fn snowflake(folder: &std::path::Path) -> FakeSnowflake {
    let files = FileSource::Dir { bucket: "lake".to_owned(), folder: folder.to_owned() };
    FakeSnowflake::start(FakeConfig::new(Vec::new(), files))
}

#[test]
fn the_documented_script_is_one() {
    let script = Script::parse(&documented()).unwrap();
    assert_eq!(script.services(), ["spotify", "snowflake", "s3"]);
    let spotify = FakeSpotify::start(Library::new("ada"), Mode::Development);
    script.apply_to_spotify(&spotify);
    assert_eq!(spotify.unused_faults(), 2);
    let folder = tempfile::tempdir().unwrap();
    let snowflake = snowflake(folder.path());
    script.apply_to_snowflake(&snowflake);
    assert_eq!(snowflake.unused_faults(), 2, "one call and one load");
}

#[tokio::test]
async fn a_file_scripts_all_three() {
    let script = Script::parse(
        r#"
        [[spotify]]
        fault = { status = { code = 418, body = "short", headers = { x-kettle = "on" } } }
        [[spotify]]
        when = { path = "/v1/me" }
        fault = { html = 502 }
        [[snowflake]]
        when = { path = "statements" }
        fault = { empty = 503 }
        [[s3]]
        op = "list"
        fault = { answer = { status = 503, code = "SlowDown", message = "slowly" } }
        "#,
    )
    .unwrap();
    let spotify = FakeSpotify::start(Library::new("ada"), Mode::Development);
    spotify.allow_violations();
    script.apply_to_spotify(&spotify);
    let first = reqwest::get(format!("{}/me", spotify.api_url())).await.unwrap();
    assert_eq!(
        (first.status().as_u16(), &first.headers()["x-kettle"]),
        (418, &"on".parse().unwrap())
    );
    assert_eq!(first.text().await.unwrap(), "short");
    assert_eq!(reqwest::get(format!("{}/me", spotify.api_url())).await.unwrap().status(), 502);
    assert_eq!(reqwest::get(format!("{}/me", spotify.api_url())).await.unwrap().status(), 401);

    let folder = tempfile::tempdir().unwrap();
    let snowflake = snowflake(folder.path());
    snowflake.allow_violations();
    script.apply_to_snowflake(&snowflake);
    let url = format!("{}/api/v2/statements", snowflake.url());
    assert_eq!(reqwest::Client::new().post(&url).send().await.unwrap().status(), 503);
    assert_ne!(reqwest::Client::new().post(&url).send().await.unwrap().status(), 503);

    let s3 = FakeS3::start();
    script.apply_to_s3(&s3);
    let answer = reqwest::get(format!("{}/lake?list-type=2", s3.url())).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("SlowDown"));
}

#[test]
fn an_unknown_word_or_an_impossible_number_is_named() {
    for (text, said) in [
        ("[[spotify]]\nfault = \"rest\"", "`reset`"),
        ("[[spotfy]]\nfault = \"reset\"", "`spotify`"),
        ("[[spotify]]\nwhen = { cal = 1 }\nfault = \"reset\"", "`call`"),
        ("[[spotify]]\nfault = \"reset\"\ntime = 2", "`times`"),
        ("[[s3]]\nop = \"put\"\nnth = 0\nfault = \"reset\"", "wanted 1 or more"),
        ("[[snowflake]]\nfault = { html = 42 }", "wanted 200 to 599"),
        ("[[load]]\nfault = \"drop_row\"", "`key`"),
    ] {
        let error = Script::parse(text).unwrap_err();
        assert!(error.contains(said) && error.contains("line"), "{text}: {error}");
    }
}
