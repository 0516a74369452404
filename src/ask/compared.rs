//! Which texts of a query are compared with names: found in the tree that DuckDB's own parser makes of it.
//!
//! A column of names is known by what it is called, also under the name that the query gives it in its select list, in a query that it
//! names first (`with x as …`) or in one in brackets.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A text that stands beside a column of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compared {
    pub(super) said: String,
    pub(super) names: Names,
    /// Where it stands in the tree, as a JSON pointer.
    pub(super) place: String,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Names {
    /// Whose names, as the question for the nearest one takes them.
    pub(super) kinds: String,
    pub(super) case: Case,
}

/// In which letters a comparison wants its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Case {
    AsWritten,
    Lower,
    Upper,
}

impl Case {
    pub(super) fn of(self, name: &str) -> String {
        match self {
            Self::AsWritten => name.to_owned(),
            Self::Lower => name.to_lowercase(),
            Self::Upper => name.to_uppercase(),
        }
    }
}

/// Each text that is compared with names.
pub(super) fn compared(tree: &Value) -> Vec<Compared> {
    let mut query = Query::default();
    query.read_tables(tree);
    // Each round knows what the one before found under a new name.
    for _ in 0..MOST_NAMINGS {
        let before = query.columns.clone();
        query.columns.clear();
        query.read_columns(tree, &before);
        if query.columns == before {
            break;
        }
    }
    let mut found = Vec::new();
    query.compare(tree, &mut String::new(), &[], &mut found);
    found
}

/// So often a column may get a new name on its way.
const MOST_NAMINGS: usize = 8;

/// What a query calls its tables, and the columns of its own queries.
#[derive(Debug, Default)]
struct Query {
    /// The tables by the name that it calls them.
    tables: BTreeMap<String, String>,
    columns: Columns,
}

/// Columns that a query names itself.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Columns {
    /// By the query that has them, where that has a name.
    of_queries: BTreeMap<String, Named>,
    /// All of them; without names where two are called the same and hold different things.
    anywhere: BTreeMap<String, Option<Names>>,
}

impl Columns {
    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The columns of a query that has a name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Named {
    columns: BTreeMap<String, Option<Names>>,
    /// Whether it has others, which `*` stands for.
    is_open: bool,
}

/// What is known of a column of a table or query.
enum Column {
    Names(Names),
    /// It holds something else, or is none.
    Other,
    Unknown,
}

impl Query {
    fn read_tables(&mut self, tree: &Value) {
        match tree {
            Value::Array(values) => values.iter().for_each(|it| self.read_tables(it)),
            Value::Object(object) => {
                if object.get("type").and_then(Value::as_str) == Some("BASE_TABLE") {
                    let (name, alias) = (lower(object.get("table_name")), called(tree));
                    self.tables.insert(alias, name);
                }
                object.values().for_each(|it| self.read_tables(it));
            }
            _ => {}
        }
    }

    /// The columns that the queries in the tree name, by those that are known.
    fn read_columns(&mut self, tree: &Value, known: &Columns) {
        match tree {
            Value::Array(values) => values.iter().for_each(|it| self.read_columns(it, known)),
            Value::Object(object) => {
                if let Some(list) = object.get("select_list").and_then(Value::as_array) {
                    let sources = object.get("from_table").map(sources).unwrap_or_default();
                    for value in list {
                        self.name(&alias(value), self.names_of(value, &sources, known));
                    }
                }
                if let Some(NamedQuery { name, query, aliases }) = named_query(object) {
                    let named = self.columns_of(query, &aliases, known);
                    for (column, names) in &named.columns {
                        self.name(column, names.clone());
                    }
                    self.columns.of_queries.insert(name, named);
                }
                object.values().for_each(|it| self.read_columns(it, known));
            }
            _ => {}
        }
    }

    /// Notes what a column is called.
    fn name(&mut self, column: &str, names: Option<Names>) {
        if !column.is_empty() {
            let anywhere = self.columns.anywhere.entry(column.to_owned());
            anywhere.and_modify(|it| *it = it.take().filter(|it| Some(it) == names.as_ref()));
            self.columns.anywhere.entry(column.to_owned()).or_insert(names);
        }
    }

    /// What the columns of a query are called from outside, and hold.
    fn columns_of(&self, query: &Value, aliases: &[String], known: &Columns) -> Named {
        let Some(select) = first_select(query) else {
            return Named { is_open: true, ..Named::default() };
        };
        let sources = select.get("from_table").map(sources).unwrap_or_default();
        let list = select.get("select_list").and_then(Value::as_array);
        let mut named = Named::default();
        for (at, value) in list.into_iter().flatten().enumerate() {
            if value["class"] == "STAR" {
                named.is_open = true;
                continue;
            }
            let own = || Some(alias(value)).filter(|it| !it.is_empty()).or_else(|| last_of(value));
            if let Some(column) = aliases.get(at).cloned().or_else(own) {
                named.columns.insert(column, self.names_of(value, &sources, known));
            }
        }
        named
    }

