//! LookML: a view per mart, an explore per mart joined to what it is about, and dashboards.

use std::fmt::Write;

use super::definitions::{Dashboard, Definitions, Dimension, DimensionKind, Measure, Model, Tile};

const HEADER: &str = "# Made by `make generate` from dbt/models/semantic: change it there.\n";
/// Looker cuts longer ones off.
const LONGEST_LABEL: usize = 25;

/// The project's files by name.
pub(crate) fn files(definitions: &Definitions) -> Result<Vec<(String, String)>, String> {
    let mut files = vec![
        ("manifest.lkml".to_owned(), manifest()),
        ("snowtrack.model.lkml".to_owned(), model(definitions)),
    ];
    for it in &definitions.models {
        files.push((format!("views/{}.view.lkml", it.name), view(it)?));
    }
    for dashboard in &definitions.dashboards {
        let name = format!("dashboards/{}.dashboard.lookml", dashboard.name);
        files.push((name, self::dashboard(dashboard)));
    }
    Ok(files)
}

fn manifest() -> String {
    format!(
        "{HEADER}project_name: \"snowtrack\"\n\n\
         # The one place of the marts, database and schema.\n\
         constant: marts {{\n  value: \"SPOTIFY.MARTS\"\n  export: override_optional\n}}\n\n\
         constant: connection {{\n  value: \"snowflake\"\n  export: override_optional\n}}\n"
    )
}

fn model(definitions: &Definitions) -> String {
    let mut text = format!(
        "{HEADER}connection: \"@{{connection}}\"\nlabel: \"Spotify playlists\"\n\n\
         include: \"/views/*.view.lkml\"\ninclude: \"/dashboards/*.dashboard.lookml\"\n\n\
         # What Looker remembers holds until a snapshot is read that was not there before, and a day at most.\n\
         datagroup: marts_renewed {{\n  label: \"Marts renewed\"\n  \
         description: \"A run read something new\"\n  \
         sql_trigger: select max(first_read_at) from @{{marts}}.playlist_snapshots ;;\n  \
         max_cache_age: \"24 hours\"\n}}\n\n\
         persist_with: marts_renewed\n"
    );
    // What has a row per playlist is asked from the playlists, to which it is joined.
    let is_own = |it: &&Model| it.entities.iter().all(|entity| entity.kind != "unique");
    for it in definitions.models.iter().filter(is_own) {
        text.push_str(&explore(it, definitions));
    }
    text
}

fn explore(base: &Model, definitions: &Definitions) -> String {
    let mut text = format!(
        "\nexplore: {} {{\n  label: \"{}\"\n  group_label: \"{}\"\n  description: \"{}\"\n  persist_with: marts_renewed\n",
        base.name,
        base.label,
        title(&base.subject),
        quoted(&base.description)
    );
    for entity in &base.entities {
        if entity.kind == "foreign" {
            let Some(home) = definitions.home(&entity.name) else { continue };
            join(&mut text, home, "many_to_one", &format!("{}.{}", base.name, entity.column));
        } else {
            for other in &definitions.models {
                let is_beside =
                    |it: &super::definitions::Entity| it.kind == "unique" && it.name == entity.name;
                if other.entities.iter().any(is_beside) {
                    join(&mut text, other, "one_to_one", &format!("{}.{}", base.name, key(base)));
                }
            }
        }
    }
    text.push_str("}\n");
    text
}

fn join(text: &mut String, joined: &Model, relationship: &str, field: &str) {
    let (name, key) = (&joined.name, key(joined));
    let _ = write!(
        text,
        "\n  join: {name} {{\n    type: left_outer\n    relationship: {relationship}\n    \
         sql_on: ${{{field}}} = ${{{name}.{key}}} ;;\n  }}\n"
    );
}

/// The name of the dimension that is the primary key, by the linter's habit: `pk`, the number of its columns, and of what.
fn key(model: &Model) -> String {
    match model.key.as_slice() {
        [only] => format!("pk1_{only}"),
        several => format!("pk{}_{}", several.len(), model.name),
    }
}

fn view(model: &Model) -> Result<String, String> {
    let mut text = format!(
        "{HEADER}view: {} {{\n  label: \"{}\"\n  sql_table_name: @{{marts}}.{} ;;\n",
        model.name,
        label(&model.label)?,
        model.name
    );
    let parts = model.key.iter().map(|column| match model.key.len() {
        1 => format!("${{TABLE}}.{column}"),
        // A part may be unknown, and is still one row's.
        _ => format!("coalesce(cast(${{TABLE}}.{column} as varchar), '')"),
    });
    let _ = write!(
        text,
        "\n  dimension: {} {{\n    primary_key: yes\n    hidden: yes\n    type: string\n    sql: {} ;;\n  }}\n",
        key(model),
        parts.collect::<Vec<_>>().join(" || '|' || ")
    );
    for entity in &model.entities {
        let _ = write!(
            text,
            "\n  dimension: {} {{\n    label: \"{}\"\n    description: \"{}\"\n    type: string\n    sql: ${{TABLE}}.{} ;;\n  }}\n",
            entity.column,
            label(&format!("{} id", sentence(&entity.name)))?,
            quoted(&entity.description),
            entity.column
        );
    }
    for it in &model.dimensions {
        text.push_str(&dimension(it)?);
    }
    for it in &model.measures {
        text.push_str(&measure(it, model)?);
    }
    text.push_str("}\n");
    Ok(text)
}

