//! The account: whether it lets us in, and whether everything that files are loaded with is there.

use chrono::{DateTime, Utc};

use super::{Area, Finding, Findings, Health, Known, TOLERATED_SKEW, exposed, unreached};
use crate::causes::chain;
use crate::config::{Account, Config, snowflake_exposure};
use crate::event::Ending;
use crate::ids::Table;
use crate::operate::setup::{self, PipeReport};
use crate::snowflake::{self, Credential, Item, Kind, Plan, State, Statement, claims};
use crate::stop::Stop;

/// Looks at the account, where one is configured.
pub(crate) async fn snowflake(
    config: &Config,
    known: &Known,
    clock: fn() -> DateTime<Utc>,
    findings: &mut Findings<'_>,
) {
    let say = |what, health, detail: String| Finding::new(Area::Snowflake, what, health, detail);
    let timing = crate::snowflake::ConnectionTiming::impatient();
    let target = match config.account(timing, clock) {
        Ok(Some(target)) => target,
        Ok(None) => {
            let detail = "no SNOWFLAKE_ACCOUNT is set; nothing is ingested".to_owned();
            return findings.push(say("account", Health::Skipped, detail));
        }
        // Nobody was asked: what is configured cannot be used, and a run ends of it as of any wrong configuration.
        Err(error) => {
            let finding = say("account", Health::Fail, chain(&error));
            return findings.push(finding.ends(Ending::Usage));
        }
    };
    let login = target.connection.login();
    let host = login.account.host();
    findings.push(say("account", Health::Ok, format!("`{}` at `{host}`", login.account)));
    if let Some(exposure) = snowflake_exposure(&target) {
        findings.push(exposed(Area::Snowflake, exposure));
    }
    if let Credential::KeyPair(pair) = &login.credential {
        let claims = claims(&login.account, &login.user, pair.fingerprint(), clock());
        let detail = format!("tokens say `{}`, signed with `{}`", claims.sub, pair.fingerprint());
        findings.push(say("key", Health::Ok, detail));
    }
    let question = Statement::new(
        "select current_account() as a, current_role() as r, current_warehouse() as w",
    );
    let answer = target.connection.run(&question, &Stop::default()).await;
    if let Some(skew) = target.connection.clock_skew().filter(|skew| skew.abs() > TOLERATED_SKEW) {
        let detail = format!("this machine is {} s off Snowflake's time", skew.num_seconds());
        findings.push(
            say("clock", Health::Warn, detail)
                .fix("set the clock (NTP): tokens of a wrong time are refused"),
        );
    }
    let cell = |rows: &crate::snowflake::Rows, name: &str| {
        let text = rows.only().and_then(|row| row.cell(name)?.text().map(str::to_owned));
        text.unwrap_or_else(|_| "none".to_owned())
    };
    match answer {
        Ok(rows) => {
            let (role, warehouse) = (cell(&rows, "R"), cell(&rows, "W"));
            let detail = format!("role `{role}`, warehouse `{warehouse}`");
            findings.push(say("login", Health::Ok, detail));
        }
        Err(error) => {
            return findings.push(no_login(&error));
        }
    }
    if config.lake.bucket.is_some() {
        match setup::plan(config, &target, &Default::default(), &Stop::default()).await {
            Ok(plan) => {
                objects(&plan, known, findings);
                grants(&plan, &target, findings);
            }
            Err(error) => findings.push(say("setup", Health::Fail, chain(&error))),
        }
    }
    match setup::pipes(&target, clock, &Stop::default()).await {
        Ok(reports) => pipes(&target, &reports, findings),
        Err(error) => findings.push(say("pipes", Health::Fail, chain(&error))),
    }
}

/// Why we are not let in, or nobody is there to do it.
fn no_login(error: &snowflake::Error) -> Finding {
    let finding = Finding::new(Area::Snowflake, "login", Health::Fail, error.to_string());
    match error {
        snowflake::Error::Unreachable { reason, .. } => {
            unreached(Area::Snowflake, reason, "`SNOWFLAKE_ACCOUNT` and `SNOWFLAKE_URL`")
        }
        error if error.is_setup() => {
            finding.fix("`snowtrack snowflake plan` shows what is missing and who can make it")
        }
        _ => finding,
    }
}

/// What no file is loaded without.
const fn is_needed(item: &Item) -> bool {
    matches!(
        item.kind,
        Kind::Database | Kind::Schema | Kind::FileFormat | Kind::Stage | Kind::Table | Kind::Column
    )
}

