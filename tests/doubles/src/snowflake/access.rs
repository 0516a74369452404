//! Roles and what they may do.

use std::collections::{BTreeMap, BTreeSet};

/// What a privilege is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    Account,
    Database,
    Schema,
    Table,
    DynamicTable,
    View,
    Stage,
    FileFormat,
    Pipe,
    Warehouse,
    Integration,
    User,
    Role,
}

/// One privilege on one object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub(super) role: String,
    pub(super) privilege: String,
    pub(super) on: On,
    /// With all its parts, joined with `.`.
    pub(super) object: String,
}

/// Who may do what.
#[derive(Debug, Default)]
pub(super) struct Access {
    /// Each role and the roles whose rights it has too.
    pub(super) roles: BTreeMap<String, BTreeSet<String>>,
    /// The roles of each user.
    pub(super) users: BTreeMap<String, BTreeSet<String>>,
    pub(super) grants: BTreeSet<Grant>,
    /// `GRANT … ON FUTURE … IN SCHEMA`; `object` is the schema.
    pub(super) future: BTreeSet<Grant>,
    pub(super) owners: BTreeMap<(On, String), String>,
}

impl On {
    /// The word of `GRANT … ON`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Account => "ACCOUNT",
            Self::Database => "DATABASE",
            Self::Schema => "SCHEMA",
            Self::Table => "TABLE",
            Self::DynamicTable => "DYNAMIC TABLE",
            Self::View => "VIEW",
            Self::Stage => "STAGE",
            Self::FileFormat => "FILE FORMAT",
            Self::Pipe => "PIPE",
            Self::Warehouse => "WAREHOUSE",
            Self::Integration => "INTEGRATION",
            Self::User => "USER",
            Self::Role => "ROLE",
        }
    }

    /// Which privileges exist on it; Snowflake refuses others.
    pub(super) const fn privileges(self) -> &'static [&'static str] {
        match self {
            Self::Account => &[
                "CREATE DATABASE",
                "CREATE WAREHOUSE",
                "CREATE ROLE",
                "CREATE USER",
                "CREATE INTEGRATION",
                "MONITOR EXECUTION",
            ],
            Self::Database => &["USAGE", "CREATE SCHEMA", "MONITOR"],
            Self::Schema => &[
                "USAGE",
                "MONITOR",
                "CREATE TABLE",
                "CREATE DYNAMIC TABLE",
                "CREATE STAGE",
                "CREATE FILE FORMAT",
                "CREATE PIPE",
            ],
            Self::Table => &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES"],
            Self::DynamicTable => &["SELECT", "MONITOR", "OPERATE"],
            Self::View => &["SELECT", "REFERENCES"],
            Self::Stage | Self::FileFormat => &["USAGE"],
            Self::Pipe => &["MONITOR", "OPERATE"],
            Self::Warehouse => &["USAGE", "MONITOR", "OPERATE", "MODIFY"],
            Self::Integration => &["USAGE"],
            Self::User => &["MONITOR"],
            Self::Role => &["USAGE"],
        }
    }
}

impl Access {
    /// The roles that every account has, and who comes before whom.
    pub(super) fn new() -> Self {
        let mut access = Self::default();
        for (role, below) in [
            ("PUBLIC", &[] as &[&str]),
            ("USERADMIN", &[]),
            ("SECURITYADMIN", &["USERADMIN"]),
            ("SYSADMIN", &[]),
            ("ACCOUNTADMIN", &["SECURITYADMIN", "SYSADMIN"]),
        ] {
            let below = below.iter().copied().map(str::to_owned).collect();
            access.roles.insert(role.to_owned(), below);
        }
        for (role, privilege) in [
            ("SYSADMIN", "CREATE DATABASE"),
            ("SYSADMIN", "CREATE WAREHOUSE"),
            ("USERADMIN", "CREATE ROLE"),
            ("USERADMIN", "CREATE USER"),
            ("ACCOUNTADMIN", "CREATE INTEGRATION"),
            ("ACCOUNTADMIN", "MONITOR EXECUTION"),
        ] {
            access.grant(role, privilege, On::Account, "");
        }
        access
    }

    /// The role and every role below it.
    pub(super) fn effective(&self, role: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::from(["PUBLIC".to_owned()]);
        let mut open = vec![role.to_owned()];
        while let Some(next) = open.pop() {
            if found.insert(next.clone()) {
                open.extend(self.roles.get(&next).into_iter().flatten().cloned());
            }
        }
        found
    }

    /// Whether the user may take on the role.
    pub(super) fn has_role(&self, user: &str, role: &str) -> bool {
        let own = self.users.get(user).into_iter().flatten();
        self.roles.contains_key(role)
            && own.flat_map(|own| self.effective(own)).any(|own| own == role)
    }

    pub(super) fn grant(&mut self, role: &str, privilege: &str, on: On, object: &str) {
        self.grants.insert(Grant {
            role: role.to_owned(),
            privilege: privilege.to_owned(),
            on,
            object: object.to_owned(),
        });
    }

    /// A new object's owner, and what was granted on it before it was there.
    pub(super) fn created(&mut self, role: &str, on: On, object: &str) {
        self.owners.insert((on, object.to_owned()), role.to_owned());
        let schema = object.rsplit_once('.').map_or("", |(schema, _)| schema);
        let inherited: Vec<Grant> = self
            .future
            .iter()
            .filter(|grant| grant.on == on && grant.object == schema)
            .cloned()
            .collect();
        for grant in inherited {
            self.grants.insert(Grant { object: object.to_owned(), ..grant });
        }
    }

    pub(super) fn dropped(&mut self, on: On, object: &str) {
        self.owners.remove(&(on, object.to_owned()));
        self.grants.retain(|grant| grant.on != on || grant.object != object);
    }

    pub(super) fn owns(&self, role: &str, on: On, object: &str) -> bool {
        let owner = self.owners.get(&(on, object.to_owned()));
        owner.is_some_and(|owner| self.effective(role).contains(owner))
    }

    /// Whether the role has the privilege, by grant or as the owner.
    pub(super) fn may(&self, role: &str, privilege: &str, on: On, object: &str) -> bool {
        let roles = self.effective(role);
        self.owns(role, on, object)
            || self.grants.iter().any(|grant| {
                grant.on == on
                    && grant.object == object
                    && grant.privilege == privilege
                    && roles.contains(&grant.role)
            })
    }

    /// Whether the role has anything on the object.
    pub(super) fn sees(&self, role: &str, on: On, object: &str) -> bool {
        let roles = self.effective(role);
        self.owns(role, on, object)
            || self.grants.iter().any(|grant| {
                grant.on == on && grant.object == object && roles.contains(&grant.role)
            })
    }

    /// Whether the role gets as far as the schema's objects.
    pub(super) fn enters(&self, role: &str, database: &str, schema: &str) -> bool {
        self.may(role, "USAGE", On::Database, database)
            && self.may(role, "USAGE", On::Schema, &format!("{database}.{schema}"))
    }
}
