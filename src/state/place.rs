//! Where the state lives: a prefix of a bucket, or a folder. Both write on condition and tell the time that every machine sees alike.
//!
//! A folder does it with a lock on a file in it and a rename; its time is what its file system writes beside a new file.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::error::Error;
use crate::blocking::blocking;
use crate::config::StateSettings;
use crate::lake::{self, Bucket, Condition, Location, Object, Put, Store};

/// An open place.
pub(super) struct Place {
    /// For people.
    pub(super) name: String,
    kind: Kind,
    /// Whether the store's word on conditions is not needed, because nobody else writes.
    is_single_writer: bool,
    /// For stores that tell no time, of which none is known.
    clock: fn() -> DateTime<Utc>,
}

enum Kind {
    Bucket { bucket: Bucket, prefix: String },
    Folder(PathBuf),
}

/// An answer, and when it was given.
pub(super) struct Told<T> {
    pub(super) what: T,
    pub(super) at: DateTime<Utc>,
}

impl Place {
    /// Opens it; asks nobody but the sources of credentials.
    pub(super) async fn open(
        settings: &StateSettings,
        is_single_writer: bool,
        clock: fn() -> DateTime<Utc>,
    ) -> Result<Self, Error> {
        let name = settings.location.to_string();
        let kind = match &settings.location {
            Location::File(folder) => Kind::Folder(folder.clone()),
            Location::S3 { path, .. } => match Box::pin(Store::open(&settings.store)).await? {
                Store::S3(bucket) => Kind::Bucket { bucket, prefix: path.clone() },
                Store::Dir => Kind::Folder(PathBuf::from(path)),
            },
        };
        Ok(Self { name, kind, is_single_writer, clock })
    }

    /// Whether the store itself has to know conditions.
    pub(super) const fn needs_proof(&self) -> bool {
        matches!(self.kind, Kind::Bucket { .. }) && !self.is_single_writer
    }

    /// Whether a folder is there; of a bucket only its answers tell.
    pub(super) fn is_there(&self) -> bool {
        match &self.kind {
            Kind::Bucket { .. } => true,
            Kind::Folder(folder) => folder.exists(),
        }
    }

    /// An object, for people.
    pub(super) fn object(&self, name: &str) -> String {
        let slash = if self.name.ends_with('/') { "" } else { "/" };
        format!("{}{slash}{name}", self.name)
    }

    /// A small object.
    pub(super) async fn get(&self, name: &str) -> Result<Told<Option<Object>>, Error> {
        match &self.kind {
            Kind::Bucket { bucket, prefix } => {
                let told = Box::pin(bucket.read(&format!("{prefix}{name}"))).await?;
                let at = told.at.unwrap_or_else(self.clock);
                Ok(Told { what: told.what, at })
            }
            Kind::Folder(folder) => blocking(|| {
                let what = look(&folder.join(name)).map_err(|error| failed("read", folder, error));
                Ok(Told { what: what?, at: time_of(folder)? })
            }),
        }
    }

    /// Writes a small object on a condition.
    pub(super) async fn put(
        &self,
        name: &str,
        bytes: &[u8],
        condition: Condition<'_>,
    ) -> Result<Told<Put>, Error> {
        match &self.kind {
            Kind::Bucket { bucket, prefix } => {
                let key = format!("{prefix}{name}");
                let mut asked = condition;
                if self.is_single_writer {
                    let found = Box::pin(bucket.read(&key)).await?;
                    if !is_met(condition, found.what.as_ref()) {
                        let at = found.at.unwrap_or_else(self.clock);
                        return Ok(Told { what: Put::Unmet, at });
                    }
                    asked = Condition::Any;
                }
                let told = Box::pin(bucket.write(&key, bytes, asked)).await?;
                let at = told.at.unwrap_or_else(self.clock);
                Ok(Told { what: told.what, at })
            }
            Kind::Folder(folder) => blocking(|| {
                let what = write_if(folder, name, bytes, condition);
                let what = what.map_err(|error| failed("write to", folder, error))?;
                Ok(Told { what, at: time_of(folder)? })
            }),
        }
    }

