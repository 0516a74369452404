//! What a function takes and returns together has a name.

use std::collections::BTreeSet;

use super::{code, shipped, texts_below};

/// A function as it is declared.
struct Signature {
    name: String,
    parameters: Vec<String>,
    output: String,
}

/// Where the bracket closes that `text` begins with, and what stands before it between commas outside all others.
fn bracketed(text: &str) -> Option<(usize, Vec<String>)> {
    if !text.starts_with(['(', '<']) {
        return None;
    }
    let (mut depth, mut from, mut parts) = (0, 1, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            '>' if text[..at].ends_with(['-', '=']) => {}
            ')' | ']' | '}' | '>' => depth -= 1,
            ',' if depth == 1 => {
                parts.push(text[from..at].trim().to_owned());
                from = at + 1;
            }
            _ => {}
        }
        if depth == 0 {
            parts.push(text[from..at].trim().to_owned());
            parts.retain(|part| !part.is_empty());
            return Some((at, parts));
        }
    }
    None
}

fn signatures(text: &str) -> Vec<Signature> {
    let text = code(text);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let declared = text.match_indices("fn ").filter(|(at, _)| !text[..*at].ends_with(is_word));
    let read = |(at, _)| {
        let rest: &str = &text[at + 3..];
        let (name, mut rest) = rest.split_at(rest.find(|c| !is_word(c))?);
        if rest.starts_with('<') {
            rest = &rest[bracketed(rest)?.0 + 1..];
        }
        let (end, parameters) = bracketed(rest)?;
        let behind = &rest[end + 1..];
        let output = behind.split(['{', ';']).next()?.split("where").next()?.trim();
        let output = output.strip_prefix("->").unwrap_or_default().trim().to_owned();
        Some(Signature { name: name.to_owned(), parameters, output })
    };
    declared.filter_map(read).collect()
}

/// The parts of a tuple, whether pattern or type, by itself or behind a reference.
fn tuple(text: &str) -> Option<Vec<String>> {
    let mut text = text.trim_start_matches('&').trim_start();
    if text.starts_with('\'') {
        text = text.split_once(' ')?.1;
    }
    text = text.strip_prefix("mut ").unwrap_or(text);
    let (_, parts) = bracketed(text).filter(|_| text.starts_with('('))?;
    (parts.len() > 1).then_some(parts)
}

/// Whether it takes several values as one that has no name.
fn takes_a_tuple(signature: &Signature) -> bool {
    let is_tuple = |it: &String| {
        let kind = it.split_once(": ").map_or("", |(_, kind)| kind);
        tuple(it).is_some() || tuple(kind).is_some()
    };
    signature.parameters.iter().any(is_tuple)
}

/// Whether it returns several values of one type that only their order tells apart.
fn returns_twins(signature: &Signature) -> bool {
    let mut output = signature.output.as_str();
    while let Some(inner) =
        ["io::Result<", "Result<", "Option<"].iter().find_map(|outer| output.strip_prefix(outer))
    {
        output = inner;
    }
    let parts = tuple(output).unwrap_or_default();
    parts.iter().collect::<BTreeSet<_>>().len() < parts.len()
}

#[test]
fn each_form_of_an_unnamed_pair_is_seen() {
    let forms = [
        (
            "fn f(a: u8, b: &[(u8, u8)], c: impl Fn((u8, u8)) -> u8) -> Vec<(u8, u8)> {}",
            false,
            false,
        ),
        ("fn f((a, b): (u8, u16)) {}", true, false),
        (
            "fn f<T: Into<u8>, F: Fn(u8) -> T>(&self, &(ref a, _): &'a (T, F)) -> (T, F) {}",
            true,
            false,
        ),
        ("async fn f(\n    a: u8,\n    held: (&str, &mut u8),\n) {}", true, false),
        ("fn f(held: &'a mut (u8, u16)) {}", true, false),
        (
            "fn f(held: &mut (dyn Read + Send), Named { a, b }: Named<u8, u8>) -> () {}",
            false,
            false,
        ),
        ("fn f() -> Result<Option<(u64, u64)>, Error>;", false, true),
        ("fn f() -> io::Result<(u64, String, u64)> where T: X<(u8, u8)> {}", false, true),
        ("// fn f((a, b): (u8, u8)) {}\nlet it: fn((u8, u8)) -> (u8, u8);", false, false),
    ];
    for (text, takes, returns) in forms {
        let found = signatures(text);
        assert_eq!(found.iter().any(takes_a_tuple), takes, "{text}");
        assert_eq!(found.iter().any(returns_twins), returns, "{text}");
    }
}

#[test]
fn what_a_function_takes_and_returns_together_has_a_name() {
    let (mut taken, mut returned, mut seen) = (Vec::new(), Vec::new(), 0);
    for (file, text) in texts_below("src", "rs") {
        let named = |it: &Signature| format!("{file}: {}", it.name);
        let found = signatures(&text);
        seen += found.len();
        taken.extend(found.iter().filter(|it| takes_a_tuple(it)).map(named));
        // Tests compare what they return with tuples on the spot.
        let shipped = if file.ends_with("tests.rs") { String::new() } else { shipped(&text) };
        returned.extend(signatures(&shipped).iter().filter(|it| returns_twins(it)).map(named));
    }
    assert_eq!(taken, [""; 0]);
    assert_eq!(returned, [""; 0]);
    assert!(seen > 2000, "the test reads no functions: {seen}");
}
