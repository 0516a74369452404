//! `COPY INTO <table>`: what it says, and what Snowflake refuses about it before a file is read.

use super::catalog::{Catalog, Name, Place};
use super::cursor::{Cursor, Setting, Settings};
use super::problem::{Outcome, Problem};

/// What a COPY says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) table: Name,
    pub(super) stage: Name,
    /// Below the stage.
    pub(super) path: String,
    pub(super) files: Vec<String>,
    pub(super) pattern: Option<String>,
    pub(super) format: Format,
    pub(super) is_matched_by_name: bool,
    /// Column and what of the file goes into it.
    pub(super) metadata: Vec<(String, Metadata)>,
    pub(super) on_error: OnError,
    pub(super) is_forced: bool,
    /// Options that a pipe refuses.
    pub(super) unfit_for_pipes: Vec<String>,
}

/// A named format or settings on the spot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Format {
    Named(Name),
    Inline(Settings),
}

/// What `INCLUDE_METADATA` offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metadata {
    FileName,
    FileRowNumber,
    FileContentKey,
    FileLastModified,
    StartScanTime,
}

/// What becomes of a file with errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnError {
    SkipFile,
    Continue,
    AbortStatement,
}

/// The settings of the kind of file at hand.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) is_parquet: bool,
    settings: Settings,
}

const METADATA: [(&str, Metadata); 5] = [
    ("METADATA$FILENAME", Metadata::FileName),
    ("METADATA$FILE_ROW_NUMBER", Metadata::FileRowNumber),
    ("METADATA$FILE_CONTENT_KEY", Metadata::FileContentKey),
    ("METADATA$FILE_LAST_MODIFIED", Metadata::FileLastModified),
    ("METADATA$START_SCAN_TIME", Metadata::StartScanTime),
];

/// Options that exist, but not for pipes.
const UNFIT_FOR_PIPES: [&str; 8] = [
    "FILES",
    "FORCE",
    "PURGE",
    "SIZE_LIMIT",
    "VALIDATION_MODE",
    "RETURN_FAILED_ONLY",
    "LOAD_UNCERTAIN_FILES",
    "LOAD_MODE",
];

impl Copy {
    /// Everything behind `COPY INTO`; names are resolved in `place`.
    pub(super) fn parse(cursor: &mut Cursor<'_>, place: &Place, is_pipe: bool) -> Outcome<Self> {
        let table = place.resolve(&cursor.name()?, "COPY")?;
        cursor.expect("FROM")?;
        if cursor.eat_symbol("(") {
            return Err(Problem::unknown("COPY with a transformation"));
        }
        let location = cursor.stage()?;
        let (stage, path) = location.split_once('/').unwrap_or((&location, ""));
        let mut parts = Cursor::new(stage)?;
        let stage = place.resolve(&parts.name()?, "COPY")?;
        parts.end()?;
        let mut copy = Self {
            table,
            stage,
            path: path.to_owned(),
            files: Vec::new(),
            pattern: None,
            format: Format::Inline(Settings::new()),
            is_matched_by_name: false,
            metadata: Vec::new(),
            on_error: if is_pipe { OnError::SkipFile } else { OnError::AbortStatement },
            is_forced: false,
            unfit_for_pipes: Vec::new(),
        };
        for (name, value) in cursor.settings()? {
            copy.set(&name, &value, place)?;
        }
        cursor.end()?;
        Ok(copy)
    }

