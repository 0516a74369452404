//! The client against a server that answers from a script: one reply per request, in order, and everything asked is kept.
//!
//! Each reply travels on a connection of its own, so that a broken one breaks nothing else.

mod auth;
mod pipe;
mod sql;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::client::{Connection, ConnectionTiming, Login, Session};
use super::credential::{Credential, TokenType};
use super::key::KeyPair;
use crate::http;
use crate::retry::RetryPolicy;
use crate::stop::Stop;

/// Nobody stops the run.
static GO_ON: Stop = Stop::new();
const HANDLE: &str = "019c06a4-0000-df4f-0000-00100006589e";

/// 2026-01-05 12:00:00 UTC.
fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_614_400, 0).unwrap()
}

fn key() -> KeyPair {
    let pem = include_str!("../../../../tests/fixtures/snowflake/plain.p8");
    KeyPair::from_pem(&pem.into(), None).unwrap()
}

/// Everything shrunk a thousandfold.
fn quick() -> ConnectionTiming {
    ConnectionTiming {
        call: http::CallTiming {
            retry: RetryPolicy {
                max_retries: 3,
                first_delay: Duration::from_millis(1),
                max_delay: Duration::from_millis(4),
            },
            max_wait: Duration::from_secs(60),
            second: Duration::from_millis(1),
            timeout: Duration::from_secs(5),
        },
        poll_floor: Duration::from_millis(2),
        poll_ceiling: Duration::from_millis(5),
        deadline: Duration::from_secs(600),
        stop_grace: Duration::from_millis(20),
    }
}

/// One reply.
#[derive(Clone)]
enum Reply {
    Whole {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Half of the promised bytes, then the end.
    Cut(String),
    /// The end, and nothing said.
    Reset,
    /// Nothing, until the client leaves.
    Hang,
}

fn json(status: u16, body: impl Into<String>) -> Reply {
    let headers = vec![("content-type", "application/json".to_owned())];
    Reply::Whole { status, headers, body: body.into().into_bytes() }
}

fn html(status: u16) -> Reply {
    let headers = vec![("content-type", "text/html".to_owned())];
    Reply::Whole { status, headers, body: b"<html><body>Bad things</body></html>".to_vec() }
}

impl Reply {
    fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        let Self::Whole { status, mut headers, body } = self else { panic!("it has no headers") };
        headers.push((name, value.into()));
        Self::Whole { status, headers, body }
    }

    /// Packed, with or without saying so.
    fn gzip(self, is_announced: bool) -> Self {
        let Self::Whole { status, headers, body } = self else { panic!("it has no body") };
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&body).unwrap();
        let packed = Self::Whole { status, headers, body: encoder.finish().unwrap() };
        if is_announced { packed.with("content-encoding", "gzip") } else { packed }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
struct Asked {
    /// Method and path.
    line: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: String,
}

impl Asked {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    fn parameter(&self, name: &str) -> &str {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    fn body(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// What the token says.
    fn claims(&self) -> serde_json::Value {
        use base64::Engine;
        let token = self.header("authorization").strip_prefix("Bearer ").unwrap();
        let payload = token.split('.').nth(1).unwrap();
        let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }
}

struct Server {
    url: String,
    replies: Arc<Mutex<Vec<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    async fn start(replies: impl Into<Vec<Reply>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut replies: Vec<Reply> = replies.into();
        replies.reverse();
        let (replies, asked) = (Arc::new(Mutex::new(replies)), Arc::default());
        let server = Self { url, replies: Arc::clone(&replies), asked: Arc::clone(&asked) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&replies), Arc::clone(&asked)));
            }
        });
        server
    }

    fn connect(&self) -> Connection {
        self.connect_with(Credential::KeyPair(key()), quick())
    }

    fn connect_with(&self, credential: Credential, timing: ConnectionTiming) -> Connection {
        let account = "myorg-myacct".parse().unwrap();
        let login = Login {
            account: crate::snowflake::api::account::AccountId::with_url(account, &self.url)
                .unwrap(),
            user: "loader".to_owned(),
            credential,
            session: Session {
                role: Some("LOADER_ROLE".parse().unwrap()),
                warehouse: Some("LOADER_WH".parse().unwrap()),
                ..Session::default()
            },
        };
        Connection::new(login, timing, noon).unwrap()
    }

    /// What was asked; the script must be used up.
    fn asked(&self) -> Vec<Asked> {
        assert_eq!(self.replies.lock().unwrap().len(), 0, "replies were left over");
        self.asked.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}

