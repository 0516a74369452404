//! `query`: read-only SQL on the published file, or on the rows that the quality gate refused.

use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::exit::Error;
use super::harmless::harmless;
use super::layout::{Cell, Column, Drawn, Frame, Grid, Page, Tone};
use super::questions::{self, Asked, asked};
use super::told::{canvas, has_begun_to_print, print_as_it_is, print_page};
use super::{Cli, Output, duration, is_there, runtime, tell};
use crate::answers::Desk;
use crate::guard::{Answered, Guard, ListedTable, Question, Shape};
use crate::ids::DataDir;
use crate::phrase::counted;
use crate::warehouse;

const EXAMPLES: &str = "Examples:
  snowtrack query --list                                  ready questions: what they answer
  snowtrack query top_artists --param count=5             one of them
  snowtrack query --tables                                what there is, with its rows
  snowtrack query \"describe marts.playlist_overview\"      the columns of one
  snowtrack query \"from playlist_overview order by song_count desc\"
  snowtrack query --format csv -f my.sql > my.csv         a query from a file
  echo \"select count(*) from core.songs\" | snowtrack query -

One select, on at most 256 MB and two threads. For more: open the file with any DuckDB tool.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct QueryArgs {
    /// A ready question by its name, or one query, such as "from marts.playlist_overview"; `-` reads it from standard input
    #[arg(allow_hyphen_values = true, value_parser = sql_text, conflicts_with = "file")]
    #[arg(required_unless_present_any = ["file", "list", "tables"])]
    sql: Option<String>,
    /// A value for what a ready question leaves open (repeatable)
    #[arg(long = "param", value_name = "NAME=VALUE", conflicts_with_all = ["list", "tables"])]
    parameters: Vec<String>,
    /// List the ready questions: what each answers, and what it leaves open
    #[arg(long, conflicts_with_all = ["sql", "file", "tables", "refused"])]
    list: bool,
    /// Read the query from this file
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// List the tables and views with their rows and descriptions
    #[arg(long, conflicts_with_all = ["sql", "file"])]
    tables: bool,
    /// Show each column's type below its name; csv and JSON have no room for types
    #[arg(long, conflicts_with_all = ["list", "tables"])]
    types: bool,
    /// How the result is written [default: table]
    #[arg(long, value_enum)]
    format: Option<Output>,
    /// The longest time that the query may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::duration)]
    timeout: Duration,
    /// Ask the rows that the quality gate refused last: a table for each check, and `checks`
    #[arg(long)]
    refused: bool,
}

/// A screen has no use for more; the other formats have them all.
const MOST_SHOWN_ROWS: u64 = 10_000;
const MOST_SHOWN_BYTES: u64 = 8_000_000;

/// No SQL is longer.
const MOST_SQL_BYTES: u64 = 16 << 20;

/// SQL may begin with a comment, which on a command line looks like an option; alone, a misspelt option would look like a comment.
fn sql_text(raw: &str) -> Result<String, String> {
    let is_sql =
        raw == "-" || !raw.starts_with('-') || raw.starts_with("--") && raw.trim().contains('\n');
    let told = "it is neither an option of `query` nor SQL; a query behind a `--` comment stands on a line of its own";
    is_sql.then(|| raw.to_owned()).ok_or_else(|| told.to_owned())
}

/// Prints the result.
pub(super) fn run_query(cli: &Cli, arguments: &QueryArgs, data_dir: &DataDir) -> Result<(), Error> {
    let format = format(cli, arguments)?;
    duration::some(arguments.timeout)?;
    if arguments.list {
        return questions::list(format);
    }
    let Asked { sql, parameters, question: ready } = match arguments.sql.as_deref() {
        // The refused rows are of other tables than the questions.
        Some(text) if text != "-" && !arguments.refused => asked(text, &arguments.parameters)?,
        _ => questions::as_sql(sql(arguments)?, &arguments.parameters)?,
    };
    let file = if arguments.refused { data_dir.refused() } else { data_dir.published() };
    if !is_there(data_dir, &file)? {
        return Err(match arguments.refused {
            true => warehouse::Error::NothingRefused,
            false => warehouse::Error::NotPublished { path: file },
        }
        .into());
    }
    let question = Question {
        file,
        sql,
        parameters,
        shape: match format {
            Output::Csv => Shape::Csv,
            Output::Json => Shape::Json,
            Output::Table => Shape::Cells,
        },
        most_rows: None,
        most_bytes: None,
        timeout: arguments.timeout,
        is_plan: false,
    };
    let guard = Guard::new()?;
    if arguments.tables {
        return show_tables(&guard, question, format);
    }
    let parameters = question.parameters.clone();
    let row_count = match format {
        Output::Table => show(&guard, question, arguments.types)?,
        Output::Csv | Output::Json => relay(&guard, &question)?,
    };
    match ready {
        Some(ready) if row_count == Some(0) => {
            let desk = Desk::new(data_dir, arguments.timeout)?;
            questions::tell_unknown_names(&desk, ready, &parameters)
        }
        _ => Ok(()),
    }
}

