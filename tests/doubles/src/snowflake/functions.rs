//! The functions that the double knows: those that mean the same in DuckDB, those with a macro, those rewritten here.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::catalog::literal;
use super::cursor::Cursor;
use super::engine::ltz;
use super::lexer::{Kind, Token};
use super::problem::{Outcome, Problem};
use super::time_format::strftime;
use super::translate::Translator;
use super::types::Type;

/// Snowflake's name and DuckDB's; both mean the same.
const SAME: [(&str, &str); 42] = [
    ("COUNT", "count"),
    ("COUNT_IF", "count_if"),
    ("SUM", "sum"),
    ("MIN", "min"),
    ("MAX", "max"),
    ("ANY_VALUE", "any_value"),
    ("BOOLAND_AGG", "bool_and"),
    ("BOOLOR_AGG", "bool_or"),
    ("COALESCE", "coalesce"),
    ("NVL", "coalesce"),
    ("NULLIF", "nullif"),
    ("ROW_NUMBER", "row_number"),
    ("RANK", "rank"),
    ("DENSE_RANK", "dense_rank"),
    ("LAG", "lag"),
    ("LEAD", "lead"),
    ("FIRST_VALUE", "first_value"),
    ("LAST_VALUE", "last_value"),
    ("UPPER", "upper"),
    ("LOWER", "lower"),
    ("LENGTH", "length"),
    ("LEN", "length"),
    ("TRIM", "trim"),
    ("REPLACE", "replace"),
    ("SUBSTR", "substr"),
    ("SUBSTRING", "substr"),
    ("LEFT", "left"),
    ("RIGHT", "right"),
    ("CONTAINS", "contains"),
    ("STARTSWITH", "starts_with"),
    ("ENDSWITH", "ends_with"),
    ("MD5", "md5"),
    ("MD5_HEX", "md5"),
    ("CHR", "chr"),
    ("CHAR", "chr"),
    ("ABS", "abs"),
    ("MOD", "mod"),
    ("MD5_NUMBER_UPPER64", "sf_md5_number_upper64"),
    ("PARSE_JSON", "sf_parse_json"),
    ("ARRAY_SIZE", "sf_array_size"),
    ("IFF", "sf_iff"),
    ("EQUAL_NULL", "sf_equal_null"),
];
const REWRITTEN: [&str; 18] = [
    "CAST",
    "CONCAT",
    "CONCAT_WS",
    "ARRAY_CONTAINS",
    "TO_VARCHAR",
    "TO_CHAR",
    "TO_VARIANT",
    "TO_DATE",
    "TO_TIMESTAMP_NTZ",
    "TO_TIMESTAMP_LTZ",
    "DATEADD",
    "SYSTEM$PIPE_STATUS",
    "CURRENT_TIMESTAMP",
    "CURRENT_DATE",
    "CURRENT_ROLE",
    "CURRENT_USER",
    "CURRENT_WAREHOUSE",
    "CURRENT_ACCOUNT",
];
/// Also written without parentheses.
const CONSTANTS: [&str; 3] = ["CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_USER"];

pub(super) fn is_known(name: &str) -> bool {
    SAME.iter().any(|(known, _)| *known == name) || REWRITTEN.contains(&name)
}

pub(super) fn is_constant(name: &str) -> bool {
    CONSTANTS.contains(&name)
}

