//! Our own DDL read back: what a statement makes, which columns and options it gives. Reads what `sql/snowflake` contains and no
//! other SQL, so the files stay the only place where an object is described.

/// What a statement makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Role,
    Warehouse,
    Database,
    User,
    Integration,
    Schema,
    FileFormat,
    Stage,
    Table,
    /// A column that a table lacks.
    Column,
    Pipe,
    DynamicTable,
    Grant,
}

const CREATED: [(&str, Kind); 11] = [
    ("role", Kind::Role),
    ("warehouse", Kind::Warehouse),
    ("database", Kind::Database),
    ("user", Kind::User),
    ("storage integration", Kind::Integration),
    ("schema", Kind::Schema),
    ("file format", Kind::FileFormat),
    ("stage", Kind::Stage),
    ("dynamic table", Kind::DynamicTable),
    ("table", Kind::Table),
    ("pipe", Kind::Pipe),
];

impl Kind {
    /// As Snowflake calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Warehouse => "warehouse",
            Self::Database => "database",
            Self::User => "user",
            Self::Integration => "storage integration",
            Self::Schema => "schema",
            Self::FileFormat => "file format",
            Self::Stage => "stage",
            Self::Table => "table",
            Self::Column => "column",
            Self::Pipe => "pipe",
            Self::DynamicTable => "dynamic table",
            Self::Grant => "grant",
        }
    }
}

/// A column as DDL describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ColumnDdl {
    /// In upper case.
    pub(super) name: String,
    /// In upper case without blanks, for example `NUMBER(10,0)`.
    pub(super) data_type: String,
    /// Whether NULL is refused.
    pub(super) is_required: bool,
}

/// What a `grant` gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GrantDdl {
    /// In upper case.
    pub(super) privileges: Vec<String>,
    /// The object's kind in upper case, `ROLE` for a role that is granted itself.
    pub(super) on: String,
    /// The object.
    pub(super) object: String,
    /// `ROLE` or `USER`.
    pub(super) to: String,
    /// Who gets it.
    pub(super) grantee: String,
}

/// Kind and name of what a `create … if not exists` makes.
pub(super) fn created(statement: &str) -> Option<(Kind, String)> {
    let rest = statement.strip_prefix("create ")?;
    CREATED.iter().find_map(|(words, kind)| {
        let name = rest.strip_prefix(words)?.strip_prefix(" if not exists ")?;
        let end = name.find(|c: char| c.is_whitespace()).unwrap_or(name.len());
        Some((*kind, name[..end].to_ascii_uppercase()))
    })
}

/// What a `grant` statement gives to whom.
pub(super) fn granted(statement: &str) -> Option<GrantDdl> {
    let (what, to) = statement.strip_prefix("grant ")?.split_once(" to ")?;
    let (to, grantee) = to.trim().split_once(' ')?;
    let (privileges, on) = match what.split_once(" on ") {
        Some((privileges, on)) => (privileges, on),
        None => ("usage", what),
    };
    let (on, object) = on.trim().rsplit_once(' ')?;
    let upper = |text: &str| text.trim().to_ascii_uppercase();
    Some(GrantDdl {
        privileges: privileges.split(',').map(upper).collect(),
        on: upper(on),
        object: upper(object),
        to: upper(to),
        grantee: upper(grantee),
    })
}

/// A table's columns, in order.
pub(super) fn columns(statement: &str) -> Vec<ColumnDdl> {
    let list = statement.split_once("(\n").map_or("", |(_, list)| list);
    let column = |line: &str| {
        let line = line.trim().trim_end_matches(',');
        let line = line.split_once(" comment ").map_or(line, |(column, _)| column);
        let (name, data_type) = line.split_once(char::is_whitespace)?;
        let (data_type, is_required) = match data_type.trim().strip_suffix(" not null") {
            Some(data_type) => (data_type, true),
            None => (data_type, false),
        };
        let data_type = data_type.replace(char::is_whitespace, "").to_ascii_uppercase();
        Some(ColumnDdl { name: name.to_ascii_uppercase(), data_type, is_required })
    };
    list.lines().take_while(|line| line.trim() != ")").filter_map(column).collect()
}

/// The `key = value` lines of a statement, keys in upper case.
pub(super) fn options(statement: &str) -> Vec<(String, String)> {
    let option = |line: &str| {
        let (key, value) = line.trim().split_once(" = ")?;
        Some((key.to_ascii_uppercase(), value.to_owned()))
    };
    statement.lines().filter_map(option).collect()
}

/// The query or COPY statement behind a statement's `as`.
pub(super) fn definition(statement: &str) -> &str {
    statement.split_once("\nas\n").map_or(statement, |(_, definition)| definition)
}

/// SQL in a form in which equal statements are equal texts: lower case, one blank where there are any and none beside
/// punctuation, no quotes around names. Strings stay as they are.
pub(super) fn normal(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut is_in_string = false;
    for c in sql.chars() {
        if c == '\'' {
            is_in_string = !is_in_string;
        }
        if is_in_string || c == '\'' {
            text.push(c);
        } else if c.is_whitespace() {
            if !text.ends_with([' ', '(', ',', '=', '>']) {
                text.push(' ');
            }
        } else if c != '"' {
            if matches!(c, '(' | ')' | ',' | '=' | '>' | ';') && text.ends_with(' ') {
                text.pop();
            }
            text.extend(c.to_lowercase());
        }
    }
    text.trim_end_matches([' ', ';']).trim().to_owned()
}
