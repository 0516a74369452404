//! Which known name was meant by one that is not known.

/// The name among `known` that `name` resembles: a slip of the keyboard away, or a longer or shorter form of it.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .filter_map(|other| Some((unlikeness(name, other)?, other)))
        .min_by_key(|(unlikeness, _)| *unlikeness)
        .map(|(_, other)| other)
}

/// How far two names are from each other; `None` where they have nothing to do with each other.
fn unlikeness(name: &str, other: &str) -> Option<usize> {
    let distance = distance(name, other);
    // What both begin with says nothing of what was meant: `SNOWFLAKE_HOST` is not `SNOWFLAKE_ROLE`.
    let (name, other) = (meaning(name), meaning(other));
    let shorter = name.len().min(other.len());
    let is_slip = distance <= (shorter / 3).clamp(1, 3);
    let is_form = LEAST_FORM <= shorter && (name.contains(other) || other.contains(name));
    (is_slip || is_form).then_some(distance)
}

/// Letters that a name must share with a longer form of it.
const LEAST_FORM: usize = 4;

/// A name without the part that tells who owns it.
fn meaning(name: &str) -> &str {
    name.split_once(['_', '.']).map_or(name, |(_, rest)| rest)
}

/// Letters to add, take away or change (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (taken, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], taken + 1);
        for (at, wanted) in other.chars().enumerate() {
            let changed = diagonal + usize::from(letter != wanted);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_textbook() {
        for (one, other, wanted) in
            [("kitten", "sitting", 3), ("", "abc", 3), ("flaw", "lawn", 2), ("same", "same", 0)]
        {
            assert_eq!(distance(one, other), wanted, "{one} {other}");
            assert_eq!(distance(other, one), wanted, "{other} {one}");
        }
    }
}
