//! The `.env` file of the working directory.
//!
//! One `NAME=value` a line, `export` before it or not, `#` begins a comment. **Nothing is expanded**: `$`, `` ` `` and `\` stand
//! for themselves. Without quotes a value ends with its line, or where a space and `#` follow. Quotes around a value are taken
//! away, and it may then span lines; between double quotes `\"`, `\\` and `\$` stand for the second of the two. The last line of
//! a name wins.

use super::Error;

/// The names and values of the file's text.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, Error> {
    let text = text.replace("\r\n", "\n");
    let (mut rest, mut line) = (text.as_str(), 1);
    let mut found: Vec<(String, String)> = Vec::new();
    while !rest.is_empty() {
        let failed = |why| Error::DotEnv { line, why };
        let end = rest.find('\n').unwrap_or(rest.len());
        let trimmed = rest[..end].trim();
        let mut used = end;
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            let (name, _) = rest[..end].split_once('=').ok_or(failed(NO_PAIR))?;
            let value = rest[name.len() + 1..].trim_start_matches([' ', '\t']);
            let (value, after) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => quoted(&value[1..], quote).map_err(failed)?,
                _ => bare(value),
            };
            used = rest.len() - after.len();
            let name = name.trim();
            let name = name.strip_prefix("export").map_or(name, |it| {
                if it.starts_with([' ', '\t']) { it.trim_start() } else { name }
            });
            found.push((checked(name).map_err(failed)?, value));
        }
        line += rest[..used].matches('\n').count() + 1;
        rest = rest.get(used + 1..).unwrap_or_default();
    }
    Ok(found)
}

const NO_PAIR: &str = "is no `NAME=value`";

fn checked(name: &str) -> Result<String, &'static str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    match name.chars().all(is_part)
        && name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
    {
        true => Ok(name.to_owned()),
        false => Err(NO_PAIR),
    }
}

/// A value without quotes, and what follows it.
fn bare(text: &str) -> (String, &str) {
    let (line, _) = text.split_once('\n').unwrap_or((text, ""));
    let is_comment = |at: usize| at == 0 || line[..at].ends_with([' ', '\t']);
    let end = line.match_indices('#').map(|(at, _)| at).find(|at| is_comment(*at));
    (line[..end.unwrap_or(line.len())].trim().to_owned(), &text[line.len()..])
}

/// A value up to the quote that closes it, and what follows its line.
fn quoted(text: &str, quote: char) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            let after = &text[at + 1..];
            let (rest, _) = after.split_once('\n').unwrap_or((after, ""));
            return match rest.trim_start() {
                "" => Ok((value, &after[rest.len()..])),
                comment if comment.starts_with('#') => Ok((value, &after[rest.len()..])),
                _ => Err("has text behind the closing quote"),
            };
        }
        let escaped = text[at + letter.len_utf8()..].chars().next();
        match (quote, letter, escaped) {
            ('"', '\\', Some(escaped @ ('"' | '\\' | '$'))) => {
                value.push(escaped);
                letters.next();
            }
            _ => value.push(letter),
        }
    }
    Err("opens a quote that nothing closes")
}

/// Puts variables into this process's environment, where the AWS SDK and the HTTP clients look for theirs. Must happen before
/// there is a second thread.
pub(super) fn export<'a>(variables: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut text = String::new();
    for (name, value) in variables {
        let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('$', r"\$");
        text.push_str(&format!("{name}=\"{}\"\n", value.replace('\n', r"\n")));
    }
    // Only its setter is used: its own reading expands `$` and walks up to parent folders.
    dotenvy::from_read_override(text.as_bytes())
        .expect("names were checked, and every letter that means something is escaped");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_arrives_whole_in_whatever_quotes() {
        let cases = [
            ("A=pa$$word1", "pa$$word1"),
            ("A=\"my$ecret\"", "my$ecret"),
            ("A='cost$5'", "cost$5"),
            ("A=${HOME}", "${HOME}"),
            ("A=end$", "end$"),
            ("A=a b/", "a b/"),
            ("A=back\\slash\\", "back\\slash\\"),
            ("A=\"back\\slash\"", "back\\slash"),
            ("A='back\\'", "back\\"),
            (r#"A="a\"b\\c\$d""#, r#"a"b\c$d"#),
            ("A=it's", "it's"),
            ("A=a\"b\"", "a\"b\""),
            ("A=a#b", "a#b"),
            ("A=a # b", "a"),
            ("A='a # b' # c", "a # b"),
            ("A=# b", ""),
            ("A=", ""),
            ("A=\"\"", ""),
            ("  export A = x = y  \r", "x = y"),
            ("A=\"one\ntwo\"", "one\ntwo"),
            ("A=x\nA=y", "y"),
        ];
        for (text, wanted) in cases {
            for text in [text.to_owned(), format!("\n# B=1\n{text}\r\n\nB=2\n")] {
                let found = parse(&text).unwrap();
                let value = found.iter().rfind(|(name, _)| name == "A").map(|(_, value)| value);
                assert_eq!(value.map(String::as_str), Some(wanted), "{text}");
                assert_eq!(text.contains("B=2"), found.iter().any(|(name, _)| name == "B"));
            }
        }
    }

    #[test]
    fn a_line_that_is_none_is_named_by_its_number_and_not_repeated() {
        let cases = [
            "A=1\n\nhunter2",
            "A=1\n\n1A=hunter2",
            "A=1\n\n=hunter2",
            "A=1\n\nA B=hunter2",
            "A=\"1\n\"\nB='hunter2",
            "A=1\n#\nB=\"hunter2\" C=1\n",
        ];
        let said: Vec<String> =
            cases.iter().map(|text| parse(text).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        `.env` cannot be read: line 3 is no `NAME=value`
        `.env` cannot be read: line 3 is no `NAME=value`
        `.env` cannot be read: line 3 is no `NAME=value`
        `.env` cannot be read: line 3 is no `NAME=value`
        `.env` cannot be read: line 3 opens a quote that nothing closes
        `.env` cannot be read: line 3 has text behind the closing quote
        ");
    }
}
