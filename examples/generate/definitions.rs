//! Reads dbt's `.yml`: semantic models with their metrics, descriptions of columns, dashboards and ready questions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What is defined, in the order of the files.
pub(crate) struct Definitions {
    pub(crate) models: Vec<Model>,
    pub(crate) dashboards: Vec<Dashboard>,
    pub(crate) questions: Vec<Question>,
}

/// A mart, as it can be asked.
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) description: String,
    /// The file that it is defined in.
    pub(crate) subject: String,
    pub(crate) key: Vec<String>,
    pub(crate) synonyms: Vec<String>,
    pub(crate) entities: Vec<Entity>,
    pub(crate) dimensions: Vec<Dimension>,
    pub(crate) measures: Vec<Measure>,
    /// Every column of the mart.
    pub(crate) columns: Vec<String>,
}

/// A column by which marts are joined.
pub(crate) struct Entity {
    pub(crate) name: String,
    /// `primary`, `unique` or `foreign`.
    pub(crate) kind: String,
    pub(crate) column: String,
    pub(crate) description: String,
}

/// What is counted by.
pub(crate) struct Dimension {
    pub(crate) name: String,
    pub(crate) column: String,
    pub(crate) label: String,
    pub(crate) description: String,
    pub(crate) kind: DimensionKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum DimensionKind {
    Text,
    Link,
    Number,
    /// A number without a separator of thousands, such as a year.
    Id,
    YesNo,
    Date,
    Timestamp,
}

/// What is counted.
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) column: String,
    pub(crate) label: String,
    pub(crate) description: String,
    pub(crate) aggregation: String,
    /// `percent`, `decimal` or nothing.
    pub(crate) format: String,
}

pub(crate) struct Dashboard {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// What it says above its tiles.
    pub(crate) text: String,
    pub(crate) tiles: Vec<Tile>,
}

pub(crate) struct Tile {
    pub(crate) title: String,
    pub(crate) explore: String,
    pub(crate) kind: String,
    pub(crate) fields: Vec<String>,
    pub(crate) pivots: Vec<String>,
    pub(crate) sorts: Vec<String>,
    pub(crate) limit: u64,
    pub(crate) note: String,
}

pub(crate) struct Question {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) sql: String,
    /// A value for each parameter: the default, or else the example of one that is needed.
    pub(crate) values: BTreeMap<String, Value>,
    /// Whether only DuckDB understands it.
    pub(crate) is_duckdbs: bool,
}

impl Definitions {
    /// Reads every `.yml` below the folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
        let mut documents = Vec::new();
        for path in yml_below(folder)? {
            let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
            let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
            let document: Value = serde_yaml_ng::from_str(&text).map_err(|error| failed(&error))?;
            let subject = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            documents.push(Document { subject, document });
        }
        let all = |key: &'static str| {
            documents
                .iter()
                .flat_map(move |it| list(&it.document, key).map(move |found| (it, found)))
        };
        let descriptions: BTreeMap<String, BTreeMap<String, String>> = all("models")
            .map(|(_, model)| {
                let columns = list(model, "columns");
                let columns = columns.map(|it| (text(it, "name"), text(it, "description")));
                (text(model, "name"), columns.collect())
            })
            .collect();
        let labels: BTreeMap<String, String> = all("metrics")
            .map(|(_, it)| (text(&it["type_params"], "measure"), text(it, "label")))
            .collect();
        let known = Known { descriptions, labels };
        let models = all("semantic_models").map(|(it, model)| known.model(model, &it.subject));
        let exposures: Vec<&Value> = all("exposures").map(|(_, it)| it).collect();
        let is_dashboard = |it: &&&Value| !it["config"]["meta"]["tiles"].is_null();
        Ok(Self {
            models: models.collect::<Result<_, _>>()?,
            dashboards: exposures.iter().filter(is_dashboard).map(|it| dashboard(it)).collect(),
            questions: exposures
                .iter()
                .flat_map(|it| list(&it["config"]["meta"], "questions").map(question))
                .collect(),
        })
    }

    /// The model that others are joined to by the entity.
    pub(crate) fn home(&self, entity: &str) -> Option<&Model> {
        self.models
            .iter()
            .find(|model| model.entities.iter().any(|it| it.kind == "primary" && it.name == entity))
    }
}

struct Document {
    subject: String,
    document: Value,
}

