//! `snowtrack login` from the printed address to the stored login, with this test as the browser.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use chrono::{Months, NaiveDate};
use reqwest::Url;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::support::World;
use crate::support::fake_spotify::{
    ALL_SCOPES, CLIENT_ID, CLIENT_SECRET, FakeSpotify, Fault, WRITE_SCOPES, When,
};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

/// A login that waits for its browser.
struct Login {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    /// Where the browser is to go.
    address: Url,
}

/// How a login ended.
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Without a refresh token in the environment, as before the first login.
fn command(world: &World, spotify: &FakeSpotify, arguments: &[&str]) -> Command {
    let mut command = world.operator(spotify, arguments);
    command.env_remove("SPOTIFY_REFRESH_TOKEN").env_remove("SPOTIFY_CLIENT_SECRET");
    command
}

impl Login {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "no address was shown");
            if let Ok(address) = line.trim().parse() {
                break address;
            }
        };
        Self { child, output, address }
    }

    fn paste(&mut self, text: &str) {
        self.child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn end(mut self) -> Ended {
        drop(self.child.stdin.take());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.output.read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let code = self.child.wait().unwrap().code().unwrap();
        Ended { code, stdout, stderr }
    }
}

/// A browser: it goes where it is sent and shows status and text.
struct Browser(reqwest::Client);

impl Browser {
    fn new() -> Self {
        let policy = reqwest::redirect::Policy::none();
        Self(reqwest::Client::builder().redirect(policy).build().unwrap())
    }

