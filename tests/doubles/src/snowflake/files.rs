//! Where the double reads the lake: a bucket over HTTP, or its folder.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Where the bytes of the lake are.
#[derive(Debug, Clone)]
pub enum FileSource {
    /// An S3 endpoint that answers reads without a signature; the path is `/<bucket>/<key>`.
    Http { endpoint: String, bucket: String },
    /// The bucket's folder; a key is a path below it.
    Dir { bucket: String, folder: PathBuf },
}

impl FileSource {
    pub(super) fn bucket(&self) -> &str {
        match self {
            Self::Http { bucket, .. } | Self::Dir { bucket, .. } => bucket,
        }
    }

    /// The object's bytes, or `None` where there is no such object.
    pub(super) fn read(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, String> {
        if bucket != self.bucket() {
            return Err(format!("bucket `{bucket}` is not `{}`", self.bucket()));
        }
        match self {
            Self::Dir { folder, .. } => match std::fs::read(folder.join(key)) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error.to_string()),
            },
            Self::Http { endpoint, bucket } => {
                let url = object_url(endpoint, &[bucket], key, None)?;
                let (status, body) = get(url)?;
                match status {
                    200 => Ok(Some(body)),
                    404 => Ok(None),
                    status => Err(format!("status {status} for `{key}`")),
                }
            }
        }
    }

    /// Keys that begin with `prefix`, in order.
    pub(super) fn list(&self, prefix: &str) -> Result<Vec<String>, String> {
        let mut keys = match self {
            Self::Dir { folder, .. } => {
                let mut keys = Vec::new();
                walk(folder, folder, &mut keys);
                keys.retain(|key| key.starts_with(prefix));
                keys
            }
            Self::Http { endpoint, bucket } => {
                let url = object_url(endpoint, &[bucket], "", Some(prefix))?;
                let (status, body) = get(url)?;
                if status != 200 {
                    return Err(format!("status {status} for a listing of `{prefix}`"));
                }
                let body = String::from_utf8_lossy(&body).into_owned();
                if body.contains("<IsTruncated>true</IsTruncated>") {
                    return Err("more keys than one listing holds".to_owned());
                }
                let parts = body.split("<Key>").skip(1);
                parts
                    .filter_map(|part| part.split_once("</Key>"))
                    .map(|(key, _)| plain(key))
                    .collect()
            }
        };
        keys.sort();
        Ok(keys)
    }
}

fn object_url(
    endpoint: &str,
    before: &[&str],
    key: &str,
    listing: Option<&str>,
) -> Result<url::Url, String> {
    let mut url = url::Url::parse(endpoint).map_err(|error| format!("{endpoint}: {error}"))?;
    {
        let mut path =
            url.path_segments_mut().map_err(|()| "no path in the endpoint".to_owned())?;
        path.pop_if_empty().extend(before);
        if !key.is_empty() {
            path.extend(key.split('/'));
        }
    }
    if let Some(prefix) = listing {
        url.query_pairs_mut().append_pair("list-type", "2").append_pair("prefix", prefix);
    }
    Ok(url)
}

/// Reads from a thread of its own, because the double's own thread must not wait for its runtime.
fn get(url: url::Url) -> Result<(u16, Vec<u8>), String> {
    let read = async move {
        let response = reqwest::Client::new().get(url).send().await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest::Error>((status, response.bytes().await?.to_vec()))
    };
    let on_own_runtime = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .map_err(|error| error.to_string())?
            .block_on(read)
            .map_err(|error| error.to_string())
    };
    std::thread::scope(|scope| scope.spawn(on_own_runtime).join())
        .unwrap_or_else(|_| Err("the reading thread has died".to_owned()))
}

fn walk(root: &Path, folder: &Path, keys: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(root, &path, keys);
        } else if let Ok(key) = path.strip_prefix(root) {
            keys.push(key.to_string_lossy().into_owned());
        }
    }
}

fn plain(xml: &str) -> String {
    let pairs = [("&quot;", "\""), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    pairs.iter().fold(xml.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// 32 hex digits that change with the bytes, like the ETag that Snowflake shows as the content key.
pub(super) fn content_key(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
