//! What is printed to be pasted reaches the data directory and the configuration of what printed it, through a shell.

use std::process::{Command, Output};

use crate::support::World;
use crate::support::cloud::{Cloud, text};

/// A name that no shell takes as it stands.
const FOLDER: &str = "my data's";
/// The same as a shell takes it.
const QUOTED: &str = r"--data-dir 'my data'\''s'";

/// The commands of ours between the backticks of a text.
fn commands(text: &str) -> Vec<&str> {
    let named = text.split('`').skip(1).step_by(2);
    named.filter(|name| name.starts_with("snowtrack ")).collect()
}

/// A line as somebody pastes it, where `like` would run.
fn pasted(line: &str, like: Command) -> Output {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_snowtrack"));
    let mut command = Command::new("/bin/sh");
    command.env_clear().current_dir(like.get_current_dir().unwrap());
    command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PATH", binary.parent().unwrap()).args(["-c", line]).output().unwrap()
}

#[test]
fn where_to_look_next_is_where_the_run_was() {
    let world = World::new();
    let output = world.run(&["--data-dir", FOLDER, "run", "--demo"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().last().unwrap().trim();
    assert!(line.starts_with(&format!("snowtrack {QUOTED} query ")), "{said}");
    let output = pasted(line, world.command(&[]));
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("playlist_name"), "{}", text(&output));
    // Nobody gave the usual one.
    let said = String::from_utf8(world.run(&["run", "--demo"]).stdout).unwrap();
    assert!(said.lines().last().unwrap().starts_with("  snowtrack query "), "{said}");
    // What the environment says holds for the next command as well.
    let output = world.command(&["run", "--demo"]).env("SNOWTRACK_DATA_DIR", "e").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.lines().last().unwrap().starts_with("  snowtrack query "), "{said}");
}

#[test]
fn an_error_in_words_in_json_and_in_the_log_names_the_same_command() {
    let world = World::new();
    world.write("a b.toml", "");
    let flags = ["--config", "a b.toml", "--data-dir", FOLDER];
    let wanted = format!("`snowtrack --config 'a b.toml' {QUOTED} run`");
    let run = |rest: &[&str]| world.run(&[&flags[..], rest].concat());
    let output = run(&["query", "from x"]);
    assert!(text(&output).contains(&wanted), "{}", text(&output));
    for rest in [&["--json", "query", "from x"][..], &["--log-format", "json", "query", "from x"]] {
        let output = run(rest);
        let told = if rest[0] == "--json" { &output.stdout } else { &output.stderr };
        let document: serde_json::Value = serde_json::from_slice(told).unwrap();
        assert!(document.to_string().contains(&wanted.replace('\\', r"\\")), "{document}");
    }
}

#[test]
fn the_cures_of_a_load_can_be_pasted() {
    let cloud = Cloud::small("rest", "parquet");
    let run = |rest: &[&str]| cloud.run(&[&["--data-dir", FOLDER][..], rest].concat());
    assert!(run(&["run", "--from-dir", "in"]).status.success());
    cloud.snowflake.tamper("delete from SPOTIFY.RAW.SONGS");
    for (rest, wanted) in [
        (&["verify"][..], "reconcile songs --repair"),
        (&["--json", "verify"], "reconcile songs --repair"),
        (&["status"], "status --run "),
        (&["doctor"], "reconcile songs --repair"),
        (&["reconcile", "songs"], "reconcile songs --repair"),
    ] {
        let output = run(rest);
        let said = text(&output).replace(r"\\", r"\");
        let named = commands(&said);
        assert!(
            named.iter().any(|it| it.starts_with(&format!("snowtrack {QUOTED} {wanted}"))),
            "{rest:?}: {said}"
        );
        assert!(named.iter().all(|it| it.starts_with(&format!("snowtrack {QUOTED} "))), "{said}");
    }
    let said = text(&run(&["verify"]));
    let cure = commands(&said).into_iter().find(|it| it.ends_with("--repair")).unwrap();
    let output = pasted(cure, cloud.command(&[]));
    assert!(output.status.success(), "{}", text(&output));
    let output = run(&["verify", "--all"]);
    assert!(output.status.success(), "{}", text(&output));
}
