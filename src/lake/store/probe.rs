//! What `doctor` asks of a bucket: whether we may write, and what is there. Leaves nothing behind.

use super::{Bucket, Error};

/// Pages of a listing, of a thousand keys each: who has more has other ways to look.
const MOST_PAGES: usize = 200;

impl Bucket {
    /// Begins an upload of parts under `prefix` and gives it up: needs what an upload needs, and makes no object.
    ///
    /// # Errors
    /// [`Error::Store`], whose source names the right that is missing.
    pub async fn may_write(&self, prefix: &str) -> Result<(), Error> {
        let key = format!("{prefix}raw/.doctor");
        let upload = self.begin(&key, "probe").await?;
        self.abort(&upload).await
    }

    /// Keys that begin with `prefix`.
    ///
    /// # Errors
    /// [`Error::Store`], whose source says what to mend.
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let mut keys = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let request = self
                .client
                .list_objects_v2()
                .bucket(&self.name)
                .prefix(prefix)
                .set_continuation_token(token.clone());
            let page = request
                .send()
                .await
                .map_err(|error| self.failed("list", prefix, "s3:ListBucket", error))?;
            keys.extend(page.contents().iter().filter_map(|object| object.key.clone()));
            // A token that does not move on would be followed without end.
            if page.next_continuation_token.is_none() || page.next_continuation_token == token {
                return Ok(keys);
            }
            token = page.next_continuation_token;
        }
        Ok(keys)
    }
}
