//! `report`: what the page promises, whatever is published, and that its figures are right.

mod agreement;
mod figures;
mod form;
mod page;

use std::path::Path;

use self::page::Element;
use crate::support::World;

/// The demo, read twice.
fn demo() -> World {
    let world = World::new();
    for _ in 0..2 {
        assert_eq!(world.report(&["--demo"]).0, 0);
    }
    world
}

/// Files as they can be published: each is the demo's, changed by a file of `tests/report/cases`.
const CASES: [&str; 6] = ["hostile", "empty", "nothing", "tiny", "poor", "older"];

/// The published file of `world` as the case has it, in a data directory of its name.
fn publish_case(world: &World, case: &str) {
    let folder = world.path(case);
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("spotify.duckdb");
    std::fs::copy(world.path("data/spotify.duckdb"), &file).unwrap();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/cases");
    let sql = std::fs::read_to_string(cases.join(case).with_extension("sql")).unwrap();
    duckdb::Connection::open(file).unwrap().execute_batch(&sql).unwrap();
}

/// The report of a data directory.
fn html(world: &World, data_dir: &str) -> String {
    let output = world.run(&["--data-dir", data_dir, "report"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = String::from_utf8(output.stdout).unwrap();
    std::fs::read_to_string(world.path("").join(path.trim_end())).unwrap()
}

fn page(world: &World, data_dir: &str) -> Element {
    Element::read(&html(world, data_dir))
}

/// The part of the page under a heading.
fn section<'a>(page: &'a Element, heading: &str) -> &'a Element {
    let sections = page.named("section").into_iter();
    let is_wanted = |it: &&Element| it.named("h2").iter().any(|it| it.text().starts_with(heading));
    sections.clone().find(is_wanted).unwrap_or_else(|| panic!("no section `{heading}`"))
}

/// `make report-check` looks at each of them in a browser.
#[test]
#[ignore = "writes the pages that a browser looks at"]
fn pages_for_the_browser() {
    let world = demo();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("demo.html"), html(&world, "data")).unwrap();
    for case in CASES.into_iter().chain(["large"]) {
        publish_case(&world, case);
        let began = std::time::Instant::now();
        let html = html(&world, case);
        println!("{case}: {} KB in {:?}", html.len() / 1000, began.elapsed());
        assert!(html.len() < 1_000_000);
        std::fs::write(folder.join(case).with_extension("html"), html).unwrap();
    }
}