    fn set(&mut self, name: &str, value: &Setting, place: &Place) -> Outcome<()> {
        if UNFIT_FOR_PIPES.contains(&name) {
            self.unfit_for_pipes.push(name.to_owned());
        }
        match (name, value) {
            ("FILES", _) => self.files = value.as_texts()?,
            ("PATTERN", Setting::Text(pattern)) => self.pattern = Some(pattern.clone()),
            ("FILE_FORMAT", Setting::Settings(settings)) => {
                self.format = match settings.as_slice() {
                    [(key, name)] if key == "FORMAT_NAME" => {
                        let mut cursor = Cursor::new(name.as_text()?)?;
                        Format::Named(place.resolve(&cursor.name()?, "COPY")?)
                    }
                    settings => Format::Inline(settings.to_vec()),
                };
            }
            ("MATCH_BY_COLUMN_NAME", _) => {
                self.is_matched_by_name = match value.as_text()?.to_uppercase().as_str() {
                    "CASE_INSENSITIVE" => true,
                    "NONE" => false,
                    other => {
                        return Err(Problem::unknown(&format!("MATCH_BY_COLUMN_NAME = {other}")));
                    }
                };
            }
            ("INCLUDE_METADATA", Setting::Settings(columns)) => {
                for (column, source) in columns {
                    let source = source.as_text()?;
                    let known = METADATA.iter().find(|(name, _)| *name == source);
                    let (_, metadata) = known.ok_or_else(|| Problem::invalid_identifier(source))?;
                    self.metadata.push((column.clone(), *metadata));
                }
            }
            ("ON_ERROR", _) => {
                self.on_error = match value.as_text()?.to_uppercase().as_str() {
                    "SKIP_FILE" => OnError::SkipFile,
                    "CONTINUE" => OnError::Continue,
                    "ABORT_STATEMENT" => {
                        self.unfit_for_pipes.push("ON_ERROR = ABORT_STATEMENT".to_owned());
                        OnError::AbortStatement
                    }
                    other => {
                        return Err(Problem::invalid_option(&format!(
                            "invalid value [{other}] for parameter 'ON_ERROR'"
                        )));
                    }
                };
            }
            ("FORCE", _) => self.is_forced = value.as_bool()?,
            _ => {
                return Err(Problem::invalid_option(&format!("invalid parameter '{name}'")));
            }
        }
        Ok(())
    }

    /// What Snowflake refuses when it compiles the COPY.
    pub(super) fn check(&self, catalog: &Catalog, is_pipe: bool) -> Outcome<()> {
        let table = catalog
            .tables
            .get(&self.table)
            .ok_or_else(|| Problem::missing("Table", &self.table.text()))?;
        catalog.source(self)?;
        let reading = self.reading(catalog)?;
        if is_pipe && let Some(option) = self.unfit_for_pipes.first() {
            return Err(Problem::invalid_option(&format!("{option} is not supported in a pipe")));
        }
        if !self.metadata.is_empty() && !self.is_matched_by_name {
            return Err(Problem::invalid_option(
                "INCLUDE_METADATA is only allowed with MATCH_BY_COLUMN_NAME",
            ));
        }
        for (column, _) in &self.metadata {
            if !table.columns.iter().any(|known| known.name == *column) {
                return Err(Problem::invalid_identifier(column));
            }
        }
        if !reading.is_parquet && self.is_matched_by_name {
            if !reading.flag("PARSE_HEADER", false)? {
                return Err(Problem::invalid_option(
                    "MATCH_BY_COLUMN_NAME with a CSV file needs PARSE_HEADER = TRUE",
                ));
            }
            if !self.metadata.is_empty() && reading.flag("ERROR_ON_COLUMN_COUNT_MISMATCH", true)? {
                return Err(Problem::invalid_option(
                    "INCLUDE_METADATA with a CSV file needs ERROR_ON_COLUMN_COUNT_MISMATCH = FALSE",
                ));
            }
        }
        if !self.is_matched_by_name {
            return Err(Problem::unknown("COPY without MATCH_BY_COLUMN_NAME"));
        }
        Ok(())
    }

    /// The settings that files are read with.
    pub(super) fn reading(&self, catalog: &Catalog) -> Outcome<Reading> {
        let settings = match &self.format {
            Format::Inline(settings) => settings.clone(),
            Format::Named(name) => {
                let known = catalog.formats.get(name);
                known.ok_or_else(|| Problem::missing("File format", &name.text()))?.settings.clone()
            }
        };
        Reading::new(settings)
    }
}

impl Reading {
    pub(super) fn new(settings: Settings) -> Outcome<Self> {
        let mut reading = Self { is_parquet: false, settings };
        reading.is_parquet = match reading.word("TYPE", "CSV")?.to_uppercase().as_str() {
            "PARQUET" => true,
            "CSV" => false,
            other => return Err(Problem::unknown(&format!("file format type '{other}'"))),
        };
        Ok(reading)
    }

    fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn word(&self, name: &str, absent: &str) -> Outcome<String> {
        self.get(name)
            .map_or_else(|| Ok(absent.to_owned()), |value| Ok(value.as_text()?.to_owned()))
    }

    pub(super) fn flag(&self, name: &str, absent: bool) -> Outcome<bool> {
        self.get(name).map_or(Ok(absent), Setting::as_bool)
    }

    pub(super) fn words(&self, name: &str, absent: &str) -> Outcome<Vec<String>> {
        self.get(name).map_or_else(|| Ok(vec![absent.to_owned()]), Setting::as_texts)
    }
}
