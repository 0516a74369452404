//! Whether an object that was sent is still where it was sent to.

use super::error::Error;
use super::store::{ObjectAt, Store};

impl Store {
    /// Whether nothing is under `key` for certain; who may not look does not know.
    ///
    /// # Errors
    /// [`Error::Store`], whose source says what to mend.
    pub async fn lacks(&self, key: &str) -> Result<bool, Error> {
        match self {
            Self::S3(bucket) => Ok(matches!(bucket.look(key).await?, ObjectAt::Absent)),
            Self::Dir => Ok(false),
        }
    }
}