/// The one format that was asked for.
fn format(cli: &Cli, arguments: &QueryArgs) -> Result<Output, Error> {
    match (cli.json, arguments.format) {
        (true, Some(other @ (Output::Csv | Output::Table))) => {
            // Whichever was meant, a document of the other kind is not it.
            has_begun_to_print();
            let name = if matches!(other, Output::Csv) { "csv" } else { "table" };
            Err(Error::Usage(format!(
                "`--json` and `--format {name}` exclude each other: leave one out"
            )))
        }
        (true, _) => Ok(Output::Json),
        (false, format) => Ok(format.unwrap_or(Output::Table)),
    }
}

/// The SQL, from where it is said to be.
fn sql(arguments: &QueryArgs) -> Result<String, Error> {
    match (&arguments.file, arguments.sql.as_deref()) {
        (Some(file), _) => {
            let unread = |error| unreadable(&format!("`{}`", file.display()), &error);
            whole(std::fs::File::open(file).map_err(unread)?).map_err(unread)
        }
        (None, Some("-")) => {
            whole(io::stdin()).map_err(|error| unreadable("standard input", &error))
        }
        (None, given) => Ok(given.unwrap_or_default().to_owned()),
    }
}

fn unreadable(what: &str, error: &io::Error) -> Error {
    Error::Usage(format!("could not read the SQL from {what}: {error}"))
}

fn whole(input: impl Read) -> io::Result<String> {
    let mut text = String::new();
    let read = input.take(MOST_SQL_BYTES + 1).read_to_string(&mut text)?;
    match read as u64 {
        0..=MOST_SQL_BYTES => Ok(text),
        _ => Err(io::Error::other("it is longer than 16 MiB")),
    }
}

/// A table for people. How many rows it has.
fn show(guard: &Guard, question: Question, with_types: bool) -> Result<Option<u64>, Error> {
    let most = (Some(MOST_SHOWN_ROWS), Some(MOST_SHOWN_BYTES));
    let question = Question { most_rows: most.0, most_bytes: most.1, ..question };
    let answer = runtime()?.block_on(guard.ask(&question))?;
    let columns = answer.columns.iter().map(|it| {
        let column = column(&it.name, &it.kind);
        if with_types { column.of_type(&it.kind) } else { column }
    });
    let mut table = Grid::new(Frame::Boxed, columns.collect());
    for row in &answer.rows {
        let cells = row.as_array().into_iter().flatten();
        table.row(cells.map(|cell| cell.as_str().map_or_else(null, Cell::from)).collect());
    }
    let rows = answer.rows.len() as u64;
    let drawn = table.drawn(&canvas());
    let (is_whole, columns) = (!answer.is_truncated, answer.columns.len() as u64);
    let shown = Shown { rows, is_whole, columns, whole_by: WHOLE_BY };
    print_page(shown.below(drawn))?;
    Ok(Some(rows))
}

/// A column of a result; numbers stand below each other by their last digit.
pub(super) fn column(name: &str, kind: &str) -> Column {
    let is_of = |kinds: &[&str]| kinds.iter().any(|it| kind.trim_start_matches('U') == *it);
    let numbers = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE"];
    if is_of(&numbers) || kind.starts_with("DECIMAL(") && kind.ends_with(')') {
        return Column::number(name);
    }
    // Half a time is another one, too.
    let is_time = kind.starts_with("TIME") && !kind.ends_with(']');
    match name {
        _ if is_time || is_of(&["BOOLEAN", "DATE"]) => Column::word(name),
        // A person reads names; ids beside them yield.
        _ if name == "name" || name.ends_with("_name") => Column::name(name),
        _ => Column::text(name),
    }
}

/// What stands for no value.
pub(super) fn null() -> Cell {
    Cell::toned("NULL", Tone::Dim)
}

/// How much of a result a table shows.
pub(super) struct Shown {
    pub(super) rows: u64,
    /// Whether these are all rows.
    pub(super) is_whole: bool,
    pub(super) columns: u64,
    /// What has the rest.
    pub(super) whole_by: &'static str,
}

const WHOLE_BY: &str = "`--format csv` and `--json` have them all";

