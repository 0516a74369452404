//! Uploads a run's files: what is missing and nothing else, checksums end to end, the manifest last.
//!
//! In: a [`Store`] and a [`Shipment`]. Out: an [`Uploaded`], which only [`upload`] makes: every file is in the store and holds
//! what the manifest says. A file in the store is never overwritten. Killed at any moment, the next upload skips what arrived
//! and forgets parts of what did not.

mod local;
mod transfer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::watch;

use self::local::{Reader, digest, parts_checksum};
use self::transfer::{IN_FLIGHT, Transfer};
use super::error::chain;
use super::store::{Bucket, Look, Remote, Sha256Sum, Store};
use super::{Error, ExportedFile};
use crate::event::{Event, Events};
use crate::ids::Table;
use crate::retry::pause;

/// Objects above this size go in parts.
const WHOLE_SIZE_BYTES: u64 = 16 << 20;

/// How soon an upload notices that it should stop.
const STOP_POLL: Duration = Duration::from_millis(100);

/// How long a call may go on that should not be left half done.
const GRACE: Duration = Duration::from_secs(3);

/// What is to be uploaded. Keys are paths below `lake`.
#[derive(Debug, Clone, Copy)]
pub struct Shipment<'a> {
    /// The local lake.
    pub lake: &'a Path,
    /// The manifest's files.
    pub files: &'a [ExportedFile],
    /// The archive of raw documents, where there is one.
    pub archive_key: Option<&'a str>,
    /// Goes last, when everything else is there.
    pub manifest_key: &'a str,
}

/// The proof that every file of a shipment is in the store, with its manifest.
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

