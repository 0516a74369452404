//! `ask`: a question in plain words.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page};
use super::query::{Shown, null};
use super::told::{canvas, flags, print_as_it_is, print_page, tell_as_it_is};
use super::{Cli, duration, failure, one_line, print, runtime, tell};
use crate::answers::Desk;
use crate::ask::{self, ModelError, NotTold, Outcome, Prompt, Score, Server, Told};
use crate::config::Config;

const EXAMPLES: &str = "Examples:
  snowtrack ask \"which artists are in most of my playlists?\"
  snowtrack ask --show-sql \"how many songs of long way hom are from the nineties?\"
  snowtrack ask --dry-run \"what changed last week?\"       what would be sent, and nothing is
  snowtrack ask --evaluate tests/ask/questions.yml        how often the answers are right

The model sees the question, the tables' descriptions and the ready questions, never a row. It runs on this machine (Ollama, llama.cpp,
LM Studio, vLLM: `SNOWTRACK_LLM_URL`), unless `--allow-remote-model` says otherwise. Without one the nearest ready questions are offered.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct AskArgs {
    /// The question
    #[arg(required_unless_present = "evaluate")]
    question: Option<String>,
    /// The model [default: `SNOWTRACK_LLM_MODEL`, else the first one that the server has]
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Show the SQL that was run
    #[arg(long)]
    show_sql: bool,
    /// Print what would be sent to the model, byte for byte, and send nothing
    #[arg(long, conflicts_with = "evaluate")]
    dry_run: bool,
    /// The longest time that one answer of the model, and one query, may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::duration)]
    timeout: Duration,
    /// Allow a model on another machine, which then learns the question and the names of tables and columns
    #[arg(long)]
    allow_remote_model: bool,
    /// Ask each question of this file, and count how often the rows are those of its SQL
    #[arg(long, value_name = "FILE", conflicts_with = "question")]
    evaluate: Option<PathBuf>,
}

/// Asks and prints.
pub(super) fn ask(cli: &Cli, arguments: &AskArgs, config: &Config) -> Result<(), Error> {
    duration::some(arguments.timeout)?;
    let question = arguments.question.as_deref().unwrap_or_default().trim();
    if question.is_empty() && arguments.evaluate.is_none() {
        return Err(Error::Usage("the question is empty: ask something".to_owned()));
    }
    let runtime = runtime()?;
    if arguments.dry_run {
        return runtime.block_on(dry_run(arguments, config, question));
    }
    // Before anything is sent.
    let desk = Desk::new(&config.data_dir, arguments.timeout)?;
    desk.published()?;
    let server = server(arguments, config)?;
    if let Some(file) = &arguments.evaluate {
        return runtime.block_on(evaluated(
            cli,
            arguments,
            config,
            &Evaluation { desk, server, file },
        ));
    }
    let told = runtime.block_on(async {
        let model = server.model(wanted(arguments, config)).await?;
        ask::ask(&desk, &server, &model, question).await
    });
    match told {
        Ok(told) => show(cli, arguments, &Answer { question, told: &told }),
        Err(error) => {
            let is_of_the_model = matches!(error, NotTold::Model(_) | NotTold::GaveUp { .. });
            let error = Error::from(error);
            if is_of_the_model {
                offer(cli, question, &error)?;
            }
            Err(error)
        }
    }
}

fn server(arguments: &AskArgs, config: &Config) -> Result<Server, Error> {
    let server = Server::new(&config.model, arguments.allow_remote_model, arguments.timeout);
    Ok(server.map_err(NotTold::from)?)
}

fn wanted<'a>(arguments: &'a AskArgs, config: &'a Config) -> Option<&'a str> {
    arguments.model.as_deref().or(config.model.name.as_deref())
}

/// The request's body, and nothing else, on standard output.
async fn dry_run(arguments: &AskArgs, config: &Config, question: &str) -> Result<(), Error> {
    let server = server(arguments, config)?;
    let model = match wanted(arguments, config) {
        Some(model) => model.to_owned(),
        None => server.model(None).await.unwrap_or_else(|error| {
            tell(&format!("{error}; `MODEL` stands for the name of the model"));
            "MODEL".to_owned()
        }),
    };
    tell(&format!("this would be sent, as a POST to {}:", server.completions()));
    print_as_it_is(&Prompt::new(question).body(&model))
}

/// The ready questions that may have been meant; with `--json`, beside the error in its document.
fn offer(cli: &Cli, question: &str, error: &Error) -> Result<(), Error> {
    let nearest = ask::nearest(question);
    if cli.json {
        let told = crate::causes::causes(error).join(": ");
        let mut document = failure(error.code(), &told, false);
        document["question"] = question.into();
        document["nearest_questions"] = json!(nearest);
        print(&document.to_string())?;
    }
    if nearest.is_empty() {
        tell("no ready question is near; `snowtrack query --list` shows all");
        return Ok(());
    }
    tell("the nearest ready questions, which need no model:");
    let columns = vec![Column::word("ask"), Column::name("answers")];
    let mut table = Grid::new(Frame::Open { indent: 2 }, columns);
    for it in nearest {
        let command = flags().command(&format!("query {}", it.name));
        table.row(vec![command.into(), it.description.as_str().into()]);
    }
    tell_as_it_is(&table.drawn(&canvas()).text);
    Ok(())
}

/// What `--json` prints.
#[derive(serde::Serialize)]
struct Answer<'a> {
    /// As it was asked.
    question: &'a str,
    #[serde(flatten)]
    told: &'a Told,
}