fn yml_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(|it| format!("{}: {it}", folder.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(yml_below(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "yml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// What other parts of the definitions say of a semantic model's.
struct Known {
    /// By mart and column.
    descriptions: BTreeMap<String, BTreeMap<String, String>>,
    /// By measure, from its metric.
    labels: BTreeMap<String, String>,
}

impl Known {
    fn model(&self, model: &Value, subject: &str) -> Result<Model, String> {
        let name = text(model, "name");
        let described = self.descriptions.get(&name).ok_or(format!("`{name}` is no model"))?;
        let of_column = |column: &str| {
            let found = described.get(column).filter(|it| !it.is_empty()).cloned();
            found.ok_or(format!("`{name}.{column}` has no description"))
        };
        let meta = &model["config"]["meta"];
        let mut entities = Vec::new();
        for entity in list(model, "entities") {
            let column = text(entity, "expr");
            entities.push(Entity {
                name: text(entity, "name"),
                kind: text(entity, "type"),
                description: of_column(&column)?,
                column,
            });
        }
        let mut dimensions = Vec::new();
        // The day of asking is of dbt alone, which wants a time for each measure.
        for dimension in list(model, "dimensions").filter(|it| text(it, "name") != "as_of") {
            let column = Some(text(dimension, "expr")).filter(|it| !it.is_empty());
            let column = column.unwrap_or(text(dimension, "name"));
            dimensions.push(Dimension {
                name: text(dimension, "name"),
                label: text(dimension, "label"),
                description: of_column(&column)?,
                kind: kind(dimension, &column),
                column,
            });
        }
        let mut measures = Vec::new();
        for measure in list(model, "measures") {
            let measure_name = text(measure, "name");
            let label = self.labels.get(&measure_name);
            measures.push(Measure {
                label: label.cloned().ok_or(format!("`{measure_name}` has no metric"))?,
                name: measure_name,
                column: text(measure, "expr"),
                description: text(measure, "description"),
                aggregation: text(measure, "agg"),
                format: text(&measure["config"]["meta"], "format"),
            });
        }
        let columns = described.keys().cloned().collect();
        Ok(Model {
            label: text(model, "label"),
            description: text(model, "description"),
            subject: subject.to_owned(),
            key: texts(meta, "key"),
            synonyms: texts(meta, "synonyms"),
            name,
            entities,
            dimensions,
            measures,
            columns,
        })
    }
}

fn kind(dimension: &Value, column: &str) -> DimensionKind {
    let meta = &dimension["config"]["meta"];
    let (kind, format) = (text(meta, "type"), text(meta, "format"));
    match (text(dimension, "type").as_str(), kind.as_str(), format.as_str()) {
        ("time", "timestamp", _) => DimensionKind::Timestamp,
        ("time", ..) if column.ends_with("_at") => DimensionKind::Timestamp,
        ("time", ..) => DimensionKind::Date,
        (_, "number", "id") => DimensionKind::Id,
        (_, "number", _) => DimensionKind::Number,
        (_, "yesno", _) => DimensionKind::YesNo,
        (_, _, "link") => DimensionKind::Link,
        _ => DimensionKind::Text,
    }
}

fn dashboard(exposure: &Value) -> Dashboard {
    let meta = &exposure["config"]["meta"];
    let tile = |it: &Value| Tile {
        title: text(it, "title"),
        explore: text(it, "explore"),
        kind: text(it, "type"),
        fields: texts(it, "fields"),
        pivots: texts(it, "pivots"),
        sorts: texts(it, "sorts"),
        limit: it["limit"].as_u64().unwrap_or(500),
        note: text(it, "note"),
    };
    Dashboard {
        name: text(exposure, "name").trim_start_matches("looker_").to_owned(),
        title: text(exposure, "label"),
        description: text(exposure, "description"),
        text: text(meta, "text"),
        tiles: list(meta, "tiles").map(tile).collect(),
    }
}

fn question(question: &Value) -> Question {
    let value = |it: &Value| {
        let is_needed = it["required"].as_bool().unwrap_or(false);
        (text(it, "name"), if is_needed { &it["example"] } else { &it["default"] }.clone())
    };
    Question {
        name: text(question, "name"),
        description: text(question, "description"),
        sql: text(question, "sql"),
        values: list(question, "parameters").map(value).collect(),
        is_duckdbs: texts(question, "engines").iter().any(|engine| engine == "duckdb"),
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[key].as_array().into_iter().flatten()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().trim().to_owned()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key).map(|it| it.as_str().unwrap_or_default().to_owned()).collect()
}
