//! The lease at work: taken, renewed aside at a quarter of its time, given back; and lost, which is known before anything is written.
//!
//! All of it is judged by the store's time. A write whose answer was lost is told from another's by its bytes: no two are the same.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinHandle;

use super::error::Error;
use super::lease::{Lease, Next, next};
use super::patience::Patience;
use super::place::{Place, Told};
use crate::lake::{Condition, Object, Put};
use crate::retry::pause;
use crate::stop::Stop;

/// The lease's object.
pub(super) const LEASE: &str = "lease.json";

/// Between two looks at a lease that another has.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often a renewal is tried anew that another write came before.
const RENEWALS: u32 = 4;

/// The lease while it is ours.
pub(super) struct Hold {
    shared: Arc<Shared>,
    renewals: JoinHandle<()>,
    /// Whether its last owner went without a word, or was put out.
    pub(super) is_taken_over: bool,
}

struct Shared {
    place: Arc<Place>,
    lasts: TimeDelta,
    held: tokio::sync::Mutex<Held>,
    /// Who has it instead of us, once that is known.
    fenced_by: Mutex<Option<String>>,
}

struct Held {
    lease: Lease,
    tag: String,
    /// The store's time.
    at: DateTime<Utc>,
    /// When it was told.
    told: Instant,
}

/// What an object holds, and the tag that names just this version of it.
pub(super) struct Tagged<T> {
    pub(super) what: T,
    pub(super) tag: String,
}

/// A name that no other process has.
pub(super) fn owner() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let host = if host.is_empty() { "a machine".to_owned() } else { host };
    let unique = fastrand::u64(..);
    format!("{host} process {} ({unique:016x})", std::process::id())
}

pub(super) fn parsed<T: serde::de::DeserializeOwned>(
    place: &Place,
    name: &str,
    found: &Object,
) -> Result<T, Error> {
    serde_json::from_slice(&found.bytes)
        .map_err(|source| Error::Unreadable { object: place.object(name), source })
}

pub(super) fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// Replaces what has `tag` by `bytes`, or makes it where there is none; `Err` is what is there instead.
pub(super) async fn replace(
    place: &Place,
    name: &str,
    bytes: &[u8],
    tag: Option<&str>,
) -> Result<Result<Told<String>, Told<Option<Object>>>, Error> {
    let condition = tag.map_or(Condition::Absent, Condition::Is);
    let Told { what, at } = place.put(name, bytes, condition).await?;
    match what {
        Put::Done(tag) => Ok(Ok(Told { what: tag, at })),
        Put::Refused => {
            let location = place.name.clone();
            Err(Error::Unconditional { location, what: "refuses" })
        }
        Put::Unmet => {
            let found = place.get(name).await?;
            match &found.what {
                // The answer to an earlier try was lost.
                Some(object) if object.bytes == bytes => {
                    Ok(Ok(Told { what: object.tag.clone(), at: found.at }))
                }
                _ => Ok(Err(found)),
            }
        }
    }
}

impl Hold {
    /// Takes the lease, or waits for it, and proves that the store's conditions hold. From then on it is renewed.
    pub(super) async fn take(
        place: &Arc<Place>,
        lasts: Duration,
        wait: Duration,
        patience: &Patience,
    ) -> Result<Self, Error> {
        let (began, owner, stop) = (Instant::now(), owner(), patience.stop());
        let mut is_told = false;
        let lasts = TimeDelta::from_std(lasts).unwrap_or(TimeDelta::MAX);
        let mut found = patience.to_call(place.get(LEASE)).await?;
        let (lease, tag, at, is_taken_over) = loop {
            let known: Option<Lease> =
                found.what.as_ref().map(|it| parsed(place, LEASE, it)).transpose()?;
            let lease = match next(known.as_ref(), &owner, found.at, lasts) {
                Next::Take(lease) => lease,
                Next::Wait { holder, until } => {
                    let left = wait.saturating_sub(began.elapsed());
                    if left.is_zero() {
                        let (location, holder) = (place.name.clone(), format!("`{holder}`"));
                        return Err(Error::Held { location, holder, until });
                    }
                    if !mem::replace(&mut is_told, true) {
                        let left = TimeDelta::from_std(left).ok();
                        let end = left.and_then(|left| found.at.checked_add_signed(left));
                        let end = end.unwrap_or(DateTime::<Utc>::MAX_UTC);
                        tracing::warn!(
                            "`{}` is held by `{holder}`: waiting for it until {}",
                            place.name,
                            end.format("%Y-%m-%d %H:%M:%S UTC")
                        );
                    }
                    stop.or(pause(left.min(INTERVAL))).await.ok_or(Error::Interrupted)?;
                    found = patience.to_call(place.get(LEASE)).await?;
                    continue;
                }
            };
            let tag = found.what.as_ref().map(|object| object.tag.clone());
            let bytes = json(&lease);
            let taken = replace(place, LEASE, &bytes, tag.as_deref());
            match patience.to_call(taken).await? {
                Ok(Told { what: tag, at }) => {
                    let is_taken_over = known.is_some_and(|known| known.owner.is_some());
                    break (lease, tag, at, is_taken_over);
                }
                // Another was faster.
                Err(other) => found = other,
            }
        };
        let held = Held { lease, tag, at, told: Instant::now() };
        let shared = Arc::new(Shared {
            place: Arc::clone(place),
            lasts,
            held: tokio::sync::Mutex::new(held),
            fenced_by: Mutex::new(None),
        });
        let renewals = tokio::spawn(renew_aside(Arc::clone(&shared), Arc::clone(stop)));
        let hold = Self { shared, renewals, is_taken_over };
        if let Err(error) = patience.to_call(hold.prove()).await {
            patience.to_give_back(hold.give_back()).await;
            return Err(error);
        }
        Ok(hold)
    }

