//! Text by the columns that it takes on a screen: how wide it is, cut with `…`, broken between words.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What stands where a text goes on.
const MORE: &str = "…";

/// Columns of a text: two for most of East Asia's letters and for emoji, none for an accent that stands over its letter.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// As much of a text as fits; that it goes on is shown. No letter is parted from its accents.
pub(in crate::cli) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if width(text) <= most {
        return Cow::Borrowed(text);
    }
    let Some(room) = most.checked_sub(width(MORE)) else { return Cow::Borrowed("") };
    let mut end = 0;
    let mut taken = 0;
    for (at, letter) in text.grapheme_indices(true) {
        taken += width(letter);
        if room < taken {
            break;
        }
        end = at + letter.len();
    }
    Cow::Owned(format!("{}{MORE}", text[..end].trim_end()))
}

/// A text with the spaces that fill its column.
pub(super) fn padded(text: &str, to: usize, is_right: bool) -> String {
    let gap = " ".repeat(to.saturating_sub(width(text)));
    if is_right { format!("{gap}{text}") } else { format!("{text}{gap}") }
}

/// A line that goes on below where it is too long. It is broken between words, never within one, and never within backticks: what
/// stands there is pasted.
pub(in crate::cli) fn sentence(line: &str, most: usize) -> String {
    if width(line) <= most {
        return line.to_owned();
    }
    let indent = line.len() - line.trim_start_matches(' ').len();
    let hang = " ".repeat(hang(line, indent).min(most / 2));
    let mut broken = " ".repeat(indent);
    let mut taken = indent;
    let mut is_at_start = true;
    for Word { gap, text } in words(&line[indent..]) {
        let needed = gap + width(text);
        if !is_at_start && most < taken + needed {
            broken.push('\n');
            broken.push_str(&hang);
            taken = hang.len();
        } else {
            broken.push_str(&" ".repeat(gap));
            taken += gap;
        }
        broken.push_str(text);
        taken += width(text);
        is_at_start = false;
    }
    broken
}

/// Where a line goes on that begins at `indent`: behind its label, where it has one, else a little further to the right.
fn hang(line: &str, indent: usize) -> usize {
    let label = line.char_indices().nth(LABEL).map_or(line, |(end, _)| &line[..end]);
    let gap = label[indent..].rfind("  ").map(|at| indent + at);
    let behind = gap.map(|at| line[at..].trim_start_matches(' '));
    behind.map_or(indent + 2, |behind| width(&line[..line.len() - behind.len()]))
}

/// Letters within which a label ends: `Spotify    `, `ok    disk       `.
const LABEL: usize = 20;

/// What is not broken, behind so many spaces.
struct Word<'l> {
    gap: usize,
    text: &'l str,
}

fn words(line: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let behind = rest.trim_start_matches(' ');
        let (gap, end) = (rest.len() - behind.len(), end_of_word(behind));
        let (text, left) = behind.split_at(end);
        found.push(Word { gap, text });
        rest = left;
    }
    found
}

/// Where the word ends that a text begins with. A backtick that nothing closes is a letter.
fn end_of_word(text: &str) -> usize {
    let mut at = 0;
    while let Some(found) = text[at..].find([' ', '`']) {
        let here = at + found;
        if text[here..].starts_with(' ') {
            return here;
        }
        at = text[here + 1..].find('`').map_or(here + 1, |closing| here + closing + 2);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_letters_and_says_so() {
        let cases = [
            ("Lost & Found", 12, "Lost & Found"),
            ("Lost & Found", 11, "Lost & Fou…"),
            ("Lost & Found", 7, "Lost &…"),
            ("Lost & Found", 1, "…"),
            ("Lost & Found", 0, ""),
            // Two columns a letter: none is halved.
            ("東京事変", 8, "東京事変"),
            ("東京事変", 7, "東京事…"),
            ("東京事変", 6, "東京…"),
            // An accent stands with its letter, a family is one emoji.
            ("cafe\u{301} noir", 5, "cafe\u{301}…"),
            ("👨\u{200D}👩\u{200D}👧\u{200D}👦 home", 4, "👨\u{200D}👩\u{200D}👧\u{200D}👦…"),
        ];
        for (given, most, wanted) in cases {
            assert_eq!(cut(given, most), wanted, "{given} {most}");
            assert!(width(&cut(given, most)) <= most, "{given} {most}");
        }
    }

    #[test]
    fn a_sentence_is_broken_between_words_and_not_where_it_is_pasted() {
        let cases = [
            ("a short one", 20, "a short one"),
            ("one two three four", 9, "one two\n  three\n  four"),
            ("  → one two three", 11, "  → one two\n    three"),
            (
                "see `snowtrack run --full`, then go",
                12,
                "see\n  `snowtrack run --full`,\n  then go",
            ),
            ("a ` alone is a letter", 9, "a ` alone\n  is a\n  letter"),
            (
                "https://example.com/a/long/address here",
                9,
                "https://example.com/a/long/address\n  here",
            ),
            (
                "Spotify    4 new, 5 changed, 6 not",
                24,
                "Spotify    4 new, 5\n           changed, 6\n           not",
            ),
            ("–   disk  one two three", 16, "–   disk  one\n        two\n        three"),
            ("曲 曲曲 曲", 6, "曲\n  曲曲\n  曲"),
        ];
        for (given, most, wanted) in cases {
            assert_eq!(sentence(given, most), wanted, "{given} {most}");
        }
    }
}
