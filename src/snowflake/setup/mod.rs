//! What is there against what should be there: a plan of statements, and never a silent replace.
//!
//! In: the scripts of `sql/snowflake/setup`, and the answers to `observe.sql`. Out: a [`Plan`] of items, each of which exists, is
//! missing, differs, or is in conflict. Comparing is pure; [`observe`] and [`apply()`] are its thin edges.
//!
//! # What is done and what is only said
//! - Missing: [`apply()`] creates it, in the scripts' order. A missing column that may be NULL counts as missing, because adding one
//!   takes nothing away.
//! - Different: said, with the statement to run by hand. Changing a column, a stage or a format can lose rows or strand pipes, and
//!   a pipe made anew forgets for 14 days what it loaded.
//! - In conflict: a second pipe on the same folder would load every file twice. It is named, and ours is not made beside it.
//! - What needs an admin (role, user, warehouse, database, integration) is tried and, where Snowflake denies it, handed back as
//!   text for one; the rest goes on.

mod apply;
mod compare;
mod conflict;
mod ddl;
mod grants;
mod lag;
mod observed;
mod show;
mod table;

pub(crate) use crate::snowflake::setup::apply::{Applied, AppliedItem, apply, observe};
pub(crate) use crate::snowflake::setup::ddl::Kind;
pub(crate) use crate::snowflake::setup::lag::Cost;
pub use crate::snowflake::setup::lag::{InvalidLag, TargetLag};
pub(crate) use crate::snowflake::setup::observed::Observed;
use observed::text;

use super::api::literal;
use super::aws::{self, AwsSide};
use super::objects::{IngestMode, Names, file_format, ident, pattern};
use super::sql::{Audience, Filling, Fillings, SETUP, Scope};
use crate::ids::Table;
use crate::lake::Format;

/// What the setup is for.
#[derive(Debug, Clone)]
pub(crate) struct Blueprint {
    /// What everything is called.
    pub names: Names,
    /// The lake's bucket.
    pub bucket: String,
    /// What every key begins with; ends in `/` or is empty.
    pub prefix: String,
    /// What the files are.
    pub format: Format,
    /// How they get in.
    pub mode: IngestMode,
    /// How old the current rows may be.
    pub target_lag: TargetLag,
    /// The AWS role that Snowflake assumes; only a new integration needs it.
    pub aws_role_arn: Option<String>,
    /// The user's public key, the base64 body without PEM lines; only a new user needs it.
    pub public_key: Option<String>,
}

/// One object, as it is and as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// What it is.
    pub kind: Kind,
    /// Its full name; for a grant what it says.
    pub name: String,
    /// Who can make it.
    pub audience: Audience,
    /// What makes it.
    pub statement: String,
    /// How it is.
    pub state: State,
    /// Why [`apply()`] must not make it, where it must not.
    pub blocked_by: Option<String>,
    /// Whether it is a pipe, or a grant on one, that reads the folder of another.
    pub is_in_conflict: bool,
    /// What Snowflake made of it, where that is worth a word.
    pub note: Option<String>,
}

impl Item {
    /// Whether it is not to be made while another pipe is there.
    pub(crate) fn is_held(&self) -> bool {
        self.state == State::Missing && self.is_in_conflict
    }
}

/// How an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// As it should be.
    Exists,
    /// Not there, or not visible to our role: Snowflake does not tell them apart.
    Missing,
    /// There, but different.
    Differs {
        /// In what.
        changes: Vec<Change>,
        /// What to consider.
        advice: &'static str,
    },
    /// It does what another object does already.
    Conflict {
        /// Why.
        reason: String,
        /// What to do.
        advice: String,
    },
    /// There, but our role may not see how it is.
    Unseen {
        /// Why.
        reason: String,
    },
}

impl State {
    fn there(is_there: bool) -> Self {
        if is_there { Self::Exists } else { Self::Missing }
    }

    /// Exists, or differs in this.
    fn differing(changes: Vec<Change>, advice: &'static str) -> Self {
        if changes.is_empty() { Self::Exists } else { Self::Differs { changes, advice } }
    }
}

/// One thing that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// What.
    pub what: String,
    /// As it is.
    pub old: String,
    /// As it should be.
    pub new: String,
    /// What would change it, to be run by hand; `None` where nothing does.
    pub statement: Option<String>,
}

/// Everything compared, in the order in which it is made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// The objects.
    pub items: Vec<Item>,
    /// What to set in AWS.
    pub aws: AwsSide,
    /// What keeping the current rows costs.
    pub cost: Cost,
    /// The roles that own the schemas, where that is not the one that looked: only they make in them what is missing.
    pub owners: Vec<String>,
    /// The mode of the pipes that are there instead of the configured one's.
    pub other_mode: Option<IngestMode>,
    /// The AWS role that whoever looked has named.
    pub aws_role_arn: Option<String>,
}

impl Plan {
    /// Compares what should be with what was seen.
    pub(crate) fn new(blueprint: &Blueprint, observed: &Observed) -> Self {
        let desired = blueprint.desired().into_iter();
        let mut items: Vec<Item> =
            desired.flat_map(|desired| compare::compare(blueprint, observed, desired)).collect();
        let other_mode = conflict::conflicts(blueprint, observed, &mut items);
        let (aws, cost) = (blueprint.aws(observed), blueprint.cost(observed));
        let owners = observed.other_owners(&blueprint.names);
        let aws_role_arn = blueprint.aws_role_arn.clone();
        Self { items, aws, cost, owners, other_mode, aws_role_arn }
    }

