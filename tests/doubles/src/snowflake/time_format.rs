//! Snowflake's formats of dates and times as DuckDB's.

use super::problem::{Outcome, Problem};

/// Longest first where one begins like another.
const PARTS: [(&str, &str); 16] = [
    ("YYYY", "%Y"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("MI", "%M"),
    ("SS", "%S"),
    ("FF3", "%g"),
    ("FF6", "%f"),
    ("FF9", "%n"),
    ("FF0", ""),
    ("FF", "%n"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("DY", "%a"),
    ("MON", "%b"),
];

/// A format for `strftime` and `strptime`. `T` needs no quotes, other letters do; `offset` is that of the session, with and
/// without a colon.
pub(super) fn strftime(format: &str, offset: &str, short_offset: &str) -> Outcome<String> {
    let (mut rest, mut out) = (format, String::new());
    while let Some(first) = rest.chars().next() {
        let upper = rest.to_uppercase();
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').ok_or_else(|| bad(format))?;
            out.push_str(&quoted[..end].replace('%', "%%"));
            rest = &quoted[end + 1..];
        } else if upper.starts_with("TZH:TZM") {
            out.push_str(offset);
            rest = &rest[7..];
        } else if upper.starts_with("TZHTZM") {
            out.push_str(short_offset);
            rest = &rest[6..];
        } else if let Some((name, part)) = PARTS.iter().find(|(name, _)| upper.starts_with(name)) {
            out.push_str(part);
            rest = &rest[name.len()..];
        } else if first == 'T' || !first.is_alphanumeric() {
            out.push_str(if first == '%' {
                "%%"
            } else {
                rest.get(..first.len_utf8()).unwrap_or("")
            });
            rest = &rest[first.len_utf8()..];
        } else {
            return Err(bad(format));
        }
    }
    Ok(out)
}

fn bad(format: &str) -> Problem {
    Problem::new("100096", "22007", format!("Date/time format '{format}' is not supported"))
}
