//! Every fault and bad configuration, as a person meets it: exit code and message, in one table to read through.

use std::process::Command;

use crate::support::World;
use crate::support::cloud::Cloud;
use crate::support::fake_s3::{self as s3, FakeS3, Op};
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};

/// What was tried and what was said.
#[derive(Default)]
struct Told(String);

impl Told {
    fn tell(&mut self, name: &str, code: i32, world: &World, mut command: Command) {
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {text}");
        let text = text.replace(&world.path("").display().to_string(), "[FOLDER]/");
        self.0 += &format!("## {name}: exit {code}\n{}\n\n", text.trim_end());
    }

    fn show(self, name: &str) {
        let filters = [
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
            (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+Z| UTC)", "[TIME]"),
            (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "[RUN]"),
            (r"process \d+", "process [PID]"),
            (r"year=\d{4}/month=\d\d/day=\d\d", "[DAY]"),
            // Files are sent side by side; any of them can be the first to be refused.
            (r"raw/\w+/\[DAY\]/[a-z_]+_\d{8}_\d{6}_[0-9A-Z]{26}", "raw/[TABLE]/[DAY]/[FILE]"),
        ];
        insta::with_settings!({filters => filters, omit_expression => true}, {
            insta::assert_snapshot!(name, self.0);
        });
    }
}

fn run(world: &World, arguments: &[&str]) -> Command {
    world.command(&[&["-q", "run"], arguments].concat())
}

#[test]
fn wrong_configuration_names_the_thing_the_value_and_the_remedy() {
    let mut told = Told::default();
    let world = World::new();
    told.tell("no source", 2, &world, run(&world, &[]));
    told.tell(
        "no such playlist on the command line",
        2,
        &world,
        run(&world, &["--playlist", "x/y"]),
    );
    let mut command = run(&world, &[]);
    command.env(
        "SPOTIFY_PLAYLIST_IDS",
        "37i9dQZF1DX4sWSpwq3LiO, spotify:track:4uLU6hMCjMI75M1A2tKUQC",
    );
    told.tell("a configured playlist that is a track", 2, &world, command);
    told.tell("no app", 2, &world, run(&world, &["--mine"]));
    let mut command = run(&world, &["--mine"]);
    command.env("SPOTIFY_CLIENT_ID", "5fe01282e44241328a84e7c5cc169165");
    told.tell("nobody logged in", 2, &world, command);
    for (name, value) in [
        ("SPOTIFY_API_URL", "api.spotify.com"),
        ("SPOTIFY_API_URL", "ftp://127.0.0.1/v1"),
        ("SPOTIFY_ACCOUNTS_URL", "accounts"),
    ] {
        let mut command = run(&world, &["--mine"]);
        command.env("SPOTIFY_CLIENT_ID", "x").env("SPOTIFY_REFRESH_TOKEN", "y").env(name, value);
        told.tell(&format!("{name}={value}"), 2, &world, command);
    }
    for (name, value) in [("LAKE_FORMAT", "avro"), ("LAKE_MAX_FILE_MIB", "0")] {
        let mut command = run(&world, &["--demo"]);
        command.env(name, value);
        told.tell(&format!("{name}={value}"), 2, &world, command);
    }
    let files = [
        ("an unknown key", "[spotify]\nclint_id = 'x'\n"),
        ("an unknown section", "[spotfy]\nclient_id = 'x'\n"),
        ("a number that is a text", "[spotify]\nmin_gap_ms = 'soon'\n"),
        ("no TOML", "client_id: x\n"),
    ];
    for (name, text) in files {
        world.write("snowtrack.toml", text);
        told.tell(name, 2, &world, run(&world, &["--demo"]));
    }
    world.write("old.ini", "[spotify-auth]\nCLIENT = x\n");
    told.tell(
        "an unknown key of the predecessor's",
        2,
        &world,
        world.command(&["--config", "old.ini", "run", "--demo"]),
    );
    told.tell(
        "no such configuration file",
        2,
        &world,
        world.command(&["--config", "none.toml", "run", "--demo"]),
    );
    told.show("wrong_configuration");
}