fn show(cli: &Cli, arguments: &AskArgs, answer: &Answer<'_>) -> Result<(), Error> {
    let told = answer.told;
    if cli.json {
        return print_as_it_is(&serde_json::to_string(answer).map_err(std::io::Error::from)?);
    }
    let (rows, columns) = (&told.rows.rows, &told.rows.columns);
    let is_number = |name: &String| {
        let mut values = rows.iter().map(|row| &row[name]).filter(|value| !value.is_null());
        !rows.is_empty() && values.all(Value::is_number)
    };
    let heads = columns.iter().map(|name| match is_number(name) {
        true => Column::number(name),
        false => Column::text(name),
    });
    let mut table = Grid::new(Frame::Boxed, heads.collect());
    for row in rows {
        let of = |name: &String| match &row[name] {
            Value::Null => null(),
            value => Cell::from(cell(value)),
        };
        table.row(columns.iter().map(of).collect());
    }
    let shown = Shown {
        rows: rows.len() as u64,
        is_whole: !told.rows.truncated,
        columns: columns.len() as u64,
        whole_by: "`--json` has them all",
    };
    let mut page = shown.below(table.drawn(&canvas()));
    assumed(told).into_iter().for_each(|line| page.say(line));
    if arguments.show_sql {
        page.gap();
        page.paste(told.sql.trim());
    }
    print_page(page)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => one_line(text),
        other => other.to_string(),
    }
}

/// What was asked, and what was taken for what.
fn assumed(told: &Told) -> Vec<String> {
    let values = told.parameters.iter().map(|(name, value)| format!("{name} = {}", cell(value)));
    let values = values.collect::<Vec<_>>().join(", ");
    let asked = match (&told.ready_question, values.is_empty()) {
        (Some(question), true) => format!("the ready question `{question}`"),
        (Some(question), false) => format!("the ready question `{question}` with {values}"),
        (None, _) => {
            "SQL of the model's own (`--show-sql`): check that it is what you asked".to_owned()
        }
    };
    let mut lines = vec![format!("asked by {}: {asked}", one_line(&told.model))];
    for name in &told.names {
        let (said, meant) = (one_line(&name.said), one_line(&name.meant));
        lines.push(format!("you said `{said}`, and `{meant}` was taken for it"));
    }
    // Many rows came of something else; a single one may be a count of nothing.
    for said in told.unknown_names.iter().filter(|_| told.rows.rows.len() < 2) {
        lines.push(format!("nothing is called `{}`, or anything like it", one_line(said)));
    }
    if let Some(as_of) = &told.rows.as_of {
        lines.push(format!("as of {as_of}"));
    }
    lines
}

/// What is measured, with what.
struct Evaluation<'a> {
    desk: Desk,
    server: Server,
    file: &'a PathBuf,
}

/// Without a model, the nearest ready questions are measured alone.
async fn evaluated(
    cli: &Cli,
    arguments: &AskArgs,
    config: &Config,
    evaluation: &Evaluation<'_>,
) -> Result<(), Error> {
    let Evaluation { desk, server, file } = evaluation;
    let model = match server.model(wanted(arguments, config)).await {
        Ok(model) => Some(model),
        Err(error @ ModelError::Unreachable { .. }) if wanted(arguments, config).is_none() => {
            tell(&format!("{error}; only the nearest ready questions are measured"));
            None
        }
        Err(error) => return Err(NotTold::from(error).into()),
    };
    let asked = model.as_deref().map(|model| (server, model));
    let outcomes = ask::evaluate(desk, file, asked).await?;
    if cli.json {
        return print(&document(model.as_deref(), &outcomes).to_string());
    }
    let columns = vec![
        Column::name("answered by"),
        Column::word("right"),
        Column::word("with a ready question"),
        Column::word("without"),
    ];
    let mut table = Grid::new(Frame::Boxed, columns);
    for Scored { who, all, ready, other } in scored(model.as_deref(), &outcomes) {
        table.row(vec![who.into(), of(all).into(), of(ready).into(), of(other).into()]);
    }
    let mut page = Page::default();
    page.table(table);
    page.say(format!(
        "right: the same rows as the SQL that a person wrote; on this data directory, {} questions of {}",
        outcomes.len(),
        file.display()
    ));
    print_page(page)
}

/// How one answerer did: on all questions, on those that a ready question answers, on the others.
struct Scored {
    who: String,
    all: Score,
    ready: Score,
    other: Score,
}

fn scored(model: Option<&str>, outcomes: &[Outcome]) -> Vec<Scored> {
    let score = |who: String, is_right: fn(&Outcome) -> bool| Scored {
        who,
        all: Score::of(outcomes.iter(), is_right),
        ready: Score::of(outcomes.iter().filter(|it| it.ready.is_some()), is_right),
        other: Score::of(outcomes.iter().filter(|it| it.ready.is_none()), is_right),
    };
    let by_model = model.map(|model| score(model.to_owned(), |it| it.model_is_right == Some(true)));
    let by_words =
        score("the nearest ready question (no model)".to_owned(), |it| it.nearest_is_right);
    by_model.into_iter().chain([by_words]).collect()
}

fn document(model: Option<&str>, outcomes: &[Outcome]) -> Value {
    let each = scored(model, outcomes).into_iter().map(|it| {
        json!({ "answered_by": it.who, "all": it.all, "with_ready_question": it.ready, "without": it.other })
    });
    json!({ "model": model, "scores": each.collect::<Vec<_>>(), "questions": outcomes })
}

fn of(score: Score) -> String {
    format!("{} of {}", score.right, score.of)
}
