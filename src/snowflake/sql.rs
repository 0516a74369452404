//! The only list of Snowflake's `.sql` files, and the one function that fills in what they leave open.
//!
//! In: names that are [`Ident`]s, quoted [`Literal`]s, shipped tables. Out: statements, one by one, because the SQL API runs one
//! per request. Nothing else ever becomes SQL text; values are bound. Files on disk and files listed here are the same, by test.

use std::borrow::Cow;

use super::api::{Ident, Literal, QualifiedName, literal};
use super::objects::{Names, file_format, ident};
use crate::definitions;
use crate::lake::Format;
use crate::table::{Column, ColumnKind, Shape, Table};
use crate::template;

/// A question about a whole table that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompareQuery {
    /// How many current rows, and their checksum.
    Counts,
    /// The same for each 256th of the table.
    Buckets,
    /// Keys and hashes of some buckets; bind them as a JSON array.
    Keys,
    /// Rows of some keys; bind them as a JSON array.
    Rows,
}

/// Who runs a script of the setup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Needs a privilege of the account (create role, create integration, …).
    Admin,
    /// Needs what the admin's scripts grant to our role.
    Owner,
}

impl Audience {
    /// In one word, for documents.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// How often a script of the setup is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Once,
    EachTable,
    EachPipe,
}

/// A script of the setup.
#[derive(Debug, Clone, Copy)]
pub(super) struct Script {
    pub(super) sql: &'static str,
    pub(super) audience: Audience,
    pub(super) scope: Scope,
}

const fn script(sql: &'static str, audience: Audience, scope: Scope) -> Script {
    Script { sql, audience, scope }
}

/// The setup, in the order in which it is run.
#[rustfmt::skip] // One line per file.
pub(super) const SETUP: &[Script] = &[
    script(include_str!("../../sql/snowflake/setup/010_role.sql"), Audience::Admin, Scope::Once),
    script(include_str!("../../sql/snowflake/setup/015_reader.sql"), Audience::Admin, Scope::Once),
    script(include_str!("../../sql/snowflake/setup/020_warehouse.sql"), Audience::Admin, Scope::Once),
    script(include_str!("../../sql/snowflake/setup/030_database.sql"), Audience::Admin, Scope::Once),
    script(include_str!("../../sql/snowflake/setup/040_user.sql"), Audience::Admin, Scope::Once),
    script(include_str!("../../sql/snowflake/setup/050_integration.sql"), Audience::Admin, Scope::Once),
    script(include_str!("../../sql/snowflake/setup/060_schemas.sql"), Audience::Owner, Scope::Once),
    script(include_str!("../../sql/snowflake/setup/070_file_formats.sql"), Audience::Owner, Scope::Once),
    script(include_str!("../../sql/snowflake/setup/080_stage.sql"), Audience::Owner, Scope::Once),
    script(LANDING_TABLE, Audience::Owner, Scope::EachTable),
    script(include_str!("../../sql/snowflake/setup/190_table_grants.sql"), Audience::Owner, Scope::EachTable),
    script(include_str!("../../sql/snowflake/setup/200_pipe.sql"), Audience::Owner, Scope::EachPipe),
    script(include_str!("../../sql/snowflake/setup/290_reader_future.sql"), Audience::Owner, Scope::Once),
    script(include_str!("../../sql/snowflake/setup/300_dynamic_table.sql"), Audience::Owner, Scope::EachTable),
    script(include_str!("../../sql/snowflake/setup/310_reader.sql"), Audience::Owner, Scope::Once),
];

const OBSERVE: &str = include_str!("../../sql/snowflake/observe.sql");
const OBSERVE_TABLE: &str = include_str!("../../sql/snowflake/observe_table.sql");
const LOAD: &str = include_str!("../../sql/snowflake/load.sql");
pub(super) const HISTORY_OF_QUERIES: &str = include_str!("../../sql/snowflake/history/queries.sql");
pub(super) const HISTORY_OF_WAREHOUSES: &str =
    include_str!("../../sql/snowflake/history/metering.sql");
