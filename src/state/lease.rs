//! The lease as an object, and what follows from it: who may write, until when, with which number. It knows no store and no clock.
//!
//! In: the lease that was found, and the store's time. Out: the lease to write in its place. The fencing number only ever rises: it
//! is one higher with each owner, and stays when a lease is given back.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Who may write, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    /// `None`: nobody.
    pub(crate) owner: Option<String>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) fencing_number: u64,
}

/// What whoever wants the lease does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Writes this one.
    Take(Lease),
    /// Waits for its owner, or gives up.
    Wait { holder: String, until: DateTime<Utc> },
}

/// What `owner` does who wants a lease for so long and found this one.
pub(super) fn next(
    found: Option<&Lease>,
    owner: &str,
    now: DateTime<Utc>,
    lasts: TimeDelta,
) -> Next {
    if let Some(Lease { owner: Some(holder), expires_at, .. }) = found
        && now <= *expires_at
    {
        return Next::Wait { holder: holder.clone(), until: *expires_at };
    }
    let fencing_number = found.map_or(0, |lease| lease.fencing_number) + 1;
    Next::Take(Lease { owner: Some(owner.to_owned()), expires_at: now + lasts, fencing_number })
}

impl Lease {
    /// For as long again, from now on.
    pub(super) fn renewed(&self, now: DateTime<Utc>, lasts: TimeDelta) -> Self {
        // Never the same bytes: a store's tag of them would be the same, too.
        let later = self.expires_at + TimeDelta::microseconds(1);
        Self { expires_at: (now + lasts).max(later), ..self.clone() }
    }

    /// Nobody's; the number stays.
    pub(super) fn given_back(&self) -> Self {
        Self { owner: None, ..self.clone() }
    }

    /// Taken from whoever has it.
    pub(super) fn unlocked(&self) -> Self {
        Self { owner: None, fencing_number: self.fencing_number + 1, ..self.clone() }
    }

    /// Whether it is this owner's, with this number.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.owner, self.fencing_number) == (&other.owner, other.fencing_number)
    }

    /// Whose it is, for people.
    pub(super) fn holder(&self) -> String {
        match &self.owner {
            Some(owner) => format!("`{owner}`"),
            None => "nobody (it was unlocked, or given back)".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: TimeDelta = TimeDelta::seconds(120);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn taken(found: Option<&Lease>, owner: &str, seconds: i64) -> Lease {
        match next(found, owner, at(seconds), LASTS) {
            Next::Take(lease) => lease,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_lease_is_made_renewed_given_back_and_its_number_only_rises() {
        let first = taken(None, "a", 1_000);
        let wanted =
            Lease { owner: Some("a".to_owned()), expires_at: at(1_120), fencing_number: 1 };
        assert_eq!(first, wanted);
        let renewed = first.renewed(at(1_030), LASTS);
        assert_eq!((renewed.expires_at, renewed.fencing_number), (at(1_150), 1));
        let back = renewed.given_back();
        assert_eq!((&back.owner, back.fencing_number), (&None, 1));
        let second = taken(Some(&back), "b", 1_031);
        assert_eq!((second.owner.as_deref(), second.fencing_number), (Some("b"), 2));
        let unlocked = second.unlocked();
        assert_eq!((&unlocked.owner, unlocked.fencing_number), (&None, 3));
        assert_eq!(taken(Some(&unlocked), "c", 1_032).fencing_number, 4);
    }

    #[test]
    fn a_lease_is_its_owners_until_it_has_expired_and_then_whoevers_takes_it() {
        let lease = taken(None, "a", 1_000);
        for seconds in [900, 1_000, 1_119, 1_120] {
            let waits = Next::Wait { holder: "a".to_owned(), until: at(1_120) };
            assert_eq!(next(Some(&lease), "b", at(seconds), LASTS), waits);
            // Another process of the same name is another owner.
            assert_eq!(next(Some(&lease), "a", at(seconds), LASTS), waits);
        }
        assert_eq!(taken(Some(&lease), "b", 1_121).fencing_number, 2);
    }

    #[test]
    fn no_two_renewals_are_the_same_bytes() {
        let lease = taken(None, "a", 1_000);
        let again = lease.renewed(at(1_000), LASTS);
        assert_ne!(again, lease);
        assert!(again.is_same(&lease) && lease.expires_at < again.expires_at);
        assert!(!again.is_same(&again.given_back()) && !again.is_same(&again.unlocked()));
    }
}
