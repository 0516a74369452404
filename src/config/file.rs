//! `snowtrack.toml`: each value goes through the checks of its setting, and an error names file, line, key and value.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::said::{Origin, Said};
use super::slot::Kind;
use super::{Error, MASK, names, settings};

/// Reads the file's text.
pub(super) fn from_toml(text: &str, path: &Path) -> Result<Said, Error> {
    let file = File { text, path };
    // The parser's own rendering quotes the line, which may hold a secret; its place and message do.
    let document = DeTable::parse(text)
        .map_err(|error| file.invalid(error.span().unwrap_or_default(), error.message()))?;
    let mut said = Said::default();
    for (key, value) in document.get_ref() {
        let is_table = settings::tables().any(|table| table == key.get_ref().as_ref());
        match value.get_ref() {
            DeValue::Table(table) if is_table => {
                for (inner, value) in table {
                    let name = format!("{}.{}", key.get_ref(), inner.get_ref());
                    file.take(&mut said, &name, inner.span(), value)?;
                }
            }
            _ if is_table => {
                let wanted = format!("`{}` is a table: write `[{}]`", key.get_ref(), key.get_ref());
                return Err(file.invalid(key.span(), &wanted));
            }
            _ => file.take(&mut said, key.get_ref(), key.span(), value)?,
        }
    }
    Ok(said)
}

struct File<'a> {
    text: &'a str,
    path: &'a Path,
}

impl File<'_> {
    fn take(
        &self,
        said: &mut Said,
        key: &str,
        place: Range<usize>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), Error> {
        let Some(setting) = settings::of_key(key) else {
            return Err(self.invalid(place, &format!("unknown key `{key}`; {}", meant(key))));
        };
        let taken = match value_text(setting.kind(), value.get_ref()) {
            // As in the environment: an empty value is none. Only a prefix can be empty.
            Ok(text) if text.is_empty() && key != "lake.prefix" => Ok(()),
            Ok(text) => match setting.refusal(&text) {
                Some(wanted) => Err(wanted),
                None => said.say(setting, &text, Origin::File(self.path.to_owned())),
            },
            Err(wanted) => Err(wanted),
        };
        taken.map_err(|wanted| {
            let shown = match value.get_ref() {
                _ if setting.is_secret() => MASK.to_owned(),
                DeValue::String(text) => shown(text),
                _ => shown(self.text.get(value.span()).unwrap_or_default()),
            };
            self.invalid(value.span(), &format!("`{key}` is {shown}, wanted {wanted}"))
        })
    }

    fn invalid(&self, place: Range<usize>, message: &str) -> Error {
        let before = self.text.get(..place.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        Error::Syntax { path: self.path.to_owned(), message: format!("line {line}: {message}") }
    }
}

/// What an unknown key could have been.
fn meant(key: &str) -> String {
    let table = key.split_once('.').map(|(table, _)| table);
    let all = settings::all().map(|it| it.key);
    let known: Vec<&str> = match table {
        Some(table) => {
            all.filter(|it| it.split_once('.').is_some_and(|it| it.0 == table)).collect()
        }
        None => all.filter(|it| !it.contains('.')).chain(settings::tables()).collect(),
    };
    names::nearest(key, known.iter().copied()).map_or_else(
        || format!("known here are `{}`", known.join("`, `")),
        |meant| format!("is `{meant}` meant?"),
    )
}

/// The value as a variable would give it.
fn value_text(kind: Kind, value: &DeValue<'_>) -> Result<String, &'static str> {
    match (kind, value) {
        (_, DeValue::String(text)) => Ok(text.as_ref().to_owned()),
        (Kind::Number, DeValue::Integer(number)) => Ok(number.to_string()),
        (Kind::Number, _) => Err("a whole number"),
        (Kind::List, DeValue::Array(items)) => {
            let texts = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(text.as_ref()),
                _ => Err("texts in quotes, each of them"),
            });
            Ok(texts.collect::<Result<Vec<_>, _>>()?.join(","))
        }
        (Kind::List, _) => Err("a list of texts in quotes, `[\"…\", \"…\"]`"),
        (Kind::Text, _) => Err("a text in quotes"),
    }
}

/// A value in backticks and short.
fn shown(value: &str) -> String {
    let line = value.lines().next().unwrap_or_default();
    let short: String = line.chars().take(SHOWN).collect();
    let more = if short.len() < value.len() { "…" } else { "" };
    format!("`{short}{more}`")
}

