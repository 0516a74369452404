//! A page as a strict reader sees it: every tag that opens closes, in order, and what is not a tag is text.

/// An element with what stands in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

#[derive(Debug)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

/// Elements that have no end in HTML.
const VOID: [&str; 1] = ["meta"];

impl Element {
    /// The page below `<!DOCTYPE html>`.
    pub(super) fn read(html: &str) -> Self {
        let mut rest = html.strip_prefix("<!DOCTYPE html>").expect("the page begins with its type");
        let mut open = vec![Self::default()];
        while !rest.is_empty() {
            let Some(tag) = rest.strip_prefix('<') else {
                let end = rest.find('<').unwrap_or(rest.len());
                let text = unescaped(&rest[..end]);
                open.last_mut().unwrap().children.push(Node::Text(text));
                rest = &rest[end..];
                continue;
            };
            let end = tag.find('>').expect("a tag ends");
            let (inner, after) = (&tag[..end], &tag[end + 1..]);
            rest = after;
            if let Some(name) = inner.strip_prefix('/') {
                let element = open.pop().unwrap();
                assert_eq!(element.name, name, "closed in order");
                open.last_mut().unwrap().children.push(Node::Element(element));
                continue;
            }
            let element = opened(inner);
            // The text of a style sheet is not markup.
            if element.name == "style" {
                let end = rest.find("</style>").unwrap();
                let children = vec![Node::Text(rest[..end].to_owned())];
                rest = &rest[end + "</style>".len()..];
                open.last_mut().unwrap().children.push(Node::Element(Self { children, ..element }));
            } else if VOID.contains(&element.name.as_str()) {
                open.last_mut().unwrap().children.push(Node::Element(element));
            } else {
                open.push(element);
            }
        }
        assert_eq!(open.len(), 1, "`{}` is left open", open.last().unwrap().name);
        open.pop().unwrap()
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// All elements within it, in their order.
    pub(super) fn all(&self) -> Vec<&Self> {
        self.elements().flat_map(|element| std::iter::once(element).chain(element.all())).collect()
    }

    /// Those of one name.
    pub(super) fn named(&self, name: &str) -> Vec<&Self> {
        self.all().into_iter().filter(|element| element.name == name).collect()
    }

    /// All text in it.
    pub(super) fn text(&self) -> String {
        let texts = self.children.iter().map(|node| match node {
            Node::Element(element) => element.text(),
            Node::Text(text) => text.clone(),
        });
        texts.collect()
    }
}

fn opened(inner: &str) -> Element {
    let (name, mut rest) = inner.split_once(' ').unwrap_or((inner, ""));
    assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "a tag `{name}`");
    let mut attributes = Vec::new();
    while !rest.trim().is_empty() {
        let (key, value) = rest.trim_start().split_once("=\"").expect("an attribute has a value");
        let (value, after) = value.split_once('"').expect("a value ends");
        attributes.push((key.to_owned(), unescaped(value)));
        rest = after;
    }
    Element { name: name.to_owned(), attributes, children: Vec::new() }
}

/// Text as it is read; nothing but what is escaped may begin with `&`.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('&');
    let mut read = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').expect("`&` is escaped");
        read.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            other => panic!("`&{other};`"),
        });
        read.push_str(rest);
    }
    read
}
