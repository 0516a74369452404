//! Uploads a run's files: what is missing and nothing else, checksums end to end, the manifest last.
//!
//! In: a [`Store`] and what is [`ToUpload`]. Out: an [`Uploaded`], which only [`upload`] makes: every file is in the store and holds
//! what the manifest says. A file in the store is never overwritten. Killed at any moment, the next upload skips what arrived
//! and forgets parts of what did not.

mod halt;
mod local;
mod single;
mod transfer;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, stream};

use super::error::{Error, StuckFile, chain};
use super::manifest::{ExportedFile, WrittenFile};
use super::store::{Bucket, ObjectAt, Remote, Sha256Sum, Store};
use crate::event::{Events, Warning, What};
use crate::ids::Table;
use crate::stop::Stop;
use halt::Halt;
use local::{Reader, digest, parts_checksum};
use transfer::{IN_FLIGHT, Transfer};

/// Objects above this size go in parts.
const WHOLE_SIZE_BYTES: u64 = 16 << 20;

/// What is to be uploaded. Keys are paths below `lake`.
#[derive(Debug, Clone, Copy)]
pub struct ToUpload<'a> {
    /// The local lake.
    pub lake: &'a Path,
    /// The manifest's files.
    pub files: &'a [ExportedFile],
    /// The archive of raw documents, where there is one.
    pub archive: Option<&'a WrittenFile>,
    /// Goes last, when everything else is there.
    pub manifest: &'a WrittenFile,
}

/// The proof that everything that was to be uploaded is in the store, with its manifest.
#[derive(Debug, Clone)]
pub struct Uploaded {
    files: Vec<ExportedFile>,
    manifest_key: String,
    sent_count: usize,
    sent_size_bytes: u64,
}

impl Uploaded {
    /// The files that are there.
    pub fn files(&self) -> &[ExportedFile] {
        &self.files
    }

    /// The manifest that is there.
    pub fn manifest_key(&self) -> &str {
        &self.manifest_key
    }

    /// Objects that this upload sent, manifest included; the others were there.
    pub const fn sent_count(&self) -> usize {
        self.sent_count
    }

    /// Bytes of them.
    pub const fn sent_size_bytes(&self) -> u64 {
        self.sent_size_bytes
    }
}

/// One object to be.
#[derive(Debug, Clone)]
struct Item {
    table: Option<Table>,
    key: String,
    path: PathBuf,
    size_bytes: u64,
    /// Hexadecimal.
    sha256: String,
}

/// Uploads what of it is not in the store yet; with the local lake as store it only looks whether all is well.
///
/// Returns when everything is there, or with the first failure; then no upload of parts stays behind, unless the store cannot
/// be reached. A file that is to blame itself keeps no other from going. `stop` is heard at once.
///
/// # Errors
/// [`Error::Stuck`] names the files that are not what the manifest says, or whose key something else has; [`Error::Store`] says
/// what to do about it; [`Error::Stopped`].
pub async fn upload(
    store: &Store,
    what: &ToUpload<'_>,
    events: Events<'_>,
    stop: &Stop,
) -> Result<Uploaded, Error> {
    let halt = Halt::new();
    let work = async {
        let mut items = what.items();
        let manifest = Item::of_file(what.lake, what.manifest);
        let sent = match store {
            Store::Dir => {
                items.push(manifest);
                let mut stuck = Stuck::default();
                for item in &items {
                    stuck.sort(&item.key, item.require_unchanged().await)?;
                }
                stuck.require_none()?;
                Sent::default()
            }
            Store::S3(bucket) => send_missing(bucket, items, manifest, &halt, events).await?,
        };
        Ok(Uploaded {
            files: what.files.to_vec(),
            manifest_key: what.manifest.key.clone(),
            sent_count: sent.file_count,
            sent_size_bytes: sent.size_bytes,
        })
    };
    let stopped = async {
        stop.asked().await;
        halt.raise();
        // The work ends by itself now, tidily.
        std::future::pending().await
    };
    tokio::select! {
        biased;
        result = work => result,
        never = stopped => never,
    }
}

/// What was not there before.
#[derive(Default)]
struct Sent {
    file_count: usize,
    size_bytes: u64,
}

