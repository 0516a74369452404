//! `playlist create` and `playlist restore`: one new list, each song as often and where it belongs, wherever the command was cut off.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::fake_spotify::{ALL_SCOPES, CLIENT_ID, FakeSpotify, Fault, WRITE_SCOPES, When};
use crate::support::library::{Content, Library, Mode, Playlist, Row, spotify_id};
use crate::support::{World, copy};

const WRITER: &str = "double-refresh-token-that-may-write";
/// The list that there is, of songs 0 to 5 with one of them twice, a local file, an episode and a removed row.
fn list() -> String {
    spotify_id(1)
}

fn songs() -> Vec<String> {
    (0..260).map(|number| spotify_id(502 + number)).collect()
}

fn spotify() -> FakeSpotify {
    let (mut library, songs) = Library::new("keeper").with_plain_tracks(500, 260);
    library.tracks.get_mut(&songs[3]).unwrap().name = "Song 3\nanother line".to_owned();
    let rows = [0, 1, 2, 1, 3, 4, 5].map(|number| Row::track(&songs[number]));
    let list = Playlist::new(&list(), "Winter", "keeper")
        .with_rows(rows)
        .with_rows([Row::local("A", "B", "C", 60), Row::removed()]);
    let spotify = FakeSpotify::start(library.with_playlist(list), Mode::Development);
    spotify.add_refresh_token(WRITER, &format!("{ALL_SCOPES} {WRITE_SCOPES}"));
    spotify
}

fn command(world: &World, spotify: &FakeSpotify, arguments: &[&str]) -> Command {
    let mut command = world.operator(spotify, arguments);
    command.env("SPOTIFY_REFRESH_TOKEN", WRITER);
    command
}

fn run(world: &World, spotify: &FakeSpotify, arguments: &[&str]) -> Output {
    command(world, spotify, arguments).output().unwrap()
}

