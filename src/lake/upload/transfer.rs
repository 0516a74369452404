//! Moves bytes: several objects and several parts of each at a time, never more than a fixed amount in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::local::{PART_SIZE_BYTES, part_size_bytes};
use super::{Halt, Item, WHOLE_SIZE_BYTES};
use crate::event::{Events, What};
use crate::lake::error::Error;
use crate::lake::store::{Bucket, InParts, ObjectAt, SentPart, Sha256Sum, Written};
use crate::retry::pause;

/// Parts (or small objects) under way at a time, of all objects together.
pub(super) const IN_FLIGHT: usize = 8;

/// How often an object is sent that is refused for something under its key that is not there.
const WRITES: u32 = 3;

/// How often it is looked for an object that was accepted.
const LOOKS: u32 = 3;

/// All transfers of one upload.
pub(super) struct Transfer<'a> {
    bucket: &'a Bucket,
    halt: &'a Halt,
    events: Events<'a>,
    /// One permit is [`PART_SIZE_BYTES`] of memory.
    memory: Arc<Semaphore>,
    sent_bytes: AtomicU64,
    total_bytes: u64,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        bucket: &'a Bucket,
        halt: &'a Halt,
        events: Events<'a>,
        total_bytes: u64,
    ) -> Self {
        let (memory, sent_bytes) = (Arc::new(Semaphore::new(IN_FLIGHT)), AtomicU64::new(0));
        Self { bucket, halt, events, memory, sent_bytes, total_bytes }
    }

    pub(super) fn sent_size_bytes(&self) -> u64 {
        self.sent_bytes.load(Ordering::Relaxed)
    }

    /// Sends one object; on failure nothing of it stays behind.
    pub(super) async fn send(&self, item: &Item) -> Result<(), Error> {
        for _ in 0..WRITES {
            let written = if item.size_bytes > WHOLE_SIZE_BYTES {
                self.send_in_parts(item).await?
            } else {
                self.send_whole(item).await?
            };
            let is_there = match written {
                Written::Done => true,
                Written::Unproven => self.halt.unless(self.prove(item)).await.map(|()| true)?,
                Written::Exists => self.halt.unless(self.is_ours_there(item)).await?,
            };
            if is_there {
                let (table, key, size_bytes) = (item.table, item.key.clone(), item.size_bytes);
                (self.events)(What::FileUploaded { table, key, size_bytes });
                return Ok(());
            }
            self.sent_bytes.fetch_sub(item.size_bytes, Ordering::Relaxed);
            self.rest().await?;
        }
        Err(self.bucket.never_writes(&item.key))
    }

    /// Something came under the key since we looked: ours, if it is the same. `false` where it is gone again.
    async fn is_ours_there(&self, item: &Item) -> Result<bool, Error> {
        match self.bucket.look(&item.key).await? {
            ObjectAt::There(remote) => item.require_same(self.bucket, &remote).await.map(|()| true),
            ObjectAt::Absent => Ok(false),
            ObjectAt::Unknown => Err(self.bucket.unreadable(&item.key)),
        }
    }

    /// The store took the object and did not say what it holds: it is looked at.
    async fn prove(&self, item: &Item) -> Result<(), Error> {
        let mut found = "nothing".to_owned();
        for _ in 0..LOOKS {
            match self.bucket.look(&item.key).await? {
                ObjectAt::There(remote) => match item.difference(&remote).await? {
                    None => return Ok(()),
                    Some(other) => {
                        found = other;
                        break;
                    }
                },
                // Some stores show a new object a moment later.
                ObjectAt::Absent => self.rest().await?,
                ObjectAt::Unknown => return Err(self.bucket.unreadable(&item.key)),
            }
        }
        Err(item.not_kept(self.bucket, found))
    }

    async fn rest(&self) -> Result<(), Error> {
        let pause = async {
            pause(self.bucket.pause()).await;
            Ok(())
        };
        self.halt.unless(pause).await
    }

    async fn send_whole(&self, item: &Item) -> Result<Written, Error> {
        let _memory = self.acquire(item.size_bytes).await?;
        let mut file = item.open().await?;
        let (bytes, sum) = file.next(item.size_bytes).await?.unwrap_or_else(nothing);
        item.require_sha256(sum)?;
        let written = self.halt.unless(self.bucket.put(&item.key, bytes, sum)).await?;
        self.count(item.size_bytes);
        Ok(written)
    }

    async fn send_in_parts(&self, item: &Item) -> Result<Written, Error> {
        self.halt.check()?;
        let upload = self.halt.unless_late(self.bucket.begin(&item.key, &item.sha256)).await?;
        let sent = async {
            let parts = self.send_parts(item, &upload).await?;
            self.halt.unless(self.bucket.complete(&upload, &parts)).await
        };
        let sent = sent.await;
        if !matches!(sent, Ok(Written::Done | Written::Unproven))
            && let Err(error) = self.bucket.abort(&upload).await
        {
            tracing::warn!("parts are left behind, the next upload forgets them: {error}");
        }
        sent
    }

    async fn send_parts(&self, item: &Item, upload: &InParts) -> Result<Vec<SentPart>, Error> {
        let part_size = part_size_bytes(item.size_bytes);
        let mut file = item.open().await?;
        let (mut tasks, mut parts) = (JoinSet::new(), Vec::new());
        let count = i32::try_from(item.size_bytes.div_ceil(part_size)).unwrap_or(i32::MAX);
        for number in 1..=count {
            let memory = self.acquire(part_size).await?;
            while let Some(ended) = tasks.try_join_next() {
                parts.push(self.arrived(ended)?);
            }
            let Some((bytes, sum)) = file.next(part_size).await? else { break };
            let (bucket, upload) = (self.bucket.clone(), upload.clone());
            tasks.spawn(async move {
                let sent = bucket.send_part(&upload, number, bytes, sum).await;
                drop(memory);
                sent
            });
        }
        while let Some(ended) = self.halt.unless(async { Ok(tasks.join_next().await) }).await? {
            parts.push(self.arrived(ended)?);
        }
        item.require_sha256(file.sha256().unwrap_or_else(|| nothing().1))?;
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    fn arrived(
        &self,
        ended: Result<Result<SentPart, Error>, tokio::task::JoinError>,
    ) -> Result<SentPart, Error> {
        match ended {
            Ok(sent) => {
                let part = sent?;
                self.count(part.size_bytes);
                Ok(part)
            }
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Error::Stopped),
            },
        }
    }

    /// Waits until that much memory may be used.
    async fn acquire(&self, size_bytes: u64) -> Result<OwnedSemaphorePermit, Error> {
        let permits = size_bytes.div_ceil(PART_SIZE_BYTES).clamp(1, IN_FLIGHT as u64);
        let permits = u32::try_from(permits).unwrap_or(1);
        let acquired = Arc::clone(&self.memory).acquire_many_owned(permits);
        // Nobody closes the semaphore.
        self.halt.unless(async { acquired.await.map_err(|_| Error::Stopped) }).await
    }

    fn count(&self, size_bytes: u64) {
        let sent_bytes = self.sent_bytes.fetch_add(size_bytes, Ordering::Relaxed) + size_bytes;
        (self.events)(What::BytesSent { sent_bytes, total_bytes: self.total_bytes });
    }
}

/// What an empty file holds.
fn nothing() -> (Vec<u8>, Sha256Sum) {
    (Vec::new(), Sha256Sum::of(b""))
}
