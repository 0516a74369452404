//! A small HTTP/1.1 server that can also break every promise of HTTP: it closes early, stalls and cuts.
//!
//! In: a listener and whoever answers. Out: bytes. Written by hand because a framework would repair what tests need broken.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Shared;

/// A request as it came.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// Without `?`, still percent-encoded.
    pub(super) query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// How the answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    /// Half of the promised bytes, then the end of the connection.
    Cut,
    /// The connection closes and nothing was said.
    Reset,
    /// Nothing, until the client leaves or the server stops.
    Hang,
    Slow {
        chunk_size_bytes: usize,
        gap: Duration,
    },
}

/// An answer to be sent.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) delivery: Delivery,
}

impl Request {
    /// A header; `name` in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn parameters(&self) -> Vec<(String, String)> {
        pairs(&self.query)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        find(&self.parameters(), name)
    }

    /// The body as a form.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    fn accepts_gzip(&self) -> bool {
        self.header("accept-encoding").is_some_and(|encodings| encodings.contains("gzip"))
    }
}

impl Answer {
    pub(super) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::text(status, "application/json; charset=utf-8", body)
    }

    pub(super) fn text(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: body.into().into_bytes(), delivery: Delivery::Whole }
    }

    /// Spotify's own error shape.
    pub(super) fn error(status: u16, message: &str) -> Self {
        let body = serde_json::json!({"error": {"status": status, "message": message}});
        Self::json(status, body.to_string())
    }

    pub(super) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) const fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }
}

/// Answers connections until the runtime is dropped.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut connection = Connection { stream, buffer: Vec::new() };
            // A client that leaves is no failure of ours.
            let _ = connection.converse(&shared).await;
        });
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn converse(&mut self, shared: &Shared) -> std::io::Result<()> {
        self.stream.set_nodelay(true)?;
        while let Some(request) = self.request().await? {
            shared.started(&request);
            shared.let_others_arrive().await;
            let mut answer = shared.answer(&request);
            if request.accepts_gzip() && !answer.body.is_empty() {
                answer.body = compressed(&answer.body)?;
                answer.headers.push(("content-encoding", "gzip".to_owned()));
            }
            let is_whole = answer.delivery == Delivery::Whole;
            if !is_whole {
                // The client may give up at any moment and ask again, which is not a second call at once.
                shared.finished(&request);
            }
            let sent = self.send(&answer).await;
            if is_whole {
                shared.finished(&request);
            }
            sent?;
            if !matches!(answer.delivery, Delivery::Whole | Delivery::Slow { .. }) {
                break;
            }
        }
        Ok(())
    }

    async fn request(&mut self) -> std::io::Result<Option<Request>> {
        let head_length = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if !self.read_more().await? {
                return Ok(None);
            }
        };
        let head: Vec<u8> = self.buffer.drain(..head_length).collect();
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.split("\r\n");
        let mut start = lines.next().unwrap_or_default().split(' ');
        let method = start.next().unwrap_or_default().to_owned();
        let target = start.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut request = Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: Vec::new(),
        };
        let length =
            request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while self.buffer.len() < length {
            if !self.read_more().await? {
                return Ok(None);
            }
        }
        request.body = self.buffer.drain(..length).collect();
        Ok(Some(request))
    }

    async fn read_more(&mut self) -> std::io::Result<bool> {
        let mut chunk = [0; 4096];
        let length = self.stream.read(&mut chunk).await?;
        self.buffer.extend_from_slice(&chunk[..length]);
        Ok(length > 0)
    }

    async fn send(&mut self, answer: &Answer) -> std::io::Result<()> {
        match answer.delivery {
            Delivery::Reset => return Ok(()),
            Delivery::Hang => {
                while self.read_more().await? {}
                return Ok(());
            }
            Delivery::Whole | Delivery::Cut | Delivery::Slow { .. } => {}
        }
        let mut message = format!("HTTP/1.1 {} Answer\r\n", answer.status).into_bytes();
        for (name, value) in &answer.headers {
            write!(message, "{name}: {value}\r\n")?;
        }
        // 304 has no body, and a length would be that of the body it stands for.
        if answer.status != 304 {
            write!(message, "content-length: {}\r\n", answer.body.len())?;
        }
        message.extend_from_slice(b"\r\n");
        match answer.delivery {
            Delivery::Cut => {
                message.extend_from_slice(&answer.body[..answer.body.len() / 2]);
                self.stream.write_all(&message).await
            }
            Delivery::Slow { chunk_size_bytes, gap } => {
                self.stream.write_all(&message).await?;
                let mut ticks = tokio::time::interval(gap);
                for chunk in answer.body.chunks(chunk_size_bytes.max(1)) {
                    ticks.tick().await;
                    self.stream.write_all(chunk).await?;
                }
                Ok(())
            }
            _ => {
                message.extend_from_slice(&answer.body);
                self.stream.write_all(&message).await
            }
        }
    }
}

fn compressed(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

/// The first value of a name.
pub(super) fn find(pairs: &[(String, String)], name: &str) -> Option<String> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let escaped =
            text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, escaped) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Percent-encodes everything but letters and digits.
pub(super) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
