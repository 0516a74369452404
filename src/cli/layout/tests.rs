//! Tables and sentences at the widths that people have, with names that want to break them.

use super::text::sentence;
use super::*;
use crate::status::{PlaylistStatus, RunStatus};

/// Names as they are found in the wild, and as somebody makes them to do harm.
fn names() -> Vec<String> {
    let names = [
        "Lost & Found ☂ (do not tidy)",
        "東京事変 ベスト・オブ・ザ・ベスト 二〇二六年版 完全保存盤 ボーナストラック付き",
        "👨\u{200D}👩\u{200D}👧\u{200D}👦 family road trip 🚗💨 2026, the long one with everything in it 🏳\u{FE0F}\u{200D}🌈",
        "cafe\u{301} noir, e\u{301}te\u{301}, de\u{301}ja\u{300} vu",
        "Z\u{334}\u{321}\u{310}\u{31b}a\u{337}\u{322}\u{351}l\u{336}\u{327}g\u{335}\u{328}o\u{338}\u{329} songs of the deep and of the deeper",
        "שיר אחד ועוד שיר",
        "one\nerror: FAKE\r\n\u{1b}[31mred\u{1b}[0m \u{202E}turned",
        "",
        "│ ═══ ╡",
    ];
    let mut names: Vec<String> = names.map(str::to_owned).into();
    names.push("aaaa".repeat(100));
    names
}

const WIDTHS: [usize; 3] = [80, 100, 140];

const fn canvas(width: usize) -> Canvas {
    Canvas { width, is_coloured: false }
}

/// The summary's table of playlists.
fn playlists() -> Grid {
    let columns = vec![
        Column::name("playlist"),
        Column::word("").major(),
        Column::number("rows").major(),
        Column::number("songs"),
        Column::number("episodes").minor(),
        Column::number("local").minor(),
        Column::number("removed").minor(),
        Column::word("since last time"),
    ];
    let mut table = Grid::new(Frame::Open { indent: 2 }, columns);
    for (at, name) in names().iter().enumerate() {
        table.row(vec![
            name.into(),
            Cell::toned("fetched", PlaylistStatus::Fetched),
            Cell::number(7_usize.pow(at as u32)),
            Cell::number(at),
            Cell::number(0),
            Cell::number(0),
            Cell::number(12),
            format!("+{at} −3").into(),
        ]);
    }
    table.note(
        "the recorded playlist has no contents, and why that is so takes more words than a line of the screen has room for: `snowtrack run --refetch --playlist 37i9dQZF1DXcBWIGoYBM5M` reads it again",
        Tone::Warn,
    );
    table
}

/// Somebody's rows: more columns than there is room for.
fn rows() -> Grid {
    let kinds = ["VARCHAR", "BIGINT", "DECIMAL(18,3)[]", "TIMESTAMP WITH TIME ZONE"];
    let columns = (0..12).map(|at| match at % 4 {
        1 => Column::number(&format!("count_{at}")).of_type(kinds[1]),
        kind => Column::text(&format!("column_{at}")).of_type(kinds[kind]),
    });
    let mut table = Grid::new(Frame::Boxed, columns.collect());
    for name in names() {
        let cell = |at: usize| match at % 4 {
            1 => Cell::number(10_u64.pow(at as u32)),
            3 => Cell::toned("NULL", Tone::Dim),
            _ => Cell::from(&name),
        };
        table.row((0..12).map(cell).collect());
    }
    table
}

fn at_each_width(table: &Grid) -> String {
    let drawn = WIDTHS.map(|width| {
        let Drawn { text, left_out, is_cut } = table.drawn(&canvas(width));
        format!("{width}: left out {left_out:?}, cut: {is_cut}\n{text}")
    });
    drawn.join("\n\n")
}

#[test]
fn a_table_of_ours_at_80_100_and_140_columns() {
    insta::assert_snapshot!("playlists", at_each_width(&playlists()));
}

#[test]
fn rows_of_somebody_at_80_100_and_140_columns() {
    insta::assert_snapshot!("rows", at_each_width(&rows()));
}

#[test]
fn no_line_is_wider_than_the_screen_whatever_is_in_it_and_the_first_column_stays() {
    for width in (20..=200).chain([1_000]) {
        for (table, first) in [(playlists(), "playlist"), (rows(), "column_0")] {
            let Drawn { text, .. } = table.drawn(&canvas(width));
            for line in text.lines() {
                let is_pasted = line.contains("`snowtrack run");
                assert!(is_pasted || text::width(line) <= width, "{width}: {line}");
            }
            assert!(text.lines().take(2).any(|line| line.contains(&first[..4])), "{width}: {text}");
        }
        let widths: Vec<usize> =
            rows().drawn(&canvas(width)).text.lines().map(text::width).collect();
        assert!(widths.iter().all(|it| *it == widths[0]), "a box is straight: {width}");
    }
}

#[test]
fn a_column_of_ours_in_which_nothing_stands_is_not_shown() {
    let columns = vec![Column::word("a"), Column::word("b"), Column::number("c")];
    let of = |frame| {
        let mut table = Grid::new(frame, columns.clone());
        table.row(vec!["".into(), "".into(), "1".into()]);
        table.drawn(&canvas(80)).text
    };
    assert_eq!(of(Frame::Open { indent: 0 }), "a  c\n   1");
    assert!(of(Frame::Boxed).contains("│ a  b  c │"), "somebody asked for each of theirs");
}

#[test]
fn a_colour_is_only_where_it_is_wanted_and_moves_nothing() {
    let coloured = Canvas { is_coloured: true, ..canvas(100) };
    let text = rows().drawn(&coloured).text;
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = behind.split_once('m').unwrap().1;
    }
    assert_eq!(plain + rest, rows().drawn(&canvas(100)).text);
    assert!(text.contains("\u{1b}[2mNULL\u{1b}[0m"), "{text}");
    let mut page = Page::default();
    page.say_toned("run 01ARZ failed in 1.2 s", "failed", RunStatus::Failed);
    page.say_toned("run 01ARZ verified in 1.2 s", "verified", RunStatus::Verified);
    assert_eq!(
        page.clone().drawn(&coloured, |text| text.into()),
        "run 01ARZ \u{1b}[1m\u{1b}[31mfailed\u{1b}[0m in 1.2 s\nrun 01ARZ \u{1b}[32mverified\u{1b}[0m in 1.2 s"
    );
    assert!(!page.drawn(&canvas(100), |text| text.into()).contains('\u{1b}'));
}

#[test]
fn a_page_breaks_its_sentences_as_long_as_they_are_once_commands_carry_their_flags() {
    let mut page = Page::default();
    page.say("nothing is here yet: `snowtrack run --demo` makes something to look at");
    page.paste(
        "  snowtrack query \"select playlist_name, row_count from marts.playlist_overview\"",
    );
    let text = page.drawn(&canvas(40), |text| {
        text.replace("`snowtrack run", "`snowtrack --data-dir '/a b' run").into()
    });
    assert_eq!(
        text,
        "nothing is here yet:\n  `snowtrack --data-dir '/a b' run --demo`\n  makes something to look at\n  snowtrack query \"select playlist_name, row_count from marts.playlist_overview\""
    );
    assert_eq!(sentence("", 40), "");
}
