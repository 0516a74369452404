//! The measures of the semantic definition: what may be counted, and how.

use std::sync::LazyLock;

use super::{DOCUMENTS, list, text};

/// What may be counted of a mart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) name: String,
    /// The mart, without its schema.
    pub(crate) table: String,
    /// What it counts.
    pub(crate) description: String,
    /// `sum`, `count_distinct`, …
    pub(crate) aggregation: String,
    /// Over what.
    pub(crate) expression: String,
}

/// Every measure, in the order of the files that they stand in.
pub(crate) fn measures() -> &'static [Measure] {
    static MEASURES: LazyLock<Vec<Measure>> = LazyLock::new(|| {
        let models = DOCUMENTS.iter().flat_map(|document| list(document, "semantic_models"));
        let measures = models.flat_map(|model| {
            let table = text(model, "model");
            let table = table.trim_start_matches("ref('").trim_end_matches("')").to_owned();
            list(model, "measures").map(move |measure| Measure {
                name: text(measure, "name"),
                table: table.clone(),
                description: text(measure, "description"),
                aggregation: text(measure, "agg"),
                expression: text(measure, "expr"),
            })
        });
        measures.collect()
    });
    &MEASURES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::described;

    #[test]
    fn each_measure_is_of_a_mart_and_says_what_it_counts() {
        for measure in measures() {
            let is_mart =
                described().iter().any(|it| it.schema == "marts" && it.name == measure.table);
            assert!(is_mart, "{measure:?}");
            assert!(!measure.description.is_empty() && !measure.aggregation.is_empty());
        }
        assert!(measures().len() > 20, "{}", measures().len());
    }
}