/// A call as DuckDB runs it.
pub(super) fn call(to: &mut Translator<'_>, name: &str, inner: &[Token]) -> Outcome<String> {
    if let Some((_, same)) = SAME.iter().find(|(known, _)| *known == name) {
        return Ok(format!("{same}({})", to.part(inner)?));
    }
    let arguments = to.arguments(inner);
    match (name, arguments.as_slice()) {
        ("CAST", [argument]) => cast(to, argument),
        ("CONCAT", parts) if !parts.is_empty() => joined(to, parts, None),
        // NULL if any of them is: DuckDB would pass over it.
        ("CONCAT_WS", [separator, parts @ ..]) if !parts.is_empty() => {
            let separator = to.part(separator)?;
            joined(to, parts, Some(&separator))
        }
        ("ARRAY_CONTAINS", [value, array]) => array_contains(to, value, array),
        ("TO_VARCHAR" | "TO_CHAR", [value]) => Ok(format!("sf_to_varchar({})", to.part(value)?)),
        ("TO_VARCHAR" | "TO_CHAR", [value, [format]]) if format.kind == Kind::Text => {
            let value = to.part(value)?;
            let format = strftime(&format.text, &to.session.offset(":"), &to.session.offset(""))?;
            Ok(format!("sf_format({value}, {})", literal(&format)))
        }
        ("TO_VARIANT", [value]) => Ok(format!("({})::varchar", to.part(value)?)),
        ("TO_DATE", [value]) => Ok(format!("({})::date", to.part(value)?)),
        ("TO_TIMESTAMP_NTZ", [value]) => Ok(format!("({})::timestamp", to.part(value)?)),
        ("TO_TIMESTAMP_LTZ", [[value]]) if value.kind == Kind::Text => {
            Ok(ltz(instant(&value.text, to.session.minutes_behind)?))
        }
        ("DATEADD", [[part], count, value]) if part.is_name() || part.kind == Kind::Text => {
            let unit = unit(&part.text)?;
            Ok(format!("(({}) + to_{unit}(({})::integer))", to.part(value)?, to.part(count)?))
        }
        ("SYSTEM$PIPE_STATUS", [[pipe]]) if pipe.kind == Kind::Text => pipe_status(to, &pipe.text),
        ("CURRENT_TIMESTAMP", []) => Ok(ltz(to.state.now())),
        ("CURRENT_DATE", []) => {
            let local = to.state.now() - TimeDelta::minutes(to.session.minutes_behind);
            Ok(format!("date {}", literal(&local.format("%Y-%m-%d").to_string())))
        }
        ("CURRENT_ROLE", []) => Ok(literal(&to.session.role)),
        ("CURRENT_USER", []) => Ok(literal(&to.state.config.user)),
        ("CURRENT_ACCOUNT", []) => Ok(literal(&to.state.config.account)),
        ("CURRENT_WAREHOUSE", []) => {
            Ok(to.session.warehouse.as_deref().map_or_else(|| "null::varchar".to_owned(), literal))
        }
        (_, arguments) => Err(Problem::arguments(name, &format!("{} arguments", arguments.len()))),
    }
}

fn cast(to: &mut Translator<'_>, argument: &[Token]) -> Outcome<String> {
    let Some(at) = argument.iter().rposition(|token| token.is_word("AS")) else {
        return Err(Problem::syntax("CAST without AS"));
    };
    let (kind, next) = to.kind(argument, at + 1)?;
    if let Some(token) = argument.get(next) {
        return to.unexpected(token);
    }
    let target = if kind == Type::Variant { "VARCHAR".to_owned() } else { kind.duckdb() };
    Ok(format!("cast({} as {target})", to.part(&argument[..at])?))
}

fn joined(to: &mut Translator<'_>, parts: &[&[Token]], separator: Option<&str>) -> Outcome<String> {
    let mut texts = Vec::new();
    for part in parts {
        texts.push(format!("({})::varchar", to.part(part)?));
    }
    let glue = separator.map_or_else(|| " || ".to_owned(), |text| format!(" || ({text}) || "));
    Ok(format!("({})", texts.join(&glue)))
}

/// Snowflake compares variants: a bare text is refused.
fn array_contains(to: &mut Translator<'_>, value: &[Token], array: &[Token]) -> Outcome<String> {
    let is_variant = value.first().is_some_and(|token| token.is_word("TO_VARIANT"))
        || value.last().is_some_and(|token| token.is_word("VARIANT"));
    if !is_variant {
        return Err(Problem::arguments("ARRAY_CONTAINS", "VARCHAR(16777216), VARIANT"));
    }
    if !array.first().is_some_and(|token| token.is_word("PARSE_JSON")) {
        return Err(Problem::unknown("ARRAY_CONTAINS of anything but PARSE_JSON"));
    }
    Ok(format!("sf_array_contains({}, {})", to.part(value)?, to.part(array)?))
}

fn unit(part: &str) -> Outcome<&'static str> {
    match part.to_uppercase().trim_end_matches('S') {
        "SECOND" => Ok("seconds"),
        "MINUTE" => Ok("minutes"),
        "HOUR" => Ok("hours"),
        "DAY" => Ok("days"),
        other => Err(Problem::unknown(&format!("date part '{other}'"))),
    }
}

