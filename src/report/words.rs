//! How the report writes figures, days and names.

use chrono::{NaiveDate, NaiveDateTime};

/// Behind a sum over playlists, in which a song of several counts several times.
pub(super) const ONCE_PER_LIST: &str = ", each song counted once per list";

/// `12,345`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 song`, `2 songs`, `0 songs`.
pub(super) fn plainly_counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// As it is written within a sentence: `no song`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    match count {
        0 => format!("no {noun}"),
        _ => plainly_counted(count, noun),
    }
}

/// As [`counted`], for the beginning of a sentence: `Nine songs`, `No song`.
pub(super) fn at_start(count: u64, noun: &str) -> String {
    const WORDS: [&str; 13] = [
        "No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten",
        "Eleven", "Twelve",
    ];
    let word = usize::try_from(count).ok().and_then(|count| WORDS.get(count));
    match word {
        Some(word) => format!("{word} {noun}{}", if count < 2 { "" } else { "s" }),
        None => counted(count, noun),
    }
}

/// By itself within a sentence: `none`, `12`.
pub(super) fn how_many(count: u64) -> String {
    if count == 0 { "none".to_owned() } else { grouped(count) }
}

/// `is` or `are`, `was` or `were`: what follows a count.
pub(super) const fn either(count: u64, one: &'static str, more: &'static str) -> &'static str {
    if count < 2 { one } else { more }
}

/// `38 %`, never on two lines; what is not nothing is not called 0 %, what is not all not 100 %.
pub(super) fn percent(share: f64) -> String {
    let percent = finite(share) * 100.0;
    match percent {
        _ if percent > 0.0 && percent < 1.0 => "under 1\u{a0}%".to_owned(),
        _ if percent > 99.0 && percent < 100.0 => "over 99\u{a0}%".to_owned(),
        _ => format!("{percent:.0}\u{a0}%"),
    }
}

/// `from 2 % to 48 %`, or `2 %` where all are alike; nothing, where there is none.
pub(super) fn percents(shares: impl Iterator<Item = f64> + Clone) -> Option<String> {
    let least = percent(shares.clone().reduce(f64::min)?);
    let most = percent(shares.reduce(f64::max)?);
    Some(if least == most { most } else { format!("from {least} to {most}") })
}

/// A part of a whole, which may be nothing.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// One digit behind the point.
pub(super) fn decimal(value: f64) -> String {
    format!("{:.1}", finite(value))
}

/// What can be drawn.
pub(super) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

/// The day that a date or a moment of DuckDB's begins with.
pub(super) fn day_of(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()
}

/// `3 Mar`, below a column; nothing where the day is unknown.
pub(super) fn short_day(text: Option<&str>) -> String {
    text.and_then(day_of).map_or_else(String::new, |day| day.format("%-d %b").to_string())
}

/// `3 March 2025`.
pub(super) fn day(text: &str) -> String {
    day_of(text).map_or_else(|| text.to_owned(), |day| day.format("%-d %B %Y").to_string())
}

/// `3 March 2025, 07:15 UTC`.
pub(super) fn moment(text: &str) -> String {
    let parsed = text.get(..19).map(|text| text.replace('T', " "));
    let parsed =
        parsed.and_then(|text| NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S").ok());
    parsed.map_or_else(|| text.to_owned(), |at| at.format("%-d %B %Y, %H:%M UTC").to_string())
}

/// Minutes, hours and days of music: `7 hours 20 minutes`.
pub(super) fn length(duration_ms: u64) -> String {
    let minutes = duration_ms / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => plainly_counted(minutes, "minute"),
        (hours @ 1..48, 0) => plainly_counted(hours, "hour"),
        (hours @ 1..10, minutes) => {
            format!("{} {}", plainly_counted(hours, "hour"), plainly_counted(minutes, "minute"))
        }
        (hours, _) => plainly_counted(hours, "hour"),
    }
}

