//! The double's own promises.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::Value;
use sha2::{Digest, Sha256};
use snowtrack_doubles::library::{
    Library, Mode, Playlist, Recorded, Row, documents_in, spotify_id,
};
use snowtrack_doubles::spotify::{
    ALL_SCOPES, CLIENT_ID, CLIENT_SECRET, FakeSpotify, Fault, REFRESH_TOKEN, WRITE_SCOPES, When,
};

const BOTH: &str = "additional_types=track%2Cepisode";

/// A client as strict as the double wants it.
struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    fn of(double: &FakeSpotify) -> Self {
        let http = reqwest::Client::builder()
            .user_agent("double-tests/1")
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { http, base: double.api_url(), token: double.issue_access_token(ALL_SCOPES) }
    }

    async fn ask(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token).send().await
    }

    async fn status(&self, path: &str) -> u16 {
        self.ask(path).await.unwrap().status().as_u16()
    }

    async fn json(&self, path: &str) -> Value {
        self.ask(path).await.unwrap().json().await.unwrap()
    }
}

/// A playlist of 120 songs in an account of its own.
fn library() -> (Library, String) {
    let (library, tracks) = Library::new("ada").with_plain_tracks(1, 120);
    let id = spotify_id(9_000);
    let rows: Vec<_> = tracks.iter().map(|track| Row::track(track)).collect();
    (library.with_playlist(Playlist::new(&id, "Plain", "ada").with_rows(rows)), id)
}

#[tokio::test]
async fn a_playlist_brings_a_hundred_rows_and_pages_bring_the_rest() {
    let (library, id) = library();
    let double = FakeSpotify::start(library, Mode::Development);
    let client = Client::of(&double);
    let playlist = client.json(&format!("/playlists/{id}?{BOTH}")).await;
    assert_eq!(playlist["items"]["items"].as_array().unwrap().len(), 100);
    assert_eq!(playlist["items"]["total"], 120);
    assert!(playlist["tracks"].is_null());
    let page = client.json(&format!("/playlists/{id}/items?limit=50&offset=100&{BOTH}")).await;
    let rows = page["items"].as_array().unwrap();
    assert_eq!((rows.len(), &page["next"]), (20, &Value::Null));
    assert_eq!(rows[0]["item"]["track"], true);
    assert!(rows[0].get("track").is_none() && rows[0]["item"].get("popularity").is_none());
    assert_eq!(double.api_call_count(), 2);
}

#[tokio::test]
async fn extended_quota_has_the_old_names_and_popularity() {
    let (library, id) = library();
    let double = FakeSpotify::start(library, Mode::Extended);
    let client = Client::of(&double);
    let playlist = client.json(&format!("/playlists/{id}?{BOTH}")).await;
    assert_eq!(playlist["tracks"]["items"][0]["track"]["popularity"], 46);
    let page = client.json(&format!("/playlists/{id}/tracks?limit=100&{BOTH}")).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 100);
    let unknown = spotify_id(77);
    let artists = client.json(&format!("/artists?ids={},{unknown}", spotify_id(1))).await;
    assert_eq!(
        (&artists["artists"][0]["name"], &artists["artists"][1]),
        (&"The Invented".into(), &Value::Null)
    );
}

#[tokio::test]
async fn a_limit_of_51_is_refused_and_written_down() {
    let (library, id) = library();
    let double = FakeSpotify::start(library, Mode::Development);
    double.allow_violations();
    let client = Client::of(&double);
    assert_eq!(client.status(&format!("/playlists/{id}/items?limit=51&{BOTH}")).await, 400);
    assert_eq!(client.status("/me/playlists?limit=51").await, 400);
    assert_eq!(double.violations().len(), 2, "{:?}", double.violations());
}