/// A point in time; a text without an offset is in the session's zone.
pub(super) fn instant(text: &str, minutes_behind: i64) -> Outcome<DateTime<Utc>> {
    let with_t = text.trim().replacen(' ', "T", 1).replace(' ', "");
    let padded = match with_t.get(with_t.len().saturating_sub(5)..) {
        // `+0000`
        Some(end)
            if end.starts_with(['+', '-']) && end[1..].chars().all(|c| c.is_ascii_digit()) =>
        {
            format!("{}{}:{}", &with_t[..with_t.len() - 5], &end[..3], &end[3..])
        }
        _ => with_t.clone(),
    };
    if let Ok(at) = DateTime::parse_from_rfc3339(&padded) {
        return Ok(at.to_utc());
    }
    NaiveDateTime::parse_from_str(&with_t, "%Y-%m-%dT%H:%M:%S%.f")
        .map(|at| at.and_utc() + TimeDelta::minutes(minutes_behind))
        .map_err(|_| {
            Problem::new("100035", "22007", format!("Timestamp '{text}' is not recognized"))
        })
}

/// `'…+02:00'::TIMESTAMP_TZ` keeps its offset.
pub(super) fn timestamp_tz(text: &str) -> Outcome<String> {
    let at = DateTime::parse_from_rfc3339(&text.trim().replacen(' ', "T", 1)).map_err(|_| {
        Problem::new("100035", "22007", format!("Timestamp '{text}' is not recognized"))
    })?;
    let utc = at.naive_utc().format("%Y-%m-%d %H:%M:%S%.6f");
    let minutes = at.offset().local_minus_utc() / 60;
    Ok(format!("struct_pack(at := timestamp '{utc}', minutes := {minutes}::integer)"))
}

fn pipe_status(to: &mut Translator<'_>, text: &str) -> Outcome<String> {
    let parts = Cursor::new(text)?.name()?;
    let name = to.session.place.resolve(&parts, "SYSTEM$PIPE_STATUS")?;
    let status = to.state.pipe_status(&name, &to.session.role)?;
    to.uses.pipes.insert(name);
    Ok(literal(&status))
}

/// `TABLE(db.INFORMATION_SCHEMA.COPY_HISTORY(TABLE_NAME => …, START_TIME => …))`
pub(super) fn table_function(to: &mut Translator<'_>, inner: Vec<Token>) -> Outcome<String> {
    let open = inner.iter().position(|token| token.is_symbol("("));
    let Some(open) =
        open.filter(|open| to.close(&inner, *open).is_ok_and(|end| end + 1 == inner.len()))
    else {
        return Err(Problem::unknown("table function"));
    };
    let path: Vec<&str> = inner[..open].iter().map(|token| token.text.as_str()).collect();
    let database = match path.as_slice() {
        [database, ".", "INFORMATION_SCHEMA", ".", "COPY_HISTORY"] => (*database).to_owned(),
        ["INFORMATION_SCHEMA", ".", "COPY_HISTORY"] => {
            let database = to.session.place.database.clone();
            database.ok_or_else(|| Problem::no_database("SELECT"))?
        }
        other => return Err(Problem::unknown_function(&other.concat())),
    };
    if !to.state.catalog.databases.contains_key(&database) {
        return Err(Problem::missing("Database", &database));
    }
    let (mut table, mut since, mut until) = (None, None, None);
    for argument in to.arguments(&inner[open + 1..inner.len() - 1]) {
        let [name, arrow, value @ ..] = argument else {
            return Err(Problem::unknown("COPY_HISTORY with unnamed arguments"));
        };
        if !arrow.is_symbol("=>") {
            return to.unexpected(arrow);
        }
        let sql = to.part(value)?;
        let evaluated = match name.text.as_str() {
            "TABLE_NAME" => to.state.engine.scalar(&format!("select ({sql})::varchar"))?,
            "START_TIME" | "END_TIME" => {
                to.state.engine.scalar(&format!("select epoch_us(({sql})::timestamp)::varchar"))?
            }
            other => return Err(Problem::unknown(&format!("COPY_HISTORY argument '{other}'"))),
        };
        let at = || {
            let micros = evaluated.as_deref().and_then(|text| text.parse().ok());
            micros.and_then(DateTime::<Utc>::from_timestamp_micros)
        };
        match name.text.as_str() {
            "TABLE_NAME" => table = evaluated,
            "START_TIME" => since = at(),
            _ => until = at(),
        }
    }
    let table = table.ok_or_else(|| Problem::arguments("COPY_HISTORY", "TABLE_NAME is missing"))?;
    let since = since.ok_or_else(|| Problem::arguments("COPY_HISTORY", "START_TIME is missing"))?;
    let parts = Cursor::new(&table)?.name()?;
    let name = to.session.place.resolve(&parts, "SELECT")?;
    to.uses.reads_history = true;
    to.state.copy_history(&name, since, until, &to.session.role)
}
