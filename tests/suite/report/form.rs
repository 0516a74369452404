//! What holds for every page, whatever was published.

use std::collections::BTreeSet;

use base64::Engine;
use sha2::{Digest, Sha256};

use super::page::Element;
use super::{CASES, demo, html, page, publish_case, section};
use crate::support::World;

const HEADINGS: [&str; 7] =
    ["What changed", "Trends", "Artists", "Playlists", "Genres", "Data quality", "Load proof"];

/// What a page may be made of; whatever a name smuggles in is not among it.
const ELEMENTS: &[&str] = &[
    "a",
    "bdi",
    "body",
    "circle",
    "code",
    "data",
    "dd",
    "desc",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "foreignObject",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "html",
    "li",
    "line",
    "main",
    "meta",
    "p",
    "polyline",
    "pre",
    "rect",
    "section",
    "span",
    "strong",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
];

const ATTRIBUTES: &[&str] = &[
    "aria-describedby",
    "aria-hidden",
    "aria-labelledby",
    "charset",
    "class",
    "content",
    "cx",
    "cy",
    "height",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
    "points",
    "r",
    "rel",
    "role",
    "rx",
    "scope",
    "text-anchor",
    "value",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];

#[test]
fn each_promise_holds_for_the_demo_and_for_every_case() {
    let world = demo();
    holds_each_promise("demo", &html(&world, "data"));
    for case in CASES {
        publish_case(&world, case);
        holds_each_promise(case, &html(&world, case));
    }
}

fn holds_each_promise(case: &str, html: &str) {
    let page = Element::read(html);
    for element in page.all() {
        assert!(ELEMENTS.contains(&element.name.as_str()), "{case}: <{}>", element.name);
        for (name, value) in &element.attributes {
            assert!(ATTRIBUTES.contains(&name.as_str()), "{case}: {name}={value}");
        }
    }
    is_closed_to_the_outside(case, html, &page);
    has_its_sections(case, &page);
    has_whole_charts(case, &page);
    let text = page.text();
    for word in ["NaN", "null", "undefined", "inf", "Infinity"] {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        assert!(!text.split(|c| !is_word(c)).any(|it| it == word), "{case}: `{word}` stands there");
    }
    assert!(html.len() < 1_000_000, "{case}: {} bytes", html.len());
}

fn is_closed_to_the_outside(case: &str, html: &str, page: &Element) {
    let root = page.named("html")[0];
    assert_eq!(root.attribute("lang"), Some("en"), "{case}");
    let metas = page.named("meta");
    assert!(metas.iter().any(|it| it.attribute("charset") == Some("utf-8")), "{case}");
    assert!(metas.iter().any(|it| it.attribute("name") == Some("viewport")), "{case}");
    let style = page.named("style")[0].text();
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&style));
    let policy = metas.iter().find(|it| it.attribute("http-equiv").is_some()).unwrap();
    assert_eq!(policy.attribute("http-equiv"), Some("Content-Security-Policy"));
    let policy = policy.attribute("content").unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{case}: {policy}");
    assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{case}: {policy}");
    assert!(!policy.contains("script") && !policy.contains("unsafe"), "{case}: {policy}");
    for part in ["prefers-color-scheme: dark", "@media print"] {
        assert!(style.contains(part), "{case}: no {part}");
    }
    for part in ["url(", "@import", "http"] {
        assert!(!style.contains(part), "{case}: the style has {part}");
    }
    for link in page.named("a") {
        let href = link.attribute("href").unwrap();
        assert!(href.starts_with("https://open.spotify.com/"), "{case}: {href}");
    }
    for tag in ["<script", "<link", "<base", "<form", "<iframe", "<img", " style="] {
        assert!(!html.to_lowercase().contains(tag), "{case}: {tag}");
    }
    assert_eq!(page.named("head")[0].named("title").len(), 1, "{case}");
}

fn has_its_sections(case: &str, page: &Element) {
    let headings: Vec<String> = page.named("h2").iter().map(|it| it.text()).collect();
    assert_eq!(headings.len(), HEADINGS.len(), "{case}: {headings:?}");
    for (heading, wanted) in headings.iter().zip(HEADINGS) {
        assert!(heading.starts_with(wanted), "{case}: {headings:?}");
    }
}