#[tokio::test]
async fn an_expired_token_is_401_and_using_it_again_is_a_violation() {
    let double = FakeSpotify::start(library().0, Mode::Development);
    double.allow_violations();
    let client = Client::of(&double);
    assert_eq!(client.status("/me").await, 200);
    double.expire_access_tokens();
    let answer = client.ask("/me").await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers()["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    assert!(double.violations().is_empty());
    assert_eq!(client.status("/me").await, 401);
    assert_eq!(double.violations().len(), 1);
}

#[tokio::test]
async fn removed_endpoints_are_forbidden_in_development_mode() {
    let (library, id) = library();
    let double = FakeSpotify::start(library, Mode::Development);
    double.allow_violations();
    let client = Client::of(&double);
    assert_eq!(client.status(&format!("/playlists/{id}/tracks?{BOTH}")).await, 403);
    for violation_count in [1, 2] {
        assert_eq!(client.status(&format!("/artists?ids={}", spotify_id(1))).await, 403);
        assert_eq!(double.violations().len(), violation_count, "the first one is a question");
    }
    assert_eq!(client.status(&format!("/artists/{}", spotify_id(1))).await, 200);
    assert_eq!(double.violations().len(), 2, "{:?}", double.violations());
}

#[tokio::test]
async fn followed_playlists_are_metadata_only_and_private_ones_do_not_exist() {
    let (followed, private) = (spotify_id(501), spotify_id(502));
    let library = Library::new("ada")
        .with_playlist(Playlist::new(&followed, "Followed", "eve").with_rows([Row::null()]))
        .with_unlisted_playlist(Playlist::new(&private, "Diary", "eve").with_public(Some(false)));
    let double = FakeSpotify::start(library, Mode::Development);
    let client = Client::of(&double);
    let playlist = client.json(&format!("/playlists/{followed}?{BOTH}")).await;
    assert_eq!(playlist["name"], "Followed");
    assert!(playlist.get("items").is_none() && playlist.get("tracks").is_none());
    assert_eq!(client.status(&format!("/playlists/{followed}/items?{BOTH}")).await, 403);
    assert_eq!(client.status(&format!("/playlists/{private}?{BOTH}")).await, 404);
}

#[tokio::test]
async fn scopes_and_users_are_checked() {
    let double = FakeSpotify::start(library().0, Mode::Development);
    double.allow_violations();
    let mut client = Client::of(&double);
    client.token = double.issue_access_token("playlist-read-private");
    let answer = client.ask("/me/tracks").await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("Insufficient client scope"));
    client.token = double.issue_app_token();
    let answer = client.ask("/me").await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.text().await.unwrap().contains("Valid user authentication required"));
}

#[tokio::test]
async fn faults_strike_in_the_order_they_were_written() {
    let double = FakeSpotify::start(library().0, Mode::Development);
    let client = Client::of(&double);
    double.script(When::Call(2), 1, Fault::HtmlBody(502));
    double.script(When::Path("/v1/me".to_owned()), 1, Fault::status(500, "first"));
    double.script(When::Any, 1, Fault::ServeRaw("{\"raw\":1}".to_owned()));
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(client.status("/me").await);
    }
    assert_eq!(seen, [500, 502, 200, 200]);
    assert_eq!(double.requests().iter().map(|request| request.status).collect::<Vec<_>>(), seen);
    assert_eq!(double.unused_faults(), 0);
}

#[tokio::test]
async fn connections_break_as_scripted() {
    let double = FakeSpotify::start(library().0, Mode::Development);
    let client = Client::of(&double);
    double.script(When::Any, 1, Fault::Reset);
    double.script(When::Any, 1, Fault::TruncatedBody);
    double.script(When::Any, 1, Fault::TruncatedJson);
    double.script(
        When::Any,
        1,
        Fault::SlowChunks { chunk_size_bytes: 16, gap: Duration::from_micros(50) },
    );
    double.script(When::Any, 1, Fault::Hang);
    assert!(client.ask("/me").await.is_err());
    assert!(client.ask("/me").await.unwrap().text().await.is_err());
    assert!(client.ask("/me").await.unwrap().json::<Value>().await.is_err());
    assert_eq!(client.json("/me").await["id"], "ada");
    let patience = Duration::from_millis(50);
    assert!(tokio::time::timeout(patience, client.ask("/me")).await.is_err());
    assert_eq!(client.json("/me").await["id"], "ada");
    assert_eq!(
        double.requests().iter().map(|request| request.status).collect::<Vec<_>>(),
        [0, 200, 200, 200, 0, 200]
    );
}