    /// What an expression holds, where those are names.
    fn names_of(&self, side: &Value, sources: &[String], known: &Columns) -> Option<Names> {
        if side["class"] == "CAST" {
            return self.names_of(&side["child"], sources, known);
        }
        if side["class"] == "FUNCTION" {
            let case = match side["function_name"].as_str()? {
                "lower" | "lcase" => Case::Lower,
                "upper" | "ucase" => Case::Upper,
                "trim" | "any_value" | "first" | "min" | "max" => Case::AsWritten,
                _ => return None,
            };
            let [only] = side["children"].as_array()?.as_slice() else { return None };
            let inner = self.names_of(only, sources, known)?;
            let case = if case == Case::AsWritten { inner.case } else { case };
            return Some(Names { case, ..inner });
        }
        let path = side["column_names"].as_array().filter(|_| side["class"] == "COLUMN_REF")?;
        let path: Vec<String> = path.iter().map(|name| lower(Some(name))).collect();
        let (column, before) = path.split_last()?;
        if let Some(kinds) = kinds_of_column(column) {
            return Some(Names { kinds: kinds.to_owned(), case: Case::AsWritten });
        }
        let among = before.last().map_or(sources, std::slice::from_ref);
        let found: Vec<Column> =
            among.iter().map(|source| self.column(source, column, known)).collect();
        let names: Vec<&Names> = found
            .iter()
            .filter_map(|it| if let Column::Names(names) = it { Some(names) } else { None })
            .collect();
        if let Some(first) = names.first() {
            let kinds: Vec<&str> = names.iter().map(|it| it.kinds.as_str()).collect();
            return Some(Names { kinds: kinds.join(","), case: first.case });
        }
        if found.iter().any(|it| matches!(it, Column::Other)) {
            return None;
        }
        match known.anywhere.get(column) {
            Some(names) => names.clone(),
            None if column == "name" => self.names_of_any_table(),
            None => None,
        }
    }

    /// What a column of a table or query holds.
    fn column(&self, source: &str, column: &str, known: &Columns) -> Column {
        let table = self.tables.get(source).map_or(source, String::as_str);
        let query = known.of_queries.get(source).or_else(|| known.of_queries.get(table));
        match query.map(|query| (query.columns.get(column), query.is_open)) {
            Some((Some(Some(names)), _)) => Column::Names(names.clone()),
            Some((Some(None), _) | (None, false)) => Column::Other,
            Some((None, true)) => Column::Unknown,
            None => match kind_of(table).filter(|_| column == "name") {
                Some(kind) => {
                    Column::Names(Names { kinds: kind.to_owned(), case: Case::AsWritten })
                }
                None => Column::Unknown,
            },
        }
    }

    /// The column `name` of nobody knows which table.
    fn names_of_any_table(&self) -> Option<Names> {
        let kinds: Vec<&str> = self.tables.values().filter_map(|it| kind_of(it)).collect();
        let are_some = !kinds.is_empty();
        are_some.then(|| Names { kinds: kinds.join(","), case: Case::AsWritten })
    }

    /// Finds the comparisons below a place of the tree.
    fn compare(
        &self,
        tree: &Value,
        place: &mut String,
        outer: &[String],
        found: &mut Vec<Compared>,
    ) {
        let length = place.len();
        match tree {
            Value::Array(values) => {
                for (at, value) in values.iter().enumerate() {
                    place.push_str(&format!("/{at}"));
                    self.compare(value, place, outer, found);
                    place.truncate(length);
                }
            }
            Value::Object(object) => {
                let own = object.get("from_table").map(sources);
                let inner = own.as_deref().unwrap_or(outer);
                self.compare_sides(object, place, inner, found);
                for (key, value) in object {
                    place.push('/');
                    place.push_str(key);
                    self.compare(value, place, inner, found);
                    place.truncate(length);
                }
            }
            _ => {}
        }
    }

    fn compare_sides(
        &self,
        object: &Map<String, Value>,
        place: &str,
        sources: &[String],
        found: &mut Vec<Compared>,
    ) {
        let Some(sides) = sides(object) else { return };
        let names = sides.iter().find_map(|it| self.names_of(it.value, sources, &self.columns));
        let Some(names) = names else { return };
        let texts = sides.iter().filter_map(|side| constant(side.value, &side.key));
        found.extend(texts.map(|Constant { text, place: inner }| Compared {
            said: text.to_owned(),
            names: names.clone(),
            place: format!("{place}/{inner}"),
        }));
    }
}

/// One of what is compared.
struct Side<'t> {
    key: String,
    value: &'t Value,
}

