//! The example runs, and says what the command line says; and what the library gives and takes has a name to a program.

#[path = "../../examples/run_the_demo.rs"]
#[expect(dead_code, reason = "its `main` is for `cargo run --example`")]
mod example;

use serde_json::Value;
use snowtrack::config::{Config, SnowflakeConfig};
use snowtrack::http::{CallTiming, HttpAnswer};
use snowtrack::run::{EndedRun, RunReport, Settings, SpotifyReport};
use snowtrack::snowflake::{
    self, AccountId, ConnectionTiming, FailureKind, IngestMode, InvalidLag, InvalidToken, Outcome,
    Refusal, Signed, StatementFailure, TargetLag, TokenType,
};
use snowtrack::sources::SpotifyTiming;
use snowtrack::state::{Holder, Shown};

use crate::support::{World, tables};

/// What each check found, without the rows that name their run.
fn checks(report: &Value) -> Vec<[&Value; 3]> {
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .map(|check| ["check", "status", "offending_row_count"].map(|name| &check[name]))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_does_what_the_command_line_does() {
    let (by_library, by_command) = (World::new(), World::new());
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let report = example::run_the_demo(&by_library.path("data")).await.unwrap();
        let report: Value = serde_json::to_value(&report).unwrap();
        let (code, other) = by_command.report(&["--demo"]);
        assert_eq!(code, 0);
        assert_eq!(report["status"], other["status"]);
        assert_eq!(tables(&report), tables(&other));
        assert_eq!(checks(&report), checks(&other));
        statuses.push(report["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(statuses, ["exported", "exported"]);
    for table in ["songs", "artists", "playlist_songs"] {
        assert_eq!(by_library.rows_of(table), by_command.rows_of(table));
    }
}

/// What a program keeps of a run: every type that it is given or gives, by its name.
struct Kept {
    mode: IngestMode,
    lag: TargetLag,
    token: Option<TokenType>,
    call: CallTiming,
    spotify: SpotifyTiming,
    snowflake: ConnectionTiming,
    calls: SpotifyReport,
}

impl Kept {
    fn of(config: &Config, settings: &Settings, report: &RunReport) -> Self {
        let SnowflakeConfig { ingest, target_lag, token_type, .. } = &config.snowflake;
        Self {
            mode: *ingest,
            lag: target_lag.clone(),
            token: *token_type,
            call: settings.timing.call,
            spotify: settings.timing,
            snowflake: settings.shipping.snowflake,
            calls: report.spotify,
        }
    }
}

/// What a program says of an error, down to its cause.
fn reason(error: &snowtrack::run::Error) -> String {
    match error {
        snowtrack::run::Error::Warehouse(snowtrack::warehouse::Error::Held { holder, .. }) => {
            holder.clone()
        }
        snowtrack::run::Error::Unverified { outcome: Outcome::Mismatch, reason, .. } => {
            reason.clone()
        }
        snowtrack::run::Error::Snowflake(error) => match &**error {
            snowflake::Error::Unauthorized(refusal) => of_refusal(refusal),
            snowflake::Error::Statement(failure) => of_failure(failure),
            snowflake::Error::Token(InvalidToken::Malformed(kind)) => kind.to_string(),
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

fn of_refusal(refusal: &Refusal) -> String {
    let account: &AccountId = &refusal.account;
    let signed: Option<&Signed> = refusal.signed.as_ref();
    format!("{} {}", account.claim(), signed.is_some())
}

fn of_failure(failure: &StatementFailure) -> String {
    let kind: FailureKind = failure.kind();
    format!("{kind:?} {}", failure.message)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_library_gives_and_takes_has_a_name() {
    let world = World::new();
    let data_dir = snowtrack::ids::DataDir::new(world.path("data"));
    let config = Config { data_dir, ..Config::default() };
    // Of a folder that is not there: the run has a report, and an error that ended it.
    let source = snowtrack::run::Source::FromDir(world.path("nothing"));
    let settings = Settings::new(source, chrono::DateTime::<chrono::Utc>::default);
    let ended = snowtrack::run::run(&config, &settings, &|_| {}, &std::sync::Arc::default()).await;
    let EndedRun { report, error } = ended.unwrap();
    let kept = Kept::of(&config, &settings, &report);
    assert_eq!((kept.mode, kept.token), (IngestMode::Rest, None));
    assert_eq!(kept.lag, "1 hour".parse::<TargetLag>().unwrap());
    assert_eq!("1 second".parse::<TargetLag>(), Err::<TargetLag, InvalidLag>(InvalidLag));
    assert_eq!((kept.calls.call_count, kept.calls.retry_count), (0, 0));
    assert_eq!(kept.call.max_wait, kept.spotify.call.max_wait);
    assert_ne!(kept.snowflake.deadline, std::time::Duration::ZERO);
    let error = error.expect("a run of nothing ends early");
    assert_eq!(reason(&error), error.to_string());
    let (_, _): (Option<Shown>, Option<Holder>) = (None, None);
    let _: Option<HttpAnswer> = None;
    let ended = EndedRun { report, error: Some(error) };
    assert!(matches!(ended.completed(), Err(snowtrack::run::Error::Spotify(_))));
}
