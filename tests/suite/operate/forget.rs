//! `forget`: nothing of theirs is left anywhere, by a search of the test's own; and everything else is as if they had never been there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::run::cloud_kills::wait_until_it_hangs;
use crate::support::TABLES;
use crate::support::bell::Bell;
use crate::support::cloud::{Cloud, report, text};
use crate::support::fake_s3::{Call, Fault, Op};
use crate::support::fake_snowflake::{self as snowflake, When};
use crate::support::fake_spotify::{self as spotify, FakeSpotify};
use crate::support::library::{AddedBy, Artist, Library, Mode, Playlist, Row, spotify_id};
use crate::support::{World, copy};

const USER: &str = "keeper-of-lists";
const FRIEND: &str = "friend-of-keeper";
/// The numbers of what only the list that goes has, what only others have, and what both have.
const GONE: u64 = 1_000;
const STAYS: u64 = 2_000;
const SHARED: u64 = 3_000;
/// The ids of the lists: one that goes, one that stays, one of a friend's.
pub(super) fn lists() -> [String; 3] {
    [1, 2, 3].map(spotify_id)
}

fn track(first: u64, number: u64) -> String {
    spotify_id(first + 2 + number)
}

fn rows(first: u64, numbers: std::ops::Range<u64>, day: &str) -> Vec<Row> {
    numbers
        .map(|number| Row::track(&track(first, number)).at(&format!("{day}T10:00:00Z")))
        .collect()
}

/// What the three lists are on the first night. What both have was first added to the list that goes.
pub(super) fn library() -> Library {
    let mut library = Library::new(USER);
    for (first, artist) in
        [(GONE, "Hidden Artist"), (STAYS, "Plain Artist"), (SHARED, "Common Artist")]
    {
        (library, _) = library.with_plain_tracks(first, 8);
        library.artists.insert(spotify_id(first), Artist::new(&spotify_id(first), artist));
        library.albums.get_mut(&spotify_id(first + 1)).unwrap().name = format!("Album of {artist}");
        for number in 0..8 {
            library.tracks.get_mut(&track(first, number)).unwrap().name =
                format!("{artist} sings {number}");
        }
    }
    let [gone, stays, friends] = lists();
    let gone = Playlist::new(&gone, "Secret Mixtape", USER)
        .with_rows(rows(GONE, 0..3, "2020-02-03"))
        .with_rows(rows(SHARED, 0..3, "2020-02-03"));
    let stays = Playlist::new(&stays, "Open Shelf", USER)
        .with_rows(rows(STAYS, 0..3, "2021-03-04"))
        .with_rows(rows(SHARED, 1..4, "2021-03-04"));
    let by_both = rows(STAYS, 3..5, "2022-04-05")
        .into_iter()
        .map(|row| row.by(AddedBy::User(USER.to_owned())));
    let friends = Playlist::new(&friends, "Of a Friend", FRIEND)
        .with_collaborator(USER)
        .with_rows(by_both)
        .with_rows(rows(SHARED, 2..3, "2022-04-05"));
    library.with_playlist(gone).with_playlist(stays).with_playlist(friends).with_liked(rows(
        GONE,
        5..6,
        "2023-05-06",
    ))
}

/// What happens before the second and third night: rows come and go, songs become popular.
pub(super) fn change(spotify: &FakeSpotify, night: u64) {
    let [gone, stays, _] = lists();
    spotify.mutate(|library| {
        for first in [GONE, STAYS, SHARED] {
            library.tracks.get_mut(&track(first, 1)).unwrap().popularity = Some(50 + night as u8);
        }
        library.remove_row(&gone, 0);
        library.add_rows(&gone, rows(GONE, 2 + night..3 + night, "2024-01-01"));
        library.add_rows(&stays, rows(SHARED, 3 + night..4 + night, "2024-01-02"));
    });
}

