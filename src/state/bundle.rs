//! One generation as one object: the ledger, and what must go with it.
//!
//! The first frame is the work file, compressed: `zstd -d` gives a DuckDB file. Behind it, in frames that every zstd skips, stand the
//! files that are exported and not yet in the lake's bucket, and the rows that the gate refused last: whoever pulls a generation can go
//! on where it was saved. The last frame says how long the first one is.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A ledger of 200 MB takes 0.3 s at this level and 0.5 s at zstd's usual one, which makes half a percent less of it: DuckDB has
/// compressed most of it already (docs/operator.md).
const LEVEL: i32 = 1;

/// Of the frames that are skipped.
const MAGIC: [u8; 4] = 0x184D_2A5Cu32.to_le_bytes();
const MARK: &[u8; 8] = b"snowtrk1";
/// Head, mark, length of the first frame, length of the ledger.
const FOOTER_BYTES: u64 = 8 + 8 + 8 + 8;
/// So much at a time: what is read, and what one skipped frame holds.
const CHUNK: usize = 1 << 20;

/// A file that goes with the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Companion {
    /// What it is called there.
    pub(super) name: String,
    /// Where it is here.
    pub(super) path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Head {
    name: String,
    size_bytes: u64,
}

/// Packs the ledger and its companions into `to`. Returns the ledger's bytes. `is_unwanted` is asked every megabyte.
pub(super) fn pack(
    ledger: &File,
    companions: &[Companion],
    to: &Path,
    is_unwanted: &dyn Fn() -> bool,
) -> io::Result<u64> {
    let size_bytes = ledger.metadata()?.len();
    let mut out = BufWriter::with_capacity(CHUNK, File::create(to)?);
    let mut encoder = zstd::stream::write::Encoder::new(&mut out, LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.set_pledged_src_size(Some(size_bytes))?;
    copy(&mut { ledger }.take(size_bytes), &mut encoder, is_unwanted)?;
    encoder.finish()?;
    let frame_bytes = out.stream_position()?;
    if !companions.is_empty() {
        let mut encoder = zstd::stream::write::Encoder::new(Skipped::new(&mut out), LEVEL)?;
        encoder.include_checksum(true)?;
        for Companion { name, path } in companions {
            let file = File::open(path)?;
            let head = Head { name: name.clone(), size_bytes: file.metadata()?.len() };
            writeln!(encoder, "{}", serde_json::to_string(&head)?)?;
            copy(&mut file.take(head.size_bytes), &mut encoder, is_unwanted)?;
        }
        encoder.finish()?.flush()?;
    }
    let mut footer = Vec::new();
    for number in [frame_bytes, size_bytes] {
        footer.extend(number.to_le_bytes());
    }
    out.write_all(&frame(&[&MARK[..], &footer].concat()))?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(size_bytes)
}

/// Unpacks the ledger into `ledger`, and each companion to where `place` says; those without a place are left out.
pub(super) fn unpack(
    from: &Path,
    ledger: &Path,
    place: &dyn Fn(&str) -> Option<PathBuf>,
) -> io::Result<()> {
    let mut file = File::open(from)?;
    let end = file.metadata()?.len();
    let Footer { frame_bytes, size_bytes } = footer(&mut file, end)?;
    file.rewind()?;
    let mut out = File::create(ledger)?;
    let mut decoder = zstd::stream::read::Decoder::new((&file).take(frame_bytes))?.single_frame();
    let found = copy(&mut decoder, &mut out, &|| false)?;
    if found != size_bytes {
        return Err(damaged());
    }
    out.sync_all()?;
    file.seek(SeekFrom::Start(frame_bytes))?;
    let companions = end - frame_bytes - FOOTER_BYTES;
    if companions == 0 {
        return Ok(());
    }
    let skipped = Skipping { inner: BufReader::new((&file).take(companions)), left: 0 };
    let mut decoder = BufReader::new(zstd::stream::read::Decoder::new(skipped)?.single_frame());
    while let Some(head) = head(&mut decoder)? {
        let mut body = (&mut decoder).take(head.size_bytes);
        let written = match place(&head.name) {
            Some(path) => write_whole(&path, &mut body)?,
            None => io::copy(&mut body, &mut io::sink())?,
        };
        if written != head.size_bytes {
            return Err(damaged());
        }
    }
    Ok(())
}

fn damaged() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "it is not as long as it says, or has another form")
}

