//! Live fetches against the strict double: calls counted, faults survived, each outcome with its own word.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use snowtrack::config::Config;
use snowtrack::event::Stage;
use snowtrack::ids::DataDir;
use snowtrack::retry::RetryPolicy;
use snowtrack::run::{Error, RunReport, Settings, Source, Wanted, run};
use snowtrack::sources::{self, SpotifyTiming};
use snowtrack::status::{PlaylistStatus, RunStatus};

use crate::support::World;
use crate::support::fake_spotify::{
    CLIENT_ID, CLIENT_SECRET, FakeSpotify, Fault, REFRESH_TOKEN, When,
};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};
use crate::support::truth::{Reading, TABLES, Truth};

pub(crate) const USER: &str = "keeper";

#[expect(clippy::disallowed_methods, reason = "a run needs the time; no assertion depends on it")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// One run in this process, with delays too short to notice.
pub(crate) fn fetch(
    world: &World,
    spotify: &FakeSpotify,
    playlists: &[&str],
    mine: bool,
) -> (RunReport, Option<Error>) {
    fetch_with(world, spotify, (playlists, mine), |_| {})
}

/// The same with other settings.
pub(crate) fn fetch_with(
    world: &World,
    spotify: &FakeSpotify,
    (playlists, mine): (&[&str], bool),
    change: impl FnOnce(&mut Settings),
) -> (RunReport, Option<Error>) {
    let mut config = Config { data_dir: DataDir::new(world.path("data")), ..Config::default() };
    config.spotify.client_id = Some(CLIENT_ID.to_owned());
    config.spotify.client_secret = Some(CLIENT_SECRET.to_owned().into());
    config.spotify.refresh_token = Some(REFRESH_TOKEN.to_owned().into());
    config.spotify.api_url = spotify.api_url();
    config.spotify.accounts_url = spotify.accounts_url();
    let tiny = Duration::from_millis(1);
    let retry = RetryPolicy { max_retries: 4, first_delay: tiny, max_delay: tiny };
    let mut settings = Settings {
        state: snowtrack::state::Terms::default(),
        wait: Duration::ZERO,
        source: Some(Source::Spotify(Wanted {
            playlists: playlists.iter().map(|id| id.parse().unwrap()).collect(),
            mine,
            is_usual: false,
            liked: false,
        })),
        run: None,
        stages: Stage::Fetch..=Stage::Export,
        full: false,
        archive: false,
        reship: std::collections::BTreeMap::new(),
        record: None,
        refetch: false,
        refetch_older_than: None,
        enrich: false,
        genres: None,
        warn_only: std::collections::BTreeSet::new(),
        timing: SpotifyTiming {
            min_gap: Duration::ZERO,
            call: snowtrack::http::CallTiming {
                retry,
                second: tiny,
                ..SpotifyTiming::default().call
            },
        },
        known_user: sources::KnownUser::default(),
        shipping: snowtrack::run::Shipping::default(),
        clock: now,
    };
    change(&mut settings);
    spotify.let_a_second_last(tiny);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ended = runtime.block_on(run(&config, &settings, &|_| {}, &Arc::default())).unwrap();
    (ended.report, ended.error)
}

/// A library with one playlist of `count` plain songs.
pub(crate) fn plain(count: u64) -> (Library, String) {
    let (library, tracks) = Library::new(USER).with_plain_tracks(1_000, count);
    let id = spotify_id(7);
    let rows = tracks.iter().map(|track| Row::track(track).at("2024-05-01T10:00:00Z"));
    let playlist = Playlist::new(&id, "Plain", USER).with_rows(rows.collect::<Vec<_>>());
    (library.with_playlist(playlist), id)
}

#[test]
fn a_playlist_costs_one_call_and_one_per_further_fifty_rows_and_one_look_back() {
    for (rows, calls) in [(0, 1), (99, 1), (100, 1), (101, 3), (150, 3), (178, 4)] {
        for mode in [Mode::Development, Mode::Extended] {
            let (library, id) = plain(rows);
            let (world, spotify) = (World::new(), FakeSpotify::start(library, mode));
            let (report, error) = fetch(&world, &spotify, &[&id], false);
            assert!(error.is_none(), "{error:?}");
            assert_eq!(spotify.api_call_count(), calls, "{rows} rows");
            assert_eq!(
                (report.spotify.call_count, report.playlists[0].row_count),
                (calls as u64, rows)
            );
            assert_eq!(world.query("select count(*) as n from core.playlist_songs")[0]["n"], rows);
        }
    }
}

#[test]
fn an_unchanged_library_costs_the_list_and_the_user() {
    let (library, _) = plain(178);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    assert!(fetch(&world, &spotify, &[], true).1.is_none());
    spotify.clear_log();
    let (report, error) = fetch(&world, &spotify, &[], true);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(report.playlists[0].status, PlaylistStatus::Unchanged);
    assert_eq!(spotify.api_call_count(), 2);
    assert!(report.files.is_empty());
}

