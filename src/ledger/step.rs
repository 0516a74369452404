//! The steps of files that statements note.

use crate::status::FileState;

/// A step that a statement notes of files in some states; those in others stay where they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(super) from: &'static [FileState],
    pub(super) to: FileState,
}

impl Step {
    /// The upload is done.
    pub(crate) const UPLOADED: Self = Self::new(&[FileState::Exported], FileState::Uploaded);
    /// Snowflake has answered.
    pub(crate) const ACCEPTED: Self = Self::new(&[FileState::Submitting], FileState::Accepted);
    /// A submission begins.
    pub(super) const SUBMITTING: Self =
        Self::new(&[FileState::Uploaded, FileState::Submitting], FileState::Submitting);
    /// The pipe that it was announced to does not exist, and another is told of it.
    pub(super) const REDIRECTED: Self = Self::new(
        &[FileState::Uploaded, FileState::Submitting, FileState::Accepted],
        FileState::Submitting,
    );
    /// Snowflake said no.
    pub(super) const DENIED: Self = Self::new(&[FileState::Submitting], FileState::Uploaded);
    /// The pipe may have forgotten it by the time it is mended.
    pub(super) const FORGOTTEN: Self = Self::new(&[FileState::Accepted], FileState::Submitting);
    /// A run that shipped every row took its place.
    pub(crate) const REPLACED: Self = Self::new(
        &[FileState::Failed, FileState::Mismatch, FileState::Accepted, FileState::Submitting],
        FileState::Superseded,
    );
    /// The table is right, whatever became of it.
    pub(super) const SETTLED: Self = Self::new(
        &[FileState::Failed, FileState::Mismatch, FileState::Accepted],
        FileState::Superseded,
    );
    /// Rows of its table were gone or changed, and a newer file has those; the table vouches for its others.
    pub(super) const REPAIRED: Self = Self::new(&[FileState::Verified], FileState::Superseded);
    /// The table is right no longer.
    pub(super) const UNSETTLED: Self = Self::new(&[FileState::Superseded], FileState::Mismatch);
    /// It never reached the bucket, and its rows go in a newer file.
    pub(super) const LOST: Self = Self::new(
        &[
            FileState::Exported,
            FileState::Uploaded,
            FileState::Submitting,
            FileState::Accepted,
            FileState::Failed,
            FileState::Mismatch,
        ],
        FileState::Superseded,
    );

    /// Somebody in it is forgotten, and its other rows arrived in a newer file.
    pub(super) const FORGOTTEN_IN: Self = Self::new(
        &[
            FileState::Exported,
            FileState::Uploaded,
            FileState::Submitting,
            FileState::Accepted,
            FileState::Verified,
            FileState::Failed,
            FileState::Mismatch,
        ],
        FileState::Superseded,
    );

    /// Whether a file in this state makes it.
    pub(crate) fn takes(self, state: FileState) -> bool {
        self.from.contains(&state)
    }

    /// A step that is not legal does not compile.
    const fn new(from: &'static [FileState], to: FileState) -> Self {
        let mut at = 0;
        while at < from.len() {
            assert!(from[at].may_become(to), "a file makes no such step");
            at += 1;
        }
        Self { from, to }
    }
}