#[tokio::test]
async fn a_call_during_a_penalty_is_a_violation_and_one_after_it_is_not() {
    let double = FakeSpotify::start(library().0, Mode::Development);
    let client = Client::of(&double);
    double.script(When::Any, 1, Fault::RateLimited { retry_after: Some(3_000), plain_text: true });
    let answer = client.ask("/me").await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()),
        (429, "3000")
    );
    double.advance_clock(Duration::from_secs(3_001));
    assert_eq!(client.status("/me").await, 200);
    assert!(double.violations().is_empty());
    double.script(When::Any, 1, Fault::QuotaExceeded);
    assert!(client.ask("/me").await.unwrap().text().await.unwrap().contains("QUOTA_EXCEEDED"));
    assert_eq!(client.status("/me").await, 429);
    assert_eq!(double.violations().len(), 1);
    double.allow_violations();
}

#[tokio::test]
async fn a_bucket_that_is_used_up_leaves_the_others_usable() {
    let double = FakeSpotify::start(library().0, Mode::Development);
    let client = Client::of(&double);
    double.limit("liked_songs", 1, Some(3_000));
    assert_eq!(client.status("/me/tracks").await, 200);
    assert_eq!(client.status("/me/tracks").await, 429);
    assert_eq!((client.status("/me").await, client.status("/me/playlists").await), (200, 200));
    assert!(double.violations().is_empty(), "nobody can know before they are told");
    assert_eq!(client.status("/me/tracks").await, 429);
    assert_eq!(double.violations().len(), 1);
    double.advance_clock(Duration::from_secs(3_001));
    assert_eq!(client.status("/me/tracks").await, 200);
    assert_eq!((double.bucket_count("liked_songs"), double.bucket_count("own_playlists")), (4, 2));
    double.allow_violations();
}

#[tokio::test]
async fn two_requests_at_once_are_seen_and_one_after_the_other_are_fine() {
    let double = FakeSpotify::start(library().0, Mode::Extended);
    double.let_answers_take(Duration::from_millis(30));
    let client = Client::of(&double);
    assert_eq!((client.status("/me").await, client.status("/me").await), (200, 200));
    assert!(double.violations().is_empty());
    assert_eq!(tokio::join!(client.status("/me"), client.status("/me")), (200, 200));
    assert!(double.violations()[0].contains("2 requests in flight"), "{:?}", double.violations());
    double.allow_violations();
}

#[tokio::test]
async fn a_rude_client_is_written_down() {
    let (library, id) = library();
    let double = FakeSpotify::start(library, Mode::Development);
    double.allow_violations();
    let rude = reqwest::Client::builder().no_gzip().build().unwrap();
    let url = format!("{}/playlists/{id}?market=NL&fields=items", double.api_url());
    assert_eq!(rude.get(url).send().await.unwrap().status(), 401);
    let violations = double.violations().join("\n");
    for part in ["User-Agent", "gzip", "`market`", "`fields`", "additional_types", "Bearer"] {
        assert!(violations.contains(part), "{part} is missing in {violations}");
    }
}

#[tokio::test]
async fn a_double_that_is_dropped_with_violations_fails_the_test() {
    let double = FakeSpotify::start(Library::new("ada"), Mode::Development);
    // Without a token, a name, a scope.
    assert_eq!(reqwest::get(format!("{}/me", double.api_url())).await.unwrap().status(), 401);
    assert!(!double.violations().is_empty());
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(double)));
    assert!(outcome.is_err());
}

#[tokio::test]
async fn a_change_between_two_calls_gives_another_snapshot() {
    let (library, id) = library();
    let double = FakeSpotify::start(library, Mode::Development);
    let client = Client::of(&double);
    let playlist_id = id.clone();
    double.script(When::Any, 1, Fault::mutate(move |library| library.remove_row(&playlist_id, 0)));
    let path = format!("/playlists/{id}?{BOTH}");
    let (before, after) = (client.json(&path).await, client.json(&path).await);
    assert_ne!(before["snapshot_id"], after["snapshot_id"]);
    assert_eq!((&before["items"]["total"], &after["items"]["total"]), (&120.into(), &119.into()));
}

