//! The command that continues what a run could not end: as the user gave it, or as what ended the run advises.
//!
//! In: what a run was asked for, and its error. Out: words that a shell takes as they stand, without a secret: none is ever an argument.

use std::collections::BTreeSet;

use super::error::Error;
use super::job::{Settings, Source, Wanted};
use crate::config::Config;
use crate::event::Stage;
use crate::ids::{PlaylistId, RunId};
use crate::shell::{RunSource, word};
use crate::snowflake::Outcome;

/// What stands in an alert.
pub(super) fn continuing(given: &str, error: &Error, run: &RunId) -> String {
    match error {
        Error::Refused { .. } => Some(format!("snowtrack status --run {run} --checks")),
        // What ships comes after what makes a pipe load again.
        Error::Unverified { outcome: Outcome::PipeBroken, next_step, .. }
        | Error::PipesStopped { next_step, .. }
        | Error::PipesOfAnotherWay { next_step, .. } => {
            commands_in(next_step).next().map(str::to_owned)
        }
        Error::Unverified { next_step, .. } => advised(next_step),
        Error::PipesGone { .. } | Error::ColumnGone { .. } | Error::NoSetup { .. } => {
            Some("snowtrack snowflake plan".to_owned())
        }
        Error::Stream(_) => Some("snowtrack stream".to_owned()),
        Error::Snowflake(error) if error.is_setup() && !error.is_config() => {
            Some("snowtrack snowflake plan".to_owned())
        }
        _ => None,
    }
    .unwrap_or_else(|| given.to_owned())
}

/// The command that a text of ours names between backticks: the first that does something, else one that shows something.
fn advised(text: &str) -> Option<String> {
    let does = commands_in(text).find(|name| !name.starts_with("snowtrack snowflake plan"));
    does.or_else(|| commands_in(text).next()).map(str::to_owned)
}

/// The commands of ours that it names.
fn commands_in(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|name| name.starts_with("snowtrack "))
}

/// The command that a run with these settings is.
pub(super) fn given(settings: &Settings) -> String {
    let (first, last) = (*settings.stages.start(), *settings.stages.end());
    let mut words = vec!["snowtrack".to_owned()];
    if !settings.reship.is_empty() {
        words.extend(["reconcile", "--repair"].map(str::to_owned));
    } else if let Some(source) = &settings.source {
        words.push(if last == Stage::Fetch { "fetch" } else { "run" }.to_owned());
        add_source(source, &mut words);
        add_wishes(settings, &mut words);
    } else if first == last {
        words.push(first.name().to_owned());
        if settings.shipping.asks_all {
            words.push("--all".to_owned());
        }
        if settings.shipping.ingest_as.is_some() {
            words.extend(["--as", "rest"].map(str::to_owned));
        }
        add_run(settings, &mut words);
    } else {
        // What ships an erasure's files; every run takes them along.
        words.push("run".to_owned());
    }
    words.extend(
        settings.warn_only.iter().flat_map(|check| ["--warn-only".to_owned(), word(check)]),
    );
    if settings.state.is_single_writer {
        words.push("--state-single-writer".to_owned());
    }
    words.join(" ")
}

/// What the configuration says of what runs read.
#[derive(Default)]
pub(crate) struct Usual {
    /// What a run reads without a word.
    playlists: BTreeSet<PlaylistId>,
    /// Whether rows leave the machine: then the demo's are not to be among them by a word of ours.
    ships: bool,
}

impl Usual {
    /// Of this configuration.
    pub(crate) fn of(config: &Config) -> Self {
        let playlists = config.playlists().into_iter().flatten().collect();
        let ships = config.lake.bucket.is_some() || config.snowflake.account.is_some();
        Self { playlists, ships }
    }

