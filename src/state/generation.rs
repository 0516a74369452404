//! Which generation is the current one, and how one comes from the place into the data directory.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bundle::{self, Companion};
use super::error::Error;
use super::hold::{Tagged, parsed};
use super::place::Place;
use crate::blocking::blocking;
use crate::ids::DataDir;
use crate::ledger;
use crate::warehouse::{NextVersion, SCHEMA_VERSION, Warehouse};

/// The object that names the current generation.
pub(super) const CURRENT: &str = "current.json";

/// So many generations are kept.
pub(super) const KEPT: usize = 3;

/// The current generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Current {
    pub(crate) generation: u64,
    pub(crate) fencing_number: u64,
    pub(crate) schema_version: u32,
    /// This one and those before it that are kept, the newest first.
    #[serde(default)]
    pub(crate) generations: Vec<u64>,
    /// The ledger's bytes, and how long it took to save them: what the next one will take.
    #[serde(default)]
    pub(crate) ledger_bytes: u64,
    #[serde(default)]
    pub(crate) saved_in_ms: u64,
}

/// The name of a generation's object.
pub(super) fn name(generation: u64) -> String {
    format!("snowtrack-{generation}.duckdb.zst")
}

/// The generation of a name.
pub(super) fn number(name: &str) -> Option<u64> {
    name.strip_prefix("snowtrack-")?.strip_suffix(".duckdb.zst")?.parse().ok()
}

impl Current {
    /// Before the first save: that there is no generation yet, which is something else than that nothing says so.
    pub(super) const fn none(fencing_number: u64) -> Self {
        let schema_version = SCHEMA_VERSION;
        let generations = Vec::new();
        Self {
            generation: 0,
            fencing_number,
            schema_version,
            generations,
            ledger_bytes: 0,
            saved_in_ms: 0,
        }
    }

    /// Whether it names a generation.
    pub(super) const fn is_one(&self) -> bool {
        self.generation != 0
    }
}

/// What `current.json` says, whoever wrote it, and its tag.
pub(super) async fn found(place: &Place) -> Result<Option<Tagged<Current>>, Error> {
    let Some(object) = place.get(CURRENT).await?.what else { return Ok(None) };
    Ok(Some(Tagged { what: parsed(place, CURRENT, &object)?, tag: object.tag }))
}

/// That this version may read it.
pub(super) fn require_known(place: &Place, current: &Current) -> Result<(), Error> {
    if current.schema_version <= SCHEMA_VERSION {
        return Ok(());
    }
    let (location, found) = (place.name.clone(), current.schema_version);
    Err(Error::Newer { location, found, known: SCHEMA_VERSION })
}

/// The numbers of all generations that are there, the newest first, whatever names them.
pub(super) async fn written(place: &Place) -> Result<Vec<u64>, Error> {
    let names = place.names().await?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    Ok(numbers)
}

/// There are generations, and nothing says which one counts.
pub(super) fn headless(place: &Place, written: &[u64]) -> Error {
    let generations: Vec<String> = written.iter().map(u64::to_string).collect();
    Error::Headless {
        current: place.object(CURRENT),
        location: place.name.clone(),
        generations: generations.join(", "),
    }
}

/// The current generation, if there is one and this version may read it. Where nothing says which it is, the newest, if that will do.
pub(super) async fn current(place: &Place, does_newest: bool) -> Result<Option<u64>, Error> {
    if let Some(Tagged { what: current, .. }) = found(place).await? {
        require_known(place, &current)?;
        return Ok(current.is_one().then_some(current.generation));
    }
    let written = written(place).await?;
    match written.first() {
        Some(_) if !does_newest => Err(headless(place, &written)),
        newest => Ok(newest.copied()),
    }
}

/// What the data directory remembers of where its ledger comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) location: String,
    pub(crate) generation: u64,
    /// Whether it was only read: then a newer one takes its place without a word.
    pub(crate) is_copy: bool,
}

impl Mark {
    /// That of a data directory; one that cannot be read is none.
    pub(crate) fn of(data_dir: &DataDir) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(data_dir.state()).ok()?).ok()
    }

    pub(crate) fn write(&self, data_dir: &DataDir) -> Result<(), Error> {
        let path = data_dir.state();
        let part = path.with_extension("part");
        let written = std::fs::write(&part, serde_json::to_vec(self).unwrap_or_default())
            .and_then(|()| std::fs::rename(&part, &path));
        written.map_err(|source| Error::File { doing: "write", path, source })
    }
}

/// Reads a generation into `to`, unpacked; what goes with it, below `data_dir` where one is given.
pub(super) async fn fetch(
    place: &Place,
    generation: u64,
    data_dir: &DataDir,
    to: &Path,
    with_companions: bool,
) -> Result<(), Error> {
    let (name, packed) = (name(generation), data_dir.generation());
    let object = || place.object(&name);
    if place.fetch(&name, &packed).await?.is_none() {
        let _ = std::fs::remove_file(&packed);
        return Err(Error::Gone { object: object() });
    }
    let home = |name: &str| home(data_dir, name).filter(|_| with_companions);
    let unpacked = blocking(|| bundle::unpack(&packed, to, &home));
    let _ = std::fs::remove_file(&packed);
    unpacked.map_err(|source| {
        let _ = std::fs::remove_file(to);
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::PermissionDenied => {
                Error::File { doing: "write", path: to.to_owned(), source }
            }
            _ => Error::Damaged { object: object(), source },
        }
    })
}