#[tokio::test]
async fn a_login_needs_the_verifier_of_its_challenge() {
    let double = FakeSpotify::start(Library::new("ada"), Mode::Development);
    double.allow_violations();
    let http = Client::of(&double).http;
    let verifier = "v".repeat(64);
    let redirect = "http://127.0.0.1:4321/callback";
    let authorize = |redirect: &str| {
        let query = [
            ("client_id", CLIENT_ID),
            ("response_type", "code"),
            ("redirect_uri", redirect),
            ("state", "st&te"),
            ("scope", ALL_SCOPES),
            ("code_challenge_method", "S256"),
            ("code_challenge", &BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier))),
        ];
        http.get(format!("{}/authorize", double.accounts_url())).query(&query).send()
    };
    assert_eq!(authorize("http://localhost:4321/callback").await.unwrap().status(), 400);
    let mut answers = Vec::new();
    for given in ["w".repeat(64), verifier.clone()] {
        let answer = authorize(redirect).await.unwrap();
        assert_eq!(answer.status(), 303);
        let location = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        let query: BTreeMap<_, _> = location.query_pairs().into_owned().collect();
        assert_eq!(query["state"], "st&te");
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT_ID),
            ("code", &query["code"]),
            ("redirect_uri", redirect),
            ("code_verifier", &given),
        ];
        answers.push(token(&double, &http, &form).await);
    }
    assert_eq!(answers[0]["error"], "invalid_grant");
    assert_eq!(answers[1]["scope"], ALL_SCOPES);
    assert!(double.is_refresh_token_valid(answers[1]["refresh_token"].as_str().unwrap()));
}

