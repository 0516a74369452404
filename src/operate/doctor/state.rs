//! The ledger between machines: whether it can be had, whether its store can be trusted with it, who has it, and who wrote it.

use chrono::{DateTime, Utc};

use super::{Area, Finding, Findings, Health};
use crate::causes::chain;
use crate::config::Config;
use crate::lake::StoreTiming;
use crate::run::ending::of_state;
use crate::state::{self, Conditions, Current, Examined, HeldLease};

/// Looks at the state, where one is configured.
pub(crate) async fn state(
    config: &Config,
    clock: fn() -> DateTime<Utc>,
    findings: &mut Findings<'_>,
) {
    let Some(settings) = config.state_settings(StoreTiming::default()) else {
        let detail = "no SNOWTRACK_STATE is set; the ledger stays in the data directory";
        return findings.push(Finding::new(Area::State, "location", Health::Skipped, detail));
    };
    let found = match Box::pin(state::examine(&settings, clock)).await {
        Ok(found) => found,
        Err(error) => return findings.push(failed("location", &error)),
    };
    let location = &found.location;
    if !found.is_there {
        let detail = format!("`{location}` is not made yet; the first run makes it");
        return findings.push(Finding::new(Area::State, "location", Health::Ok, detail));
    }
    let detail = format!("`{location}` answers");
    findings.push(Finding::new(Area::State, "location", Health::Ok, detail));
    findings.push(match Box::pin(state::probe(&settings, clock)).await {
        Ok(conditions) => kept(&conditions),
        Err(error) => failed("conditional writes", &error),
    });
    findings.push(lease(found.lease.as_ref()));
    findings.push(ledger(&found));
}

fn failed(what: &'static str, error: &state::Error) -> Finding {
    Finding::new(Area::State, what, Health::Fail, chain(error)).ends(of_state(error))
}

fn kept(conditions: &Conditions) -> Finding {
    let detail = match conditions {
        Conditions::Kept => {
            "the store keeps them (an object was written, refused three times and deleted)"
        }
        Conditions::KeptWithTraces => {
            "the store keeps them (an object was written, refused three times and deleted; if the bucket keeps versions, one of a few bytes is left, which we may not delete)"
        }
        Conditions::Locked => "a folder: a lock takes their place",
    };
    Finding::new(Area::State, "conditional writes", Health::Ok, detail)
}

fn lease(lease: Option<&HeldLease>) -> Finding {
    let (health, detail) = match lease {
        None => (Health::Ok, "nobody ever had it".to_owned()),
        Some(HeldLease { owner: None, fencing_number, .. }) => {
            (Health::Ok, format!("held by nobody, fencing number {fencing_number}"))
        }
        Some(HeldLease { owner: Some(owner), expires_at, fencing_number, age, has_expired }) => {
            let until = expires_at.format("%Y-%m-%d %H:%M:%S UTC");
            let seconds = age.num_seconds();
            let held = format!(
                "held by `{owner}`, renewed {seconds} s ago, until {until}, fencing number {fencing_number}"
            );
            match has_expired {
                false => (Health::Ok, held),
                true => (
                    Health::Warn,
                    format!(
                        "{held}: it has expired, so that task died; the next run takes it over"
                    ),
                ),
            }
        }
    };
    Finding::new(Area::State, "lease", health, detail)
}

fn ledger(found: &Examined) -> Finding {
    if let Some(error) = &found.trouble {
        return failed("ledger", error);
    }
    let detail = match &found.current {
        None => "nothing yet: the first run, or `snowtrack state push`, begins it".to_owned(),
        Some(Current { generation, schema_version, generations, .. }) => {
            let kept: Vec<String> = generations.iter().map(u64::to_string).collect();
            let kept = kept.join(", ");
            format!("generation {generation} of schema {schema_version} (kept: {kept})")
        }
    };
    Finding::new(Area::State, "ledger", Health::Ok, detail)
}
