//! A connection of Snowflake's own tools: `connections.toml`, else `config.toml`, in the folder where they keep it.
//!
//! <https://docs.snowflake.com/en/developer-guide/snowflake-cli/connecting/configure-connections>

use std::path::{Path, PathBuf};

use super::{Error, SnowflakeConfig, below_home, text};
use crate::snowflake::TokenType;

/// Fills what `config` does not say itself from the connection that it names. `folders` are looked through in order; `home` is
/// what `~` means in them.
pub(super) fn fill(
    config: &mut SnowflakeConfig,
    (folders, home): (&[PathBuf], Option<&Path>),
) -> Result<(), Error> {
    let Some(name) = config.connection.clone() else { return Ok(()) };
    let mut looked_in = Vec::new();
    for folder in folders {
        for (file, is_nested) in [("connections.toml", false), ("config.toml", true)] {
            let path = folder.join(file);
            let Some(text) = text::read_if_there(&path)? else { continue };
            let syntax = |error: toml::de::Error| Error::Syntax {
                path: path.clone(),
                message: error.message().to_owned(),
            };
            let document: toml::Table = toml::from_str(&text).map_err(syntax)?;
            let connections = if is_nested {
                document.get("connections").and_then(toml::Value::as_table)
            } else {
                Some(&document)
            };
            if let Some(found) =
                connections.and_then(|all| all.get(&name)).and_then(toml::Value::as_table)
            {
                return take(config, found, (folder, home));
            }
            looked_in.push(path.display().to_string());
        }
    }
    Err(Error::UnknownConnection {
        name,
        looked_in: if looked_in.is_empty() {
            folders.iter().map(|folder| folder.display().to_string()).collect()
        } else {
            looked_in
        },
    })
}

fn take(
    config: &mut SnowflakeConfig,
    found: &toml::Table,
    (folder, home): (&Path, Option<&Path>),
) -> Result<(), Error> {
    let value = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| found.get(*name))
            .and_then(toml::Value::as_str)
            .map(str::to_owned)
    };
    let or = |own: &mut Option<String>, names: &[&str]| {
        if own.is_none() {
            *own = value(names);
        }
    };
    or(&mut config.account, &["account"]);
    or(&mut config.user, &["user"]);
    or(&mut config.role, &["role"]);
    or(&mut config.warehouse, &["warehouse"]);
    or(&mut config.database, &["database"]);
    or(&mut config.schema, &["schema"]);
    if config.url.is_none() {
        config.url = value(&["host"]).map(|host| format!("https://{host}"));
    }
    let has_own_credential =
        config.private_key_path.is_some() || config.private_key.is_some() || config.token.is_some();
    if has_own_credential {
        return Ok(());
    }
    // Paths in the file count from its folder, or from the home that they name.
    let path =
        |names: &[&str]| value(names).map(|path| folder.join(below_home(Path::new(&path), home)));
    config.private_key_path = path(&["private_key_file", "private_key_path"]);
    config.private_key = value(&["private_key_raw"]).map(Into::into);
    if config.private_key_passphrase.is_none() {
        config.private_key_passphrase =
            value(&["private_key_file_pwd", "private_key_passphrase"]).map(Into::into);
    }
    let authenticator = value(&["authenticator"]).unwrap_or_default().to_ascii_uppercase();
    let kind = match authenticator.as_str() {
        "PROGRAMMATIC_ACCESS_TOKEN" => Some(TokenType::Pat),
        "OAUTH" => Some(TokenType::OAuth),
        "WORKLOAD_IDENTITY" => Some(TokenType::Wif),
        _ => None,
    };
    let token_file = path(&["token_file_path"]);
    let token = match (value(&["token"]), token_file) {
        (Some(token), _) => Some(token),
        (None, Some(path)) => Some(text::read(&path)?.trim().to_owned()),
        (None, None) => None,
    };
    if let (Some(kind), Some(token)) = (kind, token) {
        config.token = Some(token.into());
        config.token_type = config.token_type.or(Some(kind));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn filled(config: SnowflakeConfig, folder: &Path) -> Result<SnowflakeConfig, Error> {
        let mut config = SnowflakeConfig { connection: Some("prod".to_owned()), ..config };
        fill(&mut config, (&[folder.to_owned()], Some(Path::new("/home/me"))))?;
        Ok(config)
    }

    #[test]
    fn a_connection_fills_what_is_not_set_and_its_paths_count_from_its_folder() {
        let text = "[prod]\naccount = 'a-b'\nuser = 'U'\nrole = 'R'\nprivate_key_file = 'k.p8'\n";
        let folder = folder(&[("connections.toml", text)]);
        let own = SnowflakeConfig { role: Some("MINE".to_owned()), ..Default::default() };
        let config = filled(own, folder.path()).unwrap();
        assert_eq!(
            (config.account.as_deref(), config.role.as_deref()),
            (Some("a-b"), Some("MINE"))
        );
        assert_eq!(config.private_key_path, Some(folder.path().join("k.p8")));
    }

    #[test]
    fn config_toml_keeps_its_connections_one_level_down() {
        let text =
            "[connections.prod]\naccount = 'a-b'\nauthenticator = 'OAUTH'\ntoken = 't0ken'\n";
        let folder = folder(&[("config.toml", text)]);
        let config = filled(SnowflakeConfig::default(), folder.path()).unwrap();
        assert_eq!(config.token_type, Some(TokenType::OAuth));
        assert!(!format!("{config:?}").contains("t0ken"));
    }

    #[test]
    fn a_path_may_begin_at_home() {
        let text = "[prod]\nprivate_key_file = '~/keys/k.p8'\n";
        let folder = folder(&[("connections.toml", text)]);
        let config = filled(SnowflakeConfig::default(), folder.path()).unwrap();
        assert_eq!(config.private_key_path.as_deref(), Some(Path::new("/home/me/keys/k.p8")));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_not_passed_over() {
        let folder = folder(&[("config.toml", "[connections.prod]\naccount = 'a-b'\n")]);
        let path = folder.path().join("connections.toml");
        std::fs::write(&path, b"[prod]\nuser = 'caf\xE9'\n").unwrap();
        let said = filled(SnowflakeConfig::default(), folder.path()).unwrap_err().to_string();
        assert!(said.contains("connections.toml") && said.contains("line 2"), "{said}");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let said = filled(SnowflakeConfig::default(), folder.path()).unwrap_err().to_string();
        assert!(said.contains("connections.toml` is a folder"), "{said}");
        // What PowerShell's `>` writes is read.
        std::fs::remove_dir(&path).unwrap();
        let text = "\u{FEFF}[prod]\naccount = 'c-d'\n".encode_utf16();
        std::fs::write(&path, text.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
        let config = filled(SnowflakeConfig::default(), folder.path()).unwrap();
        assert_eq!(config.account.as_deref(), Some("c-d"));
    }

    #[test]
    fn an_unknown_connection_names_itself_and_where_it_was_looked_for() {
        let folder = folder(&[("connections.toml", "[dev]\naccount = 'a-b'\n")]);
        let error = filled(SnowflakeConfig::default(), folder.path()).unwrap_err().to_string();
        assert!(error.contains("`prod`") && error.contains("connections.toml"), "{error}");
    }
}