impl Shown {
    /// The table, and below it how many rows and columns there are, and what of them is not shown.
    pub(super) fn below(&self, drawn: Drawn) -> Page {
        let Drawn { left_out, is_cut, .. } = &drawn;
        let columns = counted(self.columns, "column");
        let mut told = match self.is_whole {
            true => format!("{}, {columns}", counted(self.rows, "row")),
            false => format!("the first {}, {columns}", counted(self.rows, "row")),
        };
        if !left_out.is_empty() {
            told += &format!("; no room for {}", left_out.join(", "));
        }
        if *is_cut {
            told += "; `…` stands where a text is cut";
        }
        if *is_cut || !left_out.is_empty() || !self.is_whole {
            told += &format!("; {}", self.whole_by);
        }
        let mut page = Page::default();
        page.drawn_table(drawn);
        page.say(told);
        page
    }
}

/// The rows as they come. How many they were, where somebody read them all.
fn relay(guard: &Guard, question: &Question) -> Result<Option<u64>, Error> {
    let mut output = Screen { output: io::stdout().lock(), is_terminal: false, held: Vec::new() };
    output.is_terminal = output.output.is_terminal();
    match guard.relay(question, &mut output) {
        Ok(answered) => answered.map(|it: Answered| Some(it.row_count)).map_err(Error::from),
        // The reader has seen enough (`| head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Standard output, from which a terminal gets nothing that it would obey.
struct Screen<W> {
    output: W,
    is_terminal: bool,
    /// The beginning of a line whose end is still to come.
    held: Vec<u8>,
}

impl<W: Write> Screen<W> {
    fn show(&mut self, end: usize) -> io::Result<()> {
        let shown: Vec<u8> = self.held.drain(..end).collect();
        self.output.write_all(harmless(&String::from_utf8_lossy(&shown)).as_bytes())
    }
}

impl<W: Write> Write for Screen<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        has_begun_to_print();
        if !self.is_terminal {
            return self.output.write(bytes);
        }
        self.held.extend_from_slice(bytes);
        if let Some(last) = self.held.iter().rposition(|byte| *byte == b'\n') {
            self.show(last + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.show(self.held.len())?;
        self.output.flush()
    }
}

/// The map of the file.
fn show_tables(guard: &Guard, question: Question, format: Output) -> Result<(), Error> {
    let question = Question { shape: Shape::Objects, ..question };
    let tables = runtime()?.block_on(guard.tables(&question))?;
    let uncounted = tables.iter().filter(|it| it.row_count.is_none());
    let uncounted: Vec<&str> = uncounted.map(|it| it.table.as_str()).collect();
    if !uncounted.is_empty() {
        tell(&format!(
            "not counted: {}; that takes more time or memory than a query may, and a longer `--timeout` may help",
            uncounted.join(", ")
        ));
    }
    match format {
        Output::Json => print_as_it_is(&serde_json::to_string(&tables).map_err(io::Error::from)?),
        Output::Csv => {
            let lines = tables.iter().map(|it| warehouse::csv_line(&cells(it)));
            let header = LISTED.map(|column| column.name).join(",");
            print_as_it_is(&[header].into_iter().chain(lines).collect::<Vec<_>>().join("\n"))
        }
        Output::Table => {
            let columns = LISTED.iter().map(|it| column(it.name, it.kind)).collect();
            let mut shown = Grid::new(Frame::Boxed, columns);
            for it in &tables {
                let cells = cells(it);
                shown.row(cells.map(|cell| cell.map_or_else(null, Cell::from)).into());
            }
            let drawn = shown.drawn(&canvas());
            let all = Shown {
                rows: tables.len() as u64,
                is_whole: true,
                columns: LISTED.len() as u64,
                whole_by: WHOLE_BY,
            };
            print_page(all.below(drawn))
        }
    }
}

/// A column of the map.
struct Listed {
    name: &'static str,
    kind: &'static str,
}

const LISTED: [Listed; 5] = [
    Listed { name: "schema", kind: "VARCHAR" },
    Listed { name: "table", kind: "VARCHAR" },
    Listed { name: "kind", kind: "VARCHAR" },
    Listed { name: "row_count", kind: "BIGINT" },
    Listed { name: "description", kind: "VARCHAR" },
];

fn cells(it: &ListedTable) -> [Option<String>; 5] {
    let names = [&it.schema, &it.table, &it.kind].map(|name| Some(name.clone()));
    let [schema, table, kind] = names;
    [schema, table, kind, it.row_count.map(|count| count.to_string()), it.description.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_no_row_wherever_a_chunk_ends() {
        let text = "a,b\n\u{1b}]0;x\u{7},é\nlast";
        for size in 1..=text.len() {
            let mut screen = Screen { output: Vec::new(), is_terminal: true, held: Vec::new() };
            for chunk in text.as_bytes().chunks(size) {
                screen.write_all(chunk).unwrap();
            }
            screen.flush().unwrap();
            let shown = String::from_utf8(screen.output).unwrap();
            assert_eq!(shown, "a,b\n\u{FFFD}]0;x\u{FFFD},é\nlast", "{size}");
        }
    }
}