    /// What [`apply()`] would run.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.state == State::Missing)
    }

    /// What makes what is missing in the schemas, as whoever may.
    pub(crate) fn apply_command(&self) -> String {
        match self.owners.as_slice() {
            [] => "`snowtrack snowflake apply`".to_owned(),
            owners => {
                let commands = owners
                    .iter()
                    .map(|owner| format!("`snowtrack snowflake apply --as-role {owner}`"));
                commands.collect::<Vec<_>>().join(" and ")
            }
        }
    }

    /// Whether nothing is left but pipes that are not made beside others, and what is about them.
    pub(crate) fn is_only_in_conflict(&self) -> bool {
        let is_left = |item: &&Item| !matches!(item.state, State::Exists | State::Unseen { .. });
        let mut left = self.items.iter().filter(is_left).peekable();
        left.peek().is_some() && left.all(|item| item.is_in_conflict)
    }

    /// Whether everything is as it should be, as far as our role can see.
    pub(crate) fn is_settled(&self) -> bool {
        let is_fine = |item: &Item| matches!(item.state, State::Exists | State::Unseen { .. });
        self.items.iter().all(is_fine)
    }
}

/// What should be there.
#[derive(Debug, Clone)]
pub(super) struct Desired {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) audience: Audience,
    pub(super) statement: String,
}

impl Blueprint {
    /// Where the stage points to.
    pub(crate) fn lake_url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    /// Every statement of the setup.
    #[cfg(test)]
    fn statements(&self) -> Vec<String> {
        self.desired().into_iter().map(|desired| desired.statement).collect()
    }

    fn desired(&self) -> Vec<Desired> {
        let mut desired = Vec::new();
        for script in SETUP {
            let tables: &[Table] = match script.scope {
                Scope::Once => &[],
                Scope::EachPipe if self.mode == IngestMode::Copy => continue,
                Scope::EachTable | Scope::EachPipe => &Table::ALL,
            };
            let each = tables.iter().copied().map(Some);
            let once = (script.scope == Scope::Once).then_some(None);
            for table in each.chain(once) {
                let shape = table.map(Table::shape);
                let fillings = self.fillings(table);
                for statement in self.names.statements_of(script.sql, &fillings, shape) {
                    desired.push(Desired::new(statement, script.audience));
                }
            }
        }
        desired
    }

    fn fillings(&self, table: Option<Table>) -> Fillings {
        let text = |value: &Option<String>, wanted: &str| {
            Filling::Text(literal(value.as_deref().unwrap_or(wanted)))
        };
        let mut fillings = vec![
            ("lake_url", Filling::Text(literal(&self.lake_url()))),
            ("aws_role_arn", text(&self.aws_role_arn, "<ARN of the role that Snowflake assumes>")),
            ("public_key", text(&self.public_key, "<public key without its PEM lines>")),
        ];
        if let Some(table) = table {
            let pipe = self.names.pipe(table, self.format, self.mode);
            let is_auto = self.mode == IngestMode::Auto;
            fillings.extend([
                ("table", Filling::Name(ident(table.name()))),
                ("folder", Filling::Folder(table)),
                ("file_format", Filling::Name(file_format(self.format))),
                ("pattern", Filling::Text(pattern(self.format))),
                ("auto_ingest", Filling::Name(ident(&is_auto.to_string()))),
                ("current_rows", Filling::Query(self.names.current_rows(table))),
                ("target_lag", Filling::Text(literal(&self.target_lag.to_string()))),
                ("refresh_mode", Filling::Name(Names::refresh_mode(table))),
            ]);
            fillings.extend(pipe.map(|pipe| ("pipe", Filling::Name(pipe.name))));
        }
        fillings
    }

    fn cost(&self, observed: &Observed) -> Cost {
        let warehouse = &self.names.warehouse;
        let question = format!("show warehouses like '{warehouse}'");
        let row = observed.find(&question, "name", warehouse.as_str());
        let shown = |column: &str| row.and_then(|row| text(row, column));
        // Until it is there: as the setup makes it.
        let size = shown("size").unwrap_or("X-Small");
        let sleeps_after = shown("auto_suspend").map_or(Ok(60), str::parse).unwrap_or(0);
        Cost::new(self.target_lag.clone(), size, sleeps_after)
    }

    fn aws(&self, observed: &Observed) -> AwsSide {
        let property = |name: &str| observed.integration_property(&self.names, name);
        let user = property("STORAGE_AWS_IAM_USER_ARN");
        let trust_policy = user
            .zip(property("STORAGE_AWS_EXTERNAL_ID"))
            .map(|(user, external_id)| aws::trust_policy(&user, &external_id));
        let queues = observed.queues(self);
        let notification = (self.mode == IngestMode::Auto && !queues.is_empty())
            .then(|| aws::notification(&self.prefix, &queues));
        AwsSide {
            uploader_policy: aws::uploader_policy(&self.bucket, &self.prefix),
            iam_policy: aws::iam_policy(&self.bucket, &self.prefix),
            trust_policy,
            lifecycle: aws::lifecycle(&self.prefix),
            notification,
        }
    }
}

impl Desired {
    fn new(statement: String, audience: Audience) -> Self {
        let (kind, name) = ddl::created(&statement).unwrap_or_else(|| {
            let name = statement.strip_prefix("grant ").unwrap_or(&statement);
            (Kind::Grant, name.to_owned())
        });
        Self { kind, name, audience, statement }
    }
}

#[cfg(test)]
mod tests;
