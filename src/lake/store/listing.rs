//! What the bucket lists: unfinished uploads, and whether there is anything at all.

use aws_sdk_s3::types::MultipartUpload;

use super::{Bucket, InParts};
use crate::lake::error::Error;

/// Pages of unfinished uploads that one upload looks through: 300,000 uploads.
const MAX_PAGES: u32 = 300;

/// Uploads that were begun and neither completed nor aborted.
#[derive(Debug, Default)]
pub(in crate::lake) struct Unfinished {
    /// Each of them.
    pub(in crate::lake) uploads: Vec<InParts>,
    /// Why the list may lack some.
    pub(in crate::lake) is_cut: Option<&'static str>,
}

impl Bucket {
    /// The unfinished uploads of these keys, all of which begin with `prefix`.
    ///
    /// Ends also where the store's list does not: it is only tidying.
    pub(in crate::lake) async fn unfinished(
        &self,
        prefix: &str,
        keys: &[String],
    ) -> Result<Unfinished, Error> {
        let mut found = Unfinished::default();
        let mut marker: (Option<String>, Option<String>) = (None, None);
        for _ in 0..MAX_PAGES {
            let page = self
                .client
                .list_multipart_uploads()
                .bucket(&self.name)
                .prefix(prefix)
                .set_key_marker(marker.0.clone())
                .set_upload_id_marker(marker.1.clone())
                .send()
                .await
                .map_err(|error| {
                    let doing = "list unfinished uploads under";
                    self.failed(doing, prefix, "s3:ListBucketMultipartUploads", error)
                })?;
            let begun = |upload: &MultipartUpload| {
                Some(InParts { key: upload.key.clone()?, upload_id: upload.upload_id.clone()? })
            };
            let begun = page.uploads().iter().filter_map(begun);
            let ours = begun.filter(|upload| keys.contains(&upload.key));
            found.uploads.extend(ours);
            if page.is_truncated() != Some(true) || page.next_key_marker.is_none() {
                return Ok(found);
            }
            let next = (page.next_key_marker, page.next_upload_id_marker);
            if next == marker {
                found.is_cut = Some("the store's list does not move on");
                return Ok(found);
            }
            marker = next;
        }
        found.is_cut = Some("the store's list has no end");
        Ok(found)
    }

    /// Asks for nothing in particular, to hear whether we may: for `doctor`.
    ///
    /// # Errors
    /// [`Error::Store`], whose source says what to mend.
    pub async fn reach(&self, prefix: &str) -> Result<(), Error> {
        self.first_key(prefix).await.map(|_| ())
    }

    /// The first key that begins with `prefix`; one call.
    ///
    /// # Errors
    /// [`Error::Store`], whose source says what to mend.
    pub async fn first_key(&self, prefix: &str) -> Result<Option<String>, Error> {
        let request = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).max_keys(1);
        let page = request
            .send()
            .await
            .map_err(|error| self.failed("list", prefix, "s3:ListBucket", error))?;
        Ok(page.contents().iter().find_map(|object| object.key.clone()))
    }
}
