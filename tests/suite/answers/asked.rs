//! `ask`: questions in plain words, with a model that says what a test has it say.

use std::collections::BTreeSet;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::World;
use crate::support::fake_spotify::FakeSpotify;
use crate::support::http::{Answer, Delivery};
use crate::support::library::{Library, Mode, Playlist, Row, spotify_id};
use crate::support::model::{FakeModel, Say, delivered, ready, scripted, sql};
use crate::warehouse::guarded::{ATTACKS, DISGUISED, baited, digests, published};

/// `ask` with that model.
fn ask(world: &World, model: &FakeModel, arguments: &[&str]) -> Output {
    let mut command = world.command(arguments);
    command.env("SNOWTRACK_LLM_URL", format!("http://{}", model.address())).output().unwrap()
}

fn told(world: &World, model: &FakeModel, question: &str) -> Value {
    let output = ask(world, model, &["--json", "ask", question]);
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn refused(world: &World, model: &FakeModel, arguments: &[&str]) -> String {
    let output = ask(world, model, arguments);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(output.stdout, b"");
    said(&output)
}

/// Two playlists with odd names.
fn two_lists() -> World {
    let (library, tracks) = Library::new("me").with_plain_tracks(1_000, 5);
    let rows = |count: usize| tracks[..count].iter().map(|it| Row::track(it)).collect::<Vec<_>>();
    let morning = Playlist::new(&spotify_id(1), "Café del Mar", "me").with_rows(rows(3));
    let evening = Playlist::new(&spotify_id(2), "O'Brien's \"Late\" Show", "me").with_rows(rows(5));
    let library = library.with_playlist(morning).with_playlist(evening);
    let spotify = FakeSpotify::start(library, Mode::Development);
    let world = World::new();
    assert_eq!(world.live_report(&spotify, &["--mine"]).0, 0);
    world
}

#[test]
fn a_ready_question_and_sql_are_answered_with_their_rows() {
    let world = published();
    let model = scripted([ready("top_artists", &json!({"count": 3}))]);
    let answer = told(&world, &model, "who are the top three artists?");
    let same = world.run(&["--json", "query", "top_artists", "--param", "count=3"]).stdout;
    assert_eq!(answer["rows"], serde_json::from_slice::<Value>(&same).unwrap());
    assert_eq!(answer["question"], "who are the top three artists?");
    assert_eq!(answer["ready_question"], "top_artists");
    assert_eq!(answer["truncated"], false);
    assert!(answer["sql"].as_str().unwrap().contains("limit $count"));
    assert_eq!(model.paths(), ["GET /v1/models", "POST /v1/chat/completions"]);

    let model = scripted([sql("select count(*) as n from core.songs;")]);
    let answer = told(&world, &model, "how many songs?");
    assert_eq!(answer["rows"], json!([{"n": 409}]));
    assert_eq!(answer["question"], "how many songs?");
    assert_eq!(answer["ready_question"], Value::Null);
    assert_eq!(answer["sql"], "select count(*) as n from core.songs");

    let model = scripted([sql("select i from range(5000) t(i)")]);
    let answer = told(&world, &model, "count");
    assert_eq!(answer["rows"].as_array().unwrap().len(), 1_000);
    assert_eq!(answer["truncated"], true);

    // People get a table, what was assumed, and the SQL where they want it.
    let model = scripted([sql("select 7 as b, 'x' as a"), sql("select 7 as b, 'x' as a")]);
    let text = String::from_utf8(ask(&world, &model, &["ask", "seven"]).stdout).unwrap();
    assert!(text.contains("│ b  a │") && text.contains("1 row, 2 columns"), "{text}");
    assert!(text.contains("SQL of the model's own") && !text.contains("select 7"), "{text}");
    let text = ask(&world, &model, &["ask", "--show-sql", "seven"]).stdout;
    assert!(String::from_utf8(text).unwrap().contains("select 7 as b"));
}

#[test]
fn no_row_reaches_the_model_and_a_dry_run_shows_what_does() {
    let world = published();
    let question = "how many songs are from the nineties?";
    let hostile = "select name::integer from core.songs";
    let model = scripted([sql(hostile), sql("select * from core.nothing"), sql("select 1 as n")]);
    assert_eq!(told(&world, &model, question)["rows"], json!([{"n": 1}]));
    let bodies = model.bodies();
    assert_eq!(bodies.len(), 3);
    let columns = [
        ("core.playlists", "name"),
        ("core.songs", "name"),
        ("core.artists", "name"),
        ("core.albums", "name"),
    ];
    let mut names = BTreeSet::new();
    for (table, column) in columns {
        let rows = world.query(&format!("select distinct {column} as name from {table}"));
        let rows = rows.as_array().unwrap().iter();
        names.extend(rows.filter_map(|row| row["name"].as_str().map(str::to_owned)));
    }
    assert!(300 < names.len(), "{}", names.len());
    // One word of a language may be in any text.
    for name in names.iter().filter(|name| name.contains(' ') || 12 < name.len()) {
        for body in &bodies {
            assert!(!body.contains(name.as_str()), "`{name}` was sent");
        }
    }
    // The error's kind is told, and not the value that it stumbled over.
    let talk: Value = serde_json::from_str(&bodies[1]).unwrap();
    let last = talk["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
    assert!(last.contains("Conversion Error"), "{last}");
    let talk: Value = serde_json::from_str(&bodies[2]).unwrap();
    let last = talk["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
    assert!(last.contains("nothing"), "{last}");

    let dry = ask(&world, &model, &["ask", "--dry-run", question]);
    assert_eq!(String::from_utf8(dry.stdout).unwrap().trim_end(), bodies[0]);
    assert_eq!(model.bodies().len(), 3, "a dry run sends nothing");
    for part in
        ["core.playlist_songs", "marts.playlist_churn", "playlist_overlap", "jaccard", question]
    {
        assert!(bodies[0].contains(part), "no `{part}`");
    }
}

#[test]
fn a_plan_reads_no_row_whatever_a_model_writes_before_it() {
    let world = published();
    let tries = [
        "analyze select name::integer from core.songs",
        "select 1) union all (select 2",
        "analyze from (select name::integer from core.songs)",
    ];
    let model = scripted(tries.map(sql));
    let said = refused(&world, &model, &["ask", "anything"]);
    assert!(said.contains("after two repairs"), "{said}");
    for body in model.bodies() {
        assert!(!body.contains("Could not convert"), "{body}");
    }
}

#[test]
fn a_model_may_mend_its_answer_twice() {
    let world = published();
    let wrong = || Say::Text("I would rather talk about the weather.".to_owned());
    let model = scripted([wrong(), ready("top_artist", &json!({})), sql("select 1 as n")]);
    assert_eq!(told(&world, &model, "who?")["rows"], json!([{"n": 1}]));
    let bodies = model.bodies();
    assert!(bodies[1].contains("no JSON object"), "{}", bodies[1]);
    assert!(bodies[2].contains("there is no ready question `top_artist`"));
    let model = scripted([wrong(), sql("selec"), ready("songs_by_artist", &json!({}))]);
    let said = refused(&world, &model, &["ask", "which artists have most songs?"]);
    assert!(said.contains("after two repairs") && said.contains("needs `artist`"), "{said}");
    assert!(said.contains("snowtrack query top_artists"), "{said}");
    assert_eq!(model.bodies().len(), 3);
}

/// What was said in SQL of a model's, and what was meant.
type Said = Option<(&'static str, &'static str)>;

/// SQL, its rows on two lists, and what was said in it.
const COMPARED: [(&str, &str, Said); 15] = [
    (
        "select song_count from marts.playlist_overview where playlist_name = 'cafe del mar'",
        r#"[{"song_count": 3}]"#,
        Some(("cafe del mar", "Café del Mar")),
    ),
    (
        "select song_count from marts.playlist_overview where 'CAFE DEL MAAR' = playlist_name",
        r#"[{"song_count": 3}]"#,
        Some(("CAFE DEL MAAR", "Café del Mar")),
    ),
    (
        "select song_count from marts.playlist_overview where playlist_name in ('cafe del mra')",
        r#"[{"song_count": 3}]"#,
        Some(("cafe del mra", "Café del Mar")),
    ),
    (
        "select p.name from core.playlists as p where p.name = 'obriens late show'",
        r#"[{"name": "O'Brien's \"Late\" Show"}]"#,
        Some(("obriens late show", "O'Brien's \"Late\" Show")),
    ),
    (
        "select count(*) as n from core.playlists where lower(name) = 'cafe del mar'",
        r#"[{"n": 1}]"#,
        Some(("cafe del mar", "café del mar")),
    ),
    (
        "select song_count from marts.playlist_overview where playlist_name = 'Café del Mar'",
        r#"[{"song_count": 3}]"#,
        None,
    ),
    // All but it; and under another name, in a query before the query, in brackets, and beside it.
    (
        "select playlist_name from playlist_overview where playlist_name not in ('cafe del mar')",
        r#"[{"playlist_name": "O'Brien's \"Late\" Show"}]"#,
        Some(("cafe del mar", "Café del Mar")),
    ),
    (
        "select song_count from playlist_overview where playlist_name <> 'OBriens late show'",
        r#"[{"song_count": 3}]"#,
        Some(("OBriens late show", "O'Brien's \"Late\" Show")),
    ),
    (
        "with x as (select playlist_name as n, song_count from playlist_overview), y as (from x) \
         select y.song_count from y where y.n = 'cafe del mar'",
        r#"[{"song_count": 3}]"#,
        Some(("cafe del mar", "Café del Mar")),
    ),
    (
        "with x(n, c) as (select name, item_count from core.playlists) select c from x where lower(n) = lower('Cafe Del Mar')",
        r#"[{"c": 3}]"#,
        Some(("Cafe Del Mar", "café del mar")),
    ),
    (
        "select t.c from (select lower(playlist_name), song_count from playlist_overview) as t(n, c) where n in ('cafe del mar')",
        r#"[{"c": 3}]"#,
        Some(("cafe del mar", "café del mar")),
    ),
    // What is called alike in another query is no name.
    (
        "with x as (select playlist_name as n from playlist_overview), y as (select 'Café del Ma' as n) \
         select y.n from y, x where y.n = 'Café del Ma' limit 1",
        r#"[{"n": "Café del Ma"}]"#,
        None,
    ),
    // Nothing that there is was meant; patterns and other columns stay.
    ("select song_count from marts.playlist_overview where playlist_name = 'xyz'", r#"[]"#, None),
    (
        "select song_count from marts.playlist_overview where playlist_name like 'cafe%'",
        r#"[]"#,
        None,
    ),
    (
        "select song_count from marts.playlist_overview where playlist_id = 'cafe del mar'",
        r#"[]"#,
        None,
    ),
];

#[test]
fn names_are_taken_for_the_nearest_that_there_are() {
    let world = two_lists();
    for (written, rows, meant) in COMPARED {
        let model = scripted([sql(written)]);
        let answer = told(&world, &model, "how long is it?");
        let rows: Value = serde_json::from_str(rows).unwrap();
        assert_eq!(answer["rows"], rows, "{written}: {answer}");
        let names = meant.map(|(said, meant)| json!({"said": said, "meant": meant}));
        assert_eq!(answer["names"], json!(Vec::from_iter(names)), "{written}");
        let unknown: &[&str] = if written.contains("xyz") { &["xyz"] } else { &[] };
        assert_eq!(answer["unknown_names"], json!(unknown), "{written}");
    }
}

/// Values of ready questions that are names, as somebody remembers them, and the names of the demo.
const REMEMBERED: [(&str, &str, &str, &str); 5] = [
    ("playlist_songs", "playlist", "rain on tin roof", "Rain on Tin Roofs"),
    ("shared_songs", "other_playlist", "liked song", "Liked Songs"),
    ("songs_by_artist", "artist", "window ember", "Window Embers"),
    ("song_history", "song", "kaunas my love", "Kaunas, My Love"),
    ("songs_of_genre", "genre", "Indie Folc", "indie folk"),
];

#[test]
fn every_name_in_a_ready_question_is_taken_for_the_nearest_and_the_model_never_hears_of_it() {
    let world = published();
    for (question, parameter, said, meant) in REMEMBERED {
        let mut values = json!({ parameter: said });
        if question == "shared_songs" {
            values["playlist"] = "Long Way Home".into();
        }
        // The first answer fails, so that there is a second body.
        let model = scripted([ready(question, &json!({"nothing": 1})), ready(question, &values)]);
        let answer = told(&world, &model, "what is it?");
        assert_eq!(answer["names"], json!([{"said": said, "meant": meant}]), "{question}");
        assert!(!answer["rows"].as_array().unwrap().is_empty(), "{question}: {answer}");
        for body in model.bodies() {
            assert!(!body.contains(meant), "{question}: {body}");
        }
    }
    // What is missing is told without an example, which is a name.
    let model = scripted([ready("songs_by_artist", &json!({})), sql("select 1 as n")]);
    told(&world, &model, "which songs are theirs?");
    let bodies = model.bodies();
    assert!(bodies[1].contains("needs `artist`"), "{}", bodies[1]);
    assert!(!bodies[1].contains("Window Embers") && !bodies[1].contains("--param"));
    // What nothing is called is said, by both.
    let nobody = json!({"artist": "zzz qqq"});
    let model = scripted([ready("songs_by_artist", &nobody), ready("songs_by_artist", &nobody)]);
    let answer = told(&world, &model, "x");
    assert_eq!((&answer["rows"], &answer["unknown_names"]), (&json!([]), &json!(["zzz qqq"])));
    let text = String::from_utf8(ask(&world, &model, &["ask", "x"]).stdout).unwrap();
    assert!(text.contains("nothing is called `zzz qqq`"), "{text}");
}

#[test]
fn what_a_column_may_hold_is_told_to_its_last_word() {
    let world = published();
    let dry = ask(&world, &scripted([]), &["ask", "--dry-run", "--model", "m", "x"]);
    let body = String::from_utf8(dry.stdout).unwrap();
    // The changes, the reasons, the kinds, the precisions, and the states of runs, checks and files.
    let words = "added removed taken_down track episode local year month day error warn pass fail \
        verified unchanged ingested uploaded exported refused pending failed accepted loaded mismatch superseded";
    for word in words.split_whitespace() {
        let is_word = |at: usize| {
            let around = [body[..at].chars().next_back(), body[at + word.len()..].chars().next()];
            !around.into_iter().flatten().any(|it| it.is_alphanumeric() || it == '_')
        };
        assert!(body.match_indices(word).any(|(at, _)| is_word(at)), "no `{word}`");
    }
    for list in [
        "removed: the other way round",
        "taken_down: a song whose name",
        "fail: some do",
        "warn: they are only told",
        "ingested, uploaded, exported, refused, pending or failed",
        "mismatch, failed or superseded",
        "year, month or day: how much of albums.release_date Spotify said",
        "its page on open.spotify.com",
    ] {
        assert!(body.contains(list), "no `{list}`");
    }
}

#[test]
fn what_is_no_select_is_refused_in_the_guards_words() {
    let world = published();
    let nonsense = "select nope from core.songs";
    for (written, wanted) in [
        ("drop table core.songs", "`drop` is not run"),
        ("with a as (select 1) insert into core.songs select * from a", "`insert` is not run"),
        ("explain select 1", "`explain` is not run"),
        (nonsense, "LINE 1: select nope"),
    ] {
        let model = scripted([sql(written), sql(written), sql(written)]);
        let said = refused(&world, &model, &["ask", "x"]);
        assert!(said.contains(wanted), "{written}: {said}");
        assert!(!said.contains("LINE 2"), "{written}: {said}");
        let bodies = model.bodies();
        assert!(bodies[1].contains(wanted), "{written}: {}", bodies[1]);
    }
}

#[test]
fn the_model_never_hears_of_the_name_that_was_meant() {
    let world = two_lists();
    let model = scripted([ready("playlist_overlap", &json!({"playlist": "cafe delmar"}))]);
    let answer = told(&world, &model, "what does cafe delmar share?");
    assert_eq!(answer["rows"][0]["playlist_name"], "Café del Mar");
    assert_eq!(answer["names"], json!([{"said": "cafe delmar", "meant": "Café del Mar"}]));
    let written = "select (playlist_name || 'x')::integer from marts.playlist_overview where playlist_name = 'cafe del mar'";
    let model = scripted([sql(written), sql("select 1 as n")]);
    let output = ask(&world, &model, &["ask", "cafe del mar?"]);
    assert!(output.status.success(), "{}", said(&output));
    for body in model.bodies() {
        assert!(!body.contains("Café"), "{body}");
    }
    let model = scripted([ready("playlist_overlap", &json!({"playlist": "cafe del mar"}))]);
    let text = String::from_utf8(ask(&world, &model, &["ask", "x"]).stdout).unwrap();
    assert!(
        text.contains("you said `cafe del mar`, and `Café del Mar` was taken for it"),
        "{text}"
    );
}

#[test]
fn each_attack_on_the_guard_is_refused_here_too() {
    let world = baited();
    let before = digests(&world);
    let folder = world.path(".").display().to_string();
    let attacks = ATTACKS.into_iter().map(|(sql, _)| sql).chain(DISGUISED);
    let attacks: Vec<String> = attacks.map(|sql| sql.replace("$D", &folder)).collect();
    for tries in attacks.chunks(3) {
        let mut says: Vec<Say> = tries.iter().map(|it| sql(it)).collect();
        while says.len() < 3 {
            says.push(sql("drop table core.songs"));
        }
        let model = scripted(says);
        let said = refused(&world, &model, &["ask", "attack"]);
        assert!(!said.contains("signal") && !said.contains("4711"), "{tries:?}: {said}");
        assert_eq!(model.bodies().len(), 3, "{tries:?}");
        assert!(!model.bodies()[2].contains("4711"));
    }
    assert!(before == digests(&world), "a file was changed, or left: {:?}", world.files("."));
}

#[test]
fn a_model_that_is_slow_endless_or_broken_ends_within_its_time() {
    let world = published();
    let error = |status, body: &str| Say::Answer(Answer::json(status, body));
    let slow = Delivery::Slow { chunk_size_bytes: 1, gap: Duration::from_millis(300) };
    let moved = Answer::json(307, "").with_header("location", "http://127.0.0.1:1/v1/x");
    let cases: Vec<(Say, &str)> = vec![
        (delivered(Delivery::Hang), "took longer than its limit of 2 s (`--timeout`)"),
        (delivered(slow), "took longer than its limit of 2 s"),
        (delivered(Delivery::Endless), ""),
        (delivered(Delivery::Reset), "no model is reachable"),
        (delivered(Delivery::Cut), ""),
        (Say::Answer(Answer::bomb(true)), "MiB"),
        (error(500, r#"{"error":{"message":"out of VRAM"}}"#), "status 500: out of VRAM"),
        (error(404, r#"{"error":"model not loaded"}"#), "status 404: model not loaded"),
        (error(502, "<html>bad gateway</html>"), "bad gateway"),
        (error(200, "not json"), "does not speak the chat-completions protocol"),
        (error(200, r#"{"choices":[]}"#), "no choice"),
        (Say::Answer(moved), "which is not followed"),
        (sql("select sum(i) from range(1000000000000) t(i)"), "its limit of 2 s (`--timeout`)"),
        (sql("select length(repeat('a', 4000000000))"), "more memory"),
    ];
    for (at, (say, wanted)) in cases.into_iter().enumerate() {
        let model = scripted([say]);
        let begun = Instant::now();
        let said = refused(&world, &model, &["ask", "--timeout", "2s", "which artists?"]);
        assert!(begun.elapsed() < Duration::from_secs(20), "{at}: {:?}", begun.elapsed());
        assert!(said.contains(wanted), "{at}: no `{wanted}` in {said}");
        assert_eq!(model.bodies().len(), 1, "{at}");
    }
}

#[test]
fn which_model_is_asked_and_where() {
    let world = published();
    let answer = || [sql("select 1 as n")];
    let model = scripted(answer());
    assert_eq!(told(&world, &model, "x")["model"], "small:latest");
    for (arguments, variable, wanted) in [
        (&["--json", "ask", "x", "--model", "large"][..], "small", "large"),
        (&["--json", "ask", "x"], "large", "large"),
        (&["--json", "ask", "x"], "small", "small"),
    ] {
        for form in ["http://$A", "http://$A/", "http://$A/v1", "http://$A/v1/", "$A"] {
            let model = scripted(answer());
            let url = form.replace("$A", model.address());
            let name = if form == "$A" { "OLLAMA_HOST" } else { "SNOWTRACK_LLM_URL" };
            let mut command = world.command(arguments);
            command.env(name, url).env("SNOWTRACK_LLM_MODEL", variable);
            // A proxy is for other machines.
            command.env("HTTP_PROXY", "http://127.0.0.1:1").env("ALL_PROXY", "http://127.0.0.1:1");
            let output = command.output().unwrap();
            assert!(output.status.success(), "{form}: {}", said(&output));
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(told["model"], wanted, "{form}");
        }
    }
    let model = scripted([]);
    let said_of = refused(&world, &model, &["ask", "x", "--model", "huge"]);
    assert!(said_of.contains("no model `huge`; it has `small:latest`, `large`"), "{said_of}");
    let nowhere = |arguments: &[&str]| {
        world.command(arguments).env("OLLAMA_HOST", "unix:///run/x").output().unwrap()
    };
    assert!(said(&nowhere(&["ask", "x"])).contains("is no address of a model's server"));
    assert!(nowhere(&["status"]).status.success(), "another program's setting ends nothing else");
    let none = FakeModel::start(vec![], []);
    assert!(refused(&world, &none, &["ask", "x"]).contains("has no model"));
}

#[test]
fn nothing_is_sent_to_another_machine_unless_that_is_allowed() {
    let world = published();
    for url in [
        "http://models.example",
        "http://10.255.255.1:9",
        "http://localhost.example",
        "https://[2001:db8::1]",
    ] {
        let begun = Instant::now();
        for arguments in
            [&["ask", "which artists have most songs?"][..], &["ask", "--dry-run", "x"]]
        {
            let output = world.command(arguments).env("SNOWTRACK_LLM_URL", url).output().unwrap();
            let said = said(&output);
            assert_eq!(output.status.code(), Some(2), "{url}: {said}");
            assert!(said.contains("--allow-remote-model"), "{url}: {said}");
        }
        assert!(begun.elapsed() < Duration::from_secs(8), "{url} was asked");
    }
    // With leave, a proxy stands for another machine.
    let model = scripted([sql("select 1 as n")]);
    let mut command =
        world.command(&["--json", "ask", "x", "--allow-remote-model", "--model", "large"]);
    command.env("SNOWTRACK_LLM_URL", "http://models.example");
    command.env("HTTP_PROXY", format!("http://{}", model.address()));
    let output = command.output().unwrap();
    let paths = model.paths();
    assert!(paths.iter().all(|path| path.contains("http://models.example/v1/")), "{paths:?}");
    assert!(!paths.is_empty(), "{}", said(&output));
    std::mem::forget(model);
}

#[test]
fn without_a_model_the_nearest_ready_questions_are_offered() {
    let world = published();
    let ask = |question: &str| {
        let mut command = world.command(&["ask", question]);
        command.env("SNOWTRACK_LLM_URL", "http://127.0.0.1:1").output().unwrap()
    };
    for (question, wanted) in [
        ("which artists have the most songs?", "snowtrack query top_artists"),
        ("what songs do my playlists share", "snowtrack query playlist_overlap"),
    ] {
        let output = ask(question);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        let said = said(&output);
        assert!(said.contains("no model is reachable") && said.contains(wanted), "{said}");
    }
    assert!(said(&ask("zzz qqq")).contains("no ready question is near"));
    let mut command = world.command(&["--json", "ask", "which artists have the most songs?"]);
    let output = command.env("SNOWTRACK_LLM_URL", "http://127.0.0.1:1").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["exit_code"], 2);
    assert!(document["error"].as_str().unwrap().contains("no model is reachable"), "{document}");
    let nearest = document["nearest_questions"].as_array().unwrap();
    let top = nearest.iter().find(|it| it["name"] == "top_artists").unwrap();
    assert!(top["description"].is_string() && top["parameters"].is_array(), "{top}");
    // There is nothing to ask before the first run.
    let output = World::new().run(&["ask", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("no published file"));
}
