//! What was compared with Snowflake: the verdict on a file, and that on a run.

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every row is in, as it was sent.
    Verified,
    /// Not known yet.
    Pending,
    /// Snowflake refused the file.
    Failed,
    /// What is in is not what was sent.
    Mismatch,
}

impl Verdict {
    /// As reports, events and the ledger write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Mismatch => "mismatch",
        }
    }
}

written_by_name!(Verdict);

/// What a comparison with Snowflake came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunVerdict {
    /// Every row is there as it was sent.
    Verified,
    /// Something is not known yet.
    Pending,
    /// Snowflake refused a file, or its pipe does not work.
    Failed,
    /// What is there is not what was sent.
    Mismatch,
    /// Nothing was compared.
    Skipped,
}

impl RunVerdict {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Mismatch => "mismatch",
            Self::Skipped => "skipped",
        }
    }
}

written_by_name!(RunVerdict);
