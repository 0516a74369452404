//! `Retry-After` in every form that a server can think of: waited for, put off, or a day at most; never a panic.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value;
use snowtrack::run::Error;

use crate::source::live::{fetch, plain};
use crate::support::World;
use crate::support::cloud::Cloud;
use crate::support::fake_snowflake as snowflake;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::Mode;

/// Longer than anybody waits within a run: these end it.
const AGES: [&str; 9] = [
    "86400",
    "86401",
    "4294967296",
    "99999999999",
    "9000000000000",
    "9200000000000000",
    "9223372036854775807",
    "18446744073709551615",
    "99999999999999999999999999",
];

/// None of a number, and no time either.
const NOTHING: [&str; 6] = ["", "-1", "1.5", "1e9", "soon", "Mon, 99 Foo 2026 99:99:99 GMT"];

#[test]
fn spotify_puts_a_run_off_by_a_day_at_most() {
    for text in AGES {
        let (library, id) = plain(5);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        let headers = vec![("retry-after", text.to_owned())];
        let body = "Too many requests".to_owned();
        spotify.script(When::Any, usize::MAX, Fault::Status { code: 429, body, headers });
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        let Some(Error::PutOff { what, until, .. }) = error else {
            panic!("{text}: {error:?}");
        };
        assert!(what.contains(&id), "{text}: {what}");
        assert_eq!(report.status.name(), "pending", "{text}");
        assert_eq!(report.not_before, Some(until), "{text}");
        let off = until - report.started_at;
        let day = TimeDelta::days(1);
        assert!(day <= off && off < day + TimeDelta::minutes(10), "{text}: {off}");
        assert_eq!(spotify.api_call_count(), 1, "{text}");
    }
    for text in NOTHING {
        let (library, id) = plain(5);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        let headers = vec![("retry-after", text.to_owned())];
        let body = "Too many requests".to_owned();
        spotify.script(When::Any, 2, Fault::Status { code: 429, body, headers });
        let (_, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_none(), "{text}: {error:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the binary has the machine's clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[test]
fn snowflake_puts_a_run_off_by_a_day_at_most_and_the_command_ends_with_a_document() {
    let cloud = Cloud::small("rest", "parquet");
    for code in [429, 503] {
        for text in AGES {
            let headers = vec![("retry-after", text.to_owned())];
            let fault = snowflake::Fault::Status { code, body: String::new(), headers };
            cloud.snowflake.script(snowflake::When::Any, usize::MAX, fault);
            let output = cloud.run(&["--json", "snowflake", "pipes"]);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(8), "{code}, {text}: {said}");
            let document: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(document["exit_code"], 8, "{code}, {text}");
            let error = document["error"].as_str().unwrap();
            let (_, until) =
                error.split_once("to pause until ").unwrap_or_else(|| panic!("{error}"));
            let until = NaiveDateTime::parse_from_str(&until[..19], "%Y-%m-%d %H:%M:%S").unwrap();
            let off = until.and_utc() - now();
            let day = TimeDelta::days(1);
            assert!(day - TimeDelta::hours(1) < off && off <= day, "{code}, {text}: {error}");
            cloud.snowflake.drop_scripts();
        }
    }
}