    /// What the last run that read something read, as the next one names it. `names` are those of the ledger, the newest first.
    pub(crate) fn source<'n>(&self, names: impl Iterator<Item = &'n str>) -> RunSource {
        let mut sources = names.filter_map(Source::of_name);
        let Some(mut source) = sources.find(|it| !(self.ships && *it == Source::Demo)) else {
            return match self.playlists.is_empty() {
                true => RunSource::Unknown,
                false => RunSource::Configured,
            };
        };
        if let Source::Spotify(Wanted { playlists, is_usual, mine: false, liked: false }) =
            &mut source
        {
            *is_usual = playlists.iter().cloned().collect::<BTreeSet<_>>() == self.playlists;
        }
        named(&source)
    }
}

/// The same of a source that is known.
pub(crate) fn named(source: &Source) -> RunSource {
    let mut words = Vec::new();
    add_source(source, &mut words);
    match words.is_empty() {
        true => RunSource::Configured,
        false => RunSource::Named(words.join(" ")),
    }
}

/// The same of what the ledger says that a run read.
pub(crate) fn of_name(name: &str) -> RunSource {
    Source::of_name(name).map_or(RunSource::Unknown, |source| named(&source))
}

/// What the configuration names needs no argument.
fn add_source(source: &Source, words: &mut Vec<String>) {
    match source {
        Source::Demo => words.push("--demo".to_owned()),
        Source::FromDir(folder) => {
            words.extend(["--from-dir".to_owned(), word(&folder.to_string_lossy())]);
        }
        Source::Spotify(Wanted { is_usual: true, .. }) | Source::Nobody => {}
        Source::Spotify(Wanted { playlists, mine, liked, .. }) => {
            let named = |id: &PlaylistId| ["--playlist".to_owned(), word(&id.to_string())];
            words.extend(playlists.iter().flat_map(named));
            words.extend(mine.then(|| "--mine".to_owned()));
            words.extend(liked.then(|| "--liked".to_owned()));
        }
    }
}

/// All that changes what is read, kept or shipped. How long to wait is nothing that continues.
fn add_wishes(settings: &Settings, words: &mut Vec<String>) {
    if let Some(folder) = &settings.record {
        words.extend(["--record".to_owned(), word(&folder.to_string_lossy())]);
    }
    if let Some(file) = &settings.genres {
        words.extend(["--genres".to_owned(), word(&file.to_string_lossy())]);
    }
    if let Some(age) = settings.refetch_older_than {
        words.extend(["--refetch-older-than".to_owned(), format!("{}s", age.as_secs())]);
    }
    let flags = [
        (settings.refetch, "--refetch"),
        (settings.enrich, "--enrich"),
        (settings.full, "--full"),
        (settings.archive, "--archive"),
        (settings.shipping.no_ingest, "--no-ingest"),
    ];
    words.extend(flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag.to_owned()));
}

