//! A plan for people: a summary with one line an object, or a script. Pure.
//!
//! Both come in blocks by who must act: an administrator of Snowflake, the loader's own role, an administrator of AWS.

use std::fmt;

use super::ddl::Kind;
use super::{Change, Item, Plan, State};
use crate::phrase::{counted, either};
use crate::snowflake::sql::Audience;

/// How many items are how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// To make, or not visible to our role, which Snowflake does not tell apart.
    pub missing: usize,
    /// There, but different, or in conflict with what should be there.
    pub differing: usize,
    /// As they should be.
    pub fine: usize,
    /// There, but our role may not see how they are.
    pub unseen: usize,
}

impl Plan {
    /// Whoever may make everything, and by what.
    pub(crate) fn who_makes_all(&self) -> String {
        let role = self.role_for_the_integration();
        format!(
            "an administrator of Snowflake makes everything (`snowtrack snowflake apply --as-role ACCOUNTADMIN{role}`)"
        )
    }

    /// Who must act, and how.
    fn blocks(&self) -> [(Audience, String); 2] {
        let role = self.role_for_the_integration();
        let admin = format!(
            "for an administrator of Snowflake (`snowtrack snowflake apply --as-role ACCOUNTADMIN{role}`)"
        );
        let command = self.apply_command();
        let held = self.items.iter().any(Item::is_held);
        let is_any_to_make =
            || self.missing().any(|item| item.audience == Audience::Owner && !item.is_held());
        let by_hand = held && !is_any_to_make();
        let owner = match self.owners.as_slice() {
            [] if by_hand => "for the loader's own role, by hand".to_owned(),
            owners if by_hand => {
                format!("for {}, who owns the schemas, by hand", owners.join(" and "))
            }
            [] => format!("for the loader's own role ({command})"),
            owners => {
                let owners = owners.join(" and ");
                format!("for {owners}, who owns the schemas: {command}, as a user who has the role")
            }
        };
        [(Audience::Admin, admin), (Audience::Owner, owner)]
    }

    /// What `apply` needs besides while there is no integration; nothing once it is there.
    fn role_for_the_integration(&self) -> String {
        if !self.missing().any(|item| item.kind == Kind::Integration) {
            return String::new();
        }
        // It stands in a command to paste, and in a comment of a script.
        let is_plain = |arn: &&String| {
            arn.chars().all(|it| it.is_ascii_alphanumeric() || ":/_+=,.@-".contains(it))
        };
        let arn = self.aws_role_arn.as_ref().filter(is_plain).map_or("ARN", String::as_str);
        format!(" --aws-role-arn {arn}")
    }

    /// How many items are how.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for item in &self.items {
            match item.state {
                State::Missing => counts.missing += 1,
                State::Differs { .. } | State::Conflict { .. } => counts.differing += 1,
                State::Exists => counts.fine += 1,
                State::Unseen { .. } => counts.unseen += 1,
            }
        }
        counts
    }

    /// Every statement of the setup with how its object is, to read, hand over or run: what is there already is made no second time.
    /// What replaces something, or must not be made, is a comment.
    pub(crate) fn script(&self) -> String {
        let mut script = format!("-- {}\n", self.counts());
        for (audience, title) in self.blocks() {
            script.push_str(&format!("\n-- {title}\n"));
            for item in self.items.iter().filter(|item| item.audience == audience) {
                script.push_str(&item.script());
            }
        }
        script
    }

    fn block(&self, audience: Audience, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_block = || self.items.iter().filter(move |item| item.audience == audience);
        let is_fine_grant = |item: &&Item| item.kind == Kind::Grant && item.state == State::Exists;
        for item in of_block().filter(|item| !is_fine_grant(item)) {
            match item.is_held() || item.by_hand().is_some() {
                true => writeln!(out, "  {}", item.seen())?,
                false => writeln!(out, "  {item}")?,
            }
        }
        match of_block().filter(is_fine_grant).count() {
            0 => {}
            count => writeln!(out, "  fine      {}", counted(count as u64, "grant"))?,
        }
        ByHand::of(of_block()).iter().try_for_each(|by_hand| writeln!(out, "  {by_hand}"))
    }

    /// What is to be done by hand about pipes, each advice once.
    pub(crate) fn by_hand(&self) -> Vec<ByHand> {
        ByHand::of(self.items.iter())
    }
}

/// What to run by hand about some pipes, as one script, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ByHand {
    /// What to consider, the same for each of them.
    pub advice: String,
    /// A statement each.
    pub script: Vec<String>,
}