pub(super) const HISTORY_OF_PIPES: &str = include_str!("../../sql/snowflake/history/pipes.sql");
const LANDED: &str = include_str!("../../sql/snowflake/verify/landed.sql");
const COPY_HISTORY: &str = include_str!("../../sql/snowflake/verify/copy_history.sql");
const PIPES: &str = include_str!("../../sql/snowflake/verify/pipes.sql");
const PIPE_STATUS: &str = include_str!("../../sql/snowflake/verify/pipe_status.sql");
const PIPE_STATUSES: &str = include_str!("../../sql/snowflake/verify/pipe_statuses.sql");
const COMPARE_COUNTS: &str = include_str!("../../sql/snowflake/compare/counts.sql");
const COMPARE_BUCKETS: &str = include_str!("../../sql/snowflake/compare/buckets.sql");
const COMPARE_KEYS: &str = include_str!("../../sql/snowflake/compare/keys.sql");
const COMPARE_ROWS: &str = include_str!("../../sql/snowflake/compare/rows.sql");

const FORGET_DELETE: &str = include_str!("../../sql/snowflake/forget/delete.sql");
const FORGET_MAY_DELETE: &str = include_str!("../../sql/snowflake/forget/may_delete.sql");
const FORGET_LEFT: &str = include_str!("../../sql/snowflake/forget/left.sql");
const FORGET_LEFT_IN_COLUMN: &str = include_str!("../../sql/snowflake/forget/left_in_column.sql");
const FORGET_RETENTION: &str = include_str!("../../sql/snowflake/forget/retention.sql");

const LANDING_TABLE: &str = include_str!("../../sql/snowflake/setup/100_landing_table.sql");
const CANONICAL: &str = include_str!("../../sql/snowflake/canonical/each_table.sql");

/// A table's current rows: the template of each table, and of those that need one of their own.
const CURRENT: &str = include_str!("../../sql/snowflake/current/each_table.sql");
const CURRENT_OF: [(&str, &str); 2] = [
    ("song_artists", include_str!("../../sql/snowflake/current/song_artists.sql")),
    ("genres", include_str!("../../sql/snowflake/current/genres.sql")),
];

fn current(shape: &Shape) -> &'static str {
    let own = CURRENT_OF.iter().find(|(table, _)| *table == shape.name);
    own.map_or(CURRENT, |(_, template)| template)
}

/// What a template leaves open about its table.
fn of_table<'a>(shape: &'a Shape, name: &str) -> Option<Cow<'a, str>> {
    let lines = |words: fn(&Column) -> String, indent: &str| {
        Some(Cow::Owned(shape.each_column(&format!(",\n{indent}"), words)))
    };
    match name {
        "landing_table" => Some(Cow::Borrowed(&shape.name)),
        "landing_columns" => {
            Some(Cow::Owned(shape.each_column(",\n    ", |column| landing_column(shape, column))))
        }
        "current_columns" => {
            Some(Cow::Owned(shape.each_column(",\n    ", |column| current_column(shape, column))))
        }
        "table_comment" => Some(Cow::Owned(described(shape, None))),
        "run_id_comment" => Some(Cow::Owned(described(shape, Some("run_id")))),
        "extracted_at_comment" => Some(Cow::Owned(described(shape, Some("extracted_at")))),
        "row_hash_comment" => Some(Cow::Owned(described(shape, Some("row_hash")))),
        "column_texts" => lines(column_text, "        "),
        "column_values" => {
            lines(|column| format!("{} as {}", text_of(column), value_name(column)), "    ")
        }
        "row_key" => Some(Cow::Owned(row_key(shape))),
        _ => shape.filling(name),
    }
}

fn landing_column(shape: &Shape, column: &Column) -> String {
    let required = if column.is_key { " not null" } else { "" };
    let (data_type, comment) = (data_type(column), described(shape, Some(&column.name)));
    format!("{:<16} {data_type}{required} comment {comment}", column.name)
}

fn current_column(shape: &Shape, column: &Column) -> String {
    let (data_type, comment) = (data_type(column), described(shape, Some(&column.name)));
    format!("{:<16} {data_type} comment {comment}", column.name)
}

