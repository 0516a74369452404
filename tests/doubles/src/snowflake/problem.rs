//! SQL errors as Snowflake words them: code, SQLSTATE and message.

/// Why a statement failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) sql_state: &'static str,
    pub(super) message: String,
}

/// The outcome of anything in a statement.
pub(super) type Outcome<T> = Result<T, Problem>;

impl Problem {
    pub(super) fn new(code: &'static str, sql_state: &'static str, message: String) -> Self {
        Self { code, sql_state, message }
    }

    fn compilation(code: &'static str, sql_state: &'static str, what: &str) -> Self {
        Self::new(code, sql_state, format!("SQL compilation error:\n{what}"))
    }

    pub(super) fn syntax(what: &str) -> Self {
        Self::compilation("001003", "42000", what)
    }

    /// The double fails loudly where it does not know what Snowflake would do.
    pub(super) fn unknown(what: &str) -> Self {
        Self::syntax(&format!("{what} (the double does not know it)"))
    }

    /// Missing and not allowed look alike.
    pub(super) fn missing(kind: &str, name: &str) -> Self {
        Self::compilation(
            "002003",
            "02000",
            &format!("{kind} '{name}' does not exist or not authorized."),
        )
    }

    /// What `SHOW … IN` and `DESC` say of what is missing.
    pub(super) fn no_operation() -> Self {
        Self::compilation(
            "002043",
            "02000",
            "Object does not exist, or operation cannot be performed.",
        )
    }

    pub(super) fn exists(name: &str) -> Self {
        Self::compilation("002002", "42710", &format!("Object '{name}' already exists."))
    }

    pub(super) fn invalid_identifier(name: &str) -> Self {
        let what = format!("error line 1 at position 0\ninvalid identifier '{name}'");
        Self::compilation("000904", "42000", &what)
    }

    pub(super) fn unknown_function(name: &str) -> Self {
        Self::compilation("002140", "42601", &format!("Unknown function {name}"))
    }

    pub(super) fn invalid_option(what: &str) -> Self {
        Self::compilation("001008", "22023", what)
    }

    pub(super) fn arguments(function: &str, types: &str) -> Self {
        let what = format!("Invalid argument types for function '{function}': ({types})");
        Self::compilation("001044", "42P13", &what)
    }

    pub(super) fn insufficient(kind: &str, name: &str) -> Self {
        let message = format!(
            "SQL access control error:\nInsufficient privileges to operate on {kind} '{name}'."
        );
        Self::new("003001", "42501", message)
    }

    pub(super) fn no_warehouse() -> Self {
        let message = "No active warehouse selected in the current session.  Select an active warehouse with the \
                       'use warehouse' command.";
        Self::new("000606", "57P03", message.to_owned())
    }

    pub(super) fn no_database(doing: &str) -> Self {
        let message = format!(
            "Cannot perform {doing}. This session does not have a current database. Call 'USE DATABASE', or use a \
             qualified name."
        );
        Self::new("090105", "22000", message)
    }

    pub(super) fn unrecognized(kind: &str, value: &str) -> Self {
        let message = format!("{kind} value '{value}' is not recognized");
        Self::new("100037", "22018", message)
    }

    pub(super) fn unsupported_kind(word: &str) -> Self {
        Self::new("391911", "0A000", format!("Unsupported statement type '{word}'."))
    }
}
