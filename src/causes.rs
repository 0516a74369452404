//! An error in words: its message and those of everything that caused it.

/// An error and its causes.
pub(crate) fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let causes = std::iter::successors(error.source(), |error| error.source());
    let causes = causes.map(ToString::to_string);
    // DuckDB's binding repeats every failure as a bare number.
    let causes = causes.filter(|text| !text.starts_with("Error code"));
    std::iter::once(error.to_string()).chain(causes).collect()
}

/// The same in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    causes(error).join(": ")
}