/// Uploads what of `shipment` is not in the store yet; with the local lake as store it only looks whether all is well.
///
/// Returns when everything is there, or with the first failure; then no upload of parts stays behind, unless the store cannot
/// be reached. `stop` is noticed within moments.
///
/// # Errors
/// [`Error::Changed`] for a file that is not what the manifest says, [`Error::Conflict`] for a key that something else has,
/// [`Error::Store`] with what to do about it, [`Error::Stopped`].
pub async fn upload(
    store: &Store,
    shipment: &Shipment<'_>,
    events: Events<'_>,
    stop: &AtomicBool,
) -> Result<Uploaded, Error> {
    let halt = Halt::new();
    let work = async {
        let mut items = shipment.items().await?;
        let manifest = Item::of_file(shipment.lake, shipment.manifest_key).await?;
        let (sent_count, sent_size_bytes) = match store {
            Store::Dir => {
                items.push(manifest);
                for item in &items {
                    item.require_unchanged().await?;
                }
                (0, 0)
            }
            Store::S3(bucket) => send_missing(bucket, items, manifest, (&halt, events)).await?,
        };
        Ok(Uploaded {
            files: shipment.files.to_vec(),
            manifest_key: shipment.manifest_key.to_owned(),
            sent_count,
            sent_size_bytes,
        })
    };
    let stopped = async {
        while !stop.load(Ordering::Relaxed) {
            pause(STOP_POLL).await;
        }
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

/// Sends what is missing, then the manifest.
async fn send_missing(
    bucket: &Bucket,
    items: Vec<Item>,
    manifest: Item,
    (halt, events): (&Halt, Events<'_>),
) -> Result<(usize, u64), Error> {
    let keys_in_parts: Vec<String> = items
        .iter()
        .filter(|item| item.size_bytes > WHOLE_SIZE_BYTES)
        .map(|item| item.key.clone())
        .collect();
    let looks = stream::iter(items).map(|item| halt.unless(missing(bucket, item)));
    let looks: Vec<Option<Item>> = looks.buffered(IN_FLIGHT).try_collect().await?;
    let items: Vec<Item> = looks.into_iter().flatten().collect();
    let manifest = halt.unless(missing(bucket, manifest)).await?;
    let total = items.iter().chain(&manifest).map(|item| item.size_bytes).sum();
    let transfer = Transfer::new(bucket, (halt, events), total);

    let to_store = &transfer;
    let sent = stream::iter(items).map(|item| async move {
        let sent = to_store.send(&item).await;
        // The others abort what they began before this returns.
        if sent.is_err() {
            halt.raise();
        }
        sent
    });
    let sent: Vec<Result<(), Error>> = sent.buffer_unordered(IN_FLIGHT).collect().await;
    let (mut sent_count, mut failures) = (0, Vec::new());
    for result in sent {
        match result {
            Ok(()) => sent_count += 1,
            Err(error) => failures.push(error),
        }
    }
    // The first failure is the cause; the others were only told to stop.
    failures.sort_by_key(|error| matches!(error, Error::Stopped));
    if let Some(first) = failures.into_iter().next() {
        return Err(first);
    }
    if let Some(manifest) = &manifest {
        // Whoever has a manifest left nothing behind.
        halt.unless(forget_leftovers(bucket, &keys_in_parts, events)).await?;
        transfer.send(manifest).await?;
        sent_count += 1;
    }
    Ok((sent_count, transfer.sent_size_bytes()))
}

/// The item, if its object is not there yet.
async fn missing(bucket: &Bucket, item: Item) -> Result<Option<Item>, Error> {
    Ok(match bucket.look(&item.key).await? {
        Look::There(remote) => {
            item.require_same(bucket, &remote).await?;
            None
        }
        Look::Absent | Look::Unknown => Some(item),
    })
}

/// Aborts uploads of our keys that nobody continues (after a kill, or a lost answer): their parts cost money and nobody sees
/// them.
async fn forget_leftovers(
    bucket: &Bucket,
    keys: &[String],
    events: Events<'_>,
) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    let found = match bucket.unfinished(shared_prefix(keys)).await {
        Ok(found) => found,
        // The files are there; a lifecycle rule of the bucket can do this as well.
        Err(error) => {
            let why = chain(&error);
            events(Event::Warning(format!("parts of a killed upload may be left behind: {why}")));
            return Ok(());
        }
    };
    for (key, upload_id) in found.iter().filter(|(key, _)| keys.contains(key)) {
        bucket.abort(key, upload_id).await?;
    }
    Ok(())
}

/// What all keys begin with.
fn shared_prefix(keys: &[String]) -> &str {
    let Some((first, others)) = keys.split_first() else { return "" };
    let shared =
        |other: &String| first.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let length = others.iter().map(shared).min().unwrap_or(first.len());
    first.get(..length).unwrap_or_default()
}

impl Shipment<'_> {
    async fn items(&self) -> Result<Vec<Item>, Error> {
        let of_table = |file: &ExportedFile| Item {
            table: Table::ALL.into_iter().find(|table| table.name() == file.table),
            key: file.key.clone(),
            path: self.lake.join(&file.key),
            size_bytes: file.size_bytes,
            sha256: file.sha256.clone(),
        };
        let mut items: Vec<Item> = self.files.iter().map(of_table).collect();
        if let Some(key) = self.archive_key {
            items.push(Item::of_file(self.lake, key).await?);
        }
        Ok(items)
    }
}

impl Item {
    /// A file that no manifest describes.
    async fn of_file(lake: &Path, key: &str) -> Result<Self, Error> {
        let path = lake.join(key);
        let (sha256, size_bytes) = digest(&path).await?;
        Ok(Self { table: None, key: key.to_owned(), path, size_bytes, sha256 })
    }

    /// Opens the file for sending, if it is as long as it should be.
    async fn open(&self) -> Result<Reader, Error> {
        let (reader, size_bytes) = Reader::open(&self.path).await?;
        if size_bytes == self.size_bytes {
            Ok(reader)
        } else {
            Err(self.changed(format!("{size_bytes} bytes")))
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
        let (sha256, size_bytes) = digest(&self.path).await?;
        if (sha256.as_str(), size_bytes) == (self.sha256.as_str(), self.size_bytes) {
            return Ok(());
        }
        Err(self.changed(described(size_bytes, &sha256)))
    }

    fn changed(&self, found: String) -> Error {
        let wanted = described(self.size_bytes, &self.sha256);
        Error::Changed { path: self.path.clone(), wanted, found }
    }

    /// Compares the object with the manifest by what the store itself computed; only a store that computes nothing is taken at
    /// the uploader's word.
    async fn require_same(&self, bucket: &Bucket, remote: &Remote) -> Result<(), Error> {
        let conflict = |found: String| Error::Conflict {
            object: bucket.object(&self.key),
            wanted: described(self.size_bytes, &self.sha256),
            found,
        };
        if remote.size_bytes != self.size_bytes {
            return Err(conflict(format!("{} bytes", remote.size_bytes)));
        }
        let claimed = remote.claimed_sha256.as_deref();
        let is_same = match remote.checksum.as_deref() {
            Some(checksum) if checksum.contains('-') => {
                let same_parts = parts_checksum(&self.path, self.size_bytes, checksum).await?;
                same_parts.unwrap_or(claimed == Some(&self.sha256))
            }
            Some(checksum) => checksum == local::base64_of_hex(&self.sha256),
            None => claimed == Some(&self.sha256),
        };
        if is_same {
            return Ok(());
        }
        let checksum = remote.checksum.as_deref().or(claimed).unwrap_or("no checksum to compare");
        Err(conflict(described(remote.size_bytes, checksum)))
    }
}

fn described(size_bytes: u64, sha256: &str) -> String {
    format!("{size_bytes} bytes, sha256 {sha256}")
}

/// The word that all transfers should end.
struct Halt(watch::Sender<bool>);

impl Halt {
    fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    fn raise(&self) {
        self.0.send_replace(true);
    }

    fn check(&self) -> Result<(), Error> {
        if *self.0.borrow() { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Until the word falls.
    async fn raised(&self) {
        // Never an error: the sender is ours.
        let _ = self.0.subscribe().wait_for(|is_raised| *is_raised).await;
    }

    /// Does `work` unless the word falls first.
    async fn unless<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.raised() => Err(Error::Stopped),
            result = work => result,
        }
    }

    /// Does `work`, of which the store keeps something that we must know of; when the word falls it has a moment left.
    async fn unless_late<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let late = async {
            self.raised().await;
            pause(GRACE).await;
        };
        tokio::select! {
            biased;
            result = work => result,
            () = late => Err(Error::Stopped),
        }
    }
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