    /// Writes what must not be written, and sees it refused.
    async fn prove(&self) -> Result<(), Error> {
        let place = &self.shared.place;
        if !place.needs_proof() {
            return Ok(());
        }
        let mut held = self.shared.held.lock().await;
        let bytes = json(&held.lease);
        let nothing_has_it = Condition::Is("\"00000000000000000000000000000000\"");
        for condition in [Condition::Absent, nothing_has_it] {
            let what = match place.put(LEASE, &bytes, condition).await?.what {
                Put::Unmet => continue,
                Put::Refused => "refuses",
                Put::Done(tag) => {
                    held.tag = tag;
                    "ignores"
                }
            };
            return Err(Error::Unconditional { location: place.name.clone(), what });
        }
        Ok(())
    }

    /// The fencing number.
    pub(super) async fn number(&self) -> u64 {
        self.shared.held.lock().await.lease.fencing_number
    }

    /// Makes sure that the lease is still ours, and makes it longer.
    pub(super) async fn confirm(&self) -> Result<(), Error> {
        self.shared.renew().await
    }

    /// The same, unless that was done a moment ago.
    pub(super) async fn confirm_again(&self) -> Result<(), Error> {
        let since = self.shared.held.lock().await.told.elapsed();
        let half = self.shared.lasts.to_std().unwrap_or(INTERVAL) / 2;
        if since < half { Ok(()) } else { self.confirm().await }
    }

    /// Makes the fencing number a higher one than `number`.
    pub(super) async fn rise_above(&self, number: u64) -> Result<(), Error> {
        let mut held = self.shared.held.lock().await;
        if number < held.lease.fencing_number {
            return Ok(());
        }
        let lease = Lease { fencing_number: number + 1, ..held.lease.clone() };
        let place = &self.shared.place;
        match replace(place, LEASE, &json(&lease), Some(&held.tag)).await? {
            Ok(Told { what: tag, at }) => {
                *held = Held { lease, tag, at, told: Instant::now() };
                Ok(())
            }
            Err(_) => Err(self.shared.fenced("another task".to_owned())),
        }
    }

    /// As a write found out that was on the condition that it is.
    pub(super) async fn lost(&self) -> Error {
        match self.shared.renew().await {
            Err(error) => error,
            Ok(()) => self.shared.fenced("another writer that holds no lease".to_owned()),
        }
    }

    /// Whether it is known to be lost.
    pub(super) fn is_fenced(&self) -> Option<Error> {
        let by = self.shared.fenced_by.lock().unwrap_or_else(PoisonError::into_inner).clone();
        by.map(|holder| Error::Fenced { location: self.shared.place.name.clone(), holder })
    }

    /// Gives it back, so that nobody waits; where that does not work, it expires.
    pub(super) async fn give_back(self) {
        self.renewals.abort();
        if self.is_fenced().is_some() {
            return;
        }
        let held = self.shared.held.lock().await;
        let bytes = json(&held.lease.given_back());
        let given = replace(&self.shared.place, LEASE, &bytes, Some(&held.tag)).await;
        if let Err(error) = given {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the lease on the state is not given back; it expires by itself");
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.renewals.abort();
    }
}

impl Shared {
    async fn renew(&self) -> Result<(), Error> {
        let mut held = self.held.lock().await;
        let by = self.fenced_by.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(holder) = by {
            return Err(self.fenced(holder));
        }
        for _ in 0..RENEWALS {
            let since = TimeDelta::from_std(held.told.elapsed()).unwrap_or_default();
            let lease = held.lease.renewed(held.at + since, self.lasts);
            let tag = held.tag.clone();
            match replace(&self.place, LEASE, &json(&lease), Some(&tag)).await? {
                Ok(Told { what: tag, at }) => {
                    *held = Held { lease, tag, at, told: Instant::now() };
                    return Ok(());
                }
                Err(Told { what: Some(object), at }) => {
                    let found: Lease = parsed(&self.place, LEASE, &object)?;
                    if !found.is_same(&held.lease) {
                        return Err(self.fenced(found.holder()));
                    }
                    // An earlier write of ours, which came late.
                    *held = Held { lease: found, tag: object.tag, at, told: Instant::now() };
                }
                Err(Told { what: None, .. }) => {
                    return Err(self.fenced("nobody (it was deleted)".to_owned()));
                }
            }
        }
        Err(self.fenced("a writer that is faster".to_owned()))
    }

    fn fenced(&self, holder: String) -> Error {
        *self.fenced_by.lock().unwrap_or_else(PoisonError::into_inner) = Some(holder.clone());
        Error::Fenced { location: self.place.name.clone(), holder }
    }
}

/// Renews at a quarter of the time; whoever was fenced is asked to stop.
async fn renew_aside(shared: Arc<Shared>, stop: Arc<Stop>) {
    let quarter = shared.lasts.to_std().unwrap_or(INTERVAL) / 4;
    loop {
        pause(quarter).await;
        match shared.renew().await {
            Ok(()) => {}
            Err(Error::Fenced { .. }) => return stop.ask(),
            // Before anything leaves, it is asked for again.
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the lease on the state could not be renewed");
            }
        }
    }
}
