//! The files on this machine: read once from front to back, hashed on the way. All of it blocks, so it runs beside the runtime.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::lake::error::Error;
use crate::lake::file;
use crate::lake::store::Sha256Sum;

/// The size of one part, as the AWS command line has it: eight of them in memory are 64 MiB.
pub(super) const PART_SIZE_BYTES: u64 = 8 << 20;

/// S3's own limit.
const MAX_PARTS: u64 = 10_000;

/// The size of all parts but the last. It follows from the file's size alone, so that a later run can compute the same checksum.
pub(super) fn part_size_bytes(size_bytes: u64) -> u64 {
    const MIB: u64 = 1 << 20;
    let needed = size_bytes.div_ceil(MAX_PARTS).div_ceil(MIB) * MIB;
    needed.max(PART_SIZE_BYTES)
}

/// SHA-256 (hexadecimal) and size of a file.
pub(super) async fn digest(path: &Path) -> Result<(String, u64), Error> {
    let path = path.to_owned();
    blocking(move || file::digest(&path)).await
}

/// How many parts a file of this size is sent in.
pub(super) fn part_count(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(part_size_bytes(size_bytes))
}

/// What S3 computes for the file sent in parts.
pub(super) async fn parts_checksum(path: &Path, size_bytes: u64) -> Result<String, Error> {
    let (mut file, _) = Reader::open(path).await?;
    let mut sums = Vec::new();
    while let Some((_, sum)) = file.next(part_size_bytes(size_bytes)).await? {
        sums.push(sum);
    }
    Ok(Sha256Sum::of_parts(&sums))
}

/// As S3 writes a digest.
pub(super) fn base64_of_hex(hex: &str) -> String {
    let digits = |at: usize| hex.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).filter_map(digits).collect();
    BASE64_STANDARD.encode(bytes)
}

/// A file on its way out.
pub(super) struct Reader {
    path: PathBuf,
    /// `None` only while a piece is being read.
    open: Option<(File, Sha256)>,
    left_bytes: u64,
}

impl Reader {
    /// Opens a file and says how long it is.
    pub(super) async fn open(path: &Path) -> Result<(Self, u64), Error> {
        let path = path.to_owned();
        let opened = path.clone();
        let open = move || {
            let file = File::open(&opened)?;
            let size_bytes = file.metadata()?.len();
            Ok((file, size_bytes))
        };
        let failed = path.clone();
        let open = move || open().map_err(|source| file::failed("read", &failed, source));
        let (file, size_bytes) = blocking(open).await?;
        Ok((Self { path, open: Some((file, Sha256::new())), left_bytes: size_bytes }, size_bytes))
    }

    /// The next piece and its digest; `None` at the end.
    pub(super) async fn next(
        &mut self,
        size_bytes: u64,
    ) -> Result<Option<(Vec<u8>, Sha256Sum)>, Error> {
        let length = size_bytes.min(self.left_bytes);
        if length == 0 {
            return Ok(None);
        }
        let Some((mut file, mut hash)) = self.open.take() else { return Ok(None) };
        let path = self.path.clone();
        // Allocated here and not there: each of the many threads that block would keep memory of its own for such pieces.
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = move || {
            file.read_exact(&mut bytes).map_err(|source| file::failed("read", &path, source))?;
            hash.update(&bytes);
            let sum = Sha256Sum::of(&bytes);
            Ok((bytes, sum, (file, hash)))
        };
        let (bytes, sum, open) = blocking(read).await?;
        self.open = Some(open);
        self.left_bytes -= length;
        Ok(Some((bytes, sum)))
    }

    /// The digest of everything read.
    pub(super) fn sha256(&self) -> Option<Sha256Sum> {
        self.open.as_ref().map(|(_, hash)| Sha256Sum::finish(hash.clone()))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Stopped),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_eight_mib_until_there_would_be_too_many() {
        const MIB: u64 = 1 << 20;
        assert_eq!(part_size_bytes(16 * MIB + 1), 8 * MIB);
        assert_eq!(part_size_bytes(80_000 * MIB), 8 * MIB);
        assert_eq!(part_size_bytes(80_000 * MIB + 1), 9 * MIB);
        assert!((5 * MIB * MIB).div_ceil(part_size_bytes(5 * MIB * MIB)) <= MAX_PARTS);
    }

    #[test]
    fn a_digest_in_hexadecimal_becomes_the_one_that_s3_writes() {
        // printf 'hello' | openssl dgst -sha256 -binary | base64
        let hex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert_eq!(base64_of_hex(hex), "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
    }
}