/// Letters of a wrong value that an error repeats.
const SHOWN: usize = 60;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ids::DataDir;

    /// What each of these errors begins with.
    const SAID: &str = "`my.toml` is not a valid configuration: ";

    fn refused(text: &str) -> String {
        from_toml(text, Path::new("my.toml")).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_value_is_named_by_line_key_and_value_and_a_secret_by_its_key() {
        let said = [
            "[lake]\nmax_file_mib = \"many\"",
            "[lake]\nmax_file_mib = 0",
            "[lake]\nmax_file_mib = 1.5",
            "[lake]\nprefix = \"../../escaped/\"",
            "[lake]\nformat = 'avro'",
            "[snowflake]\nverify_timeout_secs = 99999999999",
            "[snowflake]\nverify_timeout_secs = true",
            "[snowflake]\naccount = 5",
            "[snowflake]\ntoken = 12345",
            "[snowflake]\ningest = ['rest']",
            "[spotify]\nplaylist_ids = 7",
            "[spotify]\nplaylist_ids = ['a', 7]",
            "[spotify]\nmin_gap_ms = 'many'",
            "[snowflake]\nuser = \"a\\nb\"",
            "[lake]\nbucket = '\"b\"'",
            "data_dir = []",
            "lake = 5",
        ]
        .map(refused);
        insta::assert_snapshot!(said.map(|it| it.replace(SAID, "")).join("\n"), @r#"
        line 2: `lake.max_file_mib` is `many`, wanted a whole number from 1 to 5000
        line 2: `lake.max_file_mib` is `0`, wanted a whole number from 1 to 5000
        line 2: `lake.max_file_mib` is `1.5`, wanted a whole number
        line 2: `lake.prefix` is `../../escaped/`, wanted a path below the bucket, such as `spotify-data/`: no slash in front, one at most at its end, without `.`, `..`, quotes and `s3://`
        line 2: `lake.format` is `avro`, wanted `parquet` or `csv`
        line 2: `snowflake.verify_timeout_secs` is `99999999999`, wanted a whole number of seconds up to 86400
        line 2: `snowflake.verify_timeout_secs` is `true`, wanted a whole number
        line 2: `snowflake.account` is `5`, wanted a text in quotes
        line 2: `snowflake.token` is ********, wanted a text in quotes
        line 2: `snowflake.ingest` is `['rest']`, wanted a text in quotes
        line 2: `spotify.playlist_ids` is `7`, wanted a list of texts in quotes, `["…", "…"]`
        line 2: `spotify.playlist_ids` is `['a', 7]`, wanted texts in quotes, each of them
        line 2: `spotify.min_gap_ms` is `many`, wanted a whole number of milliseconds
        line 2: `snowflake.user` is `a…`, wanted it in one line, without control characters
        line 2: `lake.bucket` is `"b"`, wanted it without the quotes, which are part of the value here (docker's `--env-file`, for example, takes none away)
        line 1: `data_dir` is `[]`, wanted a text in quotes
        line 1: `lake` is a table: write `[lake]`
        "#);
    }

    #[test]
    fn an_unknown_key_is_refused_by_file_line_and_key_with_the_nearest() {
        let said = [
            "[spotify]\nclint_id = 'x'",
            "[spotify]\nsecret = 'x'",
            "[lake]\nquux = 'x'",
            "datadir = 'x'",
            "[snowflak]\naccount = 'x'",
            "[lake.bucket]\nname = 'x'",
        ]
        .map(refused);
        insta::assert_snapshot!(said.map(|it| it.replace(SAID, "")).join("\n"), @r"
        line 2: unknown key `spotify.clint_id`; is `spotify.client_id` meant?
        line 2: unknown key `spotify.secret`; is `spotify.client_secret` meant?
        line 2: unknown key `lake.quux`; known here are `lake.bucket`, `lake.prefix`, `lake.format`, `lake.max_file_mib`
        line 1: unknown key `datadir`; is `data_dir` meant?
        line 1: unknown key `snowflak`; is `snowflake` meant?
        line 1: `lake.bucket` is `[lake.bucket]`, wanted a text in quotes
        ");
    }

    #[test]
    fn a_value_may_be_written_as_the_environment_writes_it() {
        let text = "data_dir = ''\n[lake]\nbucket = ''\nprefix = ''\nmax_file_mib = '7'\n\
                    [spotify]\nplaylist_ids = 'a, b'\nmin_gap_ms = 0";
        let config = from_toml(text, Path::new("my.toml")).unwrap().resolve(None);
        assert_eq!((config.data_dir, config.lake.bucket), (DataDir::new("data"), None));
        assert_eq!((config.lake.prefix.as_str(), config.lake.max_file_mib), ("", 7));
        assert_eq!(config.spotify.playlist_ids, ["a", "b"]);
        assert_eq!(config.spotify.min_gap, Duration::ZERO);
    }
}
