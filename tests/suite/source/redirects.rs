//! Redirects: nobody follows one, whoever sends it and whatever it carries; the message says who redirects where.

use std::process::Output;
use std::sync::{Arc, Mutex};

use crate::support::World;
use crate::support::cloud::{Cloud, SMALL};
use crate::support::fake_s3::{Fault as S3Fault, Op};
use crate::support::fake_snowflake as snowflake;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::http::{Answer, Request, Server, Service};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

/// Every status that sends elsewhere; 304 does not.
const STATUSES: [u16; 7] = [300, 301, 302, 303, 305, 307, 308];

/// A host that nobody configured: it writes down who comes.
struct Stranger {
    visits: Arc<Visits>,
    server: Server,
}

#[derive(Default)]
struct Visits(Mutex<Vec<String>>);

impl Service for Visits {
    fn answer(&self, request: &Request) -> Answer {
        let line = format!(
            "{} {} {:?} {}",
            request.method,
            request.path,
            request.header("authorization"),
            String::from_utf8_lossy(&request.body)
        );
        self.0.lock().unwrap().push(line);
        Answer::json(200, "{}")
    }
}

impl Stranger {
    fn start() -> Self {
        let visits = Arc::new(Visits::default());
        let server = Server::start(&visits);
        Self { visits, server }
    }

    /// Where it would like to be visited; the query is nobody's business.
    fn place(&self) -> String {
        format!("http://{}/steal", self.server.address)
    }

    fn location(&self) -> (&'static str, String) {
        ("location", format!("{}?token=secret", self.place()))
    }

    fn assert_unvisited(&self, name: &str) {
        assert_eq!(*self.visits.0.lock().unwrap(), Vec::<String>::new(), "{name}");
    }

    /// The exit code, and a message of who redirects where.
    fn assert_told(&self, name: &str, output: &Output, (code, who): (i32, &str)) {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {said}");
        let place = self.place();
        assert!(
            said.contains("redirects") && said.contains(&place) && said.contains(who),
            "{said}"
        );
        assert!(!said.contains("token=secret"), "{name}: {said}");
        self.assert_unvisited(name);
    }
}

fn spotify() -> (FakeSpotify, String) {
    let (library, tracks) = Library::new("keeper").with_plain_tracks(1_000, 3);
    let id = spotify_id(7);
    let rows: Vec<_> = tracks.iter().map(|track| Row::track(track)).collect();
    let library = library.with_playlist(Playlist::new(&id, "Plain", "keeper").with_rows(rows));
    (FakeSpotify::start(library, Mode::Development), id)
}

#[test]
fn neither_the_web_api_nor_the_accounts_service_can_send_the_login_to_another_host() {
    let stranger = Stranger::start();
    for code in STATUSES {
        for path in ["/v1/playlists/", "/accounts/api/token"] {
            let (world, (spotify, id)) = (World::new(), spotify());
            let headers = vec![stranger.location()];
            let fault = Fault::Status { code, body: String::new(), headers };
            spotify.script(When::Path(path.to_owned()), usize::MAX, fault);
            let output = world.operator(&spotify, &["run", "--playlist", &id]).output().unwrap();
            let name = format!("{code} from {path}");
            stranger.assert_told(&name, &output, (3, path.trim_end_matches('/')));
            // Nothing gets better by asking again.
            assert_eq!(spotify.count(path), 1, "{name}");
        }
    }
}

#[test]
fn one_playlist_that_is_redirected_stops_no_other() {
    let stranger = Stranger::start();
    let (world, (spotify, id)) = (World::new(), spotify());
    let other = spotify_id(8);
    let headers = vec![stranger.location()];
    let fault = Fault::Status { code: 302, body: String::new(), headers };
    spotify.script(When::Path(format!("/v1/playlists/{other}")), usize::MAX, fault);
    let arguments = ["--playlist", other.as_str(), "--playlist", id.as_str()];
    let (code, report) = world.live_report(&spotify, &arguments);
    assert_eq!(code, 3, "{report:#}");
    assert_eq!(report["playlists"][0]["status"], "failed");
    assert_eq!(report["playlists"][1]["status"], "fetched");
    stranger.assert_unvisited("one playlist");
}

#[test]
fn snowflake_can_send_no_token_to_another_host() {
    let stranger = Stranger::start();
    let mut cloud = Cloud::new("rest", "parquet");
    for code in STATUSES {
        // Which pipes there are, then each of the eight for its state; and the first is told of its file.
        for (path, calls) in [("/api/v2/statements", 9), ("insertFiles", 1)] {
            cloud.empty();
            cloud.write_source();
            let headers = vec![stranger.location()];
            let fault = snowflake::Fault::Status { code, body: String::new(), headers };
            let when = snowflake::When::Path(path.to_owned());
            cloud.snowflake.script(when, usize::MAX, fault);
            let output = cloud.run(&[&["run"], &SMALL[..]].concat());
            let name = format!("{code} from {path}");
            stranger.assert_told(&name, &output, (6, "127.0.0.1"));
            assert_eq!(cloud.snowflake.count(path), calls, "{name}");
            cloud.snowflake.drop_scripts();
        }
    }
}

#[test]
fn s3_can_send_no_file_to_another_host() {
    let stranger = Stranger::start();
    let location: &'static str = Box::leak(stranger.location().1.into_boxed_str());
    let mut cloud = Cloud::new("rest", "parquet");
    for status in STATUSES {
        cloud.empty();
        cloud.write_source();
        let headers = vec![("location", location)];
        let fault = S3Fault::Answer { status, code: "TemporaryRedirect", message: "x", headers };
        cloud.s3.script(Op::Put, 1, usize::MAX, fault);
        let output = cloud.run(&[&["run"], &SMALL[..]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "{status}: {said}");
        stranger.assert_unvisited(&format!("{status} from S3"));
    }
}
