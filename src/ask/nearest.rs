//! The ready questions that are nearest to one in plain words, found without a model: by the words that both have, rare ones first.
//!
//! It is what `ask` offers where no model answers, and what a model is measured against.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::definitions::{ParameterKind, ReadyQuestion, ready_questions};

/// So many are offered.
const MOST_OFFERED: usize = 3;
/// Words this like are the same: one letter of five may be wrong.
const LEAST_LIKENESS: f64 = 0.8;

/// Words that stand in any question.
const EMPTY_WORDS: [&str; 33] = [
    "a", "all", "an", "and", "are", "at", "by", "did", "do", "does", "each", "for", "from", "has",
    "have", "how", "i", "in", "is", "it", "its", "many", "me", "my", "of", "on", "the", "there",
    "to", "was", "what", "which", "with",
];

/// The nearest, the likeliest first; none where no word is shared.
pub(crate) fn nearest(question: &str) -> Vec<&'static ReadyQuestion> {
    let asked = words(question);
    let all = ready_questions();
    let known: Vec<BTreeSet<String>> = all
        .iter()
        .map(|it| words(&format!("{} {}", it.name.replace('_', " "), it.description)))
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in known.iter().flatten() {
        *counts.entry(word).or_default() += 1;
    }
    let weight = |word: &str| {
        let count = counts.get(word).copied().unwrap_or(1);
        (1.0 + all.len() as f64 / count as f64).ln()
    };
    let mut scored: Vec<(f64, &ReadyQuestion)> = Vec::new();
    for (question, words) in all.iter().zip(&known) {
        let shared = words.iter().filter(|word| asked.iter().any(|asked| is_same(asked, word)));
        let score: f64 = shared.map(|word| weight(word)).sum();
        let whole: f64 = words.iter().map(|word| weight(word)).sum();
        if 0.0 < score {
            // Of two that share as much, the one that says less else is nearer.
            scored.push((score / (1.0 + whole).sqrt(), question));
        }
    }
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.name.cmp(&other.1.name)));
    scored.into_iter().take(MOST_OFFERED).map(|(_, question)| question).collect()
}

/// Values for what a ready question leaves open, from the words: what stands in quotes, and a number.
pub(crate) fn values(ready: &ReadyQuestion, question: &str) -> Map<String, Value> {
    let quoted = question.split(['"', '“', '”']).nth(1).map(str::trim);
    let number =
        question.split(|c: char| !c.is_ascii_digit()).find_map(|digits| digits.parse::<u32>().ok());
    let mut values = Map::new();
    let mut texts = ready.parameters.iter().filter(|it| it.kind == ParameterKind::Text);
    if let (Some(parameter), Some(text)) = (texts.next(), quoted) {
        values.insert(parameter.name.clone(), text.into());
    }
    if let (true, Some(number)) = (ready.parameters.iter().any(|it| it.name == "count"), number) {
        values.insert("count".to_owned(), number.into());
    }
    values
}

fn words(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| 1 < word.len() && !EMPTY_WORDS.contains(word));
    // A plural is the same word.
    words.map(|word| word.strip_suffix('s').unwrap_or(word).to_owned()).collect()
}

fn is_same(one: &str, other: &str) -> bool {
    one == other
        || 4 < one.len() && LEAST_LIKENESS <= strsim::normalized_damerau_levenshtein(one, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_question_shares_the_rarest_words() {
        for (asked, wanted) in [
            ("which artists have the most songs?", "top_artists"),
            ("songs shared between playlists", "playlist_overlap"),
            ("when was the last run", "last_run"),
            ("which genres make up my playlists", "genre_mix"),
            ("which songs are no longer playable", "unavailable_songs"),
        ] {
            let found: Vec<&str> = nearest(asked).iter().map(|it| it.name.as_str()).collect();
            assert!(found.contains(&wanted), "{asked}: {found:?}");
        }
        assert!(nearest("zzz qqq").is_empty());
    }

    #[test]
    fn what_stands_in_quotes_and_a_number_are_values() {
        let ready = ready_questions().iter().find(|it| it.name == "newest_songs").unwrap();
        let found = values(ready, "the 5 newest songs of \"Long Way Home\"");
        assert_eq!(found["count"], 5);
        assert_eq!(found["playlist"], "Long Way Home");
    }
}
