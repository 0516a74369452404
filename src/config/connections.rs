//! A connection of Snowflake's own tools: `connections.toml`, else `config.toml`, in the folder where they keep it.
//!
//! <https://docs.snowflake.com/en/developer-guide/snowflake-cli/connecting/configure-connections>

use std::path::{Path, PathBuf};

use super::said::{Origin, Said, below_home};
use super::{Error, MASK, settings, text};

/// Fills what nobody said from the connection that was named. `folders` are looked through in order; `home` is
/// what `~` means in them.
pub(super) fn fill(said: &mut Said, folders: &[PathBuf], home: Option<&Path>) -> Result<(), Error> {
    let Some(name) = said.get("snowflake.connection").map(str::to_owned) else { return Ok(()) };
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
                return Connection { name: &name, found, folder, home }.fill(said);
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

/// A connection that was found.
struct Connection<'a> {
    name: &'a str,
    found: &'a toml::Table,
    /// The file's.
    folder: &'a Path,
    home: Option<&'a Path>,
}

impl Connection<'_> {
    fn fill(&self, said: &mut Said) -> Result<(), Error> {
        for key in ["account", "user", "role", "warehouse", "database", "schema"] {
            self.say(said, key, self.value(&[key]))?;
        }
        self.say(said, "url", self.value(&["host"]).map(|host| format!("https://{host}")))?;
        let credentials =
            ["snowflake.private_key_path", "snowflake.private_key", "snowflake.token"];
        let has_own_credential = credentials.iter().any(|key| said.get(key).is_some());
        if has_own_credential {
            return Ok(());
        }
        let path = self.path(&["private_key_file", "private_key_path"]);
        self.say(said, "private_key_path", path.map(|path| path.display().to_string()))?;
        self.say(said, "private_key", self.value(&["private_key_raw"]))?;
        let passphrase = self.value(&["private_key_file_pwd", "private_key_passphrase"]);
        self.say(said, "private_key_passphrase", passphrase)?;
        let authenticator = self.value(&["authenticator"]).unwrap_or_default();
        let kind = match authenticator.to_ascii_uppercase().as_str() {
            "PROGRAMMATIC_ACCESS_TOKEN" => "PAT",
            "OAUTH" => "OAuth",
            "WORKLOAD_IDENTITY" => "WIF",
            _ => "",
        };
        let token = match (self.value(&["token"]), self.path(&["token_file_path"])) {
            (Some(token), _) => Some(token),
            (None, Some(path)) => Some(text::read_secret(&path)?.trim().to_owned()),
            (None, None) => None,
        };
        if token.is_some() && !kind.is_empty() {
            self.say(said, "token", token)?;
            self.say(said, "token_type", Some(kind.to_owned()))?;
        }
        Ok(())
    }

    /// Says a setting of Snowflake's that nobody said.
    fn say(&self, said: &mut Said, key: &str, value: Option<String>) -> Result<(), Error> {
        let key = format!("snowflake.{key}");
        let (None, Some(value)) = (said.get(&key), value) else { return Ok(()) };
        let setting = settings::of_key(&key).expect("each of these is one of our settings");
        let origin = Origin::Connection(self.name.to_owned());
        said.say(setting, &value, origin).map_err(|wanted| {
            let value = if setting.is_secret() { MASK.to_owned() } else { value };
            Error::Value { name: format!("{key} of connection {}", self.name), value, wanted }
        })
    }

    fn value(&self, names: &[&str]) -> Option<String> {
        let found = names.iter().find_map(|name| self.found.get(*name));
        found.and_then(toml::Value::as_str).map(str::to_owned)
    }

    /// Paths in the file count from its folder, or from the home that they name.
    fn path(&self, names: &[&str]) -> Option<PathBuf> {
        Some(self.folder.join(below_home(Path::new(&self.value(names)?), self.home)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SnowflakeConfig;
    use crate::snowflake::TokenType;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn filled(own: &[(&str, &str)], folder: &Path) -> Result<SnowflakeConfig, Error> {
        let mut said = Said::default();
        for (key, value) in own.iter().chain(&[("snowflake.connection", "prod")]) {
            let setting = settings::of_key(key).unwrap();
            said.say(setting, value, Origin::Flag("--test")).unwrap();
        }
        let home = Some(Path::new("/home/me"));
        fill(&mut said, &[folder.to_owned()], home)?;
        Ok(said.resolve(home).snowflake)
    }

    #[test]
    fn a_connection_fills_what_is_not_set_and_its_paths_count_from_its_folder() {
        let text = "[prod]\naccount = 'a-b'\nuser = 'U'\nrole = 'R'\nprivate_key_file = 'k.p8'\n";
        let folder = folder(&[("connections.toml", text)]);
        let config = filled(&[("snowflake.role", "MINE")], folder.path()).unwrap();
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
        let config = filled(&[], folder.path()).unwrap();
        assert_eq!(config.token_type, Some(TokenType::OAuth));
        assert!(!format!("{config:?}").contains("t0ken"));
    }

    #[test]
    fn a_path_may_begin_at_home() {
        let text = "[prod]\nprivate_key_file = '~/keys/k.p8'\n";
        let folder = folder(&[("connections.toml", text)]);
        let config = filled(&[], folder.path()).unwrap();
        assert_eq!(config.private_key_path.as_deref(), Some(Path::new("/home/me/keys/k.p8")));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_not_passed_over() {
        let folder = folder(&[("config.toml", "[connections.prod]\naccount = 'a-b'\n")]);
        let path = folder.path().join("connections.toml");
        std::fs::write(&path, b"[prod]\nuser = 'caf\xE9'\n").unwrap();
        let said = filled(&[], folder.path()).unwrap_err().to_string();
        assert!(said.contains("connections.toml") && said.contains("line 2"), "{said}");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let said = filled(&[], folder.path()).unwrap_err().to_string();
        assert!(said.contains("connections.toml` is a folder"), "{said}");
        // What PowerShell's `>` writes is read.
        std::fs::remove_dir(&path).unwrap();
        let text = "\u{FEFF}[prod]\naccount = 'c-d'\n".encode_utf16();
        std::fs::write(&path, text.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
        let config = filled(&[], folder.path()).unwrap();
        assert_eq!(config.account.as_deref(), Some("c-d"));
    }

    #[test]
    fn an_unknown_connection_names_itself_and_where_it_was_looked_for() {
        let folder = folder(&[("connections.toml", "[dev]\naccount = 'a-b'\n")]);
        let error = filled(&[], folder.path()).unwrap_err().to_string();
        assert!(error.contains("`prod`") && error.contains("connections.toml"), "{error}");
    }
}