#[test]
fn unusable_folders_and_files_name_the_path_and_the_remedy() {
    let mut told = Told::default();
    let world = World::new();
    told.tell("no recordings", 2, &world, run(&world, &["--from-dir", "nowhere"]));
    told.tell("nothing published yet", 2, &world, world.command(&["query", "select 1"]));
    told.tell(
        "a run that never was",
        2,
        &world,
        world.command(&["check", "--run", "01KC8Z5T3Q8V6W2Y4N9B7M1XRD"]),
    );
    world.write("file", "");
    let arguments = ["--data-dir", "file", "run", "--demo"];
    told.tell("a data directory that is a file", 5, &world, world.command(&arguments));

    let locked = World::new();
    std::fs::create_dir(locked.path("data")).unwrap();
    let lock = std::fs::File::create(locked.path("data/lock")).unwrap();
    std::fs::write(locked.path("data/lock"), "process 4711 (run X, since yesterday)\n").unwrap();
    lock.lock().unwrap();
    told.tell("a locked data directory", 8, &locked, run(&locked, &["--demo"]));

    let broken = World::new();
    broken.write("data/snowtrack.duckdb", &"this is no database. ".repeat(1_000));
    told.tell("a broken warehouse", 5, &broken, run(&broken, &["--demo"]));
    let unpublished = World::new();
    unpublished.write("data/spotify.duckdb", &"this is no database. ".repeat(1_000));
    told.tell(
        "a broken published file",
        5,
        &unpublished,
        unpublished.command(&["query", "select 1"]),
    );
    told.show("unusable_folders_and_files");
}

/// The binary on a disk that takes no file beyond `kib`: what a full disk does, without filling one.
fn on_a_small_disk(world: &World, kib: u32, arguments: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    let binary = env!("CARGO_BIN_EXE_snowtrack");
    let blocks = kib * 2;
    shell
        .env_clear()
        .current_dir(world.path(""))
        .arg("-c")
        .arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec '{binary}' {arguments}"));
    shell
}

#[test]
fn a_full_disk_is_exit_5_and_the_same_command_goes_on_when_there_is_room() {
    let whole = World::new();
    assert_eq!(whole.report(&["--demo"]).0, 0);
    let (mut refused, mut kib) = (0, 64);
    loop {
        let world = World::new();
        let output = on_a_small_disk(&world, kib, "-q run --demo").output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            break;
        }
        assert_eq!(output.status.code(), Some(5), "{kib} KiB: {text}");
        assert!(text.contains("disk"), "{kib} KiB: {text}");
        refused += 1;
        let (code, report) = world.report(&["--demo"]);
        assert_eq!(code, 0, "after {kib} KiB: {report}");
        for table in ["songs", "playlist_songs", "genres"] {
            assert_eq!(world.rows_of(table), whole.rows_of(table), "{table} after {kib} KiB");
        }
        kib *= 4;
    }
    assert!(refused >= 3, "the disk was never too small");
}

/// An own playlist, and a double that knows it.
fn spotify() -> (FakeSpotify, String) {
    let (library, tracks) = Library::new("keeper").with_plain_tracks(1_000, 60);
    let id = spotify_id(7);
    let rows: Vec<_> = tracks.iter().map(|track| Row::track(track)).collect();
    let library = library
        .with_playlist(Playlist::new(&id, "Plain", "keeper").with_rows(rows))
        .with_unlisted_playlist(Playlist::new(&spotify_id(8), "Theirs", "stranger"));
    (FakeSpotify::start(library, Mode::Development), id)
}

