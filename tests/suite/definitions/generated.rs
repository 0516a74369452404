//! LookML and the semantic view are what the definitions make, and every column that they name is one of the published file's.

#[path = "../../../examples/generate/definitions.rs"]
mod definitions;
#[path = "../../../examples/generate/lookml.rs"]
mod lookml;
#[path = "../../../examples/generate/semantic_view.rs"]
mod semantic_view;
#[path = "../../../examples/generate/written.rs"]
#[expect(dead_code, reason = "a test writes nothing into the repository")]
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::support::{World, copy};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_is_checked_in_is_what_the_definitions_make() {
    let files = written::files(root()).unwrap();
    assert_eq!(written::differences(root(), &files), [""; 0], "run `make generate`");
    let lookml = files.keys().filter(|path| path.starts_with("integrations/looker"));
    assert!(lookml.count() >= 8);
}

#[test]
fn a_measure_more_touches_one_file() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("dbt/models"), &folder.path().join("dbt/models"));
    let before = written::files(folder.path()).unwrap();
    let path = folder.path().join("dbt/models/semantic/music_trends.yml");
    let text = std::fs::read_to_string(&path).unwrap();
    let measure = "      - {name: best_week, description: Songs of the week with most., agg: max, expr: added_song_count}\n";
    let text = text.replacen(
        "      - name: songs_added\n",
        &format!("{measure}      - name: songs_added\n"),
        1,
    );
    let metric = "  - {name: best_week, label: Best week, type: simple, type_params: {measure: best_week}}\n";
    std::fs::write(&path, text + metric).unwrap();
    let after = written::files(folder.path()).unwrap();
    let is_other = |path: &&std::path::PathBuf| before.get(*path) != after.get(*path);
    let changed: Vec<String> =
        after.keys().filter(is_other).map(|path| path.display().to_string()).collect();
    let view = "integrations/looker/views/songs_added_weekly.view.lkml";
    let statement = "sql/snowflake/semantic/spotify.sql";
    assert_eq!(changed, [view, statement]);
    assert!(after[Path::new(view)].contains("measure: best_week {\n    label: \"Best week\""));
    let metric = "songs_added_weekly.best_week as max(songs_added_weekly.added_song_count)";
    assert!(after[Path::new(statement)].contains(metric));
}

/// Columns by `schema.table`.
type Columns = BTreeMap<String, BTreeSet<String>>;

fn published() -> Columns {
    let world = World::new();
    assert!(world.run(&["-q", "run", "--demo"]).status.success());
    let file = duckdb::Connection::open(world.path("data/spotify.duckdb")).unwrap();
    let sql = "select schema_name || '.' || table_name, column_name from duckdb_columns() where not internal";
    let mut statement = file.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let mut columns = Columns::new();
    for row in rows {
        let (table, column): (String, String) = row.unwrap();
        columns.entry(table).or_default().insert(column);
    }
    columns
}

/// The word that each `before` is followed by.
fn words<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let rests = text.match_indices(before).map(|(at, found)| &text[at + found.len()..]);
    rests.map(|rest| rest.split(|c| !is_word(c)).next().unwrap()).collect()
}

/// What the generated files and the definitions name that the published file does not have.
fn missing(columns: &Columns) -> Vec<String> {
    let mut missing = BTreeSet::new();
    let mut seen = 0;
    let mut look = |table: &str, column: &str| {
        seen += 1;
        if !columns.get(&format!("marts.{table}")).is_some_and(|known| known.contains(column)) {
            missing.insert(format!("marts.{table}.{column}"));
        }
    };
    for (path, text) in written::files(root()).unwrap() {
        if let Some(table) = words(&text, "sql_table_name: @{marts}.").first() {
            for column in words(&text, "${TABLE}.") {
                look(table, column);
            }
        }
        if path.ends_with("spotify.sql") {
            let (view, _) = text.split_once("ai_verified_queries (").unwrap();
            for line in view.lines().map(str::trim) {
                // `mart.name as column`, and `mart.name as max(mart.column)`.
                let Some((name, rest)) = line.split_once(" as ") else { continue };
                let Some((table, _)) = name.split_once('.') else { continue };
                let rest = rest.split(" comment").next().unwrap();
                let inner = words(rest, &format!("{table}."));
                let column = inner.first().copied().unwrap_or(words(rest, "").first().unwrap());
                look(table, column);
            }
        }
    }
    let read = definitions::Definitions::read(&root().join("dbt/models")).unwrap();
    for model in read.models {
        for column in model
            .key
            .iter()
            .chain(model.entities.iter().map(|it| &it.column))
            .chain(model.dimensions.iter().map(|it| &it.column))
            .chain(model.measures.iter().map(|it| &it.column))
        {
            look(&model.name, column);
        }
    }
    assert!(seen > 400, "the test reads no columns: {seen}");
    missing.into_iter().collect()
}

#[test]
fn a_column_that_is_renamed_is_missed() {
    let mut columns = published();
    assert_eq!(missing(&columns), [""; 0]);
    // Any column of any mart that something names.
    let mut found = 0;
    for (table, column) in [
        ("marts.playlist_overlap", "jaccard"),
        ("marts.songs_added_weekly", "week"),
        ("marts.playlist_churn", "half_life_days"),
        ("marts.added_at_heatmap", "hour"),
    ] {
        columns.get_mut(table).unwrap().remove(column);
        found += 1;
        let missing = missing(&columns);
        assert!(missing.contains(&format!("{table}.{column}")), "{missing:?}");
        assert_eq!(missing.len(), found);
    }
}

#[test]
fn every_mart_that_questions_ask_is_what_they_depend_on() {
    let read = |name: &str| {
        std::fs::read_to_string(root().join("dbt/models/semantic").join(name)).unwrap()
    };
    for subject in ["music_trends", "artist_analytics", "playlist_insights", "genre_analysis"] {
        let text = read(&format!("{subject}_questions.yml"));
        let asked: BTreeSet<&str> = words(&text, " marts.").into_iter().collect();
        let declared: BTreeSet<&str> = words(&text, "- ref('").into_iter().collect();
        assert_eq!(asked, declared, "{subject}");
    }
}
