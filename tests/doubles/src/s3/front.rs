//! Stands between the network and s3s: remembers, checks, breaks.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::Md5;
use s3s::{Body, HttpError, HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::fault::{Conditions, Fault, Keeps, Lie, Says};
use super::{BUCKET, Call, Op, Shared, Upload};

/// What the tests and scripts that command an answer see to, and what the double owns.
const A_STATUS: &str = "the status is one of HTTP's";
const A_HEADER: &str = "the header's value is plain text";
const WRITABLE: &str = "the bucket's folder can be written";

/// Larger than any part or small object.
const MAX_BODY_BYTES: usize = 64 << 20;

const CHECKSUM: &str = "x-amz-checksum-sha256";

/// An error here closes the connection.
type Answer = Result<HttpResponse, HttpError>;

pub(super) async fn answer(shared: Arc<Shared>, request: HttpRequest) -> Answer {
    if shared.is_plain {
        return shared.store.call(request).await;
    }
    let mut response = undated(Arc::clone(&shared), request).await?;
    let ahead = chrono::TimeDelta::seconds(shared.state().ahead_secs);
    let date = (now() + ahead).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    // Who scripted an answer may have said what time it is.
    response.headers_mut().entry("date").or_insert(date.parse().expect(A_HEADER));
    Ok(response)
}

#[allow(clippy::disallowed_methods, reason = "a server has a clock")]
fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

async fn undated(shared: Arc<Shared>, request: HttpRequest) -> Answer {
    let (parts, mut body) = request.into_parts();
    let (op, key) = what(&parts);
    let entry = Arc::new(Entry::new(&shared, op, key, &parts.headers));
    let bytes = body.store_all_limited(MAX_BODY_BYTES).await.map_err(HttpError::new)?;
    let mut bytes = bytes.to_vec();
    entry.note(|call| call.size_bytes = bytes.len());
    let gate = entry.gate();
    if let Some(gate) = gate {
        gate.wait().await;
    }
    let fault = entry.fault();
    match &fault {
        Some(Fault::Reset) => return Err(closed()),
        Some(Fault::Hang) => return hang(&shared).await,
        Some(Fault::Answer { status, code, message, headers }) => {
            entry.end(*status);
            return Ok(error(op, (*status, code, message), headers));
        }
        Some(Fault::Damage) if !bytes.is_empty() => bytes[0] ^= 1,
        _ => {}
    }
    let request = HttpRequest::from_parts(parts, Body::from(bytes.clone()));
    let work = Arc::clone(&entry);
    // In a task of its own: what S3 has taken whole it writes whole, also when its client dies meanwhile.
    let told = fault.clone();
    let work = tokio::spawn(async move { work.carry_out(request, &bytes, told.as_ref()).await });
    let mut response = work.await.expect("the store does not panic")?;
    match fault {
        Some(Fault::Lie(lie)) => {
            entry.lie(lie, &mut response).await?;
            entry.end(response.status().as_u16());
            Ok(response)
        }
        Some(Fault::HangAfter) => hang(&shared).await,
        Some(Fault::LostAnswer) => Err(closed()),
        Some(Fault::CutAnswer) => {
            let (head, mut body) = response.into_parts();
            let bytes = body.store_all_limited(MAX_BODY_BYTES).await.map_err(HttpError::new)?;
            let half = bytes.slice(..bytes.len() / 2);
            let cut = [Ok(half), Err(std::io::Error::other("cut"))];
            let body = s3s::dto::StreamingBlob::wrap(futures_util::stream::iter(cut));
            Ok(HttpResponse::from_parts(head, Body::from(body)))
        }
        _ => {
            entry.end(response.status().as_u16());
            Ok(response)
        }
    }
}

/// Rings the bell and says nothing until the client leaves, or is let go.
async fn hang(shared: &Shared) -> Answer {
    let let_go = shared.let_go.notified();
    tokio::pin!(let_go);
    // Registered before anybody hears of it.
    let_go.as_mut().enable();
    shared.hung.ring();
    let_go.await;
    Err(closed())
}

/// A call under way.
struct Entry {
    shared: Arc<Shared>,
    op: Op,
    key: String,
    at: usize,
}

impl Entry {
    fn new(shared: &Arc<Shared>, op: Op, key: String, headers: &hyper::HeaderMap) -> Self {
        let mut state = shared.state();
        state.tick += 1;
        let call = Call {
            op,
            key: key.clone(),
            status: 0,
            size_bytes: 0,
            has_checksum: headers.contains_key(CHECKSUM),
            is_conditional: headers.get("if-none-match").is_some_and(|value| value == "*"),
            began: state.tick,
            ended: None,
        };
        state.calls.push(call);
        let at = state.calls.len() - 1;
        let now = state.in_flight.entry(op).or_default();
        *now += 1;
        let now = *now;
        let peak = state.peak_in_flight.entry(op).or_default();
        *peak = now.max(*peak);
        drop(state);
        Self { shared: Arc::clone(shared), op, key, at }
    }

    fn note(&self, change: impl FnOnce(&mut Call)) {
        // The log may have been cleared meanwhile.
        if let Some(call) = self.shared.state().calls.get_mut(self.at) {
            change(call);
        }
    }

    fn end(&self, status: u16) {
        let mut state = self.shared.state();
        state.tick += 1;
        let tick = state.tick;
        if let Some(call) = state.calls.get_mut(self.at) {
            (call.status, call.ended) = (status, Some(tick));
        }
    }

    fn gate(&self) -> Option<Arc<tokio::sync::Barrier>> {
        let mut state = self.shared.state();
        let (_, barrier, left) = state.gate.as_mut().filter(|(op, ..)| *op == self.op)?;
        let barrier = Arc::clone(barrier);
        *left = left.saturating_sub(1);
        if *left == 0 {
            state.gate = None;
        }
        Some(barrier)
    }

    fn fault(&self) -> Option<Fault> {
        let mut state = self.shared.state();
        state.next_fault(self.at)
    }

    /// What S3 says of a condition before it writes; s3s-fs sees to the rest.
    fn refusal(&self, headers: &hyper::HeaderMap) -> Option<HttpResponse> {
        let (none_match, is_match) = (headers.get("if-none-match"), headers.get("if-match"));
        if !matches!(self.op, Op::Put | Op::Complete) || none_match.or(is_match).is_none() {
            return None;
        }
        let state = self.shared.state();
        let is_refused = state.conditions == Conditions::Refused
            || none_match.is_some_and(|tag| tag != "*")
            || none_match.is_some() && is_match.is_some();
        if is_refused {
            let unknown = "A header you provided implies functionality that is not implemented";
            return Some(error(self.op, (501, "NotImplemented", unknown), &[]));
        }
        if state.conditions != Conditions::Kept {
            return None;
        }
        let began = state.calls.get(self.at).map_or(0, |call| call.began);
        if state.deleted.get(&self.key).is_some_and(|tick| began < *tick) {
            let conflict = "The conditional request cannot succeed due to a conflicting operation against this resource.";
            return Some(error(self.op, (409, "ConditionalRequestConflict", conflict), &[]));
        }
        if is_match.is_some() && !self.shared.bucket.join(&self.key).exists() {
            let missing = "The specified key does not exist.";
            return Some(error(self.op, (404, "NoSuchKey", missing), &[]));
        }
        None
    }

    /// Whether the condition is one that this store has never heard of.
    fn is_ignored(&self, headers: &hyper::HeaderMap) -> bool {
        match self.shared.state().conditions {
            Conditions::Ignored => {
                headers.contains_key("if-none-match") || headers.contains_key("if-match")
            }
            Conditions::MatchIgnored => headers.contains_key("if-match"),
            Conditions::Kept | Conditions::Refused => false,
        }
    }

    /// Writes whatever the condition is. Not by s3s-fs: the condition is part of what was signed.
    fn overwrite(&self, bytes: &[u8]) -> HttpResponse {
        self.shared.plant(&self.key, bytes);
        let sum = Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut response = HttpResponse::new(Body::empty());
        response.headers_mut().insert("etag", format!("\"{sum}\"").parse().expect(A_HEADER));
        response
    }

    async fn carry_out(&self, request: HttpRequest, bytes: &[u8], fault: Option<&Fault>) -> Answer {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let wants_checksum = request.headers().contains_key("x-amz-checksum-mode");
        if matches!(self.op, Op::Put | Op::Part) {
            let sum = BASE64_STANDARD.encode(Sha256::digest(bytes));
            let claimed = request.headers().get(CHECKSUM).and_then(|value| value.to_str().ok());
            if claimed != Some(&sum) {
                let wrong = "The SHA256 you specified did not match the calculated checksum.";
                return Ok(error(self.op, (400, "BadDigest", wrong), &[]));
            }
            if let (Op::Part, Some(id), Some(number)) =
                (self.op, parameter(&query, "uploadId"), parameter(&query, "partNumber"))
                && let Some(upload) = self.shared.state().uploads.get_mut(id)
            {
                upload
                    .parts
                    .insert(number.parse().expect("s3s took the part, so its number is one"), sum);
            }
        }
        if !has_bucket(request.uri().path()) {
            let missing = "The specified bucket does not exist";
            return Ok(error(self.op, (404, "NoSuchBucket", missing), &[]));
        }
        let upload_id = parameter(&query, "uploadId");
        if upload_id.is_some_and(|id| !self.shared.state().uploads.contains_key(id)) {
            let gone = "The specified upload does not exist.";
            return Ok(error(self.op, (404, "NoSuchUpload", gone), &[]));
        }
        if let (Op::ListUploads, Some(Fault::EndlessList { moves_on })) = (self.op, fault) {
            return Ok(endless_list(
                *moves_on,
                parameter(&query, "key-marker").unwrap_or_default(),
            ));
        }
        if self.op == Op::ListUploads {
            return Ok(self.list_uploads(parameter(&query, "prefix").unwrap_or_default()));
        }
        let (mut alone, mut beside) = (None, None);
        match self.op {
            Op::Put | Op::Complete | Op::Delete => alone = Some(self.shared.writes.write().await),
            Op::Get | Op::Head => beside = Some(self.shared.writes.read().await),
            _ => {}
        }
        let condition = request.headers().get("if-match").is_some();
        if let Some(response) = self.versioned(&query, condition) {
            return Ok(response);
        }
        if let Some(refusal) = self.refusal(request.headers()) {
            return Ok(refusal);
        }
        let is_ignored = self.op == Op::Put && self.is_ignored(request.headers());
        let mut response = self.shared.store.call(request).await?;
        if is_ignored && response.status() == hyper::StatusCode::PRECONDITION_FAILED {
            return Ok(self.overwrite(bytes));
        }
        self.learn(&query, &mut response).await?;
        drop((alone, beside));
        if matches!(self.op, Op::Put | Op::Complete) && response.status().is_success() {
            self.shared.keep_version(&self.key);
        }
        if self.op == Op::Head && wants_checksum {
            self.tell_checksum(&mut response);
        }
        if self.op == Op::Put && !self.shared.state().keeps_checksums {
            response.headers_mut().remove(CHECKSUM);
        }
        Ok(response)
    }

    /// What is asked of versions, which s3s-fs does not know: the front keeps them.
    fn versioned(&self, query: &str, is_conditional: bool) -> Option<HttpResponse> {
        let version = parameter(query, "versionId").map(decoded);
        match (self.op, version) {
            (Op::ListVersions, _) => {
                let of = |name| decoded(parameter(query, name).unwrap_or_default());
                let most = of("max-keys").parse().unwrap_or(super::MOST_LISTED);
                let after = (of("key-marker"), of("version-id-marker"));
                Some(self.list_versions(&of("prefix"), &after, most))
            }
            (Op::Delete, _) if is_conditional => {
                // Nobody has an object of the tag that is asked for.
                let is_there = self.shared.bucket.join(&self.key).exists();
                let missing = (404, "NoSuchKey", "The specified key does not exist.");
                let other = (
                    412,
                    "PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold",
                );
                Some(error(self.op, if is_there { other } else { missing }, &[]))
            }
            (Op::Delete, _) => {
                self.shared.delete(&self.key);
                Some(no_content())
            }
            (Op::DeleteVersion, Some(id)) => match self.shared.delete_version(&self.key, &id) {
                true => Some(no_content()),
                false => {
                    let unknown = "The specified version does not exist.";
                    Some(error(self.op, (404, "NoSuchVersion", unknown), &[]))
                }
            },
            (Op::Get, Some(id)) => Some(match self.shared.version(&self.key, &id) {
                Some(bytes) => HttpResponse::new(Body::from(bytes)),
                None => error(
                    self.op,
                    (404, "NoSuchVersion", "The specified version does not exist."),
                    &[],
                ),
            }),
            _ => None,
        }
    }

    /// A page of versions: by key, the newest of each first.
    fn list_versions(&self, prefix: &str, after: &(String, String), most: usize) -> HttpResponse {
        let all = self.shared.versions(prefix);
        let begins = all
            .iter()
            .position(|it| (&it.key, &it.id) == (&after.0, &after.1))
            .map_or(0, |at| at + 1);
        let page = &all[begins..all.len().min(begins + most.min(super::MOST_LISTED))];
        let is_cut = begins + page.len() < all.len();
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListVersionsResult><Name>{BUCKET}</Name><IsTruncated>{is_cut}</IsTruncated>"
        );
        if let (true, Some(last)) = (is_cut, page.last()) {
            write!(
                xml,
                "<NextKeyMarker>{}</NextKeyMarker><NextVersionIdMarker>{}</NextVersionIdMarker>",
                last.key, last.id
            )
            .expect("a string takes everything");
        }
        for super::Listed { key, id, is_marker, is_latest } in page {
            let tag = if *is_marker { "DeleteMarker" } else { "Version" };
            write!(xml, "<{tag}><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{is_latest}</IsLatest></{tag}>")
                .expect("a string takes everything");
        }
        xml.push_str("</ListVersionsResult>");
        HttpResponse::new(Body::from(xml))
    }

    /// What s3s-fs does not remember about uploads of parts.
    async fn learn(&self, query: &str, response: &mut HttpResponse) -> Result<(), HttpError> {
        if !response.status().is_success() {
            return Ok(());
        }
        let upload_id = parameter(query, "uploadId").unwrap_or_default();
        match self.op {
            Op::Begin => {
                let read = response.body_mut().store_all_limited(MAX_BODY_BYTES);
                let bytes = read.await.map_err(HttpError::new)?;
                let text = String::from_utf8_lossy(&bytes);
                let id = text.split("<UploadId>").nth(1).and_then(|rest| rest.split('<').next());
                let upload = Upload { key: self.key.clone(), parts: Default::default() };
                self.shared
                    .state()
                    .uploads
                    .insert(id.expect("s3s names an upload that it begins").to_owned(), upload);
                *response.body_mut() = Body::from(bytes);
            }
            // As Amazon's S3 answers; s3s-fs says nothing of checksums here.
            Op::Complete => {
                let told = self.shared.state().complete(upload_id);
                if let Some(sum) = told {
                    let read = response.body_mut().store_all_limited(MAX_BODY_BYTES);
                    let bytes = read.await.map_err(HttpError::new)?;
                    let end = "</CompleteMultipartUploadResult>";
                    let text = String::from_utf8_lossy(&bytes);
                    assert!(text.contains(end), "{text}");
                    let tag = format!("<ChecksumSHA256>{sum}</ChecksumSHA256>{end}");
                    response.headers_mut().remove("content-length");
                    *response.body_mut() = Body::from(text.replace(end, &tag));
                }
            }
            Op::Abort => {
                self.shared.state().uploads.remove(upload_id);
            }
            Op::Delete => {
                let mut state = self.shared.state();
                state.tick += 1;
                let tick = state.tick;
                state.deleted.insert(self.key.clone(), tick);
            }
            _ => {}
        }
        Ok(())
    }

    /// Spoils what was kept, and what is said of it.
    async fn lie(&self, lie: Lie, response: &mut HttpResponse) -> Result<(), HttpError> {
        let path = self.shared.bucket.join(&self.key);
        let kept = std::fs::read(&path).unwrap_or_default();
        if self.op == Op::Part {
            // The parts are spoilt where the object comes of them.
            assert_eq!(lie.keeps, Keeps::All, "a part's lie is told by `Complete`");
        } else {
            match lie.keeps {
                Keeps::All => {}
                Keeps::Half => std::fs::write(&path, &kept[..kept.len() / 2]).expect(WRITABLE),
                Keeps::Other => {
                    let other: Vec<u8> = kept.iter().map(|byte| byte ^ 1).collect();
                    std::fs::write(&path, other).expect(WRITABLE);
                }
                Keeps::Nothing => std::fs::remove_file(&path).expect(WRITABLE),
            }
            if lie.keeps != Keeps::All {
                self.shared.state().spoilt.insert(self.key.clone());
            }
        }
        *response.status_mut() = hyper::StatusCode::from_u16(lie.status).expect(A_STATUS);
        let ours = self.shared.state().composites.get(&self.key).cloned();
        let bare = ours.as_deref().and_then(|it| it.split('-').next()).map(str::to_owned);
        let other = BASE64_STANDARD.encode(Sha256::digest("something else"));
        if self.op == Op::Complete {
            let said = match lie.says {
                Says::Ours => ours,
                Says::NoPartCount => bare,
                Says::AnotherChecksum => Some(format!("{other}-3")),
                Says::NoChecksum | Says::Crc32 => None,
            };
            let tag = said.map(|it| format!("<ChecksumSHA256>{it}</ChecksumSHA256>"));
            let xml = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><CompleteMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{}</Key><ETag>\"x-1\"</ETag>{}</CompleteMultipartUploadResult>",
                self.key,
                tag.unwrap_or_default()
            );
            response.headers_mut().remove("content-length");
            *response.body_mut() = Body::from(xml);
            return Ok(());
        }
        let headers = response.headers_mut();
        match lie.says {
            Says::Ours => {}
            Says::NoChecksum | Says::NoPartCount => {
                headers.remove(CHECKSUM);
            }
            Says::Crc32 => {
                headers.remove(CHECKSUM);
                headers.insert("x-amz-checksum-crc32", "AAAAAA==".parse().expect(A_HEADER));
            }
            Says::AnotherChecksum => {
                headers.insert(CHECKSUM, other.parse().expect(A_HEADER));
            }
        }
        Ok(())
    }

    fn tell_checksum(&self, response: &mut HttpResponse) {
        let state = self.shared.state();
        if !state.keeps_checksums {
            response.headers_mut().remove(CHECKSUM);
        } else if state.spoilt.contains(&self.key) {
            // Of what is there now, not of what came.
            let bytes = std::fs::read(self.shared.bucket.join(&self.key)).unwrap_or_default();
            let sum = BASE64_STANDARD.encode(Sha256::digest(bytes));
            response.headers_mut().insert(CHECKSUM, sum.parse().expect(A_HEADER));
        } else if let Some(sum) = state.composites.get(&self.key) {
            let bare = sum.split('-').next().filter(|_| state.forgets_part_counts);
            let told = bare.unwrap_or(sum).parse().expect(A_HEADER);
            response.headers_mut().insert(CHECKSUM, told);
            response
                .headers_mut()
                .insert("x-amz-checksum-type", "COMPOSITE".parse().expect(A_HEADER));
        }
    }

    fn list_uploads(&self, prefix: &str) -> HttpResponse {
        let prefix = decoded(prefix);
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListMultipartUploadsResult><Bucket>{BUCKET}</Bucket><IsTruncated>false</IsTruncated>"
        );
        for (id, upload) in &self.shared.state().uploads {
            if upload.key.starts_with(&prefix) {
                let key = &upload.key;
                write!(xml, "<Upload><Key>{key}</Key><UploadId>{id}</UploadId></Upload>")
                    .expect("a string takes everything");
            }
        }
        xml.push_str("</ListMultipartUploadsResult>");
        HttpResponse::new(Body::from(xml))
    }
}