/// What is missing by its names, and how much of the rest differs.
fn objects(plan: &Plan, known: &Known, findings: &mut Findings<'_>) {
    if plan.is_settled() {
        let detail = "everything is there";
        return findings.push(Finding::new(Area::Snowflake, "setup", Health::Ok, detail));
    }
    let missing: Vec<&Item> =
        plan.items.iter().filter(|item| item.state == State::Missing && is_needed(item)).collect();
    if !missing.is_empty() {
        let names = missing.iter().map(|item| format!("{} `{}`", item.kind.name(), item.name));
        let names = names.collect::<Vec<_>>().join(", ");
        let detail = format!("not there, or not visible to this role: {names}");
        // A table that is made again is empty.
        let lost = missing.iter().filter(|item| item.kind == Kind::Table).any(|item| {
            known.sent.iter().any(|file| {
                item.name.ends_with(&format!(".{}", file.table.name().to_ascii_uppercase()))
            })
        });
        let command = plan.apply_command();
        let fix = match lost {
            true => format!(
                "{command} makes what is missing; a table that held rows comes back empty: then `snowtrack run --full` ships every row again"
            ),
            false => format!("{command} makes what is missing"),
        };
        findings.push(Finding::new(Area::Snowflake, "objects", Health::Fail, detail).fix(fix));
    }
    let detail = plan.counts().to_string();
    findings.push(
        Finding::new(Area::Snowflake, "setup", Health::Warn, detail)
            .fix("`snowtrack snowflake plan` shows what, and who can make what is missing"),
    );
}

/// The tables that are there and that the role may not read: nothing that is in them can be proven.
fn grants(plan: &Plan, target: &Account, findings: &mut Findings<'_>) {
    let is_absent = |table: &str| {
        let is_it = |item: &&Item| item.kind == Kind::Table && item.name == table;
        plan.items.iter().any(|item| is_it(&item) && item.state == State::Missing)
    };
    let tables = Table::ALL.map(|table| target.names.table(table).to_string());
    let lacking: Vec<&Item> = plan
        .missing()
        .filter(|item| item.kind == Kind::Grant)
        .filter(|item| {
            let is_on =
                |table: &&String| item.name.contains(&format!(" on table {table} to role "));
            tables.iter().find(is_on).is_some_and(|table| !is_absent(table))
        })
        .collect();
    if lacking.is_empty() {
        return;
    }
    let names = lacking.iter().map(|item| format!("`grant {}`", item.name));
    let detail = format!("this role lacks {}", names.collect::<Vec<_>>().join(", "));
    let fix = format!("{} gives what is missing", plan.apply_command());
    findings.push(Finding::new(Area::Snowflake, "grants", Health::Fail, detail).fix(fix));
}

impl From<snowflake::Health> for Health {
    fn from(of_pipe: snowflake::Health) -> Self {
        match of_pipe {
            snowflake::Health::Ok => Self::Ok,
            snowflake::Health::Warn => Self::Warn,
            snowflake::Health::Fail => Self::Fail,
        }
    }
}

/// The pipes that are not well, each remedy once.
fn pipes(target: &Account, reports: &[PipeReport], findings: &mut Findings<'_>) {
    if reports.is_empty() {
        return;
    }
    let unwell = || reports.iter().filter(|report| report.health != snowflake::Health::Ok);
    if unwell().next().is_none() {
        let detail = format!("all {} of mode `{}` are well", reports.len(), target.mode.name());
        return findings.push(Finding::new(Area::Snowflake, "pipes", Health::Ok, detail));
    }
    for remedy in setup::remedies(reports) {
        let of_remedy = || unwell().filter(|report| remedy.pipes.contains(&report.pipe));
        let worst = of_remedy().map(|report| report.health).max();
        let health = worst.map_or(Health::Warn, Health::from);
        let detail = states(of_remedy());
        let fix = match remedy.script.is_empty() {
            true => remedy.text.clone(),
            false => format!("{}:\n{}", remedy.text, remedy.script.join("\n")),
        };
        findings.push(Finding::new(Area::Snowflake, "pipes", health, detail).fix(fix));
    }
    let without = || unwell().filter(|report| report.remedy.is_empty());
    if let Some(worst) = without().map(|report| report.health).max() {
        let detail = states(without());
        findings.push(Finding::new(Area::Snowflake, "pipes", worst.into(), detail));
    }
}

/// How pipes are: each state once, behind the names of those that are in it.
fn states<'r>(reports: impl Iterator<Item = &'r PipeReport>) -> String {
    let mut known: Vec<Alike<'_>> = Vec::new();
    for PipeReport { pipe, reason, .. } in reports {
        let pipe = format!("`{pipe}`");
        match known.iter_mut().find(|it| it.reason == reason) {
            Some(alike) => alike.pipes.push(pipe),
            None => known.push(Alike { reason, pipes: vec![pipe] }),
        }
    }
    let told = known.iter().map(|it| format!("{}: {}", it.pipes.join(", "), it.reason));
    told.collect::<Vec<_>>().join("; ")
}

/// Pipes that are in the same state.
struct Alike<'r> {
    reason: &'r str,
    pipes: Vec<String>,
}