/// What is compared for being the same, or not.
fn sides(object: &Map<String, Value>) -> Option<Vec<Side<'_>>> {
    match object.get("type")?.as_str()? {
        "COMPARE_EQUAL"
        | "COMPARE_NOTEQUAL"
        | "COMPARE_DISTINCT_FROM"
        | "COMPARE_NOT_DISTINCT_FROM" => {
            let side = |key: &str| Some(Side { key: key.to_owned(), value: object.get(key)? });
            Some(vec![side("left")?, side("right")?])
        }
        "COMPARE_IN" | "COMPARE_NOT_IN" => {
            let children = object.get("children")?.as_array()?.iter().enumerate();
            let side = |(at, value)| Side { key: format!("children/{at}"), value };
            Some(children.map(side).collect())
        }
        _ => None,
    }
}

/// A text that stands there as it is, and where.
struct Constant<'t> {
    text: &'t str,
    place: String,
}

/// The text of a side, also where its letters are changed.
fn constant<'t>(side: &'t Value, place: &str) -> Option<Constant<'t>> {
    match side["class"].as_str()? {
        "CAST" => constant(&side["child"], &format!("{place}/child")),
        "FUNCTION" => {
            let name = side["function_name"].as_str()?;
            let is_of_letters = ["lower", "lcase", "upper", "ucase", "trim"].contains(&name);
            let [only] = side["children"].as_array()?.as_slice() else { return None };
            let inner = constant(only, &format!("{place}/children/0"));
            inner.filter(|_| is_of_letters)
        }
        "CONSTANT" if side["value"]["type"]["id"] == "VARCHAR" => {
            let text = side["value"]["value"].as_str().filter(|it| !it.trim().is_empty())?;
            Some(Constant { text, place: format!("{place}/value/value") })
        }
        _ => None,
    }
}

/// A query that has a name, and what that calls its columns.
struct NamedQuery<'t> {
    name: String,
    query: &'t Value,
    aliases: Vec<String>,
}

/// The query of `with`, or in brackets, that an object of the tree is.
fn named_query(object: &Map<String, Value>) -> Option<NamedQuery<'_>> {
    let is_in_brackets = object.get("type").and_then(Value::as_str) == Some("SUBQUERY");
    let of_with = object.get("value").filter(|it| it.get("query").is_some());
    let (name, query, aliases) = match of_with {
        _ if is_in_brackets => {
            let aliases = object.get("column_name_alias");
            (object.get("alias"), object.get("subquery"), aliases)
        }
        Some(value) => (object.get("key"), value.get("query"), value.get("aliases")),
        None => (object.get("cte_name"), object.get("query"), object.get("aliases")),
    };
    let aliases = aliases.and_then(Value::as_array).into_iter().flatten();
    let named = NamedQuery {
        name: lower(name),
        query: query?,
        aliases: aliases.map(|it| lower(Some(it))).collect(),
    };
    Some(named).filter(|it| !it.name.is_empty())
}

/// The select that gives a query's columns their names: of several put together, the first.
fn first_select(query: &Value) -> Option<&Value> {
    if query.get("select_list").is_some() {
        return Some(query);
    }
    let inner = ["node", "left", "child"].into_iter().find_map(|key| query.get(key));
    first_select(inner.or_else(|| query.get("children")?.get(0))?)
}

/// What the tables and queries of a `from` are called.
fn sources(from: &Value) -> Vec<String> {
    match from["type"].as_str() {
        Some("BASE_TABLE" | "SUBQUERY") => vec![called(from)],
        _ => ["left", "right", "source"]
            .into_iter()
            .filter_map(|side| from.get(side))
            .flat_map(sources)
            .collect(),
    }
}

/// What a table is called in its query.
fn called(table: &Value) -> String {
    let alias = alias(table);
    if alias.is_empty() { lower(table.get("table_name")) } else { alias }
}

fn alias(value: &Value) -> String {
    lower(value.get("alias"))
}

/// The name of a column that has no other.
fn last_of(value: &Value) -> Option<String> {
    let path = value["column_names"].as_array().filter(|_| value["class"] == "COLUMN_REF")?;
    path.last().map(|name| lower(Some(name)))
}

fn lower(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

/// Whose names a column has, whatever its table.
fn kinds_of_column(column: &str) -> Option<&'static str> {
    match column {
        "playlist_name" | "other_playlist_name" => Some("playlists"),
        "song_name" => Some("songs"),
        "artist_name" => Some("artists"),
        "album_name" => Some("albums"),
        "genre" => Some("genres"),
        _ => None,
    }
}

/// Whose names the column `name` of a table has.
fn kind_of(table: &str) -> Option<&'static str> {
    match table {
        "playlists" | "freshness" => Some("playlists"),
        "songs" => Some("songs"),
        "artists" => Some("artists"),
        "albums" => Some("albums"),
        _ => None,
    }
}
