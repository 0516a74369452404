//! What the binary shows when all is well: help, the summary of a run, the keys of its files.

use unicode_width::UnicodeWidthStr;

use crate::source::documents::playlist;
use crate::support::World;

const COMMANDS: [&str; 25] = [
    "run",
    "watch",
    "plan",
    "fetch",
    "transform",
    "check",
    "publish",
    "export",
    "upload",
    "ingest",
    "verify",
    "login",
    "logout",
    "recommend",
    "features",
    "playlist",
    "status",
    "reconcile",
    "snowflake",
    "doctor",
    "config",
    "query",
    "report",
    "completions",
    "man",
];

fn stdout(world: &World, arguments: &[&str]) -> String {
    let output = world.run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_is_complete() {
    let world = World::new();
    let mut text = stdout(&world, &["--help"]);
    for command in COMMANDS {
        text += &format!("\n## {command}\n{}", stdout(&world, &[command, "--help"]));
    }
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!("help", text) });
}

#[test]
fn a_short_help_fits_on_a_screen_and_says_where_the_long_one_is() {
    let world = World::new();
    let text = stdout(&world, &["run", "-h"]);
    assert!(text.lines().count() <= 50, "{text}");
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!("short_help", text) });
}

#[test]
fn help_is_asked_for_in_three_ways_and_says_the_same() {
    let world = World::new();
    for command in [&["run"][..], &["snowflake", "plan"], &["query"]] {
        let by_flag = stdout(&world, &[command, &["--help"]].concat());
        assert_eq!(stdout(&world, &[&["help"], command].concat()).trim(), by_flag.trim());
    }
    assert_eq!(stdout(&world, &["help"]).trim(), stdout(&world, &["--help"]).trim());
    for flag in ["-h", "--help"] {
        assert_eq!(stdout(&world, &["help", flag]), stdout(&world, &[flag]));
    }
    for topic in ["exit-codes", "environment", "settings"] {
        assert!(stdout(&world, &["help", topic]).lines().count() > 20, "{topic}");
    }
    let output = world.run(&["help", "snowflake", "plans"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("'plans'"), "{said}");
    let within = stdout(&world, &["snowflake", "help", "plan"]);
    assert_eq!(within.trim(), stdout(&world, &["help", "snowflake", "plan"]).trim());
}

#[test]
fn the_summary_of_the_demo_says_what_changed_and_where_to_look() {
    let world = World::new();
    let text = format!(
        "{}\n---\n{}\n---\n{}",
        stdout(&world, &["run", "--demo"]),
        stdout(&world, &["run", "--demo"]),
        stdout(&world, &["run", "--demo"])
    );
    let filters = [
        (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "[RUN]"),
        (r"in \d+\.\d s", "in [SECONDS] s"),
        (r"\d+(\.\d+)? [KM]iB", "[SIZE]"),
        // Columns are padded; an editor would take the spaces away.
        (r" +\n", "\n"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?", "[TIME]"),
        (r"\d{4}-\d\d-\d\d", "[DATE]"),
    ];
    insta::with_settings!({filters => filters, omit_expression => true}, {
        insta::assert_snapshot!("summary_of_the_demo", text);
    });
}

#[test]
fn the_keys_of_a_run_name_table_day_and_run() {
    for (format, split) in [("parquet", "200"), ("csv", "1")] {
        let world = World::new();
        let mut command = world.command(&["--json", "run", "--demo"]);
        command.env("LAKE_FORMAT", format).env("LAKE_MAX_FILE_MIB", split);
        let report: serde_json::Value =
            serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        let keys: Vec<_> = report["files"].as_array().unwrap().iter().collect();
        let keys: Vec<_> = keys.iter().map(|file| file["key"].as_str().unwrap()).collect();
        let filters = [
            (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "[RUN]"),
            (r"year=\d{4}/month=\d\d/day=\d\d", "year=[YYYY]/month=[MM]/day=[DD]"),
            (r"_\d{8}_\d{6}_", "_[YYYYMMDD]_[HHMMSS]_"),
            (r"_01[0-9A-HJKMNP-TV-Z]{24}", "_[RUN]"),
        ];
        insta::with_settings!({filters => filters, omit_expression => true}, {
            insta::assert_snapshot!(format!("keys_{format}"), keys.join("\n"));
        });
    }
}

#[test]
fn what_is_read_on_a_screen_fits_80_100_and_140_columns_and_is_coloured_where_wanted() {
    let world = World::new();
    stdout(&world, &["run", "--demo"]);
    let commands = [
        &["status", "--run", "latest", "--checks"][..],
        &["query", "--types", "from playlist_overview order by playlist_id limit 3"],
        &["plan", "--demo"],
    ];
    let mut shown = String::new();
    for width in ["80", "100", "140"] {
        for command in commands {
            let output = world.command(command).env("COLUMNS", width).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let most: usize = width.parse().unwrap();
            assert!(text.lines().all(|line| line.width() <= most), "{width}: {text}");
            shown += &format!("## {width}: {}\n{text}\n", command.join(" "));
        }
        // What is pasted is whole at any width.
        let output = world.command(&["status", "--run", "latest"]).env("COLUMNS", width).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        assert_eq!(text.lines().filter(|line| line.ends_with(".parquet")).count(), 8, "{text}");
    }
    let filters = [
        (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "[RUN]"),
        (r"prices of \d{4}-\d\d-\d\d", "prices of [DATE]"),
    ];
    insta::with_settings!({filters => filters, omit_expression => true}, {
        insta::assert_snapshot!("at_three_widths", shown);
    });

    colours_are_where_they_are_wanted(&world);
    what_is_asked_after_a_refusal(&world);
}

/// Of each song a row: a name may be as long as it likes.
#[test]
fn a_song_of_400_letters_is_a_row_of_what_a_new_list_would_hold_and_no_more() {
    let world = World::new();
    let name = "雨 🎸 שיר Z\u{351}\u{36b}algo ".repeat(40);
    let named = playlist(|song| song["name"] = name.chars().take(400).collect::<String>().into());
    world.write("in/playlist.json", &named);
    stdout(&world, &["run", "--from-dir", "in"]);
    let query = "select id as song_id from core.songs";
    let arguments = ["playlist", "create", "--name", "x", "--query", query, "--dry-run"];
    for (width, most) in [("80", 80), ("100", 100), ("140", 140)] {
        let output = world.command(&arguments).env("COLUMNS", width).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[2].starts_with("  0aB1cD2eF3gH4iJ5kL6mN7  雨 🎸"), "{text}");
        assert!(lines[2].ends_with('…') && lines.iter().all(|it| it.width() <= most), "{text}");
    }
}

/// A refused run, and what is asked afterwards: of a list whose name does what it can.
fn what_is_asked_after_a_refusal(world: &World) {
    let wrong = playlist(|song| song["duration_ms"] = (-1).into());
    let name = r"東京事変 \u001b[31mFAKE\nerror: ☂ of the deep and wide sea";
    world.write("bad/playlist.json", &wrong.replace("Harbour", name));
    let ask = |command: &[&str], width: &str| {
        let output = world.command(command).env("COLUMNS", width).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let most: usize = width.parse().unwrap();
        // What is pasted is whole.
        let is_pasted = |line: &str| line.contains(".parquet") || line.contains("snowtrack ");
        let is_within = |line: &str| line.width() <= most || is_pasted(line);
        assert!(text.lines().all(is_within), "{width}: {text}");
        (output.status.code(), format!("## {width}: {}\n{text}\n", command.join(" ")))
    };
    let (code, mut shown) = ask(&["run", "--from-dir", "bad"], "80");
    assert_eq!(code, Some(4), "{shown}");
    for width in ["80", "100", "140"] {
        for command in [&["status"][..], &["status", "--run", "latest", "--checks"], &["doctor"]] {
            shown += &ask(command, width).1;
        }
    }
    for command in [
        &["recommend", "--playlist", "Long Way Home", "--count", "2"][..],
        &["playlist", "restore", "Rain on Tin Roofs", "--at", "2099-01-01", "--dry-run"],
        &["forget", "--playlist", "06wWByNykxLO2ayPXleKjd"],
    ] {
        shown += &ask(command, "80").1;
    }
    let filters = [
        (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "[RUN]"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", "[TIME]"),
        (r" +\d+\.\ds\b", " [T]s"),
        (r"rows +took", "rows took"),
        (r"in \d+\.\d s", "in [SECONDS] s"),
        (r"(\d+m )?\d+s ago|\d+ min ago|just now", "[AGO]"),
        (r" +\n", "\n"),
    ];
    insta::with_settings!({filters => filters, omit_expression => true}, {
        insta::assert_snapshot!("after_a_refusal", shown);
    });
}

fn colours_are_where_they_are_wanted(world: &World) {
    let is_coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = world.command(arguments);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    let (always, force, no) =
        (["--color", "always", "status"], ("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1"));
    assert!(!is_coloured(&["status"], &[]), "a pipe is no terminal");
    assert!(is_coloured(&always, &[]) && is_coloured(&always, &[no]), "who asks for it has it");
    assert!(is_coloured(&["status"], &[force]) && !is_coloured(&["status"], &[force, no]));
    assert!(!is_coloured(&["--color", "never", "status"], &[force]));
    for plain in [
        &["--json", "--color", "always", "status"][..],
        &["--color", "always", "query", "--format", "csv", "from songs"],
    ] {
        assert!(!is_coloured(plain, &[]), "{plain:?}");
    }
}
