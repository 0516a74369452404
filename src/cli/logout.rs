//! `logout`: takes the stored login away, and nothing else.

use serde_json::json;

use super::exit::Error;
use super::{Cli, print};
use crate::config::Config;
use crate::sources::TokenFile;

/// Removes the stored login; that there was none is no failure.
pub(super) fn logout(cli: &Cli, config: &Config) -> Result<(), Error> {
    let path = config.data_dir.token();
    let shown = path.display().to_string();
    let is_removed = TokenFile(path).remove()?;
    // What was configured is not ours to take away.
    let is_configured = config.spotify.refresh_token.is_some();
    if cli.json {
        let status = if is_removed { "logged out" } else { "not logged in" };
        let document = json!({
            "status": status, "token_file": shown, "is_removed": is_removed,
            "is_refresh_token_configured": is_configured,
        });
        return print(&document.to_string());
    }
    let said = match is_removed {
        true => format!("logged out; the login in {shown} is removed"),
        false => format!("there was no login in {shown}; nothing was removed"),
    };
    let rest = match is_configured {
        true => "; `SPOTIFY_REFRESH_TOKEN` is configured and still logs in",
        false => "",
    };
    print(&format!("{said}{rest}"))
}