const fn data_type(column: &Column) -> &'static str {
    match column.kind {
        ColumnKind::Boolean => "boolean",
        ColumnKind::Date => "date",
        ColumnKind::Integer => "number(10, 0)",
        ColumnKind::Timestamp => "timestamp_ntz(6)",
        ColumnKind::Varchar => "varchar",
    }
}

/// What a shipped table is, or one of its columns, as a literal of one line.
fn described(shape: &Shape, column: Option<&str>) -> String {
    let mut tables = definitions::described().iter().filter(|it| it.schema == "core");
    let text = tables.find(|table| table.name == shape.name).and_then(|table| match column {
        None => Some(&table.description),
        Some(name) => {
            let found = table.columns.iter().find(|column| column.name == name);
            found.map(|column| &column.description)
        }
    });
    let words = text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    literal(&words.unwrap_or_default()).to_string()
}

/// A column as text; NULL where it is.
fn text_of(column: &Column) -> String {
    let name = &column.name;
    match column.kind {
        ColumnKind::Varchar => name.clone(),
        ColumnKind::Boolean | ColumnKind::Integer => format!("to_varchar({name})"),
        ColumnKind::Date => format!("to_varchar({name}, 'YYYY-MM-DD')"),
        ColumnKind::Timestamp => format!("to_varchar({name}, 'YYYY-MM-DD\"T\"HH24:MI:SS')"),
    }
}

fn column_text(column: &Column) -> String {
    format!(r"coalesce({}, '\\N')", text_of(column))
}

/// What the text of a column is called where each stands by itself: not as the column, which other parts of the query mean.
pub(super) fn value_name(column: &Column) -> String {
    format!("{}_text", column.name)
}

fn row_key(shape: &Shape) -> String {
    let key = shape.each_key(", ", text_of);
    if shape.key.contains(',') { format!("concat_ws(chr(31), {key})") } else { key }
}

/// What may be filled in.
#[derive(Debug, Clone)]
pub(super) enum Filling {
    Name(Ident),
    Text(Literal),
    Texts(Vec<Literal>),
    /// The table's folder in the lake.
    Folder(Table),
    /// A query made here.
    Query(String),
}