impl ByHand {
    fn of<'i>(items: impl Iterator<Item = &'i Item>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for Self { advice, script } in items.filter_map(Item::by_hand) {
            match all.iter_mut().find(|it| it.advice == advice) {
                Some(known) => known.script.extend(script),
                None => all.push(Self { advice, script }),
            }
        }
        all
    }
}

impl fmt::Display for ByHand {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "by hand: {}:", self.advice)?;
        self.script.iter().try_for_each(|statement| write!(out, "\n    {statement};"))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { missing, differing, fine, unseen } = self;
        let differ = either(*differing as u64, "differs", "differ");
        write!(out, "{missing} to make or missing, {differing} {differ}, {fine} fine")?;
        if *unseen == 0 { Ok(()) } else { write!(out, ", {unseen} not visible to this role") }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.counts())?;
        writeln!(out, "cost: {}", self.cost)?;
        for (audience, title) in self.blocks() {
            writeln!(out, "\n{title}:")?;
            self.block(audience, out)?;
        }
        writeln!(
            out,
            "\nfor an administrator of AWS (`snowtrack snowflake plan --aws DIR` writes the files):"
        )?;
        for document in self.aws.documents() {
            let what = document.what;
            match document.json {
                Some(_) => writeln!(out, "  {:<34} {what}", document.file_name)?,
                None => writeln!(out, "  {:<34} {what}: {}", "–", document.why_not)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Item {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:<9} {} {}", self.state.name(), self.kind.name(), self.name)?;
        match &self.state {
            State::Exists => self.note.as_ref().map_or(Ok(()), |note| write!(out, ": {note}")),
            State::Missing => match &self.blocked_by {
                Some(reason) => write!(out, ", and not to be made yet: {reason}"),
                None => Ok(()),
            },
            State::Differs { changes, advice } => {
                let changes = changes.iter().map(ToString::to_string).collect::<Vec<_>>();
                write!(out, ": {} ({advice})", changes.join("; "))
            }
            State::Conflict { reason, advice } => write!(out, " {reason}; {advice}"),
            State::Unseen { reason } => write!(out, ": {reason}"),
        }
    }
}

impl Item {
    /// What to run by hand about a pipe, where there is something.
    fn by_hand(&self) -> Option<ByHand> {
        let (advice, script) = match &self.state {
            _ if self.kind != Kind::Pipe => return None,
            State::Conflict { advice, .. } => (advice.clone(), vec![self.statement.clone()]),
            State::Differs { changes, advice } => {
                let script = changes.iter().filter_map(|change| change.statement.clone());
                ((*advice).to_owned(), script.collect::<Vec<_>>())
            }
            _ => return None,
        };
        (!script.is_empty()).then_some(ByHand { advice, script })
    }

    /// How it is, without what to do.
    fn seen(&self) -> String {
        let (state, kind, name) = (self.state.name(), self.kind.name(), &self.name);
        let seen = match &self.state {
            State::Missing => ", and not to be made yet".to_owned(),
            State::Conflict { reason, .. } => format!(" {reason}"),
            State::Differs { changes, .. } => {
                let changes = changes.iter().map(ToString::to_string).collect::<Vec<_>>();
                format!(": {}", changes.join("; "))
            }
            _ => String::new(),
        };
        format!("{state:<9} {kind} {name}{seen}")
    }

    /// Its statements with how it is.
    fn script(&self) -> String {
        let mut script = comment(&self.to_string());
        match &self.state {
            State::Missing if self.blocked_by.is_some() => {
                script.push_str(&comment(&format!("{};", self.statement)));
            }
            State::Exists | State::Missing | State::Unseen { .. } => {
                script.push_str(&format!("{};\n", self.statement));
            }
            State::Differs { changes, .. } => {
                let by_hand = changes.iter().filter_map(|change| change.statement.as_ref());
                for statement in by_hand {
                    script.push_str(&comment(&format!("by hand: {statement};")));
                }
            }
            State::Conflict { .. } => {
                script.push_str(&comment(&format!("by hand: {};", self.statement)));
            }
        }
        script
    }
}

/// Every line of a text as a comment of SQL, whatever lines a name or an answer has.
fn comment(text: &str) -> String {
    text.lines().map(|line| format!("-- {line}\n")).collect()
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, old, new, .. } = self;
        // A whole query is for the script.
        match old.len().max(new.len()) {
            0..=200 => write!(out, "{what}: {old} -> {new}"),
            _ => write!(out, "{what} is another one (`--sql` shows what is wanted)"),
        }
    }
}

impl State {
    /// In one word.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Exists => "fine",
            Self::Missing => "missing",
            Self::Differs { .. } => "differs",
            Self::Conflict { .. } => "conflict",
            Self::Unseen { .. } => "unseen",
        }
    }
}