/// Sends what is missing, then the manifest.
async fn send_missing(
    bucket: &Bucket,
    items: Vec<Item>,
    manifest: Item,
    halt: &Halt,
    events: Events<'_>,
) -> Result<Sent, Error> {
    let keys_in_parts: Vec<String> = items
        .iter()
        .filter(|item| item.size_bytes > WHOLE_SIZE_BYTES)
        .map(|item| item.key.clone())
        .collect();
    let mut stuck = Stuck::default();
    let looks = stream::iter(items).map(|item| async move {
        let key = item.key.clone();
        (key, halt.for_all(halt.unless(missing(bucket, item)).await))
    });
    let mut looks: Vec<(String, Result<Option<Item>, Error>)> =
        looks.buffered(IN_FLIGHT).collect().await;
    looks.sort_by_key(|(_, look)| only_stopped(look));
    let mut items = Vec::new();
    for (key, look) in looks {
        items.extend(stuck.sort(&key, look)?.flatten());
    }
    // Whatever is wrong with it keeps no file back.
    let manifest = match halt.unless(missing(bucket, manifest)).await {
        Err(error) if !error.is_about_one_file() => return Err(error),
        other => other,
    };
    let to_send = items.iter().chain(manifest.iter().flatten());
    let total = to_send.map(|item| item.size_bytes).sum();
    let transfer = Transfer::new(bucket, halt, events, total);

    let to_store = &transfer;
    let sent = stream::iter(items).map(|item| async move {
        // The others abort what they began before this returns.
        let sent = halt.for_all(to_store.send(&item).await);
        (item.key, sent)
    });
    let mut sent: Vec<(String, Result<(), Error>)> =
        sent.buffer_unordered(IN_FLIGHT).collect().await;
    sent.sort_by_key(|(_, result)| only_stopped(result));
    let mut sent_count = 0;
    for (key, result) in sent {
        sent_count += usize::from(stuck.sort(&key, result)?.is_some());
    }
    stuck.require_none()?;
    if let Some(manifest) = &manifest? {
        // Whoever has a manifest left nothing behind.
        halt.unless(async {
            forget_leftovers(bucket, &keys_in_parts, events).await;
            Ok(())
        })
        .await?;
        transfer.send(manifest).await?;
        sent_count += 1;
    }
    Ok(Sent { file_count: sent_count, size_bytes: transfer.sent_size_bytes() })
}

/// Sorts what failed before what only stopped for it: the first failure is the cause.
const fn only_stopped<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Stopped))
}

/// The files that are to blame themselves.
#[derive(Default)]
struct Stuck(Vec<StuckFile>);

impl Stuck {
    /// Keeps what is about this file alone; any other failure ends the upload.
    fn sort<T>(&mut self, key: &str, result: Result<T, Error>) -> Result<Option<T>, Error> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_about_one_file() => {
                self.0.push(StuckFile { key: key.to_owned(), error });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn require_none(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Stuck { files: self.0 }) }
    }
}

/// The item, if its object is not there yet.
async fn missing(bucket: &Bucket, item: Item) -> Result<Option<Item>, Error> {
    Ok(match bucket.look(&item.key).await? {
        ObjectAt::There(remote) => {
            item.require_same(bucket, &remote).await?;
            None
        }
        ObjectAt::Absent | ObjectAt::Unknown => Some(item),
    })
}

/// Aborts uploads of our keys that nobody continues (after a kill, or a lost answer): their parts cost money and nobody sees
/// them.
async fn forget_leftovers(bucket: &Bucket, keys: &[String], events: Events<'_>) {
    if keys.is_empty() {
        return;
    }
    let warn = |why: &str| {
        events(What::Warning(Warning::PartsLeft { error: why.to_owned() }));
    };
    // The files are there; a lifecycle rule of the bucket can do this as well.
    let found = match bucket.unfinished(shared_prefix(keys), keys).await {
        Ok(found) => found,
        Err(error) => return warn(&chain(&error)),
    };
    if let Some(why) = found.is_cut {
        warn(why);
    }
    for upload in found.uploads {
        if let Err(error) = bucket.abort(&upload).await {
            return warn(&chain(&error));
        }
    }
}

/// What all keys begin with.
fn shared_prefix(keys: &[String]) -> &str {
    let Some((first, others)) = keys.split_first() else { return "" };
    let shared =
        |other: &String| first.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let length = others.iter().map(shared).min().unwrap_or(first.len());
    first.get(..length).unwrap_or_default()
}

impl ToUpload<'_> {
    fn items(&self) -> Vec<Item> {
        let of_table = |file: &ExportedFile| Item {
            table: Some(file.table),
            key: file.key.clone(),
            path: self.lake.join(&file.key),
            size_bytes: file.size_bytes,
            sha256: file.sha256.clone(),
        };
        let archive = self.archive.map(|archive| Item::of_file(self.lake, archive));
        self.files.iter().map(of_table).chain(archive).collect()
    }
}