async fn token(double: &FakeSpotify, http: &reqwest::Client, form: &[(&str, &str)]) -> Value {
    let url = format!("{}/api/token", double.accounts_url());
    http.post(url).form(form).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn refreshing_gives_no_refresh_token_unless_they_rotate() {
    let double = FakeSpotify::start(Library::new("ada"), Mode::Development);
    let http = Client::of(&double).http;
    let form = |token| {
        [("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("refresh_token", token)]
    };
    let first = token(&double, &http, &form(REFRESH_TOKEN)).await;
    assert!(first["access_token"].is_string() && first.get("refresh_token").is_none());
    double.rotate_refresh_tokens();
    let second = token(&double, &http, &form(REFRESH_TOKEN)).await;
    assert!(double.is_refresh_token_valid(second["refresh_token"].as_str().unwrap()));
    assert_eq!(token(&double, &http, &form(REFRESH_TOKEN)).await["error"], "invalid_grant");
    let app = http
        .post(format!("{}/api/token", double.accounts_url()))
        .basic_auth(CLIENT_ID, Some(CLIENT_SECRET))
        .form(&[("grant_type", "client_credentials")]);
    let answer: Value = app.send().await.unwrap().json().await.unwrap();
    assert_eq!((&answer["expires_in"], answer.get("scope")), (&3600.into(), None));
    assert_eq!((double.api_call_count(), double.count("/accounts/api/token")), (0, 4));
}

#[tokio::test]
async fn a_generated_library_is_served_whole_in_both_shapes() {
    for mode in [Mode::Development, Mode::Extended] {
        let double = FakeSpotify::start(Library::generated(5, 8, 130), mode);
        let client = Client::of(&double);
        let listed = client.json("/me/playlists?limit=50").await;
        assert_eq!((&listed["total"], &listed["items"][1]), (&9.into(), &Value::Null));
        for playlist in listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["owner"]["id"] == "ada.listens")
        {
            let id = playlist["id"].as_str().unwrap();
            let text =
                client.ask(&format!("/playlists/{id}?{BOTH}")).await.unwrap().text().await.unwrap();
            // serde_json refuses half a surrogate pair in strings, as it must.
            let playlist: Value = serde_json::from_str(&text.replace("\\ud83d", "?")).unwrap();
            let key = if mode == Mode::Development { "items" } else { "tracks" };
            assert_eq!(playlist[key]["items"].as_array().unwrap().len(), 100);
            let page = client
                .ask(&format!("/playlists/{id}/items?limit=50&offset=100&{BOTH}"))
                .await
                .unwrap();
            assert_eq!(page.status(), 200);
        }
        assert_eq!(client.status("/me/tracks?limit=50").await, 200);
    }
}

#[tokio::test]
async fn recorded_documents_are_served_under_their_own_paths() {
    let row = |n: usize| format!(r#"{{"track":{{"uri":"spotify:track:{n}","duration_ms":1.0}}}}"#);
    let rows: Vec<_> = (0..130).map(row).collect();
    let page = format!(r#"{{"items":[{}],"total":400,"offset":0}}"#, rows.join(","));
    let documents = [
        ("/v1/playlists/lonely/tracks?offset=0".to_owned(), page.clone()),
        (
            "/v1/playlists/whole".to_owned(),
            format!(r#"{{"id":"whole","tracks":{page},"items":{page}}}"#),
        ),
    ];
    let double = FakeSpotify::start_with_documents(&documents, Mode::Development);
    let client = Client::of(&double);
    for id in ["lonely", "whole"] {
        let playlist =
            client.ask(&format!("/playlists/{id}?{BOTH}")).await.unwrap().text().await.unwrap();
        assert!(
            playlist.contains(&row(99)) && !playlist.contains(&row(100)),
            "rows keep their bytes"
        );
        assert!(playlist.contains(r#""total":130"#));
        let rest = client.json(&format!("/playlists/{id}/items?limit=50&offset=100&{BOTH}")).await;
        assert_eq!(rest["items"].as_array().unwrap().len(), 30);
    }
}

#[test]
fn every_recording_of_a_playlist_can_be_served() {
    // The recordings are not part of the repository; whoever has them names their folder at compile time.
    let Some(directory) = option_env!("SNOWTRACK_RECORDINGS") else { return };
    let documents = documents_in(std::path::Path::new(directory));
    let recorded = Recorded::new(&documents);
    assert!(recorded.playlists.len() >= 8, "{:?}", recorded.playlists.keys());
    assert!(recorded.playlists.values().any(|playlist| playlist.head.is_none()));
    drop(FakeSpotify::start_with_documents(&documents, Mode::Extended));
}

#[tokio::test]
async fn new_lists_are_written_by_todays_rules_and_no_other_list_is() {
    let (library, there) = library();
    let uris: Vec<String> = library.tracks.keys().map(|id| format!("spotify:track:{id}")).collect();
    let double = FakeSpotify::start(library, Mode::Development);
    double.allow_violations();
    let mut client = Client::of(&double);
    let send = async |client: &Client, path: &str, body: Value| {
        let request = client.http.post(format!("{}{path}", client.base)).bearer_auth(&client.token);
        let answer = request.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let new = serde_json::json!({ "name": "New", "description": "mark", "public": false });
    let (status, body) = send(&client, "/me/playlists", new.clone()).await;
    assert_eq!((status, &body["error"]["message"]), (403, &"Insufficient client scope".into()));
    client.token = double.issue_access_token(&format!("{ALL_SCOPES} {WRITE_SCOPES}"));
    let (status, made) = send(&client, "/me/playlists", new).await;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!((status, &made["public"]), (201, &Value::Bool(false)));
    assert_eq!(client.json("/me/playlists?limit=1").await["items"][0]["description"], "mark");

    let items = format!("/playlists/{id}/items");
    let add = |uris: &[String], position: usize| serde_json::json!({ "uris": uris, "position": position });
    let (status, first) = send(&client, &items, add(&uris[..2], 0)).await;
    assert_eq!(status, 201);
    let (_, second) = send(&client, &items, add(&uris[2..3], 1)).await;
    assert_ne!(first["snapshot_id"], second["snapshot_id"]);
    let rows: Vec<String> =
        double.made_playlists()[0].rows.iter().map(|row| format!("{:?}", row.content)).collect();
    let wanted = [&uris[0], &uris[2], &uris[1]];
    assert!(rows.iter().zip(wanted).all(|(row, uri)| row.contains(&uri["spotify:track:".len()..])));
    let gone = ["spotify:track:0000000000000000000000".to_owned()];
    for (path, body, wanted) in [
        (items.as_str(), add(&uris[..101], 0), 400),
        (items.as_str(), add(&[], 0), 400),
        (items.as_str(), add(&gone, 0), 400),
        (items.as_str(), add(&uris[..1], 4), 400),
        (&format!("/playlists/{id}/tracks"), add(&uris[..1], 0), 403),
        ("/users/ada/playlists", serde_json::json!({ "name": "New" }), 403),
    ] {
        assert_eq!(send(&client, path, body).await.0, wanted, "{path}");
    }
    assert!(!double.violations().iter().any(|it| it.contains("was there before")));
    send(&client, &format!("/playlists/{there}/items"), add(&uris[..1], 0)).await;
    assert!(double.violations().iter().any(|it| it.contains("was there before")));
}
