//! A small HTTP/1.1 server that can also break every promise of HTTP: it closes early, stalls and cuts.
//!
//! In: a [`Service`] that answers. Out: bytes. Written by hand because a framework would repair what tests need broken.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Whoever answers the requests.
pub trait Service: Send + Sync + 'static {
    /// A request has come.
    fn started(&self, _request: &Request) {}

    /// How long an answer takes at least.
    fn answer_duration(&self) -> Duration {
        Duration::ZERO
    }

    /// Answers and remembers one request.
    fn answer(&self, request: &Request) -> Answer;

    /// The answer is with the client, or never will be.
    fn finished(&self, _request: &Request) {}
}

/// A server on a loopback port; it stops when dropped.
pub struct Server {
    /// Host and port.
    pub address: String,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

/// A request as it came.
#[derive(Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Without `?`, still percent-encoded.
    pub query: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// How the answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    Whole,
    /// Half of the promised bytes, then the end of the connection.
    Cut,
    /// The connection closes and nothing was said.
    Reset,
    /// Nothing, until the client leaves or the server stops.
    Hang,
    /// Spaces without end, until the client leaves.
    Endless,
    Slow {
        chunk_size_bytes: usize,
        gap: Duration,
    },
}

/// Whether the body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Where the client accepts gzip.
    Negotiated,
    Gzip,
    /// A proxy has taken the header away.
    UnmarkedGzip,
    /// As it is.
    Done,
}

/// An answer to be sent.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub delivery: Delivery,
    pub packing: Packing,
}

impl Request {
    /// A header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn parameters(&self) -> Vec<(String, String)> {
        pairs(&self.query)
    }

    pub fn parameter(&self, name: &str) -> Option<String> {
        find(&self.parameters(), name)
    }

    /// The body as a form.
    pub fn form(&self) -> Vec<(String, String)> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    fn accepts_gzip(&self) -> bool {
        self.header("accept-encoding").is_some_and(|encodings| encodings.contains("gzip"))
    }
}

impl Answer {
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::text(status, "application/json; charset=utf-8", body)
    }

    pub fn text(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into().into_bytes(),
            delivery: Delivery::Whole,
            packing: Packing::Negotiated,
        }
    }

    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub const fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    pub const fn packed(mut self, packing: Packing) -> Self {
        self.packing = packing;
        self
    }

    /// A small answer that is a gigabyte of spaces once it is unpacked.
    pub fn bomb(is_marked: bool) -> Self {
        let answer = Self { body: BOMB.clone(), ..Self::json(200, "") }.packed(Packing::Done);
        if is_marked { answer.with_header("content-encoding", "gzip") } else { answer }
    }

    fn pack(&mut self, accepts_gzip: bool) -> std::io::Result<()> {
        let is_packed = match self.packing {
            Packing::Negotiated => accepts_gzip && !self.body.is_empty(),
            Packing::Gzip | Packing::UnmarkedGzip => true,
            Packing::Done => false,
        };
        if is_packed {
            self.body = compressed(&self.body)?;
            if self.packing != Packing::UnmarkedGzip {
                self.headers.push(("content-encoding", "gzip".to_owned()));
            }
        }
        Ok(())
    }
}

/// A free port that only this machine reaches.
pub(crate) const ANY_LOOPBACK_PORT: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

impl Server {
    /// On a free loopback port.
    pub fn start(service: &Arc<impl Service>) -> Self {
        Self::start_at(ANY_LOOPBACK_PORT, service).expect("a loopback port is free")
    }

    /// At this address; port 0 is any free one.
    pub fn start_at(at: SocketAddr, service: &Arc<impl Service>) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(at)?;
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = reachable(&listener);
        let (stop, stopped) = oneshot::channel();
        let service = Arc::clone(service);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be built");
            runtime.block_on(async move {
                let listener =
                    TcpListener::from_std(listener).expect("a listener can join the runtime");
                tokio::select! {
                    () = serve(listener, service) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { address, running: Some((stop, thread)) })
    }

    /// Ends every connection.
    pub fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            // An error means that the server is gone already.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Where a client of this machine finds a listener: one at every address is at the loopback's, too.
pub(crate) fn reachable(listener: &std::net::TcpListener) -> String {
    let mut address = listener.local_addr().expect("a bound socket has an address");
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    address.to_string()
}

/// Answers connections until the runtime is dropped.
async fn serve(listener: TcpListener, service: Arc<impl Service>) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let mut connection = Connection { stream, buffer: Vec::new() };
            // A client that leaves is no failure of ours.
            let _ = connection.converse(&*service).await;
        });
    }
}

/// An answer takes a moment, or else requests sent at once would look as if they came one by one.
async fn let_others_arrive(duration: Duration) {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
    if !duration.is_zero() {
        // An error is the end of the wait.
        let _ = tokio::time::timeout(duration, std::future::pending::<()>()).await;
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn converse(&mut self, service: &impl Service) -> std::io::Result<()> {
        self.stream.set_nodelay(true)?;
        while let Some(request) = self.request().await? {
            service.started(&request);
            let_others_arrive(service.answer_duration()).await;
            let mut answer = service.answer(&request);
            answer.pack(request.accepts_gzip())?;
            let is_whole = answer.delivery == Delivery::Whole;
            if !is_whole {
                // The client may give up at any moment and ask again, which is not a second call at once.
                service.finished(&request);
            }
            let sent = self.send(&answer).await;
            if is_whole {
                service.finished(&request);
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
            Delivery::Whole | Delivery::Cut | Delivery::Endless | Delivery::Slow { .. } => {}
        }
        let mut message = format!("HTTP/1.1 {} Answer\r\n", answer.status).into_bytes();
        for (name, value) in &answer.headers {
            write!(message, "{name}: {value}\r\n")?;
        }
        // 304 has no body, and a length would be that of the body it stands for.
        if answer.status != 304 && answer.delivery != Delivery::Endless {
            write!(message, "content-length: {}\r\n", answer.body.len())?;
        }
        message.extend_from_slice(b"\r\n");
        match answer.delivery {
            Delivery::Endless => {
                self.stream.write_all(&message).await?;
                loop {
                    self.stream.write_all(&[b' '; 1 << 16]).await?;
                }
            }
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

/// [`Answer::bomb`], packed once for all tests.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..1 << 10 {
        encoder.write_all(&[b' '; 1 << 20]).expect("memory takes everything");
    }
    encoder.finish().expect("memory takes everything")
});

fn compressed(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

/// The first value of a name.
pub fn find(pairs: &[(String, String)], name: &str) -> Option<String> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

pub fn decoded(text: &str) -> String {
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
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