fn dimension(it: &Dimension) -> Result<String, String> {
    let (kind, more) = match it.kind {
        DimensionKind::Text => ("string", String::new()),
        DimensionKind::Link => (
            "string",
            "\n    link: {\n      label: \"Open in Spotify\"\n      url: \"{{ value }}\"\n    }"
                .to_owned(),
        ),
        DimensionKind::Number => ("number", String::new()),
        DimensionKind::Id => ("number", "\n    value_format_name: id".to_owned()),
        DimensionKind::YesNo => ("yesno", String::new()),
        DimensionKind::Date => return group(it, "date", "raw, date, week, month, quarter, year"),
        DimensionKind::Timestamp => {
            return group(it, "timestamp", "raw, time, date, week, month, quarter, year");
        }
    };
    Ok(format!(
        "\n  dimension: {} {{\n    label: \"{}\"\n    description: \"{}\"\n    type: {kind}{more}\n    sql: ${{TABLE}}.{} ;;\n  }}\n",
        it.name,
        label(&it.label)?,
        quoted(&it.description),
        it.column
    ))
}

fn group(it: &Dimension, datatype: &str, timeframes: &str) -> Result<String, String> {
    Ok(format!(
        "\n  dimension_group: {} {{\n    label: \"{}\"\n    description: \"{}\"\n    type: time\n    \
         timeframes: [{timeframes}]\n    convert_tz: no\n    datatype: {datatype}\n    sql: ${{TABLE}}.{} ;;\n  }}\n",
        group_name(&it.name),
        label(&it.label)?,
        quoted(&it.description),
        it.column
    ))
}

/// A timeframe is put behind it: `added_at` is `added_date`, `added_week` and so on.
fn group_name(name: &str) -> &str {
    let endings = ["_at", "_on", "_date"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

fn measure(it: &Measure, model: &Model) -> Result<String, String> {
    let column = format!("${{TABLE}}.{}", it.column);
    let (kind, sql) = match it.aggregation.as_str() {
        // Joined to more rows, a count would count those.
        "count" => ("count_distinct", format!("${{{}}}", key(model))),
        known @ ("sum" | "average" | "max" | "min" | "count_distinct") => (known, column),
        other => return Err(format!("`{}`: Looker has no word for `{other}` here", it.name)),
    };
    let format = match it.format.as_str() {
        "percent" => "percent_1",
        "decimal" => "decimal_2",
        _ if kind == "average" => "decimal_1",
        _ => "decimal_0",
    };
    Ok(format!(
        "\n  measure: {} {{\n    label: \"{}\"\n    description: \"{}\"\n    type: {kind}\n    \
         value_format_name: {format}\n    sql: {sql} ;;\n  }}\n",
        it.name,
        label(&it.label)?,
        quoted(&it.description)
    ))
}

fn dashboard(it: &Dashboard) -> String {
    let mut text = format!(
        "{HEADER}---\n- dashboard: {}\n  title: {}\n  description: {}\n  layout: newspaper\n  \
         preferred_viewer: dashboards-next\n  elements:\n",
        it.name,
        it.title,
        yaml(&it.description)
    );
    let mut row = 0;
    if !it.text.is_empty() {
        let _ = write!(
            text,
            "  - name: about\n    type: text\n    title_text: ''\n    body_text: {}\n    row: 0\n    col: 0\n    width: 24\n    height: 2\n",
            yaml(&it.text)
        );
        row = 2;
    }
    for (number, tile) in it.tiles.iter().enumerate() {
        let place = (row + number / 2 * 8, number % 2 * 12);
        text.push_str(&element(tile));
        let _ = write!(
            text,
            "    row: {}\n    col: {}\n    width: 12\n    height: 8\n",
            place.0, place.1
        );
    }
    text
}

fn element(tile: &Tile) -> String {
    let mut text = format!(
        "  - title: {0}\n    name: {0}\n    model: snowtrack\n    explore: {1}\n    type: {2}\n    fields: [{3}]\n",
        yaml(&tile.title),
        tile.explore,
        tile.kind,
        tile.fields.join(", ")
    );
    for (key, values) in [("pivots", &tile.pivots), ("sorts", &tile.sorts)] {
        if !values.is_empty() {
            let _ = writeln!(text, "    {key}: [{}]", values.join(", "));
        }
    }
    let _ = writeln!(text, "    limit: {}", tile.limit);
    if !tile.note.is_empty() {
        let note = yaml(&tile.note);
        let _ = write!(
            text,
            "    note_state: expanded\n    note_display: above\n    note_text: {note}\n"
        );
    }
    text
}

fn label(label: &str) -> Result<&str, String> {
    match label.chars().count() {
        1..=LONGEST_LABEL => Ok(label),
        length => Err(format!("label `{label}` has {length} characters, of 1 to {LONGEST_LABEL}")),
    }
}

fn sentence(name: &str) -> String {
    let text = name.replace('_', " ");
    text[..1].to_uppercase() + &text[1..]
}

fn title(name: &str) -> String {
    name.split('_').map(sentence).collect::<Vec<_>>().join(" ")
}

/// Within double quotes of LookML.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As a text of YAML.
fn yaml(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