/// Where a generation is unpacked that is about to be the ledger here.
fn unpacked(data_dir: &DataDir) -> PathBuf {
    data_dir.generation().with_extension("duckdb")
}

/// Where one is unpacked that is only looked at.
pub(super) fn other(data_dir: &DataDir) -> PathBuf {
    data_dir.generation().with_extension("other")
}

/// Takes away what a process left that died while it read or packed one.
pub(super) fn forget_leftovers(data_dir: &DataDir) {
    for path in [data_dir.generation(), unpacked(data_dir), other(data_dir)] {
        // What cannot be removed is written over.
        let _ = std::fs::remove_file(path);
    }
}

/// Makes a generation the ledger of the data directory.
pub(super) async fn pull(
    place: &Place,
    generation: u64,
    data_dir: &DataDir,
    is_copy: bool,
) -> Result<(), Error> {
    let unpacked = unpacked(data_dir);
    fetch(place, generation, data_dir, &unpacked, true).await?;
    put_in_place(data_dir, &unpacked)?;
    Mark { location: place.name.clone(), generation, is_copy }.write(data_dir)
}

/// What lies beside the ledger that goes is its own, and would be taken for the new one's.
fn put_in_place(data_dir: &DataDir, unpacked: &Path) -> Result<(), Error> {
    let path = data_dir.warehouse();
    let failed =
        |path: &Path, source| Error::File { doing: "replace", path: path.to_owned(), source };
    for beside in
        [data_dir.state(), path.with_extension("duckdb.wal"), path.with_extension("pages")]
    {
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(&beside, error));
            }
            _ => {}
        }
    }
    std::fs::rename(unpacked, &path).map_err(|error| failed(&path, error))?;
    let synced = std::fs::File::open(data_dir.path()).and_then(|folder| folder.sync_all());
    synced.map_err(|error| failed(&path, error))
}

const LAKE: &str = "lake/";
const REFUSED: &str = "refused";

/// Where a companion belongs; one that a later version knows has no place here, and no name leads out of the folder.
fn home(data_dir: &DataDir, name: &str) -> Option<PathBuf> {
    match name.strip_prefix(LAKE) {
        Some(key) => {
            let is_plain = |part| matches!(part, Component::Normal(_));
            let is_below = !key.is_empty() && Path::new(key).components().all(is_plain);
            is_below.then(|| data_dir.lake().join(key))
        }
        None => (name == REFUSED).then(|| data_dir.refused()),
    }
}

/// The files that are not known to be in the bucket, with what vouches for them, and the rows that the gate refused last.
pub(super) fn companions(
    warehouse: &Warehouse,
    data_dir: &DataDir,
    goes_to_bucket: bool,
) -> Result<Vec<Companion>, Error> {
    let mut found = Vec::new();
    if data_dir.refused().exists() {
        found.push(Companion { name: REFUSED.to_owned(), path: data_dir.refused() });
    }
    // Without a bucket the local lake is where they were to go.
    if !goes_to_bucket {
        return Ok(found);
    }
    let mut keys = Vec::new();
    for shipment in ledger::shipments::outstanding(warehouse, None)? {
        let files = shipment.files.iter();
        let unsubmitted: Vec<_> = files.filter(|shipped| shipped.is_unsubmitted(false)).collect();
        if unsubmitted.is_empty() {
            continue;
        }
        keys.extend(unsubmitted.iter().map(|shipped| shipped.file.key.clone()));
        keys.push(shipment.manifest_key.clone());
        let archive = ledger::written::written_archive(warehouse, &shipment.run.id)?;
        keys.extend(archive.map(|archive| archive.key));
    }
    let lake = data_dir.lake();
    found.extend(keys.into_iter().filter_map(|key| {
        let path = lake.join(&key);
        path.exists().then(|| Companion { name: format!("{LAKE}{key}"), path })
    }));
    Ok(found)
}

/// Writes the analysts' file of a ledger that came from elsewhere. `false` where not all of its tables passed: then only a run can.
pub(crate) fn publish(warehouse: &mut Warehouse, data_dir: &DataDir) -> Result<bool, Error> {
    if NextVersion::has_news(warehouse)? {
        return Ok(false);
    }
    let next = NextVersion::of_what_is_there(&data_dir.published());
    if let Some(file) = next.finish(warehouse)? {
        ledger::consumers::published(warehouse, &file)?;
    } else if let Some(file) = warehouse.renew_operations(&data_dir.published())? {
        ledger::consumers::renewed(warehouse, &file)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_has_a_name_and_a_name_a_generation() {
        assert_eq!(name(12), "snowtrack-12.duckdb.zst");
        assert_eq!(number(&name(12)), Some(12));
        for other in ["lease.json", "snowtrack-.duckdb.zst", "snowtrack-x.duckdb.zst", ""] {
            assert_eq!(number(other), None);
        }
    }

    #[test]
    fn no_companion_leads_out_of_the_data_directory() {
        let data_dir = DataDir::new("/d");
        let lake = Some(PathBuf::from("/d/lake/p/raw/x.parquet"));
        assert_eq!(home(&data_dir, "lake/p/raw/x.parquet"), lake);
        assert_eq!(home(&data_dir, REFUSED), Some(data_dir.refused()));
        for name in ["lake/../x", "lake//etc/x", "lake/", "x", "../x", "lake/a/../../x", ""] {
            assert_eq!(home(&data_dir, name), None, "{name}");
        }
    }
}
