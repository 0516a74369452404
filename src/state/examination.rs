//! What `doctor` asks of a state: whether it is there, whether its store keeps conditions, who has it, and who wrote it.

use chrono::{DateTime, TimeDelta, Utc};

use super::error::Error;
use super::generation::{self, Current};
use super::hold::{LEASE, parsed};
use super::lease::Lease;
use super::place::Place;
use crate::config::StateSettings;
use crate::lake::{Condition, Put};

/// What a place says of itself.
pub(crate) struct Examined {
    /// Its address.
    pub(crate) location: String,
    /// Whether there is a folder at all; a bucket always is.
    pub(crate) is_there: bool,
    /// Whose it is; `None` before anybody had it.
    pub(crate) lease: Option<HeldLease>,
    /// What it holds; `None` before the first save.
    pub(crate) current: Option<Current>,
    /// Why no run can go on from it: a later version wrote it, or nothing says which generation counts.
    pub(crate) trouble: Option<Error>,
}

/// A lease, by the store's time.
pub(crate) struct HeldLease {
    pub(crate) owner: Option<String>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) fencing_number: u64,
    /// Since when nobody renewed it, where it lasts as long as ours would.
    pub(crate) age: TimeDelta,
    pub(crate) has_expired: bool,
}

/// How a store took a probe of its conditions.
pub(crate) enum Conditions {
    /// As it should. What was written for it is gone.
    Kept,
    /// The same, but a bucket that keeps versions keeps those of the probe: we may not delete them.
    KeptWithTraces,
    /// A folder, where a lock does it.
    Locked,
}

/// Reads what is there. Writes nothing.
pub(crate) async fn examine(
    settings: &StateSettings,
    clock: fn() -> DateTime<Utc>,
) -> Result<Examined, Error> {
    let place = Place::open(settings, false, clock).await?;
    let location = place.name.clone();
    if !place.is_there() {
        return Ok(Examined {
            location,
            is_there: false,
            lease: None,
            current: None,
            trouble: None,
        });
    }
    let found = place.get(LEASE).await?;
    let lease: Option<Lease> =
        found.what.as_ref().map(|it| parsed(&place, LEASE, it)).transpose()?;
    let lasts = TimeDelta::from_std(settings.lease).unwrap_or(TimeDelta::MAX);
    let lease = lease.map(|lease| HeldLease {
        age: (found.at - (lease.expires_at - lasts)).max(TimeDelta::zero()),
        has_expired: lease.expires_at < found.at,
        owner: lease.owner,
        expires_at: lease.expires_at,
        fencing_number: lease.fencing_number,
    });
    let current = generation::found(&place).await?.map(|found| found.what);
    let trouble = match &current {
        Some(current) => generation::require_known(&place, current).err(),
        None => {
            let written = generation::written(&place).await?;
            (!written.is_empty()).then(|| generation::headless(&place, &written))
        }
    };
    let current = current.filter(Current::is_one);
    Ok(Examined { location, is_there: true, lease, current, trouble })
}

/// Writes what must and what must not be written, under a name of its own, and takes it away again.
///
/// # Errors
/// [`Error::Unconditional`] where the store cannot be trusted with a state; [`Error::Lake`] where it may not be written to.
pub(crate) async fn probe(
    settings: &StateSettings,
    clock: fn() -> DateTime<Utc>,
) -> Result<Conditions, Error> {
    let place = Place::open(settings, false, clock).await?;
    if !place.needs_proof() {
        return Ok(Conditions::Locked);
    }
    let name = format!("doctor-{:016x}.json", fastrand::u64(..));
    let verdict = try_conditions(&place, &name).await;
    let is_probe = |found: &str, _: bool| found == name;
    // For good, if we may; whoever may only delete leaves the versions where a bucket keeps them.
    let is_gone = place.erase(&is_probe).await.is_ok();
    if !is_gone {
        place.remove(&name).await?;
    }
    verdict?;
    Ok(if is_gone { Conditions::Kept } else { Conditions::KeptWithTraces })
}

async fn try_conditions(place: &Place, name: &str) -> Result<(), Error> {
    let nothing_has_it = Condition::Is("\"00000000000000000000000000000000\"");
    let wanted = [
        (nothing_has_it, false),
        (Condition::Absent, true),
        (Condition::Absent, false),
        (nothing_has_it, false),
    ];
    for (condition, is_met) in wanted {
        let what = match (place.put(name, b"{}", condition).await?.what, is_met) {
            (Put::Done(_), true) | (Put::Unmet, false) => continue,
            // After a lost answer it is our own write that is there.
            (Put::Unmet, true) => continue,
            (Put::Refused, _) => "refuses",
            (Put::Done(_), false) => "ignores",
        };
        return Err(Error::Unconditional { location: place.name.clone(), what });
    }
    Ok(())
}
