//! DuckDB's tree of a query as one pass over its text, without recursion: a query may be nested deeper than a stack. To read a part again for
//! each part that it stands in would take the square of what there is to read.

/// What is kept of an object of the tree: the JSON of those of its fields that somebody asks for.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Node<'t> {
    kind: Option<&'t str>,
    function_name: Option<&'t str>,
    catalog_name: Option<&'t str>,
    schema_name: Option<&'t str>,
    table_name: Option<&'t str>,
    children: Option<&'t str>,
}

impl<'t> Node<'t> {
    fn field(&mut self, name: &str) -> Option<&mut Option<&'t str>> {
        match name {
            "type" => Some(&mut self.kind),
            "function_name" => Some(&mut self.function_name),
            "catalog_name" => Some(&mut self.catalog_name),
            "schema_name" => Some(&mut self.schema_name),
            "table_name" => Some(&mut self.table_name),
            "children" => Some(&mut self.children),
            _ => None,
        }
    }

    /// The JSON of a field.
    pub(super) const fn children(&self) -> Option<&'t str> {
        self.children
    }

    /// The text of a field.
    pub(super) fn text(mut self, name: &str) -> Option<String> {
        let json = (*self.field(name)?)?;
        serde_json::from_str(json).ok()
    }
}

/// An array or an object that has begun.
struct Open<'t> {
    from: usize,
    is_object: bool,
    /// The name of the value that follows.
    key: Option<&'t str>,
    node: Node<'t>,
    /// The object under `function`. What it is, the object that has it says, and perhaps behind it.
    function: Option<Node<'t>>,
}

/// Looks at each object of the tree, and says of each whether it is the function that a table is made by.
///
/// # Errors
/// The first that `look` gives.
pub(super) fn each_object<'t, E>(
    tree: &'t str,
    mut look: impl FnMut(&Node<'t>, bool) -> Result<(), E>,
) -> Result<(), E> {
    let mut open: Vec<Open<'t>> = Vec::new();
    let mut at = 0;
    while let Some(byte) = tree.as_bytes().get(at) {
        let from = at;
        match byte {
            b'{' | b'[' => {
                at += 1;
                open.push(Open {
                    from,
                    is_object: *byte == b'{',
                    key: None,
                    node: Node::default(),
                    function: None,
                });
            }
            b'}' | b']' => {
                at += 1;
                let Some(ended) = open.pop() else { break };
                if let Some(function) = ended.function {
                    let is_table = ended.node.text("type").as_deref() == Some("TABLE_FUNCTION");
                    look(&function, is_table)?;
                }
                let outer = open.last_mut();
                let is_function =
                    outer.as_ref().is_some_and(|it| it.is_object && it.key == Some("function"));
                if ended.is_object && !is_function {
                    look(&ended.node, false)?;
                }
                if let Some(outer) = outer {
                    if is_function && ended.is_object {
                        outer.function = Some(ended.node);
                    }
                    outer.has(&tree[ended.from..at]);
                }
            }
            b':' | b',' | b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            _ => {
                at = end_of_scalar(tree, from);
                if let Some(outer) = open.last_mut() {
                    outer.has(&tree[from..at]);
                }
            }
        }
    }
    Ok(())
}

impl<'t> Open<'t> {
    /// A value has ended, or a name.
    fn has(&mut self, json: &'t str) {
        if !self.is_object {
            return;
        }
        match self.key.take() {
            // DuckDB's own names have nothing to escape.
            None => self.key = Some(json.trim_matches('"')),
            Some(key) => {
                if let Some(field) = self.node.field(key) {
                    *field = Some(json);
                }
            }
        }
    }
}

/// Where a text, a number or a word ends.
fn end_of_scalar(tree: &str, from: usize) -> usize {
    let bytes = &tree.as_bytes()[from..];
    if bytes.first() != Some(&b'"') {
        let end = bytes.iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n'));
        return from + end.unwrap_or(bytes.len()).max(1);
    }
    let mut is_escaped = false;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return from + at + 1,
            _ => {}
        }
    }
    tree.len()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// Each object as its type and whether it makes a table.
    fn seen(tree: &str) -> Vec<String> {
        let mut seen = Vec::new();
        let all = each_object(tree, |node, is_table| {
            let name = node.text("function_name").or_else(|| node.text("table_name"));
            seen.push(format!("{} {is_table}", name.unwrap_or_default()));
            Ok::<(), ()>(())
        });
        all.unwrap();
        seen
    }

    #[test]
    fn each_object_is_seen_once_and_a_tables_function_is_told_from_others() {
        let table = r#"{"type":"TABLE_FUNCTION","function":{"function_name":"a","children":[{"function_name":"b"}]}}"#;
        assert_eq!(seen(table), ["b false", "a true", " false"]);
        let behind =
            r#"{ "function" : {"function_name":"a"}, "x": -1.5e3, "type":"TABLE_FUNCTION" }"#;
        assert_eq!(seen(behind), ["a true", " false"]);
        let other = r#"[{"type":"X","function":{"function_name":"a"}},{"table_name":"t \"}{\\"}]"#;
        assert_eq!(seen(other), ["a false", " false", "t \"}{\\ false"]);
        assert_eq!(
            seen(r#"{"function":[{"function_name":"a"}],"type":"TABLE_FUNCTION"}"#).len(),
            2
        );
        assert_eq!(seen(r#"{"a":null,"b":true,"c":{},"d":[]}"#).len(), 2);
        for broken in ["", "}", "{\"a", "[1,", "\"", "{{{"] {
            assert!(seen(broken).is_empty(), "{broken}");
        }
    }

    #[test]
    fn the_error_of_the_first_ends_it() {
        let ended =
            each_object(r#"[{"type":"A"},{"type":"B"}]"#, |node, _| match node.text("type") {
                Some(kind) if kind == "A" => Err(kind),
                _ => Ok(()),
            });
        assert_eq!(ended, Err("A".to_owned()));
    }

    #[test]
    fn a_deep_tree_takes_the_time_of_its_length() {
        // Read again at each level, that would be 40 GB.
        let depth = 50_000;
        let begin = r#"{"function_name":"+","children":["#;
        let tree = format!("{}1{}", begin.repeat(depth), "]}".repeat(depth));
        let began = Instant::now();
        let mut count = 0;
        let all = each_object(&tree, |_, _| {
            count += 1;
            Ok::<(), ()>(())
        });
        assert_eq!((all, count), (Ok(()), depth));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}