impl Item {
    /// A file that no manifest describes.
    fn of_file(lake: &Path, file: &WrittenFile) -> Self {
        let WrittenFile { key, size_bytes, sha256 } = file.clone();
        Self { table: None, path: lake.join(&key), key, size_bytes, sha256 }
    }

    /// Opens the file for sending, if it is as long as it should be.
    async fn open(&self) -> Result<Reader, Error> {
        let opened = Reader::open(&self.path).await;
        let (reader, size_bytes) = opened.map_err(|error| self.unreadable(error))?;
        if size_bytes == self.size_bytes {
            Ok(reader)
        } else {
            Err(self.changed(format!("{size_bytes} bytes")))
        }
    }

    fn unreadable(&self, error: Error) -> Error {
        match error {
            Error::File { source, .. } if source.kind() == ErrorKind::NotFound => {
                Error::Gone { path: self.path.clone() }
            }
            other => other,
        }
    }

    fn require_sha256(&self, found: Sha256Sum) -> Result<(), Error> {
        let found = found.hex();
        if found == self.sha256 {
            Ok(())
        } else {
            Err(self.changed(described(self.size_bytes, &found)))
        }
    }

    async fn require_unchanged(&self) -> Result<(), Error> {
        let (sha256, size_bytes) =
            digest(&self.path).await.map_err(|error| self.unreadable(error))?;
        if (sha256.as_str(), size_bytes) == (self.sha256.as_str(), self.size_bytes) {
            return Ok(());
        }
        Err(self.changed(described(size_bytes, &sha256)))
    }

    fn not_kept(&self, bucket: &Bucket, found: String) -> Error {
        let wanted = described(self.size_bytes, &self.sha256);
        Error::NotKept { object: bucket.object(&self.key), wanted, found }
    }

    fn changed(&self, found: String) -> Error {
        let wanted = described(self.size_bytes, &self.sha256);
        Error::Changed { path: self.path.clone(), wanted, found }
    }

    /// Whether the object is this file.
    async fn require_same(&self, bucket: &Bucket, remote: &Remote) -> Result<(), Error> {
        match self.difference(remote).await? {
            None => Ok(()),
            Some(found) => Err(Error::Conflict {
                object: bucket.object(&self.key),
                wanted: described(self.size_bytes, &self.sha256),
                found,
            }),
        }
    }

    /// Compares the object with the manifest by what the store itself computed; only a store that computes nothing is taken at
    /// the uploader's word. `None` where they are the same.
    async fn difference(&self, remote: &Remote) -> Result<Option<String>, Error> {
        if remote.size_bytes != self.size_bytes {
            return Ok(Some(format!("{} bytes", remote.size_bytes)));
        }
        let claimed = remote.claimed_sha256.as_deref();
        let is_same = match remote.checksum.as_deref() {
            Some(checksum) if checksum == local::base64_of_hex(&self.sha256) => true,
            Some(checksum) if self.may_be_of_parts(checksum) => {
                match parts_checksum(&self.path, self.size_bytes).await {
                    // Some servers leave the number of parts out.
                    Ok(ours) => ours.starts_with(checksum),
                    // What was complete before the file went can no longer be computed.
                    Err(Error::File { .. }) => claimed == Some(&self.sha256),
                    Err(error) => return Err(error),
                }
            }
            // Of parts that are not cut as ours are.
            Some(checksum) if checksum.contains('-') => claimed == Some(&self.sha256),
            Some(_) => false,
            None => claimed == Some(&self.sha256),
        };
        let checksum = remote.checksum.as_deref().or(claimed).unwrap_or("no checksum to compare");
        Ok((!is_same).then(|| described(remote.size_bytes, checksum)))
    }

    fn may_be_of_parts(&self, checksum: &str) -> bool {
        match checksum.split_once('-') {
            Some((_, count)) => count == local::part_count(self.size_bytes).to_string(),
            None => self.size_bytes > WHOLE_SIZE_BYTES,
        }
    }
}

fn described(size_bytes: u64, sha256: &str) -> String {
    format!("{size_bytes} bytes, sha256 {sha256}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_share_what_they_all_begin_with() {
        let shared = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            shared_prefix(&keys).to_owned()
        };
        assert_eq!(shared(&["p/raw/songs/a", "p/raw/song_artists/b"]), "p/raw/song");
        assert_eq!(shared(&["p/raw/songs/a"]), "p/raw/songs/a");
        assert_eq!(shared(&["a", "b"]), "");
        assert_eq!(shared(&["ä1", "ö2"]), "");
    }
}