/// A page of a thousand uploads of nobody's, and the promise of more.
fn endless_list(moves_on: bool, marker: &str) -> HttpResponse {
    let next = if moves_on { format!("{marker}x") } else { "always-the-same".to_owned() };
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListMultipartUploadsResult><Bucket>{BUCKET}</Bucket><IsTruncated>true</IsTruncated><NextKeyMarker>{next}</NextKeyMarker><NextUploadIdMarker>{next}</NextUploadIdMarker>"
    );
    for at in 0..1_000 {
        write!(xml, "<Upload><Key>others/{at}</Key><UploadId>{at}</UploadId></Upload>")
            .expect("a string takes everything");
    }
    xml.push_str("</ListMultipartUploadsResult>");
    HttpResponse::new(Body::from(xml))
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(now) = self.shared.state().in_flight.get_mut(&self.op) {
            *now -= 1;
        }
    }
}

/// s3s-fs would make a bucket that is missing.
fn has_bucket(path: &str) -> bool {
    path.trim_start_matches('/').split('/').next() == Some(BUCKET)
}

fn closed() -> HttpError {
    HttpError::new(Box::new(std::io::Error::other("closed on command")))
}

fn error(
    op: Op,
    (status, code, message): (u16, &str, &str),
    headers: &[(&'static str, &'static str)],
) -> HttpResponse {
    let body = if op == Op::Head {
        Body::empty()
    } else {
        Body::from(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        ))
    };
    let mut response = HttpResponse::new(body);
    *response.status_mut() = hyper::StatusCode::from_u16(status).expect(A_STATUS);
    response.headers_mut().insert("x-amz-request-id", "4442587FB7D0A2F9".parse().expect(A_HEADER));
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().expect(A_HEADER));
    }
    response
}

