//! What `tests/bench/upload.py` measures: our upload as a process, and two servers to measure it against.

use std::convert::Infallible;
use std::io::Read;
use std::path::Path;

use futures_util::StreamExt;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use snowtrack::lake::{Manifest, Store, StoreSettings, ToUpload, WrittenFile, upload};
use snowtrack::stop::Stop;

use super::{runtime, words};
use crate::support::fake_s3::{BUCKET, FakeS3};

/// Uploads the lake in `UPLOAD_FROM`, whose manifest is `UPLOAD_MANIFEST`, with AWS's own configuration.
#[test]
#[ignore = "run by tests/bench/upload.py"]
#[expect(clippy::disallowed_methods, reason = "the environment is how the script says what to do")]
fn client() {
    let folder = std::env::var("UPLOAD_FROM").unwrap();
    let manifest_key = std::env::var("UPLOAD_MANIFEST").unwrap();
    let manifest = std::fs::read(Path::new(&folder).join(&manifest_key)).unwrap();
    let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
    let settings = StoreSettings { bucket: Some(BUCKET.to_owned()), ..StoreSettings::default() };
    let written = WrittenFile::of(folder.as_ref(), &manifest_key).unwrap();
    let to_upload = ToUpload {
        lake: folder.as_ref(),
        files: &manifest.files,
        archive: None,
        manifest: &written,
    };
    let uploaded = runtime().block_on(async {
        let store = Store::open(&settings).await?;
        upload(&store, &to_upload, &|_| {}, &Stop::default()).await
    });
    match uploaded {
        Ok(uploaded) => println!("sent {} bytes", uploaded.sent_size_bytes()),
        Err(error) => panic!("{}", words(&error)),
    }
}

/// s3s over a folder, until standard input ends.
#[test]
#[ignore = "run by tests/bench/upload.py"]
fn s3s_server() {
    let s3 = FakeS3::start_plain("127.0.0.1:0");
    println!("url {}", s3.url());
    println!("folder {}", s3.bucket().display());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Takes everything and keeps nothing, so that only the client is measured; until standard input ends.
#[test]
#[ignore = "run by tests/bench/upload.py"]
fn sink_server() {
    let runtime = runtime();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    println!("url http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let service = hyper::service::service_fn(swallow);
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    runtime.shutdown_background();
}

async fn swallow(
    request: Request<hyper::body::Incoming>,
) -> Result<Response<s3s::Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let mut body = s3s::Body::from(body);
    while body.next().await.is_some() {}
    let query = parts.uri.query().unwrap_or_default();
    let (status, text) = match parts.method.as_str() {
        "HEAD" => (404, ""),
        "POST" if query.contains("uploads") => (
            200,
            "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>",
        ),
        "POST" => {
            (200, "<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>")
        }
        "GET" => (200, "<ListMultipartUploadsResult></ListMultipartUploadsResult>"),
        _ => (200, ""),
    };
    let mut response = Response::new(s3s::Body::from(text.to_owned()));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert("etag", hyper::header::HeaderValue::from_static("\"1\""));
    Ok(response)
}
