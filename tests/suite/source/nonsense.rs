//! Nonsense in Spotify's place is told after two tries, an outage after as many as patience allows.

use snowtrack::run::Error;
use snowtrack::sources;

use crate::source::live::{fetch, plain};
use crate::support::World;
use crate::support::fake_spotify::{ALL_SCOPES, FakeSpotify, Fault, When};
use crate::support::library::{Mode, spotify_id};

fn at_accounts() -> When {
    When::Path("/accounts/api/token".to_owned())
}

fn token(fields: &str) -> Fault {
    Fault::ServeRaw(format!(r#"{{"token_type":"Bearer",{fields}}}"#))
}

#[test]
fn what_is_no_token_is_told_after_two_tries_and_ends_the_run() {
    let good = r#""access_token":"BQC8""#;
    let no_utf8 = b"{\"access_token\":\"BQC\xff\",\"expires_in\":3600}".to_vec();
    let cases = [
        ("a page", Fault::HtmlBody(200)),
        ("a page that refuses", Fault::HtmlBody(403)),
        ("a page that is not there", Fault::HtmlBody(404)),
        ("nothing", Fault::ServeRaw(String::new())),
        ("an empty object", Fault::ServeRaw("{}".to_owned())),
        ("a list", Fault::ServeRaw("[]".to_owned())),
        ("null", Fault::ServeRaw("null".to_owned())),
        ("half of the JSON", Fault::TruncatedJson),
        ("not UTF-8", Fault::ServeBytes(no_utf8)),
        ("a refusal of another kind", Fault::status(400, "x")),
        ("an empty token", token(r#""access_token":"","expires_in":3600"#)),
        ("a line break", token(r#""access_token":"a\nb: c","expires_in":3600"#)),
        ("a space", token(r#""access_token":"a b","expires_in":3600"#)),
        ("no letters of ASCII", token(r#""access_token":"tökén","expires_in":3600"#)),
        ("a number", token(r#""access_token":7,"expires_in":3600"#)),
        ("null as the token", token(r#""access_token":null,"expires_in":3600"#)),
        ("valid for less than nothing", token(&format!(r#"{good},"expires_in":-1"#))),
        ("valid for no time", token(&format!(r#"{good},"expires_in":0"#))),
        ("valid for ages", token(&format!(r#"{good},"expires_in":9223372036854775807"#))),
        ("valid for 1e300 s", token(&format!(r#"{good},"expires_in":1e300"#))),
        ("valid for 1e999 s", token(&format!(r#"{good},"expires_in":1e999"#))),
        ("valid for a word", token(&format!(r#"{good},"expires_in":"soon""#))),
    ];
    for (name, fault) in cases {
        let (library, id) = plain(5);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        spotify.script(at_accounts(), usize::MAX, fault);
        let others: Vec<String> = (1..=4).map(spotify_id).collect();
        let mut ids: Vec<&str> = others.iter().map(String::as_str).collect();
        ids.push(&id);
        let (report, error) = fetch(&world, &spotify, &ids, false);
        let text = report.error.clone();
        let is_told =
            matches!(error, Some(Error::Spotify(sources::Error::NoToken { tries: 2, .. })));
        assert!(is_told, "{name}: {text:?}");
        let text = text.unwrap_or_default();
        assert!(text.contains("/api/token") && text.contains("SPOTIFY_ACCOUNTS_URL"), "{text}");
        assert_eq!((report.status.name(), spotify.count("/accounts/")), ("failed", 2), "{name}");
        assert_eq!(spotify.api_call_count(), 0, "{name}");
    }
}

#[test]
fn nonsense_that_passes_is_survived_and_an_outage_is_met_with_patience() {
    let cases = [
        ("a page, once", Fault::HtmlBody(200), 1),
        ("an outage", Fault::status(503, "x"), 4),
        ("an outage with a page", Fault::HtmlBody(502), 4),
        ("a lost connection", Fault::Reset, 4),
        ("too many requests", Fault::status(429, "x"), 4),
    ];
    for (name, fault, times) in cases {
        for (times, is_survived) in [(times, true), (usize::MAX, false)] {
            let (library, id) = plain(5);
            let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
            spotify.script(at_accounts(), times, fault.clone());
            let (_, error) = fetch(&world, &spotify, &[&id], false);
            assert_eq!(error.is_none(), is_survived, "{name}: {error:?}");
        }
    }
}

#[test]
fn what_spotify_itself_says_is_final_at_once() {
    for error in ["invalid_grant", "invalid_client", "unauthorized_client"] {
        let (library, id) = plain(5);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        let body = format!(r#"{{"error":"{error}","error_description":"x"}}"#);
        let fault = Fault::Status { code: 400, body, headers: Vec::new() };
        spotify.script(at_accounts(), usize::MAX, fault);
        let (_, ended) = fetch(&world, &spotify, &[&id], false);
        assert!(ended.is_some(), "{error}");
        assert_eq!(spotify.count("/accounts/"), 1, "{error}");
    }
}

#[test]
fn a_body_that_is_not_utf8_is_asked_for_once_more_and_one_that_is_cut_with_patience() {
    let odd = b"{\"id\":\"\xff\xfe\"}".to_vec();
    // Cut in the middle of a letter.
    let cut = "{\"id\":\"é".as_bytes()[..8].to_vec();
    for (body, calls, words) in [(odd, 2, "not UTF-8"), (cut, 5, "cut or is not JSON")] {
        let (library, id) = plain(5);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        let page = When::Path(format!("/v1/playlists/{id}"));
        spotify.script(page, usize::MAX, Fault::ServeBytes(body));
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_some(), "{words}");
        assert_eq!(spotify.api_call_count(), calls, "{words}");
        let reason = report.playlists[0].reason.clone().unwrap_or_default();
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn a_token_without_its_time_is_a_token() {
    let (library, id) = plain(5);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let access = spotify.issue_access_token(ALL_SCOPES);
    spotify.script(at_accounts(), 1, token(&format!(r#""access_token":"{access}""#)));
    let (_, error) = fetch(&world, &spotify, &[&id], false);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(spotify.count("/accounts/"), 1, "it is taken, and not asked for again");
}