/// Names for a template's open places.
pub(super) type Fillings = Vec<(&'static str, Filling)>;

impl Names {
    /// What was landed of some files; bind where their rows come from (`key run time`), then their keys, each
    /// a JSON array.
    pub(crate) fn landed(&self, table: Table) -> String {
        let rows = self.canonical(table.shape(), self.table(table).to_string());
        self.single(LANDED, vec![("canonical_rows", Filling::Query(rows))])
    }

    /// What became of a run's files since `since` (ISO 8601, at most 14 days ago); bind the run's id.
    pub(crate) fn copy_history(&self, table: Table, since: &str) -> String {
        let table = Filling::Name(ident(table.name()));
        let since = Filling::Text(literal(since));
        self.single(COPY_HISTORY, vec![("table", table), ("since", since)])
    }

    /// Which pipes there are.
    pub(crate) fn pipes(&self) -> String {
        self.single(PIPES, Vec::new())
    }

    /// How a pipe is.
    pub(crate) fn pipe_status(&self, pipe: &QualifiedName) -> String {
        self.single(PIPE_STATUS, vec![("pipe", Filling::Name(pipe.name.clone()))])
    }

    /// How several pipes are, in the order of the columns; an error where one of them does not exist.
    pub(crate) fn pipe_statuses(&self, pipes: &[QualifiedName]) -> String {
        let status = |(at, pipe): (usize, &QualifiedName)| {
            format!("system$pipe_status({}) as status_{at}", literal(&pipe.to_string()))
        };
        let statuses: Vec<String> = pipes.iter().enumerate().map(status).collect();
        self.single(PIPE_STATUSES, vec![("statuses", Filling::Query(statuses.join(",\n    ")))])
    }

    /// One question of a comparison.
    pub(crate) fn compare(&self, table: Table, question: CompareQuery) -> String {
        let template = match question {
            CompareQuery::Counts => COMPARE_COUNTS,
            CompareQuery::Buckets => COMPARE_BUCKETS,
            CompareQuery::Keys => COMPARE_KEYS,
            CompareQuery::Rows => COMPARE_ROWS,
        };
        let current = self.current_rows(table);
        let canonical = self.canonical(table.shape(), format!("(\n{current}\n)"));
        let rows = [("canonical_rows", canonical), ("current_rows", current)];
        let fillings = rows.map(|(open, query)| (open, Filling::Query(query))).to_vec();
        self.statements_of(template, &fillings, Some(table.shape())).swap_remove(0)
    }

    /// Loads named files, at most 1,000; `paths` are below the table's folder, as `insertFiles` takes them.
    pub(crate) fn load(&self, table: Table, format: Format, paths: &[String]) -> String {
        let files = paths.iter().map(|path| literal(path)).collect();
        self.single(
            LOAD,
            vec![
                ("table", Filling::Name(ident(table.name()))),
                ("folder", Filling::Folder(table)),
                ("file_format", Filling::Name(file_format(format))),
                ("files", Filling::Texts(files)),
            ],
        )
    }

    /// Takes the rows of files out of a landing table; bind the files' keys as a JSON array.
    pub(crate) fn delete_files(&self, table: Table) -> String {
        self.of_landing_table(FORGET_DELETE, table, None)
    }

    /// Changes nothing, and is refused where the role may not delete.
    pub(crate) fn may_delete(&self, table: Table) -> String {
        self.of_landing_table(FORGET_MAY_DELETE, table, None)
    }

    /// Counts the rows of files, or with one of these ids in `column`; bind the keys, then the ids, each a JSON array.
    pub(crate) fn left_rows(&self, table: Table, column: &str) -> String {
        self.of_landing_table(FORGET_LEFT, table, Some(("gone_column", column)))
    }

    /// Counts the rows with one of these ids in `column`; bind them as a JSON array.
    pub(crate) fn left_in_column(&self, table: Table, column: &str) -> String {
        self.of_landing_table(FORGET_LEFT_IN_COLUMN, table, Some(("nulled_column", column)))
    }

    /// The landing tables, with how long each keeps what was deleted.
    pub(crate) fn retention(&self) -> String {
        self.single(FORGET_RETENTION, Vec::new())
    }

    fn of_landing_table(
        &self,
        template: &str,
        table: Table,
        column: Option<(&'static str, &str)>,
    ) -> String {
        let mut fillings = vec![("table", Filling::Name(ident(table.name())))];
        fillings.extend(column.map(|(open, name)| (open, Filling::Name(ident(name)))));
        self.single(template, fillings)
    }

    /// The query of a table's current rows on its landing table.
    pub(super) fn current_rows(&self, table: Table) -> String {
        self.current_rows_of(table.shape())
    }

    pub(super) fn current_rows_of(&self, shape: &Shape) -> String {
        self.fill(current(shape), &Vec::new(), Some(shape))
    }

    /// How a table's dynamic table is kept up: what its query allows, by its own header.
    pub(super) fn refresh_mode(table: Table) -> Ident {
        let mode =
            current(table.shape()).lines().find_map(|line| line.strip_prefix("-- refresh: "));
        ident(mode.expect("each current/*.sql says how it can be refreshed"))
    }

    pub(super) fn canonical(&self, shape: &Shape, source: String) -> String {
        let source = vec![("source", Filling::Query(source))];
        self.fill(CANONICAL, &source, Some(shape))
    }

    /// The questions that a plan asks first.
    pub(super) fn observations(&self) -> Vec<String> {
        let mut questions = self.statements(OBSERVE, &Vec::new());
        for table in Table::ALL {
            let table = Filling::Name(ident(table.name()));
            questions.extend(self.statements(OBSERVE_TABLE, &vec![("table", table)]));
        }
        questions
    }

    /// A file's statements.
    pub(super) fn statements(&self, template: &str, fillings: &Fillings) -> Vec<String> {
        self.statements_of(template, fillings, None)
    }

    /// A file's statements for one table.
    pub(super) fn statements_of(
        &self,
        template: &str,
        fillings: &Fillings,
        shape: Option<&Shape>,
    ) -> Vec<String> {
        // A `;` that ends a line ends a statement; no text of ours has one there.
        let filled = self.fill(template, fillings, shape);
        let statements = filled.split(";\n").map(|text| text.trim().trim_end_matches(';'));
        statements.filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn single(&self, template: &str, fillings: Fillings) -> String {
        self.statements(template, &fillings).swap_remove(0)
    }

    /// Puts names, literals and what the table is made of into a template.
    fn fill(&self, template: &str, fillings: &Fillings, shape: Option<&Shape>) -> String {
        template::fill(&without_comments(template), |name| {
            let given = fillings.iter().find(|(open, _)| *open == name);
            let given = given.map(|(_, filling)| Cow::Owned(filling.to_sql()));
            let of_table = || shape.and_then(|shape| of_table(shape, name));
            let named = || Some(Cow::Borrowed(self.named(name).as_str()));
            given.or_else(of_table).or_else(named)
        })
    }
}

impl Filling {
    fn to_sql(&self) -> String {
        match self {
            Self::Name(name) => name.to_string(),
            Self::Text(text) => text.to_string(),
            Self::Texts(texts) => {
                texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            }
            Self::Folder(table) => table.name().to_owned(),
            Self::Query(sql) => sql.clone(),
        }
    }
}

/// Comments are for who reads the file. ` --` stands in no string of ours.
pub(super) fn without_comments(sql: &str) -> String {
    let code = sql.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code));
    let lines = code.map(str::trim_end).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::snowflake::objects::IngestMode;
    use crate::warehouse::Warehouse;

    #[test]
    fn every_sql_file_on_disk_is_listed() {
        let mut listed: BTreeSet<&str> = SETUP.iter().map(|script| script.sql).collect();
        listed.extend(Table::ALL.map(|table| current(table.shape())));
        listed.insert(CANONICAL);
        listed.extend([OBSERVE, OBSERVE_TABLE, LOAD, LANDED, COPY_HISTORY, PIPES, PIPE_STATUS]);
        listed.insert(PIPE_STATUSES);
        listed.extend([HISTORY_OF_QUERIES, HISTORY_OF_WAREHOUSES, HISTORY_OF_PIPES]);
        listed.extend([FORGET_DELETE, FORGET_MAY_DELETE, FORGET_LEFT, FORGET_LEFT_IN_COLUMN]);
        listed.insert(FORGET_RETENTION);
        listed.extend([COMPARE_COUNTS, COMPARE_BUCKETS, COMPARE_KEYS, COMPARE_ROWS]);
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/snowflake")];
        let mut count = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                // The semantic view is people's to make: `make generate` writes it, and nothing runs it.
                if path.is_dir() && !path.ends_with("semantic") {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "sql") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert!(listed.contains(text.as_str()), "{} is not in sql.rs", path.display());
                    count += 1;
                }
            }
        }
        assert_eq!(count, listed.len());
    }

    #[test]
    fn a_script_says_itself_who_runs_it() {
        for script in SETUP {
            let audience = match script.audience {
                Audience::Admin => "audience: admin",
                Audience::Owner => "audience: owner",
            };
            assert!(script.sql.contains(audience), "{}", script.sql);
            let is_template = script.sql.contains("-- A template, once per table");
            assert_eq!(is_template, script.scope != Scope::Once, "{}", script.sql);
        }
    }

    #[test]
    fn what_is_filled_in_is_never_read_as_a_template_or_left_by_its_quotes() {
        let names = Names::default();
        let paths = ["a{table}'); drop table x; --.parquet".to_owned()];
        let sql = names.load(Table::Songs, Format::Parquet, &paths);
        assert!(sql.contains("files = ('a{table}''); drop table x; --.parquet')"), "{sql}");
        insta::assert_snapshot!(names.load(Table::Genres, Format::Csv, &["y/g.csv.gz".to_owned()]), @"
        copy into SPOTIFY.RAW.GENRES
        from @SPOTIFY.RAW.SPOTIFY_S3_STAGE/raw/genres/
        files = ('y/g.csv.gz')
        file_format = (format_name = 'SPOTIFY.RAW.CSV_V2')
        match_by_column_name = case_insensitive
        include_metadata = (
            _file_name = metadata$filename,
            _file_row_number = metadata$file_row_number,
            _loaded_at = metadata$start_scan_time
        )
        on_error = skip_file
        ");
    }

    #[test]
    fn every_question_is_one_statement_without_open_names_or_comments() {
        let names = Names::default();
        let pipe = names.pipe(Table::Songs, Format::Csv, IngestMode::Auto).unwrap();
        assert_eq!(pipe.to_string(), "SPOTIFY.RAW.SONGS_CSV_AUTO_V2");
        assert_eq!(names.pipe(Table::Songs, Format::Csv, IngestMode::Copy), None);
        let mut questions = names.observations();
        questions.push(names.pipe_status(&pipe));
        questions.push(names.pipe_statuses(&[pipe.clone(), pipe]));
        for table in Table::ALL {
            questions.push(names.landed(table));
            questions.push(names.copy_history(table, "2026-01-05T06:07:08Z"));
            for question in [
                CompareQuery::Counts,
                CompareQuery::Buckets,
                CompareQuery::Keys,
                CompareQuery::Rows,
            ] {
                questions.push(names.compare(table, question));
            }
        }
        for sql in questions {
            assert!(!sql.contains(['{', '}', ';']) && !sql.contains("--"), "{sql}");
        }
    }

    #[test]
    fn each_query_of_current_rows_says_how_it_can_be_refreshed_and_asks_for_nothing_that_forbids_it()
     {
        for table in Table::ALL {
            let mode = Names::refresh_mode(table).to_string();
            assert!(["INCREMENTAL", "FULL"].contains(&mode.as_str()), "{table}: {mode}");
            // What Snowflake refuses to refresh incrementally, by its list of supported queries.
            let sql = without_comments(current(table.shape())).to_lowercase();
            let forbids =
                ["exists", " in (", " limit", "except", "any_value", "current_", "recursive"];
            let is_forbidden = forbids.iter().any(|word| sql.contains(word));
            assert_eq!(mode == "FULL", is_forbidden, "{table}: {mode}");
        }
    }

    /// What Snowflake has and DuckDB has not.
    pub(in crate::snowflake) const AS_IN_SNOWFLAKE: &str = "create schema landing;
        create macro to_varchar(x) as x::varchar, (x, format) as strftime(x,
            case format when 'YYYY-MM-DD' then '%Y-%m-%d' else '%Y-%m-%dT%H:%M:%S' end);";

    /// A warehouse whose schema `landing` holds the landing tables, and whose functions have Snowflake's names.
    fn landing() -> (tempfile::TempDir, Warehouse) {
        let (folder, warehouse) = Warehouse::scratch();
        let mut sql = AS_IN_SNOWFLAKE.to_owned();
        for table in Table::ALL {
            sql += &on_duckdb(&landing_table(table.shape()));
        }
        warehouse.connection().execute_batch(&sql).unwrap();
        (folder, warehouse)
    }

    pub(in crate::snowflake) fn landing_table(shape: &Shape) -> String {
        let statements = names().statements_of(LANDING_TABLE, &Vec::new(), Some(shape));
        without_descriptions(&statements.concat()) + ";\n"
    }

    /// A statement of the setup that describes nothing, as earlier ones did and as DuckDB wants it.
    pub(in crate::snowflake) fn without_descriptions(sql: &str) -> String {
        let is_dynamic = sql.starts_with("create dynamic table");
        let (first, rest) = sql.split_once(" (\n").unwrap();
        let (columns, rest) = rest.split_once("\n)").unwrap();
        let column = |line: &str| {
            let end = if line.ends_with(',') { "," } else { "" };
            let (column, _) = line.split_once(" comment '").unwrap();
            format!("{column}{end}")
        };
        let columns: Vec<String> = columns.lines().map(column).collect();
        let is_kept = |line: &&str| !line.trim_start().starts_with("comment = ");
        let rest = rest.lines().filter(is_kept).collect::<Vec<_>>().join("\n");
        match is_dynamic {
            true => format!("{first}{rest}"),
            false => format!("{first} (\n{}\n){rest}", columns.join("\n")).trim_end().to_owned(),
        }
    }

    pub(in crate::snowflake) fn names() -> Names {
        Names { database: ident("WORK"), schema: ident("LANDING"), ..Names::default() }
    }

    /// What the two dialects spell differently.
    pub(in crate::snowflake) fn on_duckdb(sql: &str) -> String {
        sql.replace("timestamp_ntz(6)", "timestamp")
            .replace("timestamp_ltz", "timestamp")
            .replace(" number(", " decimal(")
            .replace(r"'\\N'", r"'\N'")
    }

    fn texts(warehouse: &Warehouse, sql: &str) -> Vec<String> {
        let listed = format!("select columns(*)::varchar from ({sql}) order by all");
        let read = |row: &duckdb::Row<'_>| {
            let width = row.as_ref().column_count();
            let cells: Vec<Option<String>> =
                (0..width).map(|at| row.get(at)).collect::<duckdb::Result<_>>()?;
            Ok(cells.into_iter().map(|cell| cell.unwrap_or("NULL".to_owned())).collect::<Vec<_>>())
        };
        let rows = warehouse.rows(&listed, "test", read).unwrap();
        rows.into_iter().map(|row| row.join(" ")).collect()
    }

    #[test]
    fn a_landing_table_has_the_columns_of_core_in_order_and_then_where_a_row_came_from() {
        let (_folder, warehouse) = landing();
        for table in Table::ALL {
            let describe = format!("select column_name, column_type from (describe core.{table})");
            let read =
                |row: &duckdb::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
            let core = warehouse.rows(&describe, "test", read).unwrap();
            let expected: Vec<String> = core
                .iter()
                .map(|(name, kind)| {
                    let kind = match kind.as_str() {
                        "INTEGER" => "number(10, 0)",
                        "DECIMAL(20,0)" => "number(20, 0)",
                        "TIMESTAMP" => "timestamp_ntz(6)",
                        "VARCHAR" => "varchar",
                        "DATE" => "date",
                        "BOOLEAN" => "boolean",
                        other => panic!("{table}: no type for {other}"),
                    };
                    let is_key = table.key().split(", ").any(|key| key == name);
                    let is_required =
                        is_key || ["run_id", "extracted_at", "row_hash"].contains(&name.as_str());
                    format!("{name} {kind}{}", if is_required { " not null" } else { "" })
                })
                .chain(
                    [
                        "_file_name varchar not null",
                        "_file_row_number number(38, 0) not null",
                        "_loaded_at timestamp_ltz",
                    ]
                    .map(str::to_owned),
                )
                .collect();
            let ddl = landing_table(table.shape());
            let found: Vec<String> = ddl
                .lines()
                .filter_map(|line| line.strip_prefix("    "))
                .map(|line| {
                    line.trim_end_matches(',').split_whitespace().collect::<Vec<_>>().join(" ")
                })
                .collect();
            assert_eq!(found, expected, "{table}");
            let business: Vec<String> = core.iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(table.columns(), business[..business.len() - 3], "{table}");
        }
    }

    #[test]
    fn both_dialects_make_the_same_text_and_the_same_key_of_a_row() {
        let (_folder, warehouse) = landing();
        for table in Table::ALL {
            let (mut values, mut nulls) = (Vec::new(), Vec::new());
            for (at, name) in table.columns().iter().enumerate() {
                let describe = format!(
                    "select column_type from (describe core.{table}) where column_name = '{name}'"
                );
                let value = match texts(&warehouse, &describe)[0].as_str() {
                    "INTEGER" => format!("{}", 40 + at),
                    "DATE" => "date '0999-01-02'".to_owned(),
                    "TIMESTAMP" => "timestamp '2026-01-05 06:07:08'".to_owned(),
                    "BOOLEAN" => "false".to_owned(),
                    _ => format!(r"'{at}\Ä''🎵 '"),
                };
                let is_key = table.key().split(", ").any(|key| key == name);
                nulls.push(if is_key { value.clone() } else { "null".to_owned() });
                values.push(value);
            }
            for row in [values, nulls] {
                let (row, tail) = (row.join(", "), "'R', timestamp '2026-01-05 06:07:08', 0");
                let insert = format!(
                    "delete from core.{table}; insert into core.{table} values ({row}, {tail});
                    delete from landing.{table};
                    insert into landing.{table} values ({row}, {tail}, 'f', 1, null)"
                );
                warehouse.connection().execute_batch(&insert).unwrap();
                let source = names().table(table).to_string();
                let snowflake = on_duckdb(&names().canonical(table.shape(), source));
                let duckdb = format!("select row_key, content from staging.canonical_{table}");
                let found =
                    texts(&warehouse, &format!("select row_key, content from ({snowflake})"));
                assert_eq!(found, texts(&warehouse, &duckdb), "{table}");
                assert_eq!(found.len(), 1);
            }
        }
    }

    #[test]
    fn the_text_that_is_hashed_is_asked_for_as_the_first_version_did() {
        let asked = include_str!("../../tests/fixtures/snowflake/canonical_0_1_0.sql");
        let mut found = String::new();
        for table in Table::ALL {
            let names = Names::default();
            let rows = names.canonical(table.shape(), names.table(table).to_string());
            found += &format!("-- {table}\n{rows}\n");
        }
        assert_eq!(asked.split_once('\n').unwrap().1, found);
    }

    /// The current rows of a landing table that was loaded as told: `(values), hour`.
    fn current_after(table: Table, loads: &[(&str, u32)]) -> Vec<String> {
        let (_folder, warehouse) = landing();
        for (at, (row, hour)) in loads.iter().enumerate() {
            let insert = format!(
                "insert into landing.{table} values ({row}, 'R{hour}', timestamp '2026-01-05 \
                    0{hour}:00:00', 0, 'f{at}', 1, null)"
            );
            warehouse.connection().execute_batch(&insert).unwrap();
        }
        let business = table.columns().join(", ");
        let current = on_duckdb(&names().current_rows(table));
        texts(&warehouse, &format!("select {business} from ({current})"))
    }

    #[test]
    fn the_newest_row_of_each_key_is_current_also_when_it_was_loaded_first_or_twice() {
        let loads = [
            ("'a', 'new', 'u'", 2),
            ("'a', 'old', 'u'", 1),
            ("'b', 'only', null", 1),
            ("'a', 'new', 'u'", 2),
        ];
        assert_eq!(current_after(Table::Artists, &loads), ["a new u", "b only NULL"]);
    }

    #[test]
    fn a_place_older_than_its_songs_newest_first_place_is_gone() {
        // s lost its third place, t's second changed alone, u never had a first.
        let loads = [
            ("'s', 0, 'x'", 1),
            ("'s', 1, 'y'", 1),
            ("'s', 2, 'z'", 1),
            ("'t', 0, 'x'", 1),
            ("'t', 1, 'y'", 1),
            ("'u', 1, 'w'", 1),
            ("'s', 0, 'x'", 2),
            ("'s', 1, 'y'", 2),
            ("'t', 1, 'z'", 3),
        ];
        assert_eq!(
            current_after(Table::SongArtists, &loads),
            ["s 0 x", "s 1 y", "t 0 x", "t 1 z", "u 1 w"]
        );
    }

    #[test]
    fn genres_older_than_any_of_the_artist_are_gone() {
        let loads = [
            ("'x', 'pop'", 1),
            ("'x', 'rock'", 1),
            ("'y', 'pop'", 1),
            ("'x', 'pop'", 2),
            ("'x', 'soul'", 2),
            ("'x', 'pop'", 2),
        ];
        assert_eq!(current_after(Table::Genres, &loads), ["x pop", "x soul", "y pop"]);
    }
}
