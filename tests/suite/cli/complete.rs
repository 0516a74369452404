//! What Tab offers, asked as bash asks: the names that there are, and nothing is made by asking.

use std::collections::BTreeSet;

use crate::support::World;

/// What may come in the place of the last word.
fn offered(world: &World, words: &[&str]) -> BTreeSet<String> {
    let mut command = world.command(&["--", "snowtrack"]);
    command.args(words).env("SNOWTRACK_COMPLETE", "bash").env("_CLAP_IFS", "\n");
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    command.env("_CLAP_COMPLETE_COMP_TYPE", "9").env("_CLAP_COMPLETE_SPACE", "true");
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(|it| it.trim().to_owned()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_is_built_in_is_offered_in_an_empty_folder_which_stays_empty() {
    let world = World::new();
    for (words, wanted) in [
        (&["reconcile", "song"][..], &["songs", "song_artists", "song_observations"][..]),
        (&["stream", "--table", "gen"], &["genres"]),
        (&["run", "--warn-only", "songs__duration_is_p"], &["songs__duration_is_positive"]),
        (&["query", "top_ar"], &["top_artists"]),
        (&["query", "playlist_overlap", "--param", "playl"], &["playlist="]),
        (&["help", "exit"], &["exit-codes"]),
        (&["rec"], &["recommend", "reconcile"]),
        (&["status", "--run", ""], &["latest"]),
        (&["recommend", "--playlist", ""], &[]),
    ] {
        assert_eq!(offered(&world, words), set(wanted), "{words:?}");
    }
    assert!(!world.path("data").exists());
}

#[test]
fn runs_and_playlists_are_those_of_the_data_directory_that_the_line_names() {
    let world = World::new();
    let (code, report) = world.report(&["--demo"]);
    assert_eq!(code, 0, "{report:#}");
    let run = report["run_id"].as_str().unwrap();
    assert_eq!(offered(&world, &["verify", "--run", ""]), set(&["latest", run]));
    assert_eq!(offered(&world, &["status", "--run", &run[..9]]), set(&[run]));
    let lists = report["playlists"].as_array().unwrap().iter();
    let lists: BTreeSet<String> =
        lists.map(|list| list["playlist_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(offered(&world, &["recommend", "--playlist", ""]), lists);
    assert_eq!(
        offered(&world, &["playlist", "restore", ""]).intersection(&lists).count(),
        lists.len()
    );
    let elsewhere = ["--data-dir", "other", "verify", "--run", ""];
    assert_eq!(offered(&world, &elsewhere), set(&["latest"]));
    assert!(!world.path("other").exists());
}

#[test]
fn each_shell_gets_a_script_that_asks_the_binary() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = world.run(&["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("SNOWTRACK_COMPLETE"), "{shell}: {script}");
        assert!(script.contains("snowtrack") && !script.contains("target/"), "{shell}: {script}");
    }
}