    /// Agrees (or not) on Spotify's page; returns where it sends the browser.
    async fn agree(&self, address: &Url) -> Url {
        let answer = self.0.get(address.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        answer.headers()["location"].to_str().unwrap().parse().unwrap()
    }

    async fn open(&self, address: Url) -> (u16, String) {
        let answer = self.0.get(address).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

fn spotify() -> (FakeSpotify, String) {
    let (library, tracks) = Library::new("ada").with_plain_tracks(1, 3);
    let id = spotify_id(7);
    let rows: Vec<_> = tracks.iter().map(|track| Row::track(track)).collect();
    let library = library.with_playlist(Playlist::new(&id, "Mine", "ada").with_rows(rows));
    (FakeSpotify::start(library, Mode::Development), id)
}

fn token_file(world: &World) -> std::path::PathBuf {
    world.path("data/spotify_token.json")
}

/// The login is stored for its owner alone, and a run needs nothing else.
fn assert_logged_in(world: &World, (spotify, playlist_id): (&FakeSpotify, &str), ended: &Ended) {
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let file = token_file(world);
    assert!(ended.stdout.contains("data/spotify_token.json"), "{}", ended.stdout);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let stored: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let agreed: NaiveDate = stored["authorized_at"].as_str().unwrap()[..10].parse().unwrap();
    let end = agreed.checked_add_months(Months::new(6)).unwrap();
    let told = format!("logged in as `ada` until {end}; ");
    assert!(ended.stdout.contains(&told), "no `{told}` in {}", ended.stdout);
    let token = stored["refresh_token"].as_str().unwrap();
    assert!(spotify.is_refresh_token_valid(token));
    assert!(!ended.stdout.contains(token) && !ended.stderr.contains(token));
    assert_eq!(stored["client_id"], CLIENT_ID);
    let mut scopes: Vec<_> = ALL_SCOPES.split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(stored["scopes"], serde_json::json!(scopes));
    let run = command(world, spotify, &["run", "--playlist", playlist_id]).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[tokio::test]
async fn a_login_in_the_browser_is_stored_for_its_owner_alone() {
    for secret in [None, Some(CLIENT_SECRET)] {
        let (world, (spotify, id)) = (World::new(), spotify());
        let mut command = command(&world, &spotify, &["-vvv", "login"]);
        command.envs(secret.map(|secret| ("SPOTIFY_CLIENT_SECRET", secret)));
        let (login, browser) = (Login::start(command), Browser::new());
        let callback = browser.agree(&login.address).await;
        assert_eq!((callback.host_str(), callback.path()), (Some("127.0.0.1"), "/callback"));
        let (status, text) = browser.open(callback).await;
        assert_eq!((status, text.contains("terminal")), (200, true), "{text}");
        assert_logged_in(&world, (&spotify, &id), &login.end());
    }
}

#[tokio::test]
async fn a_login_is_good_where_spotify_does_not_say_whose_it_is_and_its_token_is_asked_for_once() {
    for (is_known, wanted) in [(true, "logged in as `ada` until "), (false, "logged in until ")] {
        let (world, (spotify, _)) = (World::new(), spotify());
        if !is_known {
            let fault = Fault::status(404, "x");
            spotify.script(When::Path("/v1/me".to_owned()), usize::MAX, fault);
        }
        let mut login = Login::start(command(&world, &spotify, &["login", "--no-browser"]));
        let callback = Browser::new().agree(&login.address).await;
        login.paste(&format!("{callback}\n"));
        let ended = login.end();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stdout.contains(wanted), "no `{wanted}` in {}", ended.stdout);
        assert_eq!(ended.stdout.contains("did not say"), !is_known, "{}", ended.stdout);
        assert!(token_file(&world).exists());
        assert_eq!(spotify.count("/accounts/api/token"), 1);
    }
}

#[tokio::test]
async fn to_write_is_asked_for_only_where_the_user_says_so_and_the_login_remembers() {
    for (more, wanted) in [(vec![], false), (vec!["--may-write"], true)] {
        let (world, (spotify, _)) = (World::new(), spotify());
        let arguments = [vec!["login"], more].concat();
        let (login, browser) =
            (Login::start(command(&world, &spotify, &arguments)), Browser::new());
        let asked = login.address.query_pairs().find(|(name, _)| name == "scope").unwrap().1;
        let has = |scopes: &str| WRITE_SCOPES.split(' ').all(|scope| scopes.contains(scope));
        assert_eq!((has(&asked), asked.contains("modify")), (wanted, wanted), "{asked}");
        let callback = browser.agree(&login.address).await;
        browser.open(callback).await;
        assert_eq!(login.end().code, 0);
        let stored = std::fs::read_to_string(token_file(&world)).unwrap();
        assert_eq!(has(&stored), wanted, "{stored}");
    }
}

#[tokio::test]
async fn a_refusal_is_answered_in_the_browser_and_ends_the_login() {
    let (world, (spotify, _)) = (World::new(), spotify());
    spotify.deny_logins();
    let login = Login::start(command(&world, &spotify, &["login"]));
    let browser = Browser::new();
    let callback = browser.agree(&login.address).await;
    let (status, text) = browser.open(callback).await;
    assert_eq!(status, 400);
    assert!(text.contains("access_denied") && text.contains("terminal"), "{text}");
    let ended = login.end();
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(ended.stderr.contains("access_denied"), "{}", ended.stderr);
    assert!(!token_file(&world).exists());
}

#[tokio::test]
async fn a_forged_callback_neither_logs_in_nor_ends_the_login() {
    let (world, (spotify, id)) = (World::new(), spotify());
    let login = Login::start(command(&world, &spotify, &["login"]));
    let browser = Browser::new();
    let callback = browser.agree(&login.address).await;
    for query in ["code=stolen&state=guessed", "code=stolen", "error=access_denied&state=guessed"] {
        let mut forged = callback.clone();
        forged.set_query(Some(query));
        let (status, text) = browser.open(forged).await;
        assert_eq!((status, text.contains("state")), (400, true), "{text}");
    }
    assert!(!token_file(&world).exists());
    assert_eq!(browser.open(callback).await.0, 200);
    assert_logged_in(&world, (&spotify, &id), &login.end());
}

#[tokio::test]
async fn silent_connections_and_other_requests_do_not_hold_the_callback_up() {
    let (world, (spotify, id)) = (World::new(), spotify());
    let login = Login::start(command(&world, &spotify, &["login"]));
    let browser = Browser::new();
    let callback = browser.agree(&login.address).await;
    let address = ("127.0.0.1", callback.port().unwrap());
    // One that says nothing, one that stops in the middle, one that talks nonsense without end.
    let silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /callback?code=x").await.unwrap();
    let mut endless = tokio::net::TcpStream::connect(address).await.unwrap();
    // The other side may hang up at any moment.
    let _ = endless.write_all(&[b'x'; 200_000]).await;
    let mut favicon = callback.clone();
    favicon.set_path("/favicon.ico");
    favicon.set_query(None);
    assert_eq!(browser.open(favicon).await.0, 404);
    assert_eq!(browser.open(callback).await.0, 200);
    assert_logged_in(&world, (&spotify, &id), &login.end());
    drop((silent, slow, endless));
}

#[tokio::test]
async fn without_a_browser_the_redirect_is_pasted() {
    for secret in [None, Some(CLIENT_SECRET)] {
        let (world, (spotify, id)) = (World::new(), spotify());
        let mut command = command(&world, &spotify, &["login", "--no-browser"]);
        command.envs(secret.map(|secret| ("SPOTIFY_CLIENT_SECRET", secret)));
        let mut login = Login::start(command);
        let callback = Browser::new().agree(&login.address).await;
        login.paste(&format!("  {callback}\n"));
        assert_logged_in(&world, (&spotify, &id), &login.end());
    }
}

#[tokio::test]
async fn what_is_pasted_must_be_our_own_callback() {
    let pasted: [(&str, &[&str]); 4] = [
        ("", &["pasted", "http://127.0.0.1:"]),
        ("AQDcode\n", &["pasted", "http://127.0.0.1:"]),
        ("http://127.0.0.1:1/callback?code=x&state=guessed\n", &["state"]),
        ("http://127.0.0.1:1/callback?error=access_denied\n", &["state"]),
    ];
    for (text, says) in pasted {
        let (world, (spotify, _)) = (World::new(), spotify());
        let mut login = Login::start(command(&world, &spotify, &["login", "--no-browser"]));
        login.paste(text);
        let ended = login.end();
        assert_eq!(ended.code, 3, "{text:?}: {}", ended.stderr);
        assert!(says.iter().all(|word| ended.stderr.contains(word)), "{text:?}: {}", ended.stderr);
        assert!(!token_file(&world).exists());
    }
}

#[tokio::test]
async fn a_wrong_secret_is_told_by_the_name_of_the_app() {
    let (world, (spotify, _)) = (World::new(), spotify());
    let mut command = command(&world, &spotify, &["login"]);
    command.env("SPOTIFY_CLIENT_SECRET", "not-the-secret");
    let (login, browser) = (Login::start(command), Browser::new());
    let callback = browser.agree(&login.address).await;
    browser.open(callback).await;
    let ended = login.end();
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(ended.stderr.contains(CLIENT_ID) && ended.stderr.contains("invalid_client"));
    assert!(!ended.stderr.contains("not-the-secret"));
    assert!(!token_file(&world).exists());
}

#[tokio::test]
async fn a_callback_with_an_empty_code_is_no_success() {
    let (world, (spotify, _)) = (World::new(), spotify());
    let login = Login::start(command(&world, &spotify, &["login"]));
    let browser = Browser::new();
    let mut callback = browser.agree(&login.address).await;
    let state = callback.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    callback.set_query(Some(&format!("code=&state={state}")));
    let (status, text) = browser.open(callback).await;
    assert_eq!((status, text.contains("Thank you")), (400, false), "{text}");
    let ended = login.end();
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(ended.stderr.contains("no code"), "{}", ended.stderr);
    assert_eq!(spotify.count("/accounts/api/token"), 0);
}

#[tokio::test]
async fn a_code_is_neither_sent_on_nor_sent_twice() {
    let elsewhere = vec![("location", "http://127.0.0.1:9/steal".to_owned())];
    let faults = [
        (Fault::Status { code: 307, body: String::new(), headers: elsewhere }, "redirects (307)"),
        (Fault::HtmlBody(200), "SPOTIFY_ACCOUNTS_URL"),
        (Fault::status(503, "x"), "503"),
    ];
    for (fault, words) in faults {
        let (world, (spotify, _)) = (World::new(), spotify());
        spotify.script(When::Path("/accounts/api/token".to_owned()), usize::MAX, fault);
        let login = Login::start(command(&world, &spotify, &["login"]));
        let browser = Browser::new();
        let callback = browser.agree(&login.address).await;
        browser.open(callback).await;
        let ended = login.end();
        assert_eq!(ended.code, 3, "{words}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
        assert_eq!(spotify.count("/accounts/api/token"), 1, "{words}");
        assert!(!token_file(&world).exists(), "{words}");
    }
}

#[test]
fn a_login_without_an_app_says_where_to_make_one() {
    let output = World::new().run(&["login"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("SPOTIFY_CLIENT_ID") && text.contains("dashboard"), "{text}");
}