fn no_content() -> HttpResponse {
    let mut response = HttpResponse::new(Body::empty());
    *response.status_mut() = hyper::StatusCode::NO_CONTENT;
    response
}

/// The kind of a call and the key that it is about.
fn what(parts: &hyper::http::request::Parts) -> (Op, String) {
    let path = parts.uri.path().trim_start_matches('/');
    let key = decoded(path.split_once('/').map_or("", |(_, key)| key));
    let query = parts.uri.query().unwrap_or_default();
    let has = |name| parameter(query, name).is_some();
    let op = match parts.method.as_str() {
        "HEAD" => Op::Head,
        "PUT" if has("partNumber") => Op::Part,
        "PUT" => Op::Put,
        "POST" if has("uploads") => Op::Begin,
        "POST" => Op::Complete,
        "DELETE" if has("uploadId") => Op::Abort,
        "DELETE" if has("versionId") => Op::DeleteVersion,
        "DELETE" => Op::Delete,
        _ if has("versions") => Op::ListVersions,
        _ if has("uploads") => Op::ListUploads,
        _ if key.is_empty() => Op::List,
        _ => Op::Get,
    };
    if op == Op::List {
        return (op, decoded(parameter(query, "prefix").unwrap_or_default()));
    }
    (op, key)
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}

/// Percent-decoded.
fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((byte, after)) = rest.split_first() {
        let digits = (*byte == b'%').then(|| after.get(..2)).flatten();
        let value =
            digits.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        out.push(value.unwrap_or(*byte));
        rest = if value.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}