    /// Sends a file under a name that nothing has; `false` where something else has it.
    pub(super) async fn send(&self, file: &Path, name: &str) -> Result<bool, Error> {
        match &self.kind {
            Kind::Bucket { bucket, prefix } => {
                match Box::pin(bucket.send(file, &format!("{prefix}{name}"))).await {
                    Ok(_) => Ok(true),
                    Err(lake::Error::Conflict { .. }) => Ok(false),
                    Err(error) => Err(error.into()),
                }
            }
            Kind::Folder(folder) => blocking(|| {
                let (target, part) = (folder.join(name), folder.join(format!(".{name}.part")));
                let moved = || {
                    if target.exists() {
                        return Ok(false);
                    }
                    std::fs::create_dir_all(folder)?;
                    std::fs::copy(file, &part)?;
                    File::open(&part)?.sync_all()?;
                    std::fs::rename(&part, &target)?;
                    File::open(folder)?.sync_all()?;
                    Ok(true)
                };
                moved().map_err(|error| failed("write to", folder, error))
            }),
        }
    }

    /// Reads a large object into a file. `None` where there is none.
    pub(super) async fn fetch(&self, name: &str, to: &Path) -> Result<Option<u64>, Error> {
        let written = |error| failed("write", to, error);
        match &self.kind {
            Kind::Bucket { bucket, prefix } => {
                let mut file = File::create(to).map_err(written)?;
                let key = format!("{prefix}{name}");
                Ok(Box::pin(bucket.read_into(&key, &mut file)).await?)
            }
            Kind::Folder(folder) => blocking(|| match std::fs::copy(folder.join(name), to) {
                Ok(size_bytes) => Ok(Some(size_bytes)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(written(error)),
            }),
        }
    }

    /// Deletes an object, if it is there.
    pub(super) async fn remove(&self, name: &str) -> Result<(), Error> {
        match &self.kind {
            Kind::Bucket { bucket, prefix } => {
                Ok(Box::pin(bucket.delete(&format!("{prefix}{name}"))).await?)
            }
            Kind::Folder(folder) => match std::fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(failed("delete in", folder, error))
                }
                _ => Ok(()),
            },
        }
    }

    /// Erases what `goes` says of a name, and of whether it is what the name shows now: for good, in every version that a bucket keeps.
    pub(super) async fn erase(&self, goes: &dyn Fn(&str, bool) -> bool) -> Result<(), Error> {
        let Kind::Bucket { bucket, prefix } = &self.kind else {
            for name in self.names().await?.iter().filter(|name| goes(name, true)) {
                self.remove(name).await?;
            }
            return Ok(());
        };
        for version in Box::pin(bucket.versions(prefix)).await? {
            let name = version.key.strip_prefix(prefix.as_str()).unwrap_or(&version.key);
            if goes(name, version.is_latest) {
                Box::pin(bucket.delete_version(&version.key, &version.version_id)).await?;
            }
        }
        Ok(())
    }

    /// What of that is there, for people.
    pub(super) async fn kept(
        &self,
        goes: &dyn Fn(&str, bool) -> bool,
    ) -> Result<Vec<String>, Error> {
        let Kind::Bucket { bucket, prefix } = &self.kind else {
            let names = self.names().await?.into_iter().filter(|name| goes(name, true));
            return Ok(names.map(|name| format!("`{}`", self.object(&name))).collect());
        };
        let versions = Box::pin(bucket.versions(prefix)).await?.into_iter();
        let kept = versions.filter_map(|version| {
            let name = version.key.strip_prefix(prefix.as_str()).unwrap_or(&version.key);
            let (object, id) = (self.object(name), &version.version_id);
            goes(name, version.is_latest).then(|| format!("object `{object}`, version `{id}`"))
        });
        Ok(kept.collect())
    }

    /// The names of all objects.
    pub(super) async fn names(&self) -> Result<Vec<String>, Error> {
        match &self.kind {
            Kind::Bucket { bucket, prefix } => {
                let keys = Box::pin(bucket.keys(prefix)).await?;
                let names = keys.iter().filter_map(|key| key.strip_prefix(prefix.as_str()));
                Ok(names.map(str::to_owned).collect())
            }
            Kind::Folder(folder) => match std::fs::read_dir(folder) {
                Ok(entries) => {
                    let names = entries.filter_map(|it| it.ok()?.file_name().into_string().ok());
                    Ok(names.collect())
                }
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                Err(error) => Err(failed("list", folder, error)),
            },
        }
    }
}

