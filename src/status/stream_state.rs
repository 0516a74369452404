//! How far the events of a table are.

/// How far the events of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamState {
    /// All of them are acknowledged.
    Sent,
    /// The same command sends the rest.
    Pending,
    /// Somebody must mend something first.
    Failed,
}

impl StreamState {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Pending => "pending",
            Self::Failed => "failed",
        }
    }
}

written_by_name!(StreamState);
