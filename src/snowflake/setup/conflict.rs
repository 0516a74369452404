//! Pipes that would load our files a second time. Pure.

use super::ddl::{Kind, normal};
use super::observed::{Observed, last, show_in_schema, text};
use super::{Blueprint, Item, State};
use crate::ids::Table;
use crate::lake::Format;
use crate::snowflake::api::{Ident, QualifiedName, quoted};
use crate::snowflake::objects::{IngestMode, pattern};
use crate::snowflake::sql::Audience;

/// Pipes of somebody else's, or of another mode of ours, that read the folders that we load: each becomes an item, and our pipe
/// is not made beside it. Answers of which mode of ours they are, where they all are of one.
pub(super) fn conflicts(
    blueprint: &Blueprint,
    observed: &Observed,
    items: &mut Vec<Item>,
) -> Option<IngestMode> {
    let ours =
        Table::ALL.map(|table| blueprint.names.pipe(table, blueprint.format, blueprint.mode));
    let is_ours = |name: &str| ours.iter().flatten().any(|pipe| pipe.name.as_str() == name);
    let mut modes = Vec::new();
    for row in observed.rows(&show_in_schema("pipes", &blueprint.names)) {
        let made_by = text(row, "definition").unwrap_or_default();
        let Some(name) = text(row, "name").filter(|name| !is_ours(name)) else { continue };
        let Some(source) = source_of(blueprint, observed, made_by) else { continue };
        let is_shared = |table: &Table| overlaps(&blueprint.folder(*table), &source);
        let shared: Vec<Table> = Table::ALL.into_iter().filter(is_shared).collect();
        let Some(first) = shared.first().filter(|_| !loads_other_files(blueprint, made_by)) else {
            continue;
        };
        // Somebody else's name may have any characters.
        let name = name.parse::<Ident>().map_or_else(|_| quoted(name), |name| name.to_string());
        let other = format!("{}.{}.{name}", blueprint.names.database, blueprint.names.schema);
        let is_older = ours.iter().flatten().any(|pipe| is_version_of(&name, pipe.name.as_str()));
        let mode = mode_of(blueprint, &name);
        modes.push(mode);
        let reads = format!("reads {} as well", blueprint.folder(*first));
        for table in &shared {
            let own = blueprint.names.pipe(*table, blueprint.format, blueprint.mode);
            let is_made = |item: &Item| item.kind == Kind::Pipe && item.state != State::Missing;
            if items.iter().any(|item| is_about(item, own.as_ref()) && is_made(item)) {
                continue;
            }
            for item in items.iter_mut().filter(|item| is_about(item, own.as_ref())) {
                item.blocked_by = Some(format!("pipe {other} {reads}"));
                item.is_in_conflict = true;
            }
        }
        items.push(conflicting(other, &reads, Owner { mode, is_older }));
    }
    let first = modes.first().copied().flatten();
    first.filter(|_| modes.iter().all(|mode| *mode == first))
}

/// Whether an item is a pipe, or a grant on it.
fn is_about(item: &Item, pipe: Option<&QualifiedName>) -> bool {
    let Some(pipe) = pipe.map(ToString::to_string) else { return false };
    match item.kind {
        Kind::Pipe => item.name == pipe,
        Kind::Grant => item.name.contains(&format!(" on pipe {pipe} to ")),
        _ => false,
    }
}

/// The mode of ours that a pipe is of.
fn mode_of(blueprint: &Blueprint, name: &str) -> Option<IngestMode> {
    let is_of = |mode: &IngestMode| {
        let pipe = |table| blueprint.names.pipe(table, blueprint.format, *mode);
        Table::ALL.into_iter().filter_map(pipe).any(|pipe| pipe.name.as_str() == name)
    };
    [IngestMode::Rest, IngestMode::Auto].into_iter().find(is_of)
}

/// Whose a pipe is that is in the way.
struct Owner {
    /// Ours in this mode.
    mode: Option<IngestMode>,
    /// Ours in another version.
    is_older: bool,
}

/// Whether both are the same pipe but for the number at their ends.
fn is_version_of(name: &str, other: &str) -> bool {
    let base = |name: &str| name.rsplit_once("_V").map(|(base, _)| base.to_owned());
    base(name).is_some() && base(name) == base(other)
}

fn conflicting(name: String, reads: &str, owner: Owner) -> Item {
    let statement = format!("drop pipe {name}");
    let advice = match owner {
        Owner { is_older: true, .. } => {
            "ours in another version: once its queue is empty, drop it, then apply".to_owned()
        }
        Owner { mode: Some(mode), .. } => format!(
            "set `SNOWFLAKE_INGEST={}` back, or drop what is there once its queue is empty, then apply, and submit nothing that it loaded",
            mode.name()
        ),
        Owner { mode: None, .. } => {
            "somebody else's: find out whose it is, and drop one of the two once its queue is empty"
                .to_owned()
        }
    };
    let reason = format!("{reads}: every file would be loaded twice");
    Item {
        kind: Kind::Pipe,
        name,
        audience: Audience::Owner,
        statement,
        state: State::Conflict { reason, advice },
        blocked_by: None,
        is_in_conflict: true,
        note: None,
    }
}

/// The place that a COPY statement reads, as a URL; `None` where its stage is not in our schema.
fn source_of(blueprint: &Blueprint, observed: &Observed, made_by: &str) -> Option<String> {
    let made_by = normal(made_by);
    let (_, behind) = made_by.split_once('@')?;
    let end = behind.find([' ', ')', '\'', ';']).unwrap_or(behind.len());
    let (stage, path) = behind[..end].split_once('/').unwrap_or((&behind[..end], ""));
    let stage = last(stage);
    let url = if stage.eq_ignore_ascii_case(blueprint.names.stage.as_str()) {
        blueprint.lake_url()
    } else {
        let question = show_in_schema("stages", &blueprint.names);
        text(observed.find(&question, "name", stage)?, "url")?.to_owned()
    };
    let slash = if url.ends_with('/') || path.is_empty() { "" } else { "/" };
    Some(format!("{url}{slash}{path}"))
}

fn overlaps(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// Whether a COPY statement's pattern is that of the other file format, so that both can live on one folder.
fn loads_other_files(blueprint: &Blueprint, made_by: &str) -> bool {
    let other = match blueprint.format {
        Format::Parquet => Format::Csv,
        Format::Csv => Format::Parquet,
    };
    normal(made_by).contains(&format!("pattern={}", pattern(other)))
}

impl Blueprint {
    /// A table's folder in the lake, as a URL.
    fn folder(&self, table: Table) -> String {
        format!("{}raw/{table}/", self.lake_url())
    }
}