fn failed(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { doing, path: path.to_owned(), source }
}

fn is_met(condition: Condition<'_>, found: Option<&Object>) -> bool {
    match (condition, found) {
        (Condition::Any, _) | (Condition::Absent, None) => true,
        (Condition::Is(tag), Some(found)) => found.tag == tag,
        _ => false,
    }
}

/// The time of the folder's file system, which over a network is its server's.
fn time_of(folder: &Path) -> Result<DateTime<Utc>, Error> {
    let clock = folder.join(".clock");
    let told = || {
        std::fs::create_dir_all(folder)?;
        // A file of each reader's own would need to be taken away again.
        let mut file = File::create(&clock)?;
        file.write_all(b"t")?;
        file.metadata()?.modified()
    };
    let time: SystemTime = told().map_err(|error| failed("write to", folder, error))?;
    Ok(time.into())
}

fn look(path: &Path) -> std::io::Result<Option<Object>> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let tag = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(Some(Object { bytes, tag }))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Compares and replaces while nobody else does.
fn write_if(
    folder: &Path,
    name: &str,
    bytes: &[u8],
    condition: Condition<'_>,
) -> std::io::Result<Put> {
    std::fs::create_dir_all(folder)?;
    let options = File::options().write(true).create(true).truncate(false).clone();
    let lock = options.open(folder.join(".lock"))?;
    lock.lock()?;
    let (path, part) = (folder.join(name), folder.join(format!(".{name}.part")));
    if !is_met(condition, look(&path)?.as_ref()) {
        return Ok(Put::Unmet);
    }
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, &path)?;
    File::open(folder)?.sync_all()?;
    let tag = look(&path)?.map(|object| object.tag).unwrap_or_default();
    Ok(Put::Done(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_writes_on_condition_as_a_bucket_does() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new");
        let write = |bytes: &[u8], condition| write_if(&folder, "x", bytes, condition).unwrap();
        assert_eq!(write(b"1", Condition::Is("no")), Put::Unmet);
        let Put::Done(first) = write(b"1", Condition::Absent) else { panic!() };
        assert_eq!(write(b"2", Condition::Absent), Put::Unmet);
        assert_eq!(write(b"2", Condition::Is("no")), Put::Unmet);
        let Put::Done(second) = write(b"2", Condition::Is(&first)) else { panic!() };
        assert_eq!(write(b"3", Condition::Is(&first)), Put::Unmet);
        let found = look(&folder.join("x")).unwrap().unwrap();
        assert_eq!((found.bytes.as_slice(), found.tag), (&b"2"[..], second));
    }

    #[test]
    fn of_many_who_replace_the_same_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let Put::Done(tag) = write_if(folder.path(), "x", b"0", Condition::Absent).unwrap() else {
            panic!()
        };
        let winners: usize = std::thread::scope(|scope| {
            let tries: Vec<_> = (1..=8)
                .map(|number: u8| {
                    let (tag, folder) = (&tag, folder.path());
                    scope.spawn(move || write_if(folder, "x", &[number], Condition::Is(tag)))
                })
                .collect();
            let done = tries.into_iter().map(|it| it.join().unwrap().unwrap());
            done.filter(|put| *put != Put::Unmet).count()
        });
        assert_eq!(winners, 1);
    }
}
