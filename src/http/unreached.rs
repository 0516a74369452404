//! A service that was not reached, in words: who it was, why, and what a person looks at.

use reqwest::Url;

use super::describe;

/// Why no answer came, as far as a person can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Name,
    Refused,
    Late,
    Certificate,
    Unconnected,
}

impl Cause {
    const ALL: [Self; 5] =
        [Self::Name, Self::Refused, Self::Certificate, Self::Late, Self::Unconnected];

    const fn words(self) -> &'static str {
        match self {
            Self::Name => "no such name is known (DNS)",
            Self::Refused => "it refuses the connection",
            Self::Late => "no answer came in time",
            Self::Certificate => "its TLS certificate is not accepted",
            Self::Unconnected => "no connection",
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::Name => {
                "see whether the name is right, and whether this machine has a network and a DNS server"
            }
            Self::Refused => {
                "see whether host and port are right, and whether a firewall or proxy is in the way"
            }
            Self::Late | Self::Unconnected => {
                "see whether this machine has a network, and whether a firewall or proxy is in the way"
            }
            Self::Certificate => {
                "see whether the name is right, whether a proxy answers in its place, and which root certificates this machine has (`SSL_CERT_FILE`)"
            }
        }
    }

    /// By the words that the HTTP client and the system have for it; its types are not public.
    fn of(how: &str) -> Option<Self> {
        let says = |words: &[&str]| words.iter().any(|it| how.contains(it));
        if says(&["dns error"]) {
            Some(Self::Name)
        } else if says(&["Connection refused"]) {
            Some(Self::Refused)
        } else if says(&["certificate"]) {
            Some(Self::Certificate)
        } else if says(&["timed out"]) {
            Some(Self::Late)
        } else if says(&["(Connect)"]) {
            Some(Self::Unconnected)
        } else {
            None
        }
    }
}

/// A call without an answer: which host, why, and in the client's words.
pub(super) fn unreached(url: &Url, error: reqwest::Error) -> String {
    let how = describe(error);
    let host = host(url);
    match Cause::of(&how) {
        Some(cause) => format!("`{host}`: {} ({how})", cause.words()),
        None => format!("`{host}`: {how}"),
    }
}

/// A host, with its port where that is not the usual one.
pub fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("…");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What a person looks at where a call ended for this reason; `None` where the service itself answered.
pub fn advice(reason: &str) -> Option<&'static str> {
    Cause::ALL.into_iter().find(|it| reason.contains(it.words())).map(Cause::advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_not_to_reach_a_service_has_its_cause_and_its_advice() {
        let ways = [
            (
                "error sending request: client error (Connect): dns error: failed to lookup address information",
                Cause::Name,
            ),
            (
                "error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)",
                Cause::Refused,
            ),
            ("error sending request: operation timed out", Cause::Late),
            (
                "error sending request: client error (Connect): invalid peer certificate: UnknownIssuer",
                Cause::Certificate,
            ),
            (
                "error sending request: client error (Connect): tcp connect error: Network is unreachable (os error 101)",
                Cause::Unconnected,
            ),
        ];
        for (how, cause) in ways {
            assert_eq!(Cause::of(how), Some(cause), "{how}");
            let told = format!("`h`: {} ({how})", cause.words());
            assert_eq!(advice(&told), Some(cause.advice()), "{told}");
        }
        assert_eq!(Cause::of("connection closed before message completed"), None);
        assert_eq!(advice("status 503"), None);
    }

    #[test]
    fn a_port_is_told_where_it_is_not_the_usual_one() {
        let told = |url: &str| host(&Url::parse(url).unwrap());
        assert_eq!(told("https://api.spotify.com/v1/me?x=1"), "api.spotify.com");
        assert_eq!(told("http://user:pass@127.0.0.1:9/v1"), "127.0.0.1:9");
    }
}
