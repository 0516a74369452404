//! Fills in what a text leaves open.
//!
//! In: a template and what to put where. Out: text. `{name}` is filled in once; the lines between `-- each table` and `-- end` come
//! once per table, with `-- each table: SEPARATOR` between them the separator on a line of its own. Both are comments of SQL or parts
//! of words, so that a template is read by people, editors and linters as the SQL that it becomes. What is filled in is never read as
//! a template again.

use std::borrow::Cow;

const BEGIN: &str = "-- each table";
const END: &str = "-- end";

/// Puts what `value` gives for a name in its place. A brace around anything else than a name is text, and so is a name without value.
pub(crate) fn fill<'a>(template: &str, value: impl Fn(&str) -> Option<Cow<'a, str>>) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let name = after.split_once('}').map(|(name, _)| name).filter(|name| is_name(name));
        match name.and_then(|name| Some((name, value(name)?))) {
            Some((name, value)) => {
                filled.push_str(&value);
                rest = &after[name.len() + 1..];
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Repeats each block of lines once per item of `each`, which fills in the block.
pub(crate) fn repeat<T>(
    template: &str,
    each: &[T],
    fill_in: impl Fn(&str, &T) -> String,
) -> String {
    let mut repeated = String::with_capacity(template.len() * 2);
    let mut lines = template.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let Some(separator) = line.trim().strip_prefix(BEGIN) else {
            repeated.push_str(line);
            continue;
        };
        let separator = separator.trim_start_matches(':').trim();
        let block: String = lines.by_ref().take_while(|line| line.trim() != END).collect();
        let blocks: Vec<String> = each.iter().map(|item| fill_in(&block, item)).collect();
        let between = if separator.is_empty() { String::new() } else { format!("{separator}\n") };
        repeated.push_str(&blocks.join(&between));
    }
    repeated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn songs(name: &str) -> Option<Cow<'static, str>> {
        (name == "table").then_some(Cow::Borrowed("{key}"))
    }

    #[test]
    fn a_name_is_filled_in_once_and_every_other_brace_is_text() {
        let template = r#"a {table} '{"id":1}' \d{4} {22} {} {other} {Table} { table} {table"#;
        let expected = r#"a {key} '{"id":1}' \d{4} {22} {} {other} {Table} { table} {table"#;
        assert_eq!(fill(template, songs), expected);
    }

    #[test]
    fn a_block_comes_once_per_table_with_the_separator_between() {
        let fill_in = |block: &str, table: &&str| block.replace("{table}", table);
        let template = "a\n-- each table: union all\n  select {table}\n-- end\n\
            b\n-- each table\n{table};\n\n-- end\n";
        assert_eq!(
            repeat(template, &["x", "y"], fill_in),
            "a\n  select x\nunion all\n  select y\nb\nx;\n\ny;\n\n"
        );
        assert_eq!(repeat("no block", &["x"], fill_in), "no block");
    }
}