fn pat() -> Credential {
    Credential::token(TokenType::Pat, &SecretString::from("pat-secret")).unwrap()
}

async fn answer(
    mut stream: TcpStream,
    replies: Arc<Mutex<Vec<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
) {
    let request = read(&mut stream).await;
    asked.lock().unwrap().push(request);
    let unasked = json(599, r#"{"message":"the script has no reply to this"}"#);
    let reply = replies.lock().unwrap().pop().unwrap_or(unasked);
    let (status, headers, body, length) = match reply {
        Reply::Reset => return,
        Reply::Hang => {
            let _ = stream.read(&mut [0; 1]).await;
            return;
        }
        Reply::Cut(body) => {
            let half = body.as_bytes()[..body.len() / 2].to_vec();
            (200, Vec::new(), half, body.len())
        }
        Reply::Whole { status, headers, body } => {
            let length = body.len();
            (status, headers, body, length)
        }
    };
    let mut head =
        format!("HTTP/1.1 {status} Reply\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    // A client that leaves is no failure of ours.
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}

async fn read(stream: &mut TcpStream) -> Asked {
    let mut bytes = Vec::new();
    let head_length = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        assert!(0 < stream.read_buf(&mut bytes).await.unwrap(), "the client left early");
    };
    let head = String::from_utf8(bytes[..head_length].to_vec()).unwrap();
    let mut lines = head.lines();
    let start: Vec<&str> = lines.next().unwrap().split(' ').collect();
    let url = reqwest::Url::parse(&format!("http://server{}", start[1])).unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, length)| length.parse().unwrap());
    while bytes.len() < head_length + length {
        assert!(0 < stream.read_buf(&mut bytes).await.unwrap(), "the client left early");
    }
    Asked {
        line: format!("{} {}", start[0], url.path()),
        query: url.query_pairs().into_owned().collect(),
        headers,
        body: String::from_utf8(bytes[head_length..].to_vec()).unwrap(),
    }
}

/// `Date` as a server writes it whose clock is off ours by `seconds`.
fn date(seconds: i64) -> String {
    (noon() + TimeDelta::seconds(seconds)).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A result as Snowflake writes it, with one TEXT and one FIXED column.
fn result(rows: &str, row_counts: &[u64]) -> String {
    let total: u64 = row_counts.iter().sum();
    let partitions: Vec<String> = row_counts
        .iter()
        .map(|count| format!(r#"{{"rowCount":{count},"uncompressedSize":1438}}"#))
        .collect();
    format!(
        r#"{{"resultSetMetaData":{{"numRows":{total},"format":"jsonv2","rowType":[
            {{"name":"FILE_NAME","database":"","schema":"","table":"","type":"text","nullable":true,"scale":null}},
            {{"name":"ROW_COUNT","database":"","schema":"","table":"","type":"fixed","nullable":true,"scale":0}}],
            "partitionInfo":[{}]}},"data":[{rows}],"code":"090001","statementStatusUrl":"/api/v2/statements/{HANDLE}",
            "sqlState":"00000","statementHandle":"{HANDLE}","message":"Statement executed successfully.","createdOn":1620151584132}}"#,
        partitions.join(",")
    )
}

fn running() -> Reply {
    json(
        202,
        format!(
            r#"{{"code":"333334","message":"Asynchronous execution in progress.","statementHandle":"{HANDLE}","statementStatusUrl":"/api/v2/statements/{HANDLE}"}}"#
        ),
    )
}
