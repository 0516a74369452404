//! `login`: a login at Spotify, and whose it is.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::exit::Error;
use super::{Cli, is_there, now, one_line, print, runtime, tell};
use crate::config::Config;
use crate::event::Warning;
use crate::ledger::lockouts;
use crate::observe::words;
use crate::run::Look;
use crate::sources::{Client, Lockouts, NewLogin, Permission, SpotifyTiming, Wish};

/// How to log in, and to what.
#[derive(Debug, clap::Args)]
pub(super) struct LoginArgs {
    /// Print the address and read the pasted redirect, where there is no browser
    #[arg(long)]
    no_browser: bool,
    /// Ask to make playlists, too, which `playlist create` and `playlist restore` need
    #[arg(long)]
    may_write: bool,
}

/// Logs in, and says who that is and until when.
pub(super) fn login(cli: &Cli, arguments: &LoginArgs, config: &Config) -> Result<(), Error> {
    let permission = if arguments.may_write { Permission::Write } else { Permission::Read };
    let wish = Wish { no_browser: arguments.no_browser, permission };
    let credentials = config.credentials()?;
    if let Some(exposure) = crate::config::login_exposure(&credentials) {
        tracing::warn!("{}", words::warning(&Warning::Exposed(exposure)));
    }
    let show_url = |url: &str| {
        let mut text = format!("open this address in a browser and agree:\n\n{url}\n");
        if wish.no_browser {
            text += "\nthen paste the address of the page that the browser ends at (it may show an error):";
        }
        // With `--json`, what a person reads goes beside the result.
        if cli.json {
            tell(&text);
        } else {
            let _ = print(&text);
        }
    };
    let login = runtime()?.block_on(crate::sources::login(&credentials, wish, now(), &show_url))?;
    let ends_at = login.ends_at;
    let user = user_of(login, config)?;
    let kept = config.data_dir.token().display().to_string();
    if cli.json {
        return print(&document(user.as_deref(), ends_at, &kept).to_string());
    }
    print(&told(user.as_deref(), ends_at, &kept))
}

fn document(user: Option<&str>, ends_at: Option<DateTime<Utc>>, kept: &str) -> Value {
    let ends_at = ends_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    json!({"status": "logged in", "user_id": user, "ends_at": ends_at, "token_file": kept})
}

fn told(user: Option<&str>, ends_at: Option<DateTime<Utc>>, kept: &str) -> String {
    let user = user.map(|user| format!(" as `{}`", one_line(user))).unwrap_or_default();
    let until = ends_at.map(|at| format!(" until {}", at.format("%Y-%m-%d"))).unwrap_or_default();
    let unknown = match user.is_empty() {
        true => "; Spotify did not say whose login it is (`snowtrack doctor` asks again)",
        false => "",
    };
    format!("logged in{user}{until}; the login is kept in {kept}{unknown}")
}

/// Whose login it is; the login is good where Spotify does not say so.
fn user_of(login: NewLogin, config: &Config) -> Result<Option<String>, Error> {
    let credentials = config.credentials()?;
    let lockouts = lockouts(config, &credentials.client_id);
    let (url, timing) = (&config.spotify.api_url, SpotifyTiming::impatient());
    let client = Client::new(url, credentials, timing, now)?;
    let mut client = client.with_lockouts(lockouts).logged_in(login);
    Ok(runtime()?.block_on(client.user_id(&|_| {})).ok())
}

/// What Spotify asked not to be asked yet, as far as the ledger can be read just now.
fn lockouts(config: &Config, account: &str) -> Lockouts {
    let data_dir = &config.data_dir;
    match is_there(data_dir, &data_dir.warehouse()) {
        Ok(true) => match crate::run::look(data_dir) {
            Ok(Look::Free(warehouse)) => {
                lockouts::load(&warehouse, account, now()).unwrap_or_default()
            }
            _ => Lockouts::default(),
        },
        _ => Lockouts::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_told_with_its_user_and_its_end() {
        let end = "2027-05-30T10:00:00Z".parse().ok();
        insta::assert_snapshot!(told(Some("keeper"), end, "data/t.json"), @"logged in as `keeper` until 2027-05-30; the login is kept in data/t.json");
        insta::assert_snapshot!(told(None, end, "data/t.json"), @"logged in until 2027-05-30; the login is kept in data/t.json; Spotify did not say whose login it is (`snowtrack doctor` asks again)");
        let document = document(Some("keeper"), end, "data/t.json");
        insta::assert_snapshot!(document, @r#"{"ends_at":"2027-05-30T10:00:00Z","status":"logged in","token_file":"data/t.json","user_id":"keeper"}"#);
    }
}
