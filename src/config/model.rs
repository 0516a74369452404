//! Where the model listens that answers `ask`.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Which model answers, and where it listens.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// The server's address, in the form in which it was said.
    pub url: String,
    /// The model; without it the first one that the server has.
    pub name: Option<String>,
}

/// The port of Ollama, where none is said.
const PORT: u16 = 11_434;

impl ModelConfig {
    /// The address below which the protocol's paths lie, `/v1/` and what follows; `None` where it is none. Only who asks a model finds
    /// that: `OLLAMA_HOST` is another program's, and nobody's run ends for it.
    pub(crate) fn address(&self) -> Option<Url> {
        address(&self.url)
    }
}

/// With or without `http://`, `/v1` and a slash at its end. A server that listens everywhere is asked on this machine.
fn address(text: &str) -> Option<Url> {
    let text = text.trim();
    let is_url = text.contains("://");
    let mut url = match is_url {
        true => Url::parse(text).ok()?,
        false if text.starts_with(':') => Url::parse(&format!("http://127.0.0.1{text}")).ok()?,
        false => Url::parse(&format!("http://{text}")).ok()?,
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    let has_port = || text.rsplit('@').next().is_some_and(names_a_port);
    if !is_url && url.port().is_none() && !has_port() {
        url.set_port(Some(PORT)).ok()?;
    }
    let everywhere = match url.host() {
        Some(Host::Ipv4(ip)) if ip.is_unspecified() => Some(Ipv4Addr::LOCALHOST.to_string()),
        Some(Host::Ipv6(ip)) if ip.is_unspecified() => Some(format!("[{}]", Ipv6Addr::LOCALHOST)),
        _ => None,
    };
    if let Some(here) = everywhere {
        url.set_host(Some(&here)).ok()?;
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).trim_end_matches('/').to_owned();
    url.set_path(&format!("{path}/v1/"));
    Some(url)
}

/// Whether host and port are said: `:80` is one that an address of `http` leaves out.
fn names_a_port(text: &str) -> bool {
    let host = text.split('/').next().unwrap_or_default();
    let behind = host.rsplit(']').next().unwrap_or(host);
    behind.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_every_form_that_people_write() {
        for (text, wanted) in [
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1/"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1/"),
            ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/"),
            ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1/"),
            ("https://models.example/llm/v1//", "https://models.example/llm/v1/"),
            ("http://models.example", "http://models.example/v1/"),
            ("127.0.0.1:1234", "http://127.0.0.1:1234/v1/"),
            ("127.0.0.1:80", "http://127.0.0.1/v1/"),
            ("127.0.0.1", "http://127.0.0.1:11434/v1/"),
            ("localhost", "http://localhost:11434/v1/"),
            (":1234", "http://127.0.0.1:1234/v1/"),
            ("0.0.0.0", "http://127.0.0.1:11434/v1/"),
            ("0.0.0.0:99", "http://127.0.0.1:99/v1/"),
            ("http://[::]:99", "http://[::1]:99/v1/"),
            ("[::1]:99", "http://[::1]:99/v1/"),
        ] {
            assert_eq!(address(text).map(String::from).as_deref(), Some(wanted), "{text}");
        }
        for text in ["", "ftp://x", "http://", "::::", "a b"] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