fn has_whole_charts(case: &str, page: &Element) {
    let drawings = page.named("svg");
    let is_chart = |it: &&&Element| it.attribute("role") == Some("img");
    let charts: Vec<&Element> = drawings.iter().filter(is_chart).copied().collect();
    assert!(charts.len() >= 8, "{case}: {} charts", charts.len());
    for other in drawings.iter().filter(|it| !is_chart(it)) {
        assert_eq!(other.attribute("aria-hidden"), Some("true"), "{case}");
    }
    let mut titles = BTreeSet::new();
    for chart in &charts {
        let (title, text) = (chart.named("title"), chart.named("desc"));
        assert_eq!((title.len(), text.len()), (1, 1), "{case}");
        let (title, text) = (title[0].text(), text[0].text());
        assert!(text.split_whitespace().count() >= 4, "{case}: {title}: {text}");
        assert!(text.ends_with('.'), "{case}: {title}: {text}");
        assert!(titles.insert(title.clone()), "{case}: two charts `{title}`");
    }
    let details = page.named("details");
    let first = |it: &Element| it.elements().next().map(|it| it.name.clone());
    assert!(details.iter().all(|it| first(it).as_deref() == Some("summary")), "{case}");
    let tables: Vec<&Element> = details.iter().flat_map(|it| it.named("table")).collect();
    assert_eq!(tables.len(), charts.len(), "{case}: a table for each chart");
    assert_eq!(tables.len(), page.named("table").len(), "{case}");
    for table in tables {
        let heads = table.named("thead")[0].named("th");
        assert!(heads.len() > 1, "{case}");
        for row in table.named("tbody")[0].named("tr") {
            let cells = row.elements().count();
            assert_eq!(cells, heads.len(), "{case}: {}", row.text());
            assert_eq!(row.named("th").len(), 1, "{case}");
        }
    }
    let queries: Vec<String> =
        details.iter().flat_map(|it| it.named("code")).map(Element::text).collect();
    assert_eq!(queries.len(), charts.len(), "{case}: the SQL of each chart");
    for sql in queries {
        assert!(sql.contains("marts.") || sql.contains("operations."), "{case}: {sql}");
        assert!(sql.starts_with("select") || sql.starts_with("with"), "{case}: {sql}");
    }
}

/// Where a name stands that is not the program's own: in `<bdi>`, and nowhere else.
#[test]
fn names_stand_apart_from_the_page_and_nothing_of_them_is_markup() {
    let world = demo();
    publish_case(&world, "hostile");
    let page = page(&world, "hostile");
    let names = page.named("bdi");
    let shown = |part: &str| names.iter().filter(|it| it.text().contains(part)).count();
    let parts = [
        "<script>alert(document.domain)</script>",
        "</title></style></svg>",
        "\" onload=\"alert(1)\"",
        "javascript:alert(1)",
        "&lt;b&gt;already escaped",
        "<!-- a comment ]]>",
        "{{7*7}}",
        "קולו של",
    ];
    let all = page.text();
    for part in &parts[..7] {
        assert!(shown(part) > 0, "{part} is shown");
        let outside = all.matches(part).count();
        let inside: usize = names.iter().map(|it| it.text().matches(part).count()).sum();
        assert_eq!(outside, inside, "{part} stands outside of <bdi>");
    }
    // What would end the isolate, and what steers a terminal.
    for c in ['\u{2069}', '\u{7}', '\u{1b}', '\u{0}'] {
        assert!(!all.contains(c), "{c:?}");
    }
    let longest = names.iter().map(|it| it.text().chars().count()).max().unwrap();
    assert!(longest <= 1000, "a name of {longest} letters");
    let charts = page.named("svg").into_iter().flat_map(|it| it.named("desc"));
    for text in charts.map(Element::text) {
        assert!(!parts.iter().any(|part| text.contains(part)), "{text}");
    }
}

#[test]
fn what_spotify_does_not_give_is_said_and_the_rest_is_drawn() {
    let world = demo();
    publish_case(&world, "poor");
    let poor = page(&world, "poor");
    assert!(section(&poor, "Genres").text().contains("Spotify gave none"));
    assert!(section(&poor, "Genres").named("figure").is_empty());
    let trends = section(&poor, "Trends");
    assert!(trends.text().contains("Popularity: Spotify gave none"));
    assert!(!trends.named("figure").is_empty());
    // The demo has both.
    let rich = page(&world, "data");
    assert!(!rich.text().contains("Spotify gave none"));
    assert_eq!(section(&rich, "Genres").named("figure").len(), 2);
}

#[test]
fn a_file_of_an_older_version_says_what_it_lacks() {
    let world = demo();
    publish_case(&world, "older");
    let page = page(&world, "older");
    let text = section(&page, "Load proof").text();
    assert!(text.contains("The published file has no operations.runs"), "{text}");
    assert!(section(&page, "Playlists").text().contains("has no marts.playlist_duplicates"));
}

#[test]
fn the_file_is_written_whole_where_it_is_wanted_and_nowhere_else() {
    let world = demo();
    let before = world.files("data");
    let output = world.run(&["report", "--out", "mine.html"]);
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "mine.html\n");
    assert_eq!(world.files("data"), before);
    let mut left = world.files("");
    left.retain(|file| !file.starts_with("data/"));
    assert_eq!(left, ["mine.html"]);
    // By itself beside the rest, and the same however often.
    let output = world.run(&["--json", "report"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told, serde_json::json!({ "path": "data/report.html" }));
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    assert!(read("data/report.html") == read("mine.html"));
    // Over the one before it, never in part.
    world.write("mine.html", "old");
    assert!(world.run(&["report", "--out", "mine.html"]).status.success());
    assert!(read("data/report.html") == read("mine.html"));
    for (out, code) in [("data", 5), ("no/such/folder.html", 5)] {
        let output = world.run(&["report", "--out", out]);
        assert_eq!(output.status.code(), Some(code), "{out}");
        assert!(output.stdout.is_empty(), "{out}");
    }
    let parts = world.files("").into_iter().filter(|file| file.contains(".part")).count();
    assert_eq!(parts, 0);
}

#[test]
fn without_a_published_file_there_is_no_report() {
    let world = World::new();
    let output = world.run(&["report", "--out", "mine.html"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("`snowtrack run` with your source makes it"), "{told}");
    assert!(!world.path("mine.html").exists());
}
