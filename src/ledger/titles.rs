//! What a run read, by the names that people gave it.

use std::collections::{BTreeMap, BTreeSet};

use crate::warehouse::{Error, Warehouse};

/// Names that a title has; the others are counted.
const NAMED: usize = 2;

/// What playlists in these sources are called.
pub(super) fn names_in<'s>(
    warehouse: &Warehouse,
    sources: impl Iterator<Item = &'s str>,
) -> Result<BTreeMap<String, String>, Error> {
    let ids: BTreeSet<String> = sources.flat_map(playlists).map(str::to_owned).collect();
    warehouse.names_of_playlists(&ids)
}

/// The playlists that a source names, as the ledger writes it.
fn playlists(source: &str) -> impl Iterator<Item = &str> {
    source.split(", ").filter_map(|part| part.strip_prefix("playlist "))
}

/// A source as a person calls it.
pub(super) fn title(source: &str, names: &BTreeMap<String, String>) -> String {
    let ids: Vec<&str> = playlists(source).collect();
    let is_spotify = source
        .split(", ")
        .all(|part| matches!(part, "mine" | "liked") || part.starts_with("playlist "));
    if !is_spotify {
        return source.to_owned();
    }
    let named = ids.iter().take(NAMED).map(|id| names.get(*id).map_or(*id, String::as_str));
    let mut parts: Vec<String> = named.map(str::to_owned).collect();
    let left = ids.len().saturating_sub(NAMED);
    if 0 < left {
        parts.push(format!("{left} more"));
    }
    let own = source.split(", ").filter_map(|part| match part {
        "mine" => Some("own playlists".to_owned()),
        "liked" => Some("Liked Songs".to_owned()),
        _ => None,
    });
    parts.extend(own);
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_called_by_the_names_of_its_lists() {
        let names = [("a", "Long Way Home"), ("b", "Rain, on Tin Roofs"), ("c", "☂")];
        let names = names.map(|(id, name)| (id.to_owned(), name.to_owned())).into();
        let cases = [
            ("demo", "demo"),
            ("from-dir /x/a, b", "from-dir /x/a, b"),
            ("playlist a", "Long Way Home"),
            ("playlist a, playlist b", "Long Way Home, Rain, on Tin Roofs"),
            ("playlist a, playlist x, playlist c, mine", "Long Way Home, x, 1 more, own playlists"),
            (
                "playlist a, playlist x, playlist c, playlist b, liked",
                "Long Way Home, x, 2 more, Liked Songs",
            ),
            ("mine, liked", "own playlists, Liked Songs"),
            ("what is landed", "what is landed"),
            ("forgotten", "forgotten"),
        ];
        for (source, wanted) in cases {
            assert_eq!(title(source, &names), wanted, "{source}");
        }
    }
}
