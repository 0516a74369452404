//! The settings as a person reads them: a commented `snowtrack.toml`, and the help's lists.

use super::settings::{self, Setting};
use super::slot::Kind;

/// A commented `snowtrack.toml` with every setting at its default.
pub(crate) fn template() -> String {
    let mut text =
        "# Settings of snowtrack; every line is optional. The environment wins over this file.\n\
                    # Secrets are better kept in the environment.\n"
            .to_owned();
    let mut tables: Vec<&str> = Vec::new();
    // A key outside of any table must stand before the first one.
    let (top, nested): (Vec<_>, Vec<_>) = settings::all().partition(|it| !it.key.contains('.'));
    for setting in top.into_iter().chain(nested) {
        let (table, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if !table.is_empty() && tables.last() != Some(&table) {
            tables.push(table);
            text.push_str(&format!("\n[{table}]\n"));
        }
        let value = default_in_toml(setting);
        text.push_str(&format!("# {} ({})\n#{key} = {value}\n", setting.what, setting.env[0]));
    }
    text
}

fn default_in_toml(setting: &Setting) -> String {
    match setting.kind() {
        Kind::List => "[]".to_owned(),
        Kind::Number => setting.default.to_owned(),
        Kind::Text => format!("\"{}\"", setting.default),
    }
}

/// One setting, in words.
#[derive(Debug)]
pub(crate) struct Told {
    /// Its variables, the usual one first.
    pub(crate) variables: &'static [&'static str],
    /// Its key in the file, `table.key`.
    pub(crate) key: &'static str,
    /// What it is where nobody says anything.
    pub(crate) default: Option<&'static str>,
    /// The same as it is written in the file.
    pub(crate) value: String,
    /// What it is for.
    pub(crate) what: &'static str,
}

/// Every setting, in the order in which they are shown.
pub(crate) fn told() -> impl Iterator<Item = Told> {
    settings::all().map(|setting| Told {
        variables: setting.env,
        key: setting.key,
        default: Some(setting.default).filter(|it| !it.is_empty()),
        value: default_in_toml(setting),
        what: setting.what,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::file;

    #[test]
    fn the_template_is_a_configuration_and_names_every_setting() {
        let uncommented: String = template()
            .lines()
            .map(|line| line.strip_prefix('#').filter(|it| !it.starts_with(' ')).unwrap_or(line))
            .filter(|line| !line.starts_with("# ") && !line.contains("= \"\""))
            .map(|line| format!("{line}\n"))
            .collect();
        let said = file::from_toml(&uncommented, Path::new("x.toml")).unwrap();
        assert_eq!(said.resolve(None).lake.prefix, "spotify-data/");
        for setting in settings::all() {
            let key = setting.key.rsplit('.').next().unwrap();
            assert!(template().contains(&format!("\n#{key} = ")), "{key}");
        }
    }

    #[test]
    fn the_example_has_every_variable_that_is_read_with_its_default_and_no_other() {
        let example = include_str!("../../.env.example");
        let rows =
            settings::all().map(|it| format!("# {}\n#{}={}\n", it.what, it.env[0], it.default));
        let rows = rows.collect::<String>();
        let head = example.strip_suffix(&rows);
        let head = head.unwrap_or_else(|| panic!("`.env.example` must end with:\n{rows}"));
        assert!(head.lines().all(|line| line.starts_with("# ")), "{head}");
    }
}