fn said(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// The ids of a list's rows.
fn rows(playlist: &Playlist) -> Vec<String> {
    let id = |row: &Row| match &row.content {
        Content::Track(id) => id.clone(),
        other => panic!("{other:?}"),
    };
    playlist.rows.iter().map(id).collect()
}

/// What a command says on standard error.
fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A copy of a world, as it was before anybody wrote.
fn copy_of(world: &World) -> World {
    let fresh = World::new();
    for name in ["snowtrack.toml", "songs.txt"] {
        fresh.write(name, &std::fs::read_to_string(world.path(name)).unwrap());
    }
    copy(&world.path("data"), &fresh.path("data"));
    fresh
}

/// A world that read the list once.
fn world(spotify: &FakeSpotify) -> World {
    let world = World::new();
    let output = run(&world, spotify, &["run", "--playlist", &list()]);
    assert!(output.status.success(), "{output:?}");
    spotify.clear_log();
    world
}

/// A file of so many songs, one of them three times.
fn file(world: &World, count: usize) -> Vec<String> {
    let mut wanted = songs()[..count - 2].to_vec();
    wanted.insert(1, wanted[0].clone());
    wanted.push(wanted[0].clone());
    let lines: Vec<String> = wanted
        .iter()
        .enumerate()
        .map(|(number, id)| match number % 3 {
            0 => id.clone(),
            1 => format!("spotify:track:{id}"),
            _ => format!("https://open.spotify.com/track/{id}?si=ab"),
        })
        .collect();
    world.write("songs.txt", &format!("{}\n\n", lines.join("\r\n")));
    wanted
}

const CREATE: [&str; 7] =
    ["--json", "playlist", "create", "--name", "Of a file", "--songs", "songs.txt"];

#[test]
fn a_list_is_made_in_as_few_calls_as_there_can_be_and_read_back() {
    let spotify = spotify();
    let world = world(&spotify);
    let wanted = file(&world, 250);
    let dry = run(&world, &spotify, &[&CREATE[..], &["--dry-run"]].concat());
    assert_eq!((code(&dry), said(&dry)["song_count"].as_u64()), (0, Some(250)), "{dry:?}");
    assert_eq!(spotify.api_call_count(), 0);
    let shown = run(&world, &spotify, &[&CREATE[1..], &["--dry-run"]].concat());
    let shown = String::from_utf8(shown.stdout).unwrap();
    for part in ["`Of a file`", "250 songs", "Song 0 · The Invented", "and 230 more"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(shown.lines().count(), 2 + 20 + 1, "a song is a line, whatever it is called");

    let made = run(&world, &spotify, &CREATE);
    assert_eq!(code(&made), 0, "{made:?}");
    let lists = spotify.made_playlists();
    assert_eq!(lists.len(), 1);
    assert_eq!(said(&made)["playlist_id"], lists[0].id);
    assert_eq!((lists[0].name.as_str(), lists[0].public), ("Of a file", Some(true)));
    assert_eq!(rows(&lists[0]), wanted);
    let methods: Vec<String> = spotify
        .requests()
        .iter()
        .filter(|call| call.path.starts_with("/v1/"))
        .map(|call| call.method.clone())
        .collect();
    assert_eq!(methods[..4], ["POST"; 4]);
    assert!(methods[4..].iter().all(|method| method == "GET"), "{methods:?}");
    assert_eq!(spotify.bucket_count("writes"), 4);

    // The same command after success makes another one; a private one is private.
    let again = run(&world, &spotify, &[&CREATE[..], &["--private"]].concat());
    assert_eq!(code(&again), 0, "{again:?}");
    let again = run(&world, &spotify, &CREATE);
    assert_eq!(code(&again), 0, "{again:?}");
    let lists = spotify.made_playlists();
    assert_eq!(
        lists.iter().map(|it| it.public).collect::<Vec<_>>(),
        [Some(true), Some(false), Some(true)]
    );
    assert!(lists.iter().all(|list| rows(list) == wanted));
}

#[test]
fn killed_before_or_behind_any_call_the_same_command_ends_with_one_list() {
    let before = world(&spotify());
    let wanted = file(&before, 250);
    // Three calls that add; with the first, that makes the list, and the first that reads it back.
    for number in 1..=5 {
        for fault in [Fault::Hang, Fault::DoneThenHang] {
            let (spotify, world) = (spotify(), copy_of(&before));
            spotify.script(When::Call(number), 1, fault);
            let mut first = command(&world, &spotify, &CREATE);
            first.stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = first.spawn().unwrap();
            wait_until(&mut child, &spotify, number);
            child.kill().unwrap();
            child.wait().unwrap();
            spotify.drop_scripts();
            let made = run(&world, &spotify, &CREATE);
            assert_eq!(code(&made), 0, "call {number}: {made:?}");
            let lists = spotify.made_playlists();
            assert_eq!(lists.len(), 1, "call {number}");
            assert_eq!(rows(&lists[0]), wanted, "call {number}");
            assert_eq!(said(&made)["playlist_id"], lists[0].id);
        }
    }
}

/// Waits until the double has taken that many calls, of which the last hangs.
fn wait_until(child: &mut std::process::Child, spotify: &FakeSpotify, number: usize) {
    while spotify.api_call_count() < number || spotify.unused_faults() > 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::yield_now();
    }
}

#[test]
fn an_answer_that_is_lost_on_the_way_makes_no_second_list_and_no_song_twice() {
    let before = world(&spotify());
    let wanted = file(&before, 250);
    for number in 1..=4 {
        for fault in [Fault::Reset, Fault::DoneThenReset, Fault::status(502, "Bad gateway")] {
            let (spotify, world) = (spotify(), copy_of(&before));
            spotify.script(When::Call(number), 1, fault);
            let made = run(&world, &spotify, &CREATE);
            assert_eq!(code(&made), 0, "call {number}: {made:?}");
            let lists = spotify.made_playlists();
            assert_eq!(lists.len(), 1, "call {number}");
            assert_eq!(rows(&lists[0]), wanted, "call {number}");
        }
    }
}

#[test]
fn a_list_is_restored_as_it_was_and_what_is_no_song_is_counted() {
    let spotify = spotify();
    let world = world(&spotify);
    let first = "select strftime(max(extracted_at), '%Y-%m-%dT%H:%M:%S.%fZ') as at from core.playlist_songs";
    let first = world.query(first)[0]["at"].as_str().unwrap().to_owned();
    spotify.mutate(|library| {
        library.remove_row(&list(), 0);
        library.add_rows(&list(), [Row::track(&songs()[9])]);
    });
    assert!(run(&world, &spotify, &["run", "--playlist", &list()]).status.success());
    spotify.clear_log();
    let was: Vec<String> = [0, 1, 2, 1, 3, 4, 5].map(|number| songs()[number].clone()).to_vec();
    let arguments = ["--json", "playlist", "restore", &list(), "--at", &first];
    let made = run(&world, &spotify, &arguments);
    assert_eq!(code(&made), 0, "{made:?}");
    let said = said(&made);
    assert_eq!(said["left_out"], serde_json::json!({ "local": 1, "removed": 1 }));
    assert_eq!(said["name"], format!("Winter ({})", &first[..10]));
    let lists = spotify.made_playlists();
    assert_eq!((lists.len(), rows(&lists[0])), (1, was));

    // As it is now, by its name; and not before it was read.
    let now = run(&world, &spotify, &["playlist", "restore", "Winter", "--at", "2999-01-01"]);
    assert_eq!(code(&now), 0, "{now:?}");
    let is: Vec<String> = [1, 2, 1, 3, 4, 5, 9].map(|number| songs()[number].clone()).to_vec();
    assert_eq!(rows(&spotify.made_playlists()[1]), is);
    let early = run(&world, &spotify, &["playlist", "restore", &list(), "--at", "2001-01-01"]);
    assert_eq!(code(&early), 2, "{early:?}");
    let told = String::from_utf8_lossy(&early.stderr);
    assert!(told.contains("`Winter` was not read by 2001-01-01"), "{told}");
    assert_eq!(spotify.made_playlists().len(), 2);
    // What it offers is the first reading.
    let earliest = told.split("`--at ").nth(1).unwrap().split('`').next().unwrap();
    let made = run(&world, &spotify, &["playlist", "restore", &list(), "--at", earliest]);
    assert_eq!(code(&made), 0, "{made:?}");
    assert_eq!(rows(&spotify.made_playlists()[2]), rows(&lists[0]));
}

#[test]
fn a_list_is_made_of_a_query_and_of_what_is_recommended() {
    let spotify = spotify();
    let world = world(&spotify);
    let create = ["playlist", "create", "--name", "New"];
    let sql = "select song_id from core.playlist_songs order by position desc";
    let made = run(&world, &spotify, &[&create[..], &["--query", sql]].concat());
    assert_eq!(code(&made), 0, "{made:?}");
    assert!(String::from_utf8_lossy(&made.stdout).contains("2 row(s) without a song"));
    let wanted: Vec<String> = [5, 4, 3, 1, 2, 1, 0].map(|number| songs()[number].clone()).to_vec();
    assert_eq!(rows(&spotify.made_playlists()[0]), wanted);

    // Nothing but the list's own songs is known: nothing can be recommended, and no list is made.
    let id = list();
    let recommended = [&create[..], &["--recommend-for", &id]].concat();
    let unsaid = run(&world, &spotify, &recommended);
    assert_eq!(code(&unsaid), 2, "{unsaid:?}");
    assert!(String::from_utf8_lossy(&unsaid.stderr).contains("--i-may-use-api-content"));
    let other = Playlist::new(&spotify_id(2), "Spring", "keeper")
        .with_rows([1, 20, 21].map(|number| Row::track(&songs()[number])));
    spotify.mutate(|library| *library = library.clone().with_playlist(other));
    assert!(run(&world, &spotify, &["run", "--playlist", &spotify_id(2)]).status.success());
    let made = [&recommended[..], &["--i-may-use-api-content"]].concat();
    let made = run(&world, &spotify, &made);
    assert_eq!(code(&made), 0, "{made:?}");
    let mut found = rows(&spotify.made_playlists()[1]);
    found.sort();
    let mut wanted = [20, 21].map(|number| songs()[number].clone());
    wanted.sort();
    assert_eq!(found, wanted);
}

#[test]
fn what_cannot_be_made_is_said_before_anything_is_sent() {
    let spotify = spotify();
    let world = world(&spotify);
    world.write("bad.txt", &format!("{}\n\nspotify:album:{}\n", songs()[0], songs()[1]));
    world.write("empty.txt", "\n");
    let create = ["playlist", "create", "--name", "New"];
    for (arguments, told) in [
        (vec!["--songs", "bad.txt"], "line 3 of `bad.txt`"),
        (vec!["--songs", "empty.txt"], "no song"),
        (vec!["--songs", "none.txt"], "none.txt"),
        (vec!["--query", "select 1 as other"], "song_id"),
        (vec!["--query", "select song_id from core.playlist_songs where false"], "no song"),
        (vec!["--query", "drop table core.songs"], "not one query"),
        (vec!["--query", "select 'x' as song_id"], "`x` is not a song"),
        (vec!["--songs", "bad.txt", "--query", "select 1"], "cannot be used with"),
        (vec!["--songs", "bad.txt", "--count", "5"], "cannot be used with"),
        (vec![], "--recommend-for"),
    ] {
        let output = run(&world, &spotify, &[&create[..], &arguments].concat());
        assert_eq!(code(&output), 2, "{arguments:?}: {output:?}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(told), "{told}: {error}");
    }
    assert_eq!(spotify.api_call_count(), 0);
}

#[test]
fn a_login_that_may_only_read_is_told_how_to_write_and_ends_with_3() {
    let spotify = spotify();
    let world = world(&spotify);
    file(&world, 5);
    let told = |output: &Output| {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code(output), 3, "{output:?}");
        assert!(error.contains("login --may-write"), "{error}");
    };
    // Of a configured token Spotify says it, of a login of ours its file.
    told(&world.operator(&spotify, &CREATE).output().unwrap());
    assert_eq!(spotify.api_call_count(), 1);
    let stored = serde_json::json!({
        "client_id": CLIENT_ID, "refresh_token": WRITER, "authorized_at": "2026-11-01T00:00:00Z",
        "scopes": ALL_SCOPES.split(' ').collect::<Vec<_>>(),
    });
    world.write("data/spotify_token.json", &stored.to_string());
    let mut reader = world.operator(&spotify, &CREATE);
    reader.env_remove("SPOTIFY_REFRESH_TOKEN");
    told(&reader.output().unwrap());
    assert_eq!(spotify.api_call_count(), 1, "nobody is asked for what is known");
    assert!(spotify.made_playlists().is_empty());
    // With the right login the same command ends.
    assert_eq!(code(&run(&world, &spotify, &CREATE)), 0);
    assert_eq!(spotify.made_playlists().len(), 1);
}

#[test]
fn songs_that_are_gone_are_named_and_the_others_are_there() {
    let spotify = spotify();
    let world = world(&spotify);
    let wanted = file(&world, 120);
    let gone = [wanted[7].clone(), wanted[110].clone()];
    spotify.mutate(|library| {
        for id in &gone {
            library.tracks.remove(id);
        }
    });
    let output = run(&world, &spotify, &CREATE);
    assert_eq!(code(&output), 7, "{output:?}");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(gone.iter().all(|id| error.contains(id)) && error.contains("lacks 2 songs"), "{error}");
    let left: Vec<String> = wanted.into_iter().filter(|id| !gone.contains(id)).collect();
    assert_eq!(rows(&spotify.made_playlists()[0]), left);
    assert_eq!(spotify.made_playlists().len(), 1);
}

#[test]
fn a_list_that_somebody_changes_meanwhile_is_told_and_left() {
    let spotify = spotify();
    let world = world(&spotify);
    file(&world, 150);
    let other = songs()[200].clone();
    let change = move |library: &mut Library| {
        let id = library.listed[0].clone().unwrap();
        library.add_rows(&id, [Row::track(&other)]);
    };
    spotify.script(When::Call(3), 1, Fault::mutate(change));
    let output = run(&world, &spotify, &CREATE);
    assert_eq!(code(&output), 7, "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("holds 151 songs where 150"));
    assert_eq!(rows(&spotify.made_playlists()[0]).len(), 151);
}

#[test]
fn a_locked_bucket_ends_with_8_and_the_same_command_goes_on_behind_it() {
    let spotify = spotify();
    let world = world(&spotify);
    let wanted = file(&world, 250);
    spotify.limit("writes", 2, Some(3_600));
    let first = run(&world, &spotify, &CREATE);
    assert_eq!(code(&first), 8, "{first:?}");
    assert!(String::from_utf8_lossy(&first.stderr).contains("`writes`"));
    let calls = spotify.api_call_count();
    let early = run(&world, &spotify, &CREATE);
    assert_eq!(code(&early), 8, "{early:?}");
    assert_eq!(spotify.bucket_count("writes"), 3, "nobody calls during a lockout");
    assert!(spotify.api_call_count() <= calls + 3, "it looks at most");
    spotify.unlock();
    let ledger = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
    ledger.execute_batch("delete from meta.not_before").unwrap();
    drop(ledger);
    assert_eq!(code(&run(&world, &spotify, &CREATE)), 0);
    assert_eq!(rows(&spotify.made_playlists()[0]), wanted);
    assert_eq!(spotify.made_playlists().len(), 1);
}

/// What comes in between after the list is made and a hundred of its songs are there.
#[test]
fn whatever_comes_in_between_names_the_list_and_the_same_command_goes_on_with_it() {
    let before = world(&spotify());
    let wanted = file(&before, 250);
    let refused = |code, message| Fault::status(code, message);
    let later = || Fault::RateLimited { retry_after: Some(86_400), plain_text: false };
    for (times, fault, ending, cause) in [
        (3, refused(500, "Server error"), 3, "status 500"),
        (1, refused(403, "Forbidden"), 3, "(403): Forbidden"),
        (1, refused(403, "Insufficient client scope"), 3, "login --may-write"),
        (1, later(), 8, "`writes`"),
    ] {
        let (spotify, world) = (spotify(), copy_of(&before));
        // In between it looks what the list holds.
        for call in [3, 5, 7].into_iter().take(times) {
            spotify.script(When::Call(call), 1, fault.clone());
        }
        let first = run(&world, &spotify, &CREATE);
        let said = told(&first);
        assert_eq!(code(&first), ending, "{said}");
        let list = spotify.made_playlists().remove(0);
        let address = format!("https://open.spotify.com/playlist/{}", list.id);
        for part in [address.as_str(), "the same command goes on", cause] {
            assert!(said.contains(part), "{part}: {said}");
        }
        spotify.drop_scripts();
        spotify.unlock();
        let ledger = duckdb::Connection::open(world.path("data/snowtrack.duckdb")).unwrap();
        ledger.execute_batch("delete from meta.not_before").unwrap();
        drop(ledger);
        let again = run(&world, &spotify, &CREATE);
        assert_eq!(code(&again), 0, "{cause}: {again:?}");
        assert_eq!(spotify.made_playlists().len(), 1, "{cause}");
        assert_eq!(rows(&spotify.made_playlists()[0]), wanted, "{cause}");
    }
}

#[test]
fn an_account_that_is_full_gets_no_list_and_the_same_command_tries_again() {
    for (status, message) in [(400, "Bad Request"), (403, "Forbidden")] {
        let spotify = spotify();
        let world = world(&spotify);
        let wanted = file(&world, 5);
        spotify.script(When::Call(1), 1, Fault::status(status, message));
        let full = run(&world, &spotify, &CREATE);
        assert_eq!((code(&full), spotify.made_playlists().len()), (3, 0), "{full:?}");
        for part in ["made no list", "11,000", "tries again", message] {
            assert!(told(&full).contains(part), "{part}: {full:?}");
        }
        let again = run(&world, &spotify, &CREATE);
        assert_eq!(code(&again), 0, "{again:?}");
        assert_eq!(rows(&spotify.made_playlists()[0]), wanted);
    }
}

#[test]
fn a_list_that_takes_no_more_is_left_and_named() {
    let spotify = spotify();
    let world = world(&spotify);
    let wanted = file(&world, 250);
    spotify.script(When::Call(3), 1, Fault::status(400, "Playlist size limit reached"));
    let full = run(&world, &spotify, &CREATE);
    let list = spotify.made_playlists().remove(0);
    assert_eq!(code(&full), 7, "{full:?}");
    for part in [list.id.as_str(), "100 of 250 songs", "size limit reached", "another one"] {
        assert!(told(&full).contains(part), "{part}: {full:?}");
    }
    assert_eq!(spotify.api_call_count(), 3, "no other song would find room");
    // As it says, the same command makes another one; the first stays as it is.
    assert_eq!(code(&run(&world, &spotify, &CREATE)), 0);
    let lists = spotify.made_playlists();
    assert_eq!(lists.iter().map(|list| list.rows.len()).collect::<Vec<_>>(), [100, 250]);
    assert_eq!(rows(&lists[1]), wanted);

    // Of songs that Spotify does not take, there is an end, too.
    spotify.mutate(|library| library.tracks.clear());
    let none = run(&world, &spotify, &CREATE);
    assert_eq!(code(&none), 7, "{none:?}");
    let list = spotify.made_playlists().remove(2);
    assert!(list.rows.is_empty());
    for part in [list.id.as_str(), "0 of 250 songs", "Invalid track uri"] {
        assert!(told(&none).contains(part), "{part}: {none:?}");
    }
}

#[test]
fn of_a_song_and_a_list_that_spotify_does_not_find_it_is_known_which() {
    let before = world(&spotify());
    let wanted = file(&before, 5);
    // One of them is not found, each time that it is sent.
    let (spotify, world) = (spotify(), copy_of(&before));
    for call in [2, 4, 6] {
        spotify.script(When::Call(call), 1, Fault::status(404, "Not found."));
    }
    let short = run(&world, &spotify, &CREATE);
    assert_eq!(code(&short), 7, "{short:?}");
    assert!(told(&short).contains("lacks 1 song, which"), "{short:?}");
    assert_eq!(rows(&spotify.made_playlists()[0]), wanted[1..]);

    let gone = self::spotify();
    let world = copy_of(&before);
    let remove = |library: &mut Library| {
        let id = library.listed[0].clone().unwrap();
        library.playlists.remove(&id);
    };
    gone.script(When::Call(1), 1, Fault::mutate(remove));
    let first = run(&world, &gone, &CREATE);
    assert_eq!(code(&first), 7, "{first:?}");
    assert!(told(&first).contains("is gone again"), "{first:?}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_command_says_which_list_it_goes_on_with() {
    let spotify = spotify();
    let world = world(&spotify);
    let wanted = file(&world, 250);
    spotify.script(When::Call(3), 1, Fault::Hang);
    let mut first = command(&world, &spotify, &CREATE);
    let mut child = first.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(&mut child, &spotify, 3);
    crate::run::kills::signal(&child, "INT");
    let ended = child.wait_with_output().unwrap();
    assert_eq!(code(&ended), 130, "{ended:?}");
    assert!(told(&ended).contains(&spotify.made_playlists()[0].id), "{ended:?}");
    spotify.drop_scripts();
    assert_eq!(code(&run(&world, &spotify, &CREATE)), 0);
    assert_eq!(spotify.made_playlists().len(), 1);
    assert_eq!(rows(&spotify.made_playlists()[0]), wanted);
}

#[test]
fn another_machine_goes_on_with_the_list_of_one_that_is_gone() {
    let spotify = spotify();
    let world = world(&spotify);
    let wanted = file(&world, 250);
    let state = format!("file://{}/", world.path("state").display());
    for number in [1, 3] {
        let fresh = copy_of(&world);
        let made = spotify.made_playlists().len();
        let on = |world: &World| {
            let mut command = command(world, &spotify, &CREATE);
            command.env("SNOWTRACK_STATE", &state).env("SNOWTRACK_STATE_LEASE_SECS", "5");
            command
        };
        spotify.clear_log();
        spotify.script(When::Call(number), 1, Fault::DoneThenHang);
        let mut child = on(&fresh).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until(&mut child, &spotify, number);
        child.kill().unwrap();
        child.wait().unwrap();
        spotify.drop_scripts();
        // It has the songs, and nothing else of the machine that is gone.
        let other = World::new();
        for name in ["snowtrack.toml", "songs.txt"] {
            other.write(name, &std::fs::read_to_string(world.path(name)).unwrap());
        }
        let freed =
            other.command(&["state", "unlock", "--yes"]).env("SNOWTRACK_STATE", &state).output();
        assert!(freed.unwrap().status.success());
        let ended = on(&other).output().unwrap();
        assert_eq!(code(&ended), 0, "call {number}: {ended:?}");
        let lists = spotify.made_playlists();
        assert_eq!(lists.len(), made + 1, "call {number}");
        assert_eq!(rows(&lists[made]), wanted, "call {number}");
        std::fs::remove_dir_all(world.path("state")).unwrap();
    }
}