fn copy(
    from: &mut dyn Read,
    to: &mut dyn Write,
    is_unwanted: &dyn Fn() -> bool,
) -> io::Result<u64> {
    let (mut chunk, mut sum) = (vec![0; CHUNK], 0);
    loop {
        if is_unwanted() {
            return Err(ErrorKind::TimedOut.into());
        }
        match from.read(&mut chunk) {
            Ok(0) => return Ok(sum),
            Ok(count) => {
                to.write_all(&chunk[..count])?;
                sum += count as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Beside its name first, so that nobody finds half of it.
fn write_whole(path: &Path, from: &mut dyn Read) -> io::Result<u64> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = path.with_extension("part");
    let mut file = File::create(&part)?;
    let written = copy(from, &mut file, &|| false)?;
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    Ok(written)
}

/// What the last bytes say of the ledger's own frame: its size, packed and unpacked.
struct Footer {
    frame_bytes: u64,
    size_bytes: u64,
}

fn footer(file: &mut File, end: u64) -> io::Result<Footer> {
    let start = end.checked_sub(FOOTER_BYTES).ok_or_else(damaged)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(FOOTER_BYTES).read_to_end(&mut bytes)?;
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 8).and_then(|it| it.try_into().ok());
        bytes.map(u64::from_le_bytes).ok_or_else(damaged)
    };
    let (frame_bytes, size_bytes) = (number(16)?, number(24)?);
    let is_ours = bytes[..4] == MAGIC && &bytes[8..16] == MARK && frame_bytes <= start;
    if is_ours { Ok(Footer { frame_bytes, size_bytes }) } else { Err(damaged()) }
}

fn head(from: &mut impl io::BufRead) -> io::Result<Option<Head>> {
    let mut line = String::new();
    // Longer than any key, and no more memory than that.
    io::BufRead::read_line(&mut from.take(64 << 10), &mut line)?;
    if line.is_empty() { Ok(None) } else { Ok(Some(serde_json::from_str(&line)?)) }
}

/// A frame that every zstd skips.
fn frame(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    [&MAGIC[..], &length, bytes].concat()
}

/// Writes what it is given in frames that are skipped.
struct Skipped<W: Write> {
    inner: W,
    kept: Vec<u8>,
}

impl<W: Write> Skipped<W> {
    fn new(inner: W) -> Self {
        Self { inner, kept: Vec::with_capacity(CHUNK) }
    }
}

impl<W: Write> Write for Skipped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept.extend_from_slice(bytes);
        if self.kept.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.kept.is_empty() {
            self.inner.write_all(&frame(&self.kept))?;
            self.kept.clear();
        }
        Ok(())
    }
}

/// Reads what is in such frames.
struct Skipping<R> {
    inner: R,
    left: usize,
}

impl<R: Read> Read for Skipping<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let mut head = [0; 8];
            let mut filled = 0;
            while filled < head.len() {
                match self.inner.read(&mut head[filled..])? {
                    0 if filled == 0 => return Ok(0),
                    0 => return Err(damaged()),
                    count => filled += count,
                }
            }
            if head[..4] != MAGIC {
                return Err(damaged());
            }
            let length = [head[4], head[5], head[6], head[7]];
            self.left = usize::try_from(u32::from_le_bytes(length)).map_err(|_| damaged())?;
        }
        let most = bytes.len().min(self.left);
        let count = self.inner.read(&mut bytes[..most])?;
        self.left -= count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(seed: u64, count: usize) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(seed);
        std::iter::repeat_with(|| random.u8(..)).take(count).collect()
    }

    struct World(tempfile::TempDir);

    impl World {
        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn packed(&self, companions: &[(&str, usize)]) -> PathBuf {
            std::fs::write(self.path("ledger"), bytes(1, 3 * CHUNK + 5)).unwrap();
            let companions: Vec<Companion> = companions
                .iter()
                .map(|(name, size)| {
                    let path = self.path(&format!("c{size}"));
                    std::fs::write(&path, bytes(*size as u64, *size)).unwrap();
                    Companion { name: (*name).to_owned(), path }
                })
                .collect();
            let ledger = File::open(self.path("ledger")).unwrap();
            pack(&ledger, &companions, &self.path("packed"), &|| false).unwrap();
            self.path("packed")
        }
    }

    #[test]
    fn what_was_packed_is_unpacked_with_what_goes_with_it() {
        let world = World(tempfile::tempdir().unwrap());
        let companions = [("lake/a/b.parquet", 0), ("refused", 7), ("lake/c", 2 * CHUNK + 9)];
        for count in 0..=companions.len() {
            let packed = world.packed(&companions[..count]);
            let out = tempfile::tempdir().unwrap();
            let place = |name: &str| (name != "refused").then(|| out.path().join(name));
            unpack(&packed, &out.path().join("ledger"), &place).unwrap();
            let read = |path: PathBuf| std::fs::read(path).unwrap();
            assert!(read(out.path().join("ledger")) == read(world.path("ledger")));
            for (name, size) in &companions[..count] {
                match *name {
                    "refused" => assert!(!out.path().join(name).exists()),
                    name => {
                        assert!(read(out.path().join(name)) == bytes(*size as u64, *size));
                    }
                }
            }
        }
    }

    #[test]
    fn any_zstd_gives_the_ledger_alone() {
        let world = World(tempfile::tempdir().unwrap());
        let packed = std::fs::read(world.packed(&[("lake/a", 100), ("lake/b", CHUNK)])).unwrap();
        let all = zstd::stream::decode_all(packed.as_slice()).unwrap();
        assert!(all == std::fs::read(world.path("ledger")).unwrap());
    }

    #[test]
    fn what_was_cut_or_changed_is_not_taken_for_a_ledger() {
        let world = World(tempfile::tempdir().unwrap());
        let packed = world.packed(&[("lake/a", 300)]);
        let whole = std::fs::read(&packed).unwrap();
        let out = world.path("out");
        let place = |_: &str| Some(world.path("companion"));
        for size in [0, 10, whole.len() / 2, whole.len() - 40, whole.len() - 1] {
            std::fs::write(&packed, &whole[..size]).unwrap();
            unpack(&packed, &out, &place).unwrap_err();
        }
        for at in [0, 100, whole.len() / 2, whole.len() - 200, whole.len() - 30, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            std::fs::write(&packed, damaged).unwrap();
            unpack(&packed, &out, &place).unwrap_err();
        }
    }

    #[test]
    fn packing_ends_when_it_is_unwanted() {
        let world = World(tempfile::tempdir().unwrap());
        world.packed(&[]);
        let ledger = File::open(world.path("ledger")).unwrap();
        let error = pack(&ledger, &[], &world.path("p"), &|| true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