/// A name as it is shown: on one line, without what steers a terminal or could leave its place in the order of reading, and no longer
/// than `limit` letters of usual width. Nothing at all is said in words of our own.
pub(super) fn shown_name(name: Option<&str>, limit: usize) -> String {
    // Isolates could end the one that the name stands in.
    let is_left_out = |c: char| matches!(c, '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    let mut text = String::new();
    let (mut width, mut marks) = (0, 0);
    let mut is_space_due = false;
    for c in name.unwrap_or_default().chars() {
        if c.is_whitespace() {
            is_space_due = !text.is_empty();
            continue;
        }
        if c.is_control() || is_left_out(c) {
            continue;
        }
        if std::mem::take(&mut is_space_due) {
            text.push(' ');
            width += 1;
        }
        width += width_of(c);
        // What takes no width can be heaped up; a flag of a region has seven such letters.
        marks = if width_of(c) == 0 { marks + 1 } else { 0 };
        if marks > MOST_MARKS {
            continue;
        }
        if width > limit {
            text.push('…');
            return text;
        }
        text.push(c);
    }
    if width == 0 { "(no name)".to_owned() } else { text }
}

/// Marks of one letter that are shown.
const MOST_MARKS: usize = 7;

/// How much of a line a letter takes, roughly: what is East Asian or a picture is twice as wide, a mark adds nothing.
fn width_of(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36F | 0x200B..=0x200F | 0x202A..=0x202E | 0x20D0..=0x20FF | 0xFE00..=0xFE0F => 0,
        0x1F3FB..=0x1F3FF | 0xE0020..=0xE007F => 0,
        0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF => 2,
        0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F000..=0x1FAFF => 2,
        0x20000..=0x3FFFD | 0xFDFD => 2,
        _ => 1,
    }
}

/// Where Spotify shows what an id names; nothing, where it is no id of theirs.
pub(super) fn spotify_page(kind: &str, id: &str) -> Option<String> {
    let is_id = id.len() == 22 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_id.then(|| format!("https://open.spotify.com/{kind}/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_people_write_them() {
        let counts = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (count, wanted) in counts {
            assert_eq!(grouped(count), wanted);
        }
        assert_eq!(counted(0, "song"), "no song");
        assert_eq!(counted(1, "song"), "1 song");
        assert_eq!(plainly_counted(0, "row"), "0 rows");
        assert_eq!(at_start(0, "song"), "No song");
        assert_eq!(at_start(1, "song"), "One song");
        assert_eq!(at_start(9, "song"), "Nine songs");
        assert_eq!(at_start(1300, "song"), "1,300 songs");
        let shares = [
            (0.0, "0 %"),
            (0.001, "under 1 %"),
            (0.384, "38 %"),
            (0.999, "over 99 %"),
            (1.0, "100 %"),
            (f64::NAN, "0 %"),
            (f64::INFINITY, "0 %"),
        ];
        for (share, wanted) in shares {
            assert_eq!(percent(share).replace('\u{a0}', " "), wanted);
        }
        assert_eq!(share(1, 0).to_string(), "0");
        let lengths = [
            (59_999, "0 minutes"),
            (60_000, "1 minute"),
            (3_600_000, "1 hour"),
            (26_400_000, "7 hours 20 minutes"),
            (360_000_000, "100 hours"),
        ];
        for (length_ms, wanted) in lengths {
            assert_eq!(length(length_ms), wanted);
        }
    }

    #[test]
    fn days_and_moments_are_read_as_duckdb_writes_them() {
        assert_eq!(day("2025-03-03"), "3 March 2025");
        assert_eq!(day("2025-03-03 07:15:09.123"), "3 March 2025");
        assert_eq!(day("soon"), "soon");
        assert_eq!(moment("2025-03-03 07:15:09.123"), "3 March 2025, 07:15 UTC");
        assert_eq!(moment("2025-03-03T07:15:09Z"), "3 March 2025, 07:15 UTC");
        assert_eq!(moment("…"), "…");
    }

    #[test]
    fn a_name_stays_on_its_line_and_in_its_place() {
        let heap = "e".to_owned() + &"\u{301}".repeat(4000);
        let cases = [
            (Some("Long Way Home"), 40, "Long Way Home"),
            (Some(" a\n\tb\u{7}\u{0} "), 40, "a b"),
            (Some("a\u{2069}b\u{2066}"), 40, "ab"),
            (Some("abcdef"), 3, "abc…"),
            (Some("日本語の歌"), 6, "日本語…"),
            (Some(""), 9, "(no name)"),
            (Some(" \u{2069} "), 9, "(no name)"),
            (None, 9, "(no name)"),
            (Some("<script>"), 40, "<script>"),
        ];
        for (name, limit, wanted) in cases {
            assert_eq!(shown_name(name, limit), wanted);
        }
        assert!(shown_name(Some(&"x".repeat(4000)), 30).chars().count() == 31);
        assert_eq!(shown_name(Some(&heap), 30).chars().count(), 1 + MOST_MARKS);
        assert_eq!(shown_name(Some("\u{200B}\u{202E}"), 30), "(no name)");
    }

    #[test]
    fn a_link_is_made_of_an_id_and_of_nothing_else() {
        let id = "4uLU6hMCjMI75M1A2tKUQC";
        let page = spotify_page("track", id);
        assert_eq!(page.as_deref(), Some("https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC"));
        for id in
            ["", "javascript:alert(1)//x", "4uLU6hMCjMI75M1A2tKUQ\"", "demo0000000000000000000é"]
        {
            assert_eq!(spotify_page("track", id), None, "{id}");
        }
    }
}
