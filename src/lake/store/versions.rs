//! What `forget` asks of a bucket: every version of an object, its bytes, and that it be gone. No run does any of this.

use std::path::Path;

use aws_sdk_s3::primitives::ByteStream;

use super::{Bucket, Error, answer};
use crate::lake::file::failed;

/// One version of an object, or a mark that it was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// The object's key.
    pub key: String,
    /// Its id; `null` where the bucket keeps no versions.
    pub version_id: String,
    /// Whether it says that the object was deleted, and holds nothing.
    pub is_marker: bool,
    /// Whether it is what the key shows.
    pub is_latest: bool,
}

/// What a key of our own can be that nobody has: to hear whether we may delete it.
const NOBODYS: &str = "raw/.forget";

impl Bucket {
    /// Every version of every object whose key begins with `prefix`.
    ///
    /// # Errors
    /// [`Error::Store`], whose source says what to mend.
    pub async fn versions(&self, prefix: &str) -> Result<Vec<ObjectVersion>, Error> {
        let mut found = Vec::new();
        let mut marker: (Option<String>, Option<String>) = (None, None);
        loop {
            let page = self
                .client
                .list_object_versions()
                .bucket(&self.name)
                .prefix(prefix)
                .set_key_marker(marker.0.clone())
                .set_version_id_marker(marker.1.clone())
                .send()
                .await
                .map_err(|error| {
                    self.failed("list the versions under", prefix, "s3:ListBucketVersions", error)
                })?;
            let named = |id: &Option<String>| id.clone().unwrap_or_else(|| "null".to_owned());
            found.extend(page.versions().iter().filter_map(|it| {
                Some(ObjectVersion {
                    key: it.key.clone()?,
                    version_id: named(&it.version_id),
                    is_marker: false,
                    is_latest: it.is_latest == Some(true),
                })
            }));
            found.extend(page.delete_markers().iter().filter_map(|it| {
                Some(ObjectVersion {
                    key: it.key.clone()?,
                    version_id: named(&it.version_id),
                    is_marker: true,
                    is_latest: it.is_latest == Some(true),
                })
            }));
            let next = (page.next_key_marker.clone(), page.next_version_id_marker.clone());
            // A marker that does not move on would be followed without end.
            if page.is_truncated() != Some(true) || next.0.is_none() || next == marker {
                return Ok(found);
            }
            marker = next;
        }
    }

    /// Deletes one version for good. One that is not there is gone already.
    ///
    /// # Errors
    /// [`Error::Store`], whose source names the right that is missing.
    pub async fn delete_version(&self, key: &str, version_id: &str) -> Result<(), Error> {
        let request = self.client.delete_object().bucket(&self.name).key(key);
        match request.version_id(version_id).send().await {
            Ok(_) => Ok(()),
            Err(error) if answer::status(&error) == Some(404) => Ok(()),
            Err(error) => Err(self.failed("delete", key, "s3:DeleteObjectVersion", error)),
        }
    }

    /// Deletes an object in every version that it has, and the marks that it was deleted.
    ///
    /// # Errors
    /// As [`versions`](Self::versions) and [`delete_version`](Self::delete_version).
    pub async fn erase(&self, key: &str) -> Result<(), Error> {
        // A key can be the beginning of another.
        let versions = self.versions(key).await?.into_iter().filter(|version| version.key == key);
        for version in versions {
            self.delete_version(&version.key, &version.version_id).await?;
        }
        Ok(())
    }

    /// Whether we may list versions under `prefix`. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Store`], whose source names the right that is missing.
    pub async fn may_list_versions(&self, prefix: &str) -> Result<(), Error> {
        let request = self.client.list_object_versions().bucket(&self.name).prefix(prefix);
        let sent = request.max_keys(1).send().await;
        sent.map(|_| ()).map_err(|error| {
            self.failed("list the versions under", prefix, "s3:ListBucketVersions", error)
        })
    }

    /// Whether we may delete versions under `prefix`: of an object that nobody has, a version that it does not have.
    ///
    /// # Errors
    /// [`Error::Store`], whose source names the right that is missing.
    pub async fn may_delete_versions(&self, prefix: &str) -> Result<(), Error> {
        self.delete_version(&format!("{prefix}{NOBODYS}"), "null").await
    }

    /// Whether we may delete objects under `prefix`: one that nobody has, on a condition that it does not meet.
    ///
    /// # Errors
    /// [`Error::Store`], whose source names the right that is missing.
    pub async fn may_delete(&self, prefix: &str) -> Result<(), Error> {
        let key = format!("{prefix}{NOBODYS}");
        let request = self.client.delete_object().bucket(&self.name).key(&key);
        match request.if_match("\"nobody's\"").send().await {
            Ok(_) => Ok(()),
            // There is nothing, or nothing like that.
            Err(error) if matches!(answer::status(&error), Some(404 | 409 | 412 | 501)) => Ok(()),
            Err(error) => Err(self.failed("delete", &key, "s3:DeleteObject", error)),
        }
    }

    /// Writes what is under `key`, in its latest version or this one, to `path`; `false` where nothing is.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::File`].
    pub async fn download(
        &self,
        key: &str,
        version_id: Option<&str>,
        path: &Path,
    ) -> Result<bool, Error> {
        let request = self.client.get_object().bucket(&self.name).key(key);
        let got = match request.set_version_id(version_id.map(str::to_owned)).send().await {
            Ok(got) => got,
            Err(error) if answer::status(&error) == Some(404) => return Ok(false),
            Err(error) => return Err(self.failed("read", key, "s3:GetObject", error)),
        };
        write(got.body, path).await.map_err(|source| failed("write", path, source))?;
        Ok(true)
    }
}

async fn write(mut body: ByteStream, path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::create(path)?;
    while let Some(piece) = body.next().await {
        std::io::Write::write_all(&mut file, &piece.map_err(std::io::Error::other)?)?;
    }
    Ok(())
}
