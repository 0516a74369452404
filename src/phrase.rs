//! Counted phrases: one thing is told in the singular, none and several in the plural.

use std::fmt::Display;

/// A number of things.
pub(crate) trait Count: Copy + Display + PartialEq + From<u8> {}

impl<T: Copy + Display + PartialEq + From<u8>> Count for T {}

/// `1 row`, `2 rows`.
pub(crate) fn counted(count: impl Count, noun: &str) -> String {
    format!("{count} {}", plural(count, noun))
}

/// `row`, `rows`: what stands beside a number that is told elsewhere.
pub(crate) fn plural(count: impl Count, noun: &str) -> String {
    format!("{noun}{}", if is_one(count) { "" } else { "s" })
}

/// The word that goes with one thing, or with several: `is`, `are`.
pub(crate) fn either<'w>(count: impl Count, of_one: &'w str, of_several: &'w str) -> &'w str {
    if is_one(count) { of_one } else { of_several }
}

/// `the one row`, `both rows`, `all 3 rows`: none of them left out.
pub(crate) fn every(count: impl Count, noun: &str) -> String {
    match count.to_string().as_str() {
        "1" => format!("the one {noun}"),
        "2" => format!("both {noun}s"),
        count => format!("all {count} {noun}s"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

fn is_one<T: Count>(count: T) -> bool {
    count == T::from(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_told_in_the_singular_and_everything_else_in_the_plural() {
        let told =
            |count: u64| format!("{} {} left", counted(count, "row"), either(count, "is", "are"));
        assert_eq!([0, 1, 2].map(told), ["0 rows are left", "1 row is left", "2 rows are left"]);
        let words = |count: usize| listed(&["a", "b", "c"].map(str::to_owned)[..count]);
        assert_eq!([0, 1, 2, 3].map(words), ["", "a", "a and b", "a, b and c"]);
        let all = [1, 2, 3].map(|count: u64| every(count, "file"));
        assert_eq!(all, ["the one file", "both files", "all 3 files"]);
        assert_eq!(
            (plural(1_usize, "file"), plural(21_u32, "file")),
            ("file".into(), "files".into())
        );
    }
}