/// Everything that a run needs, of all three doubles.
pub(super) fn command(cloud: &Cloud, spotify: &FakeSpotify, arguments: &[&str]) -> Command {
    let of_spotify = cloud.world.operator(spotify, &[]);
    let mut command = cloud.command(arguments);
    command.envs(of_spotify.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

pub(super) fn succeeds(cloud: &Cloud, spotify: &FakeSpotify, arguments: &[&str]) -> Value {
    let output = command(cloud, spotify, &[&["--json"], arguments].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Three nights of these sources.
pub(super) fn three_nights(cloud: &Cloud, sources: &[&str]) -> FakeSpotify {
    let spotify = FakeSpotify::start(library(), Mode::Extended);
    for night in 1..=3 {
        if night > 1 {
            change(&spotify, night);
        }
        let arguments = [&["run", "--archive", "--enrich"], sources].concat();
        let report = succeeds(cloud, &spotify, &arguments);
        let status = report["status"].as_str().unwrap();
        assert!(["verified", "unchanged"].contains(&status), "{report:#}");
    }
    spotify
}

pub(super) fn of_lists(ids: &[String]) -> Vec<&str> {
    ids.iter().flat_map(|id| ["--playlist", id.as_str()]).collect()
}

/// A bucket with versions, and a loader that may delete.
pub(super) fn cloud(mode: &'static str, format: &'static str) -> Cloud {
    let cloud = Cloud::new(mode, format);
    cloud.s3.keep_versions();
    grant(&cloud);
    cloud
}

pub(super) fn grant(cloud: &Cloud) {
    for table in TABLES {
        cloud
            .snowflake
            .admin(&format!("grant delete on table SPOTIFY.RAW.{table} to role SPOTIFY_LOADER"));
    }
}

/// Ids and names that stand in the list that goes and nowhere else.
pub(super) fn secrets() -> Vec<String> {
    let mut secrets: Vec<String> = (0..8).map(|number| spotify_id(GONE + number)).collect();
    secrets.push(lists()[0].clone());
    // Whom nobody but the list that goes has.
    secrets.push(track(SHARED, 0));
    secrets.extend(["Secret Mixtape", "Hidden Artist"].map(str::to_owned));
    secrets
}

/// Every file below a folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

/// The bytes of a file, and, where it is packed, what it holds.
fn unpacked(name: &str, bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if name.ends_with(".gz") {
        flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    } else if name.ends_with(".duckdb.zst") {
        text += &unpacked_generation(bytes);
    } else if name.ends_with(".zst") {
        text += &String::from_utf8(zstd::decode_all(bytes).unwrap()).unwrap();
    } else if name.ends_with(".parquet") {
        let file = tempfile::Builder::new().suffix(".parquet").tempfile().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let connection = duckdb::Connection::open_in_memory().unwrap();
        text += &all_text(&connection, &format!("read_parquet('{}')", file.path().display()));
    } else if name.ends_with(".duckdb") {
        let file = tempfile::Builder::new().suffix(".duckdb").tempfile().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let connection = duckdb::Connection::open(file.path()).unwrap();
        let list = "select format('{}.\"{}\"', schema_name, table_name) from duckdb_tables() where not internal";
        let mut statement = connection.prepare(list).unwrap();
        let tables = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        for table in tables.map(Result::unwrap) {
            text += &all_text(&connection, &table);
        }
    }
    text
}

/// What a generation of the state holds: the ledger, and behind it, in frames that are skipped, files that go with it.
fn unpacked_generation(bytes: &[u8]) -> String {
    // A mark that it was deleted holds nothing.
    if bytes.is_empty() {
        return String::new();
    }
    let mut ledger = Vec::new();
    zstd::Decoder::new(bytes).unwrap().single_frame().read_to_end(&mut ledger).unwrap();
    let mut text = unpacked("x.duckdb", &ledger);
    let frame = 0xFD2F_B528_u32.to_le_bytes();
    let frames = bytes.windows(4).enumerate().skip(1).filter(|(_, window)| **window == frame);
    for (at, _) in frames {
        let mut held = Vec::new();
        // What is cut off at the frame's end has been read until there.
        if let Ok(mut decoder) = zstd::Decoder::new(&bytes[at..]) {
            let _ = decoder.read_to_end(&mut held);
        }
        text += &String::from_utf8_lossy(&held);
    }
    text
}

fn all_text(connection: &duckdb::Connection, source: &str) -> String {
    let sql = format!("select coalesce(string_agg(it::varchar, ' '), '') from {source} as it");
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

/// Every place in which one of these texts stands.
pub(super) fn found(cloud: &Cloud, secrets: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut look = |place: String, text: &str| {
        for secret in secrets.iter().filter(|secret| text.contains(secret.as_str())) {
            found.insert(format!("{place}: {secret}"));
        }
    };
    for (key, version, bytes) in cloud.s3.every_version() {
        look(format!("{key} {version}"), &unpacked(&key, &bytes));
    }
    for table in TABLES {
        for schema in ["RAW", "CORE"] {
            let rows = cloud.snowflake.rows(&format!("select * from SPOTIFY.{schema}.{table}"));
            let rows: Vec<String> = rows.into_iter().flatten().flatten().collect();
            look(format!("{schema}.{table}"), &rows.join(" "));
        }
    }
    let data = cloud.world.path("data");
    for path in if data.exists() { files(&data) } else { Vec::new() } {
        let name = path.display().to_string();
        look(name.clone(), &unpacked(&name, &std::fs::read(&path).unwrap()));
    }
    found
}

/// What was last seen of each song: midnight may have passed between the nights of one world, and not between those of the other.
fn newest_observations(rows: &[Vec<Option<String>>]) -> Vec<Vec<Option<String>>> {
    let newest: BTreeMap<_, _> = rows
        .iter()
        .map(|row| match row.as_slice() {
            [song, _day, popularity, lists, _hash] => {
                (song.clone(), vec![popularity.clone(), lists.clone()])
            }
            _ => panic!("five columns: {row:?}"),
        })
        .collect();
    newest.into_iter().map(|(song, seen)| [vec![song], seen].concat()).collect()
}

/// Everything else is proven, equal, sound, and as if the list had never been read.
pub(super) fn assert_rest_is_whole(cloud: &Cloud, spotify: &FakeSpotify, never: &Cloud) {
    let report = succeeds(cloud, spotify, &["verify", "--all"]);
    assert_eq!(report["status"], "verified", "{report:#}");
    let same = succeeds(cloud, spotify, &["reconcile"]);
    assert_eq!(same["is_same"], true, "{same:#}");
    succeeds(cloud, spotify, &["check", "--all"]);
    for table in TABLES {
        let rows = |cloud: &Cloud| match table {
            "song_observations" => newest_observations(&cloud.world.rows_of(table)),
            _ => cloud.world.rows_of(table),
        };
        assert_eq!(rows(cloud), rows(never), "{table}");
    }
}

fn forget_a_playlist((mode, format): (&'static str, &'static str)) {
    let ids = lists();
    let never = Cloud::new(mode, format);
    three_nights(&never, &of_lists(&ids[1..]));
    let cloud = cloud(mode, format);
    let spotify = three_nights(&cloud, &of_lists(&ids));
    // Twice, so that a bucket with versions has former ones.
    for _ in 0..2 {
        succeeds(&cloud, &spotify, &["export", "--marts"]);
    }
    // A report names what it is of.
    let page = succeeds(&cloud, &spotify, &["report"])["path"].as_str().unwrap().to_owned();
    let before = found(&cloud, &secrets());
    assert!(before.iter().any(|place| place.contains(&page)), "{page}: {before:#?}");
    assert!(before.len() > 40, "{before:#?}");
    let shown = succeeds(&cloud, &spotify, &["forget", "--playlist", &ids[0]]);
    assert_eq!(shown["status"], "planned", "{shown:#}");
    assert_eq!(shown["missing_rights"], serde_json::json!([]));
    assert_eq!(found(&cloud, &secrets()), before, "nothing is changed by looking");
    let done = succeeds(&cloud, &spotify, &["forget", "--playlist", &ids[0], "--yes"]);
    assert_eq!((&done["status"], &done["left"]), (&"forgotten".into(), &serde_json::json!([])));
    assert_eq!(done["files"], shown["files"]);
    let beyond = done["beyond_reach"].to_string();
    assert!(beyond.contains("Time Travel") && beyond.contains("Fail-safe"), "{beyond}");
    let left = found(&cloud, &secrets());
    assert_eq!(left, BTreeSet::new(), "{mode} {format}");
    let is_made_again = |key: &str| key.contains("/processed/");
    let versions = cloud.s3.every_version().into_iter().map(|(key, ..)| key);
    let local = cloud.world.files("data").into_iter();
    assert!(!versions.chain(local).any(|key| is_made_again(&key)), "marts as files go whole");
    assert_rest_is_whole(&cloud, &spotify, &never);
    let again = succeeds(&cloud, &spotify, &["forget", "--playlist", &ids[0], "--yes"]);
    assert_eq!((&again["status"], &again["files"]), (&"forgotten".into(), &serde_json::json!([])));
}

#[test]
fn of_a_forgotten_playlist_nothing_is_left_and_the_rest_is_as_if_it_had_never_been_read() {
    forget_a_playlist(("rest", "parquet"));
}

#[test]
fn a_playlist_is_forgotten_where_files_are_csv() {
    forget_a_playlist(("rest", "csv"));
}

#[test]
fn a_playlist_is_forgotten_where_files_are_copied() {
    forget_a_playlist(("copy", "csv"));
}

#[test]
fn a_playlist_is_forgotten_where_events_announce_files() {
    forget_a_playlist(("auto", "parquet"));
}

#[test]
fn of_a_forgotten_user_nothing_is_left_but_what_others_own() {
    let ids = lists();
    let (mode, format) = ("rest", "parquet");
    let never = Cloud::new(mode, format);
    three_nights(&never, &of_lists(&ids[2..]));
    let cloud = cloud(mode, format);
    let spotify = three_nights(&cloud, &["--mine", "--liked"]);
    let mut gone = secrets();
    gone.extend([USER.to_owned(), "Open Shelf".to_owned(), ids[1].clone(), track(STAYS, 0)]);
    let token = cloud.world.path("data/spotify_token.json");
    std::fs::write(&token, format!("{{\"refresh_token\":\"x\",\"user\":\"{USER}\"}}")).unwrap();
    assert!(found(&cloud, &gone).len() > 60);
    let done = succeeds(&cloud, &spotify, &["forget", "--user", "--yes"]);
    assert_eq!(done["status"], "forgotten", "{done:#}");
    assert!(done["beyond_reach"].to_string().contains("SPOTIFY_REFRESH_TOKEN"), "{done:#}");
    assert!(!token.exists());
    assert_eq!(found(&cloud, &gone), BTreeSet::new());
    let nobody = "select count(*) as n from core.playlist_songs where added_by is null";
    assert_eq!(cloud.world.query(nobody)[0]["n"], 2);
    let report = succeeds(&cloud, &spotify, &["verify", "--all"]);
    assert_eq!(report["status"], "verified", "{report:#}");
    assert_eq!(succeeds(&cloud, &spotify, &["reconcile"])["is_same"], true);
    succeeds(&cloud, &spotify, &["check", "--all"]);
    for table in TABLES.into_iter().filter(|table| *table != "playlist_songs") {
        assert_eq!(cloud.world.rows_of(table), never.world.rows_of(table), "{table}");
    }
}

#[test]
fn where_everything_is_forgotten_nothing_is_there() {
    let cloud = cloud("rest", "parquet");
    let ids = lists();
    let spotify = three_nights(&cloud, &of_lists(&ids[..2]));
    let shown = succeeds(&cloud, &spotify, &["forget", "--everything"]);
    assert_eq!(shown["status"], "planned");
    let done = succeeds(&cloud, &spotify, &["forget", "--everything", "--yes"]);
    assert_eq!(done["status"], "forgotten", "{done:#}");
    assert_eq!(cloud.s3.every_version(), []);
    for table in TABLES {
        assert_eq!(cloud.landed(table), 0, "{table}");
    }
    let left: Vec<PathBuf> = files(&cloud.world.path("data"));
    assert_eq!(left, [cloud.world.path("data/lock")]);
    assert_eq!(
        succeeds(&cloud, &spotify, &["forget", "--everything", "--yes"])["status"],
        "forgotten"
    );
}

#[test]
fn without_the_rights_nothing_is_deleted_and_what_grants_them_is_named() {
    let cloud = Cloud::new("copy", "parquet");
    let ids = lists();
    let spotify = FakeSpotify::start(library(), Mode::Extended);
    let sources = of_lists(&ids);
    succeeds(&cloud, &spotify, &[&["run"], &sources[..]].concat());
    let before = found(&cloud, &secrets());
    let shown = succeeds(&cloud, &spotify, &["forget", "--playlist", &ids[0]]);
    assert_eq!(shown["missing_rights"].as_array().unwrap().len(), 7, "{shown:#}");
    let grant = "grant delete on table SPOTIFY.RAW.SONGS to role SPOTIFY_LOADER";
    assert!(shown["missing_rights"].to_string().contains(grant), "{shown:#}");
    // To paste: on a line of its own, however narrow the screen is.
    let mut narrow = command(&cloud, &spotify, &["forget", "--playlist", &ids[0]]);
    let narrow = narrow.env("COLUMNS", "60").output().unwrap();
    assert!(text(&narrow).lines().any(|line| line.trim() == grant), "{}", text(&narrow));
    let arguments = ["forget", "--playlist", &ids[0], "--yes"];
    let refused = command(&cloud, &spotify, &arguments).output().unwrap();
    assert_eq!(refused.status.code(), Some(6), "{}", text(&refused));
    assert!(text(&refused).contains(grant), "{}", text(&refused));
    super::forget::grant(&cloud);
    for (op, right) in [
        (Op::DeleteVersion, "s3:DeleteObjectVersion"),
        (Op::Delete, "s3:DeleteObject"),
        (Op::ListVersions, "s3:ListBucketVersions"),
    ] {
        cloud.s3.clear_log();
        cloud.s3.script(op, 1, usize::MAX, Fault::answer(403, "AccessDenied", "Access Denied"));
        let refused = command(&cloud, &spotify, &arguments).output().unwrap();
        assert_eq!(refused.status.code(), Some(5), "{}", text(&refused));
        assert!(
            text(&refused).contains(&format!("allow `{right}` on `arn:aws:s3:::lake")),
            "{}",
            text(&refused)
        );
    }
    cloud.s3.clear_log();
    assert_eq!(found(&cloud, &secrets()), before);
    assert_eq!(succeeds(&cloud, &spotify, &arguments)["status"], "forgotten");
}

#[test]
fn a_forgotten_playlist_is_read_again_only_where_it_is_named() {
    let world = World::new();
    let spotify = FakeSpotify::start(library(), Mode::Development);
    let [gone, stays, _] = lists();
    let run = |arguments: &[&str]| {
        let mut command = world.operator(&spotify, &[&["--json"], arguments].concat());
        let output =
            command.env("SPOTIFY_PLAYLIST_IDS", format!("{gone},{stays}")).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        (serde_json::from_slice::<Value>(&output.stdout).unwrap(), text(&output))
    };
    let count = || world.query("select count(*) as n from core.playlists")[0]["n"].clone();
    run(&["run"]);
    assert_eq!(count(), 2);
    let (done, _) = run(&["forget", "--playlist", &gone, "--yes"]);
    assert_eq!(done["status"], "forgotten");
    assert_eq!(count(), 1);
    for usual in [&["run"][..], &["run", "--mine"]] {
        let (report, said) = run(usual);
        assert!(!report["playlists"].to_string().contains(&gone), "{report:#}");
        assert!(said.contains("because it was forgotten"), "{said}");
    }
    assert_eq!(count(), 2, "the friend's came with the own ones");
    let (report, _) = run(&["run", "--playlist", &gone]);
    assert_eq!(report["playlists"][0]["status"], "fetched");
    let (report, said) = run(&["run"]);
    assert!(
        report["playlists"].to_string().contains(&gone) && !said.contains("forgotten"),
        "{said}"
    );
}

#[test]
fn what_runs_told_elsewhere_is_erased_or_named_and_no_incident_keeps_a_list() {
    let mut cloud = cloud("copy", "parquet");
    let (ids, key) = (lists(), "reports/last.json");
    cloud.settings.push(("SNOWTRACK_REPORT_TO", format!("s3://lake/{key}")));
    let spotify = three_nights(&cloud, &of_lists(&ids[..2]));
    // Nobody is there to be called, so the incident stays open with the command that continues.
    spotify.script(
        spotify::When::Path("/v1/playlists".to_owned()),
        2,
        spotify::Fault::status(404, "no"),
    );
    let run = [&["run"], &of_lists(&ids[..2])[..]].concat();
    let failed = command(&cloud, &spotify, &run).output().unwrap();
    assert_eq!(failed.status.code(), Some(3), "{}", text(&failed));
    let notes = || {
        let path = cloud.world.path("data/snowtrack.duckdb");
        let ledger = duckdb::Connection::open(path).unwrap();
        all_text(&ledger, "meta.settings")
    };
    assert!(notes().contains(&format!("snowtrack run --playlist {}", ids[0])), "{}", notes());
    let versions = || cloud.s3.every_version().into_iter().filter(|it| it.0 == key).count();
    assert_eq!(versions(), 4);
    let shown = succeeds(&cloud, &spotify, &["forget", "--playlist", &ids[0]]);
    assert_eq!((versions(), &shown["missing_rights"]), (4, &serde_json::json!([])));
    let done = succeeds(&cloud, &spotify, &["forget", "--playlist", &ids[0], "--yes"]);
    assert_eq!((&done["status"], versions()), (&"forgotten".into(), 0), "{done:#}");
    let beyond = done["beyond_reach"].to_string();
    for told in ["logs", "alerts", "traces", "SNOWTRACK_REPORT_TO"] {
        assert!(beyond.contains(told), "{told}: {beyond}");
    }
    assert_eq!(shown["beyond_reach"].to_string(), beyond, "said beforehand");
    let incident = r#""kind":"source""#;
    assert!(notes().contains(incident) && !notes().contains(&ids[0]), "{}", notes());
    assert_eq!(found(&cloud, &secrets()), BTreeSet::new());
    // A file on this machine goes as an object does.
    let file = cloud.world.path("last.json");
    cloud.settings.push(("SNOWTRACK_REPORT_TO", format!("file://{}", file.display())));
    succeeds(&cloud, &spotify, &[&["run"], &of_lists(&ids[1..2])[..]].concat());
    assert!(file.exists());
    succeeds(&cloud, &spotify, &["forget", "--everything", "--yes"]);
    assert!(!file.exists());
}

/// One night of two lists, and an account and a bucket that every trial begins with.
pub(super) struct Trials {
    pub(super) cloud: Cloud,
    begun: World,
    objects: tempfile::TempDir,
}

impl Trials {
    fn new() -> Self {
        Self::of(Cloud::new("copy", "parquet"))
    }

    pub(super) fn of(cloud: Cloud) -> Self {
        grant(&cloud);
        let (ids, spotify) = (lists(), FakeSpotify::start(library(), Mode::Extended));
        let sources = of_lists(&ids[..2]);
        succeeds(&cloud, &spotify, &[&["run", "--archive"], &sources[..]].concat());
        let (begun, objects) = (World::new(), tempfile::tempdir().unwrap());
        copy(&cloud.world.path("data"), &begun.path("data"));
        // With what the server knows of each object.
        copy(cloud.s3.bucket().parent().unwrap(), objects.path());
        for table in TABLES {
            cloud
                .snowflake
                .tamper(&format!("create table kept_{table} as from SPOTIFY.RAW.{table}"));
        }
        Self { cloud, begun, objects }
    }

    pub(super) fn begin(&self) {
        let (data, bucket) = (self.cloud.world.path("data"), self.cloud.s3.bucket());
        if data.exists() {
            std::fs::remove_dir_all(&data).unwrap();
        }
        copy(&self.begun.path("data"), &data);
        for entry in std::fs::read_dir(&bucket).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        copy(self.objects.path(), bucket.parent().unwrap());
        for table in TABLES {
            let restore = format!(
                "delete from SPOTIFY.RAW.{table}; insert into SPOTIFY.RAW.{table} from kept_{table}"
            );
            self.cloud.snowflake.tamper(&restore);
        }
        self.cloud.s3.clear_log();
        self.cloud.snowflake.clear_log();
    }

    pub(super) fn forget(&self) -> Command {
        self.cloud.command(&["--json", "forget", "--playlist", &lists()[0], "--yes"])
    }

    /// Kills the command as soon as a call hangs, gives it again, and looks.
    fn kill(&self, bell: &Bell, moment: &str) {
        self.kill_at(bell);
        self.assert_ends(moment);
    }

    pub(super) fn kill_at(&self, bell: &Bell) {
        let mut command = self.forget();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until_it_hangs(&mut child, bell);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(super) fn assert_ends(&self, moment: &str) {
        let output = self.forget().output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{moment}: {}", text(&output));
        assert_eq!(found(&self.cloud, &secrets()), BTreeSet::new(), "{moment}");
        let (code, report) = report(&mut self.cloud.command(&["--json", "verify", "--all"]));
        assert_eq!((code, &report["status"]), (0, &"verified".into()), "{moment}: {report:#}");
    }
}

/// Of the calls at which `forget` is killed, one in this many where `make test` runs it; `make test-long` takes each.
const STEP: usize = 4;

#[test]
fn forgetting_that_is_killed_at_calls_to_s3_is_ended_by_the_same_command() {
    kill_at_calls_to_s3(STEP);
}

#[test]
#[ignore = "minutes: `make test-long`"]
fn forgetting_that_is_killed_at_any_call_to_s3_is_ended_by_the_same_command() {
    kill_at_calls_to_s3(1);
}

fn kill_at_calls_to_s3(step: usize) {
    let trials = Trials::new();
    trials.begin();
    trials.assert_ends("undisturbed");
    trials.begin();
    assert_eq!(trials.forget().output().unwrap().status.code(), Some(0));
    let calls = trials.cloud.s3.calls();
    assert!(calls.len() > 30, "{}", calls.len());
    let mut counts: BTreeMap<Op, usize> = BTreeMap::new();
    for (at, Call { op, .. }) in calls.into_iter().enumerate() {
        let nth = counts.entry(op).or_default();
        *nth += 1;
        if at % step != 0 {
            continue;
        }
        let changes = matches!(op, Op::Put | Op::DeleteVersion);
        let fault = if changes { Fault::HangAfter } else { Fault::Hang };
        trials.begin();
        trials.cloud.s3.script(op, *nth, 1, fault);
        trials.kill(trials.cloud.s3.hung(), &format!("{op:?} {nth}"));
    }
}

#[test]
fn forgetting_that_is_killed_at_calls_to_snowflake_is_ended_by_the_same_command() {
    kill_at_calls_to_snowflake(STEP);
}

#[test]
#[ignore = "minutes: `make test-long`"]
fn forgetting_that_is_killed_at_any_call_to_snowflake_is_ended_by_the_same_command() {
    kill_at_calls_to_snowflake(1);
}

fn kill_at_calls_to_snowflake(step: usize) {
    let trials = Trials::new();
    trials.begin();
    assert_eq!(trials.forget().output().unwrap().status.code(), Some(0));
    let calls = trials.cloud.snowflake.requests();
    for (call, request) in (1..).zip(&calls).step_by(step) {
        let changes = request.body.contains("copy into") || request.body.contains("delete from");
        let fault = if changes { snowflake::Fault::HangAfter } else { snowflake::Fault::Hang };
        trials.begin();
        trials.cloud.snowflake.script(When::Call(call), 1, fault);
        trials.kill(trials.cloud.snowflake.hung(), &format!("call {call} of {}", calls.len()));
    }
}
