//! Text from strangers (services' messages, names of playlists and files) made fit for a terminal and a log.

use std::borrow::Cow;
use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// Letters of a row that a person still reads.
const SHOWN_CHARS: usize = 500;

/// The same without what a terminal would obey: commands, and marks that turn the direction of what is around them.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    let is_command = |letter: char| is_mark(letter) && !matches!(letter, '\n' | '\t');
    match text.contains(is_command) {
        true => text.replace(is_command, "\u{FFFD}").into(),
        false => text.into(),
    }
}

/// The same in one line: nobody but us begins a line.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for (at, part) in text.split(is_break).filter(|part| !part.trim().is_empty()).enumerate() {
        if 0 < at {
            line.push(' ');
        }
        line.push_str(if at == 0 { part } else { part.trim_start() });
    }
    line.replace(is_mark, "\u{FFFD}")
}

/// As much of a text as a line on the screen takes, on one line; that it goes on is shown.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", one_line(&text[..end])),
        None => one_line(text),
    }
}

/// The same with its lines marked, so that none of them can be taken for one of ours. For what points at a place in a text.
pub(super) fn marked_lines(text: &str) -> String {
    let text = harmless(text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.join("\n  | ")
}

const fn is_break(letter: char) -> bool {
    matches!(letter, '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_mark(letter: char) -> bool {
    let turns = matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || turns || is_break(letter)
}

/// Fields that a line's own words tell: they are there for whoever collects lines of JSON.
const REPEATED: [&str; 20] = [
    "call_count",
    "check_count",
    "duration_ms",
    "exit_code",
    "file_count",
    "first",
    "key",
    "last",
    "list_count",
    "row_count",
    "sent_bytes",
    "size_bytes",
    "source",
    "status",
    "table",
    "total",
    "total_bytes",
    "verdict",
    "verified",
    "verified_file_count",
];

/// Writes the fields of a log line so that they stay in it.
pub(super) struct OneLine;

impl<'writer> FormatFields<'writer> for OneLine {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut line = Line { writer, is_first: true, ended: Ok(()) };
        fields.record(&mut line);
        line.ended
    }
}

struct Line<'writer> {
    writer: Writer<'writer>,
    is_first: bool,
    ended: fmt::Result,
}

impl Visit for Line<'_> {
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let causes = crate::causes::causes(value).join(": ");
        self.record_debug(field, &format_args!("{causes}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if REPEATED.contains(&field.name()) {
            return;
        }
        let gap = if self.is_first { "" } else { " " };
        let text = one_line(&format!("{value:?}"));
        self.is_first = false;
        self.ended = self.ended.and_then(|()| match field.name() {
            "message" => write!(self.writer, "{gap}{text}"),
            name => write!(self.writer, "{gap}{name}={text}"),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn names_move_no_cursor_set_no_title_and_turn_no_text() {
        assert_eq!(harmless("a\tb\n☂ é \u{200F}שלום"), "a\tb\n☂ é \u{200F}שלום");
        assert_eq!(harmless("\u{1b}]0;x\u{7}\u{9b}1A\r"), "\u{FFFD}]0;x\u{FFFD}\u{FFFD}1A\u{FFFD}");
        for mark in ('\u{202A}'..='\u{202E}').chain('\u{2066}'..='\u{2069}') {
            assert_eq!(harmless(&format!("a{mark}b")), "a\u{FFFD}b");
        }
        assert_eq!(harmless("a\u{2028}b\u{2029}c"), "a\u{FFFD}b\u{FFFD}c");
    }

    #[test]
    fn a_text_stays_in_its_line() {
        let cases = [
            ("plain  text ", "plain  text "),
            ("a\nerror: FAKE", "a error: FAKE"),
            ("a \r\n\n  b\u{85}c\u{2028}d\u{2029}e\u{b}f\tg\n", "a  b c d e f g"),
            ("\n\u{1b}[2J", "\u{FFFD}[2J"),
            ("\u{202E}x", "\u{FFFD}x"),
        ];
        for (given, wanted) in cases {
            assert_eq!(one_line(given), wanted, "{given:?}");
        }
    }

    #[test]
    fn marked_lines_keep_their_columns_and_begin_with_the_mark() {
        let text = "Binder Error: no\n\nLINE 1: select x\n               ^\nerror: FAKE\u{1b}[2J";
        insta::assert_snapshot!(marked_lines(text), @r"
        Binder Error: no
          | LINE 1: select x
          |                ^
          | error: FAKE�[2J
        ");
    }

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_of_the_log() {
        let log = Log::default();
        let written = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(OneLine)
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish();
        let id = "new\nline: FAKE\u{202E}";
        let error = crate::sources::Error::File {
            doing: "read",
            path: id.to_owned(),
            source: io::Error::other("a\nb"),
        };
        let error: &dyn std::error::Error = &error;
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(count = 3, row_count = 3, file.key = %id, name = id, "reading `{id}`");
            tracing::warn!(error, "odd");
        });
        let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let shown = "new line: FAKE\u{FFFD}";
        let quoted = "\"new\\nline: FAKE\\u{202e}\"";
        let lines = [
            format!(" WARN reading `{shown}` count=3 file.key={shown} name={quoted}"),
            format!(" WARN odd error=could not read `{shown}`: a b"),
        ];
        assert_eq!(written.lines().collect::<Vec<_>>(), lines);
    }
}