fn add_run(settings: &Settings, words: &mut Vec<String>) {
    if let Some(run) = &settings.run {
        words.extend(["--run".to_owned(), run.to_string()]);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use chrono::{DateTime, Utc};

    use super::*;

    fn settings(source: Source) -> Settings {
        Settings::new(source, || DateTime::<Utc>::UNIX_EPOCH)
    }

    #[test]
    fn a_run_is_given_again_with_all_that_it_was_asked_for() {
        let id = "37i9dQZF1DXcBWIGoYBM5M";
        let wanted =
            Wanted { playlists: vec![id.parse().unwrap()], liked: true, ..Wanted::default() };
        let of_spotify = settings(Source::Spotify(wanted.clone()));
        assert_eq!(given(&of_spotify), format!("snowtrack run --playlist {id} --liked"));
        let whole = Settings {
            stages: Stage::Fetch..=Stage::Fetch,
            record: Some(PathBuf::from("/a b/it's")),
            refetch_older_than: Some(Duration::from_secs(7_200)),
            enrich: true,
            ..settings(Source::Spotify(Wanted {
                playlists: Vec::new(),
                mine: true,
                ..wanted.clone()
            }))
        };
        let wish = r"snowtrack fetch --mine --liked --record '/a b/it'\''s' --refetch-older-than 7200s --enrich";
        assert_eq!(given(&whole), wish);
        // Of what the configuration names nothing is said.
        let usual = Wanted { is_usual: true, liked: false, ..wanted };
        assert_eq!(given(&settings(Source::Spotify(usual))), "snowtrack run");
        let folder = settings(Source::FromDir(PathBuf::from("in $HOME")));
        assert_eq!(given(&folder), "snowtrack run --from-dir 'in $HOME'");
    }

    #[test]
    fn the_next_run_reads_what_the_last_one_did_that_read_something() {
        let id = "37i9dQZF1DXcBWIGoYBM5M";
        let of = |names: &[&str], usual: &Usual| usual.source(names.iter().copied());
        let named = |words: &str| RunSource::Named(words.to_owned());
        let (listed, mut usual) = (format!("playlist {id}"), Usual::default());
        assert_eq!(of(&[], &usual), RunSource::Unknown);
        assert_eq!(of(&["what is landed", "forgotten"], &usual), RunSource::Unknown);
        assert_eq!(of(&["what is landed", "mine, liked", "demo"], &usual), named("--mine --liked"));
        assert_eq!(of(&[&listed], &usual), named(&format!("--playlist {id}")));
        assert_eq!(of(&["from-dir a, b"], &usual), named("--from-dir 'a, b'"));
        assert_eq!(of(&["demo"], &usual), named("--demo"));
        usual.ships = true;
        assert_eq!(of(&["demo"], &usual), RunSource::Unknown);
        usual.playlists = [id.parse().unwrap()].into();
        for names in [&[][..], &["demo"], &[&listed]] {
            assert_eq!(of(names, &usual), RunSource::Configured, "{names:?}");
        }
        assert_eq!(of(&["mine"], &usual), named("--mine"));
        // The names are those that the ledger gets.
        for text in ["demo", "from-dir x", "mine, liked", &listed] {
            assert_eq!(Source::of_name(text).unwrap().name(), text);
        }
    }

    #[test]
    fn a_stage_is_given_again_with_its_run() {
        let run: RunId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let of_stage = Settings::of_stage(Stage::Upload, || DateTime::<Utc>::UNIX_EPOCH);
        assert_eq!(given(&of_stage), "snowtrack upload");
        let of_run = Settings { run: Some(run.clone()), ..of_stage };
        assert_eq!(given(&of_run), format!("snowtrack upload --run {run}"));
    }

    #[test]
    fn a_pipe_is_made_before_anything_is_submitted_to_it() {
        let run: RunId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let next_step = "`snowtrack snowflake plan` says who; then `snowtrack ingest` submits";
        let of = |outcome| {
            let (whose, reason) = Default::default();
            let error =
                Error::Unverified { whose, outcome, reason, next_step: next_step.to_owned() };
            continuing("snowtrack run", &error, &run)
        };
        assert_eq!(of(Outcome::PipeBroken), "snowtrack snowflake plan");
        assert_eq!(of(Outcome::Pending), "snowtrack ingest");
    }

    #[test]
    fn what_a_text_advises_is_its_command() {
        for (text, command) in [
            ("`snowtrack verify` asks again", Some("snowtrack verify")),
            ("`snowtrack snowflake plan` says who can make it", Some("snowtrack snowflake plan")),
            ("`snowtrack ingest --as rest` submits it", Some("snowtrack ingest --as rest")),
            (
                "compare it with `snowtrack snowflake plan`, then `snowtrack reconcile songs --repair` ships",
                Some("snowtrack reconcile songs --repair"),
            ),
            ("resume: `alter pipe D.S.P set x = 1`", None),
            ("", None),
        ] {
            assert_eq!(advised(text).as_deref(), command, "{text}");
        }
    }
}