#[test]
fn every_refusal_of_spotifys_has_its_exit_code_and_its_remedy() {
    type Prepare = fn(&FakeSpotify);
    let cases: [(&str, i32, &[&str], Prepare); 9] = [
        ("an ended login", 3, &["--mine"], FakeSpotify::revoke_refresh_tokens),
        ("no Premium", 3, &["--mine"], |spotify| {
            spotify.script(When::Any, 4, Fault::PremiumRequired);
        }),
        ("not on the app's user list", 3, &["--mine"], |spotify| {
            spotify.script(When::Any, 1, Fault::NotAllowListed);
        }),
        ("the quota is used up", 8, &["--mine"], |spotify| {
            spotify.script(When::Any, 1, Fault::QuotaExceeded);
        }),
        ("a pause of two hours", 8, &["--mine"], |spotify| {
            let fault = Fault::RateLimited { retry_after: Some(7_200), plain_text: true };
            spotify.script(When::Any, 1, fault);
        }),
        ("no playlist is there", 3, &["--playlist", "4uLU6hMCjMI75M1A2tKUQC"], |_| {}),
        ("a playlist of somebody else's", 3, &["--playlist", "THEIRS"], |_| {}),
        ("a request that Spotify calls wrong", 3, &["--mine"], |spotify| {
            spotify.script(When::Any, 1, Fault::status(410, "Gone"));
        }),
        ("a body that is another service's", 3, &["--mine"], |spotify| {
            spotify.script(When::Any, 1, Fault::ServeRaw("{\"hello\":1}".to_owned()));
        }),
    ];
    let mut told = Told::default();
    for (name, code, arguments, prepare) in cases {
        let (world, (spotify, _)) = (World::new(), spotify());
        prepare(&spotify);
        let theirs = spotify_id(8);
        let arguments: Vec<_> = arguments
            .iter()
            .map(|argument| if *argument == "THEIRS" { theirs.as_str() } else { argument })
            .collect();
        let command = || world.operator(&spotify, &[&["-q", "run"], arguments.as_slice()].concat());
        told.tell(name, code, &world, command());
        if code == 8 {
            let calls = spotify.api_call_count();
            told.tell(&format!("{name}, the next run"), code, &world, command());
            assert_eq!(spotify.api_call_count(), calls, "{name}: the next run makes no call");
        }
    }
    let (world, (spotify, _)) = (World::new(), spotify());
    spotify.add_refresh_token("narrow", "playlist-read-private");
    let mut command = world.operator(&spotify, &["-q", "run", "--liked"]);
    command.env("SPOTIFY_REFRESH_TOKEN", "narrow");
    told.tell("a login without the scope", 3, &world, command);
    let mut command = world.operator(&spotify, &["-q", "run", "--mine"]);
    command.env("SPOTIFY_CLIENT_SECRET", "wrong");
    told.tell("a wrong secret", 3, &world, command);
    spotify.allow_violations();
    let mut command = world.operator(&spotify, &["-q", "run", "--mine"]);
    command.env_remove("SPOTIFY_REFRESH_TOKEN");
    told.tell("an app without a user", 3, &world, command);
    told.show("refusals_of_spotify");
}

/// What passes by itself is repeated for a minute before it is told, so its messages are tested with the upload alone.
#[test]
fn every_refusal_of_s3_has_its_exit_code_and_its_remedy() {
    type Prepare = fn(&FakeS3, &mut Command);
    fn always(s3: &FakeS3, fault: s3::Fault) {
        s3.script(Op::Put, 1, usize::MAX, fault);
    }
    let cases: [(&str, i32, Prepare); 9] = [
        ("no credentials", 2, |_, command| {
            command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        }),
        ("no region", 2, |_, command| {
            command.env_remove("AWS_REGION");
        }),
        ("a wrong secret", 5, |_, command| {
            command.env("AWS_SECRET_ACCESS_KEY", "wrong");
        }),
        ("a missing bucket", 5, |_, command| {
            command.env("S3_BUCKET", "nowhere");
        }),
        ("an unknown key", 5, |s3, _| {
            let message = "The AWS Access Key Id you provided does not exist in our records.";
            always(s3, s3::Fault::answer(403, "InvalidAccessKeyId", message));
        }),
        ("expired credentials", 5, |s3, _| {
            let message = "The provided token has expired.";
            always(s3, s3::Fault::answer(400, "ExpiredToken", message));
        }),
        ("a wrong region", 5, |s3, _| {
            let message = "The bucket must be addressed using the specified endpoint.";
            let (status, code, headers) =
                (301, "PermanentRedirect", vec![("x-amz-bucket-region", "us-west-2")]);
            always(s3, s3::Fault::Answer { status, code, message, headers });
        }),
        ("denied", 5, |s3, _| {
            let message = "not authorized to perform: s3:PutObject";
            always(s3, s3::Fault::answer(403, "AccessDenied", message));
        }),
        ("a wrong clock", 5, |s3, _| {
            let message =
                "The difference between the request time and the current time is too large.";
            let (status, code, headers) =
                (403, "RequestTimeTooSkewed", vec![("date", "Mon, 05 Jan 2026 06:07:08 GMT")]);
            always(s3, s3::Fault::Answer { status, code, message, headers });
        }),
    ];
    let mut told = Told::default();
    for (name, code, prepare) in cases {
        let cloud = Cloud::bare("rest", "parquet");
        let mut command = cloud.command(&["-q", "run", "--demo", "--no-ingest"]);
        prepare(&cloud.s3, &mut command);
        told.tell(name, code, &cloud.world, command);
        cloud.s3.clear_log();
        let (code, report) = cloud.report(&["--demo", "--no-ingest"]);
        assert_eq!(code, 0, "{name}, mended: {report:#}");
    }
    told.show("refusals_of_s3");
}