#[test]
fn a_page_survives_every_passing_fault() {
    let faults = [
        Fault::status(500, "x"),
        Fault::status(503, "x"),
        Fault::Reset,
        Fault::TruncatedBody,
        Fault::TruncatedJson,
        Fault::HtmlBody(502),
        Fault::RateLimited { retry_after: Some(2), plain_text: true },
    ];
    for fault in faults {
        let (library, id) = plain(150);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
        let name = format!("{:?}", std::mem::discriminant(&fault));
        spotify.script(When::Path(format!("/v1/playlists/{id}/items")), 1, fault);
        let (report, error) = fetch(&world, &spotify, &[&id], false);
        assert!(error.is_none(), "{name}: {error:?}");
        assert_eq!(report.playlists[0].row_count, 150, "{name}");
        assert_eq!(spotify.api_call_count(), 4, "{name}");
    }
}

#[test]
fn a_long_rate_limit_ends_the_run_and_the_next_one_makes_no_call() {
    let (library, id) = plain(150);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.script(
        When::Call(2),
        1,
        Fault::RateLimited { retry_after: Some(7_200), plain_text: false },
    );
    let (report, error) = fetch(&world, &spotify, &[&id], false);
    assert!(matches!(error, Some(Error::PutOff { .. })), "{error:?}");
    assert_eq!(report.status, RunStatus::Pending);
    let calls = spotify.api_call_count();
    let (_, error) = fetch(&world, &spotify, &[&id], false);
    assert!(matches!(error, Some(Error::PutOff { .. })), "{error:?}");
    assert_eq!(spotify.api_call_count(), calls);
}

#[test]
fn a_playlist_that_changes_while_it_is_read_is_read_again() {
    let (library, id) = plain(150);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let changed = id.clone();
    let change = Fault::mutate(move |library| library.remove_row(&changed, 3));
    spotify.script(When::Path(format!("/v1/playlists/{id}/items")), 1, change);
    let (report, error) = fetch(&world, &spotify, &[&id], false);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(report.playlists[0].row_count, 149);
    assert_eq!(
        world.query("select count(*) as n, max(position) as p from core.playlist_songs")[0]["n"],
        149
    );
}

#[test]
fn one_bad_playlist_never_stops_the_others() {
    let (library, id) = plain(5);
    let followed = spotify_id(8);
    let library = library.with_unlisted_playlist(Playlist::new(&followed, "Theirs", "stranger"));
    let missing = spotify_id(9);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let (report, error) = fetch(&world, &spotify, &[&missing, &followed, &id], false);
    assert!(error.is_none(), "{error:?}");
    let statuses: Vec<&str> =
        report.playlists.iter().map(|playlist| playlist.status.name()).collect();
    assert_eq!(statuses, ["not_found", "contents_unavailable", "fetched"]);
}

#[test]
fn an_expired_token_is_renewed_once_and_a_revoked_login_says_so() {
    let (library, id) = plain(150);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    spotify.script(When::Call(2), 1, Fault::status(401, "The access token expired"));
    let (_, error) = fetch(&world, &spotify, &[&id], false);
    assert!(error.is_none(), "{error:?}");
    spotify.revoke_refresh_tokens();
    let (_, error) = fetch(&world, &spotify, &[&id], false);
    assert!(matches!(error, Some(Error::Spotify(sources::Error::LoginExpired))), "{error:?}");
}

#[test]
fn a_generated_library_loses_no_row_in_either_mode() {
    for mode in [Mode::Development, Mode::Extended] {
        let library = Library::generated(11, 3, 130);
        let (world, spotify) = (World::new(), FakeSpotify::start(library, mode));
        let (report, error) = fetch(&world, &spotify, &[], true);
        assert!(
            error.is_none(),
            "{error:?}\n{:#?}",
            report.checks.iter().filter(|check| check.status == "fail").collect::<Vec<_>>()
        );
        let mut truth = Truth::default();
        let library = spotify.library();
        truth.observe(&library, &Reading::mine(&library, mode));
        for table in TABLES {
            assert_eq!(world.rows_of(table), truth.table(table), "{table} in {mode:?}");
        }
        for playlist in &report.playlists {
            let kinds = playlist.track_count
                + playlist.episode_count
                + playlist.local_count
                + playlist.removed_count;
            assert_eq!(kinds, playlist.row_count, "{}", playlist.playlist_id);
        }
    }
}

#[test]
fn no_secret_is_in_any_output_or_file_but_the_login() {
    let (library, id) = plain(120);
    let (world, spotify) = (World::new(), FakeSpotify::start(library, Mode::Development));
    let output = world.operator(&spotify, &["-vvv", "run", "--playlist", &id]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut texts = vec![output.stdout, output.stderr];
    let mut folders = vec![world.path("data")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != "spotify_token.json" {
                texts.push(std::fs::read(path).unwrap());
            }
        }
    }
    let secrets = spotify.secrets();
    assert!(secrets.len() >= 3, "the double knows its secrets");
    for secret in secrets {
        for text in &texts {
            assert!(
                !text.windows(secret.len()).any(|window| window == secret.as_bytes()),
                "`{secret}` leaked"
            );
        }
    }
}
