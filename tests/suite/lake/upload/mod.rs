//! The upload against a real S3 server: what arrives, what is sent again, what is never overwritten, what is left behind.

mod chain;
mod measured;
mod refusals;

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use sha2::{Digest, Sha256};
use snowtrack::event::What;
use snowtrack::lake::{
    Error, ExportedFile, StaticKeys, Store, StoreSettings, StoreTiming, StuckFile, ToUpload,
    Uploaded, WrittenFile, upload,
};
use snowtrack::retry::RetryPolicy;
use snowtrack::stop::Stop;

use crate::support::fake_s3::{ACCESS_KEY, BUCKET, FakeS3, Fault, Op, REGION, SECRET_KEY};

pub(crate) const MIB: usize = 1 << 20;

/// A local lake with some files and their manifest.
pub(crate) struct Lake {
    folder: tempfile::TempDir,
    pub(crate) files: Vec<ExportedFile>,
    pub(crate) manifest_key: String,
    manifest: Option<WrittenFile>,
}

impl Lake {
    /// Files of these tables and sizes; another `seed` gives other contents under the same keys. `songs_of_another` is a folder
    /// beside that of the songs.
    pub(crate) fn new(seed: u8, files: &[(&str, usize)]) -> Self {
        let mut lake = Self {
            folder: tempfile::tempdir().unwrap(),
            files: Vec::new(),
            manifest_key: "p/manifests/year=2026/month=01/day=05/R.json".to_owned(),
            manifest: None,
        };
        for (folder, size_bytes) in files {
            let table = folder.trim_end_matches("_of_another");
            let key = format!("p/raw/{folder}/year=2026/month=01/day=05/{folder}_R.parquet");
            let bytes = contents(seed, *size_bytes);
            let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            lake.write(&key, &bytes);
            lake.files.push(ExportedFile {
                table: table.parse().unwrap(),
                key,
                row_count: 1,
                size_bytes: *size_bytes as u64,
                sha256,
                row_hash_sum: "1".to_owned(),
            });
        }
        let manifest = serde_json::to_vec(&lake.files).unwrap();
        lake.write(&lake.manifest_key, &manifest);
        lake.manifest = Some(WrittenFile::of(lake.folder.path(), &lake.manifest_key).unwrap());
        lake
    }

    pub(crate) fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join(key)
    }

    pub(crate) fn write(&self, key: &str, bytes: &[u8]) {
        std::fs::create_dir_all(self.path(key).parent().unwrap()).unwrap();
        std::fs::write(self.path(key), bytes).unwrap();
    }

    fn to_upload(&self) -> ToUpload<'_> {
        ToUpload {
            lake: self.folder.path(),
            files: &self.files,
            archive: None,
            manifest: self.manifest.as_ref().unwrap(),
        }
    }

    /// Whether the bucket holds these files, byte for byte, and nothing else.
    pub(crate) fn is_in(&self, s3: &FakeS3) -> bool {
        let mut keys: Vec<String> = self.files.iter().map(|file| file.key.clone()).collect();
        keys.push(self.manifest_key.clone());
        keys.sort();
        s3.keys() == keys
            && keys.iter().all(|key| s3.object(key) == std::fs::read(self.path(key)).ok())
    }
}

pub(crate) fn contents(seed: u8, size_bytes: usize) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let block: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(65_521)
    .collect();
    let mut bytes = block.repeat(size_bytes / block.len() + 1);
    bytes.truncate(size_bytes);
    bytes
}

/// Delays too short to notice.
pub(crate) fn timing() -> StoreTiming {
    let tiny = Duration::from_millis(1);
    let retry = RetryPolicy { max_retries: 3, first_delay: tiny, max_delay: tiny };
    StoreTiming { retry, ..StoreTiming::default() }
}

pub(crate) fn settings(s3: &FakeS3) -> StoreSettings {
    StoreSettings {
        bucket: Some(BUCKET.to_owned()),
        region: Some(REGION.to_owned()),
        keys: Some(StaticKeys {
            access_key_id: ACCESS_KEY.to_owned(),
            secret_access_key: SECRET_KEY.to_owned().into(),
        }),
        endpoint: Some(s3.url()),
        timing: timing(),
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn attempt(settings: &StoreSettings, lake: &Lake) -> Result<Uploaded, Error> {
    let store = Store::open(settings).await?;
    let sent = upload(&store, &lake.to_upload(), &|_| {}, &Stop::default()).await;
    sent.map_err(alone)
}

/// What is wrong with the only file that could not go.
fn alone(error: Error) -> Error {
    match error {
        Error::Stuck { mut files } if files.len() == 1 => {
            let StuckFile { error, .. } = files.remove(0);
            error
        }
        other => other,
    }
}

pub(crate) fn send_with(settings: &StoreSettings, lake: &Lake) -> Result<Uploaded, Error> {
    runtime().block_on(attempt(settings, lake))
}

pub(crate) fn send(s3: &FakeS3, lake: &Lake) -> Result<Uploaded, Error> {
    send_with(&settings(s3), lake)
}

/// An error and its causes, as the command line prints them.
pub(crate) fn words(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[test]
fn every_file_arrives_and_the_manifest_is_last() {
    let (s3, lake) = (
        FakeS3::start(),
        Lake::new(1, &[("albums", 0), ("songs", 70_000), ("genres", 20 * MIB + 5)]),
    );
    let events = Mutex::new(Vec::new());
    let note = |event| events.lock().unwrap().push(event);
    let uploaded = runtime().block_on(async {
        let store = Store::open(&settings(&s3)).await.unwrap();
        upload(&store, &lake.to_upload(), &note, &Stop::default()).await.unwrap()
    });
    assert!(lake.is_in(&s3));
    assert_eq!((uploaded.sent_count(), uploaded.files()), (4, &lake.files[..]));

    let calls = s3.calls();
    let (manifest, others): (Vec<_>, Vec<_>) =
        calls.iter().partition(|call| call.key == lake.manifest_key && call.op == Op::Put);
    assert_eq!(manifest.len(), 1);
    assert!(others.iter().all(|call| call.ended.unwrap() < manifest[0].began));
    for call in &calls {
        match call.op {
            Op::Put => assert!(call.has_checksum && call.is_conditional, "{call:?}"),
            Op::Part => assert!(call.has_checksum && call.size_bytes <= 8 * MIB, "{call:?}"),
            Op::Complete => assert!(call.is_conditional, "{call:?}"),
            _ => {}
        }
    }
    assert_eq!((s3.count(Op::Put), s3.count(Op::Part), s3.count(Op::Complete)), (3, 3, 1));

    let events = events.into_inner().unwrap();
    let sent = events.iter().rev().find_map(|event| match event {
        What::BytesSent { sent_bytes, total_bytes } => Some((*sent_bytes, *total_bytes)),
        _ => None,
    });
    let manifest_size = std::fs::metadata(lake.path(&lake.manifest_key)).unwrap().len();
    let total = 70_000 + 20 * MIB as u64 + 5 + manifest_size;
    assert_eq!(sent, Some((total, total)));
    assert_eq!(uploaded.sent_size_bytes(), total);
    let is_uploaded = |event: &&What| matches!(event, What::FileUploaded { .. });
    assert_eq!(events.iter().filter(is_uploaded).count(), 4);
}

#[test]
fn what_is_there_is_not_sent_again() {
    for keeps_checksums in [true, false] {
        let (s3, lake) =
            (FakeS3::start(), Lake::new(1, &[("songs", 70_000), ("genres", 17 * MIB)]));
        if !keeps_checksums {
            s3.forget_checksums();
        }
        send(&s3, &lake).unwrap();
        s3.clear_log();
        let uploaded = send(&s3, &lake).unwrap();
        assert_eq!((uploaded.sent_count(), uploaded.sent_size_bytes()), (0, 0));
        assert_eq!(s3.calls().len(), 3);
        assert_eq!(s3.count(Op::Head), 3);
    }
}

#[test]
fn a_file_that_is_there_is_not_even_read() {
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70_000)]));
    send(&s3, &lake).unwrap();
    std::fs::remove_file(lake.path(&lake.files[0].key)).unwrap();
    assert_eq!(send(&s3, &lake).unwrap().sent_count(), 0);
}

#[test]
fn other_contents_under_a_key_are_never_overwritten() {
    for size_bytes in [70_000, 17 * MIB] {
        // Other contents of the same size, with checksums; then what somebody else left there without any.
        let other = |s3: &FakeS3| {
            send(s3, &Lake::new(2, &[("songs", size_bytes)])).unwrap();
        };
        let key = &Lake::new(1, &[("songs", 1)]).files[0].key.clone();
        let same_size = |s3: &FakeS3| s3.plant(key, &contents(3, size_bytes));
        let shorter = |s3: &FakeS3| s3.plant(key, b"short");
        for occupy in [&other as &dyn Fn(&FakeS3), &same_size, &shorter] {
            let (s3, lake) =
                (FakeS3::start(), Lake::new(1, &[("songs", size_bytes), ("albums", 10)]));
            occupy(&s3);
            let before = (s3.keys(), s3.object(key));
            s3.clear_log();
            let error = send(&s3, &lake).unwrap_err();
            assert!(matches!(&error, Error::Conflict { object, .. } if object.ends_with(key)));
            // The other file goes; the manifest, which would vouch for both, does not.
            let albums = lake.files[1].key.clone();
            assert_eq!(s3.object(key), before.1);
            assert!(
                !s3.keys().contains(&lake.manifest_key) || before.0.contains(&lake.manifest_key)
            );
            let written: Vec<String> = s3
                .calls()
                .iter()
                .filter(|call| call.op != Op::Head)
                .map(|call| call.key.clone())
                .collect();
            assert_eq!(written, [albums]);
        }
    }
}

#[test]
fn a_conflict_says_what_is_there_and_what_should_be() {
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70_000)]));
    s3.plant(&lake.files[0].key, b"short");
    insta::assert_snapshot!(words(&send(&s3, &lake).unwrap_err()), @"`s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet` is there already with other contents: found 5 bytes, wanted 70000 bytes, sha256 8aa2af78824b2f5cef6684c6fb5f90704e08215c8181d946c851199406083230; it was not overwritten. Find out who wrote it, move it away and run the same command again");
}

#[test]
fn what_comes_under_a_key_after_the_look_is_not_overwritten_either() {
    for size_bytes in [70_000, 17 * MIB] {
        let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", size_bytes)]));
        let key = &lake.files[0].key;
        s3.plant(key, b"short");
        s3.script(Op::Head, 1, 1, Fault::answer(404, "", ""));
        let error = send(&s3, &lake).unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }), "{error}");
        assert_eq!(s3.object(key).unwrap(), b"short");
        assert_eq!((s3.keys().len(), s3.unfinished().len()), (1, 0));
    }
}

#[test]
fn a_write_that_collides_with_another_is_made_again() {
    for (op, status, code) in
        [(Op::Put, 409, "ConditionalRequestConflict"), (Op::Complete, 404, "NoSuchUpload")]
    {
        let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("genres", 17 * MIB)]));
        s3.script(op, 1, 1, Fault::answer(status, code, "Another request is in progress."));
        send(&s3, &lake).unwrap();
        assert_eq!(s3.unfinished(), [""; 0]);
        assert!(lake.is_in(&s3));
    }
}

#[test]
fn a_call_survives_every_passing_fault() {
    let faults = [
        Fault::Reset,
        Fault::LostAnswer,
        Fault::CutAnswer,
        Fault::slow_down(),
        Fault::answer(500, "InternalError", "We encountered an internal error."),
        Fault::answer(503, "ServiceUnavailable", "Reduce your request rate."),
    ];
    let (small, large) =
        (Lake::new(1, &[("songs", 70_000)]), Lake::new(1, &[("genres", 17 * MIB)]));
    for (op, lake) in [
        (Op::Head, &small),
        (Op::Put, &small),
        (Op::Begin, &large),
        (Op::Part, &large),
        (Op::Complete, &large),
        (Op::ListUploads, &large),
    ] {
        for fault in &faults {
            let s3 = FakeS3::start();
            s3.script(op, 1, 1, fault.clone());
            send(&s3, lake).unwrap_or_else(|error| panic!("{op:?} {fault:?}: {}", words(&error)));
            assert!(lake.is_in(&s3), "{op:?} {fault:?}");
            assert_eq!(s3.unfinished(), [""; 0], "{op:?} {fault:?}");
        }
    }
}

#[test]
fn bytes_that_arrive_damaged_are_sent_again() {
    for op in [Op::Put, Op::Part] {
        let (s3, lake) =
            (FakeS3::start(), Lake::new(1, &[("songs", 70_000), ("genres", 17 * MIB)]));
        s3.script(op, 1, 2, Fault::Damage);
        send(&s3, &lake).unwrap();
        assert!(lake.is_in(&s3));
    }
}

#[test]
fn a_failure_leaves_no_parts_behind_and_no_manifest() {
    let denied = Fault::answer(403, "AccessDenied", "Access Denied");
    for (op, nth) in [(Op::Part, 2), (Op::Complete, 1), (Op::Put, 1)] {
        let (s3, lake) = (
            FakeS3::start(),
            Lake::new(1, &[("genres", 17 * MIB), ("songs", 25 * MIB), ("albums", 10)]),
        );
        s3.script(op, nth, usize::MAX, denied.clone());
        let error = send(&s3, &lake).unwrap_err();
        assert!(words(&error).contains("access is denied"), "{}", words(&error));
        assert_eq!(s3.unfinished(), [""; 0], "{op:?}");
        assert!(!s3.keys().contains(&lake.manifest_key));
        s3.clear_log();
        send(&s3, &lake).unwrap();
        assert!(lake.is_in(&s3));
    }
}

#[test]
fn a_file_that_changed_since_its_export_does_not_leave() {
    for size_bytes in [70_000, 17 * MIB] {
        let changed = |change: &dyn Fn(&mut Vec<u8>)| {
            let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", size_bytes)]));
            let key = &lake.files[0].key;
            let mut bytes = contents(1, size_bytes);
            change(&mut bytes);
            lake.write(key, &bytes);
            let error = send(&s3, &lake).unwrap_err();
            assert!(matches!(error, Error::Changed { .. }), "{error}");
            assert_eq!((s3.keys().len(), s3.unfinished().len()), (0, 0));
        };
        changed(&|bytes| bytes[size_bytes - 1] ^= 1);
        changed(&|bytes| bytes.push(0));
        changed(&|bytes| bytes.truncate(size_bytes - 1));
    }
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70_000)]));
    std::fs::remove_file(lake.path(&lake.files[0].key)).unwrap();
    assert!(matches!(send(&s3, &lake), Err(Error::Gone { .. })));
    assert!(s3.keys().is_empty());
}

#[test]
fn a_killed_upload_continues_and_its_parts_are_forgotten() {
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("genres", 25 * MIB), ("songs", 70_000)]));
    s3.script(Op::Part, 3, usize::MAX, Fault::Hang);
    let killed = runtime();
    let (settings, shipped) = (settings(&s3), lake.files.clone());
    let (folder, manifest) = (lake.folder.path().to_owned(), lake.manifest.clone().unwrap());
    killed.spawn(async move {
        let store = Store::open(&settings).await.unwrap();
        let to_upload =
            ToUpload { lake: &folder, files: &shipped, archive: None, manifest: &manifest };
        upload(&store, &to_upload, &|_| {}, &Stop::default()).await
    });
    // Also the part behind the one that hangs: on its way at the kill, it would be heard later.
    while s3.count(Op::Part) < 4 || s3.object(&lake.files[1].key).is_none() {
        std::thread::yield_now();
    }
    // As a kill: nothing more is said, and every connection ends.
    killed.shutdown_background();
    assert_eq!(s3.unfinished(), [lake.files[0].key.clone()]);
    assert!(!s3.keys().contains(&lake.manifest_key));

    s3.clear_log();
    let uploaded = send(&s3, &lake).unwrap();
    assert!(lake.is_in(&s3));
    assert_eq!(s3.unfinished(), [""; 0]);
    // The big file and the manifest; the small file was there.
    assert_eq!((uploaded.sent_count(), s3.count(Op::Put), s3.count(Op::Part)), (2, 1, 4));
}

#[test]
fn uploads_of_others_are_left_alone() {
    let s3 = FakeS3::start();
    let theirs = Lake::new(1, &[("genres_of_another", 17 * MIB)]);
    s3.script(Op::Abort, 1, usize::MAX, Fault::Reset);
    s3.script(Op::Part, 1, usize::MAX, Fault::answer(403, "AccessDenied", "Access Denied"));
    send(&s3, &theirs).unwrap_err();
    assert_eq!(s3.unfinished(), [theirs.files[0].key.clone()]);
    s3.clear_log();
    send(&s3, &Lake::new(1, &[("genres", 17 * MIB)])).unwrap();
    assert_eq!(s3.count(Op::ListUploads), 1);
    assert_eq!(s3.unfinished(), [theirs.files[0].key.clone()]);
}

#[test]
fn no_more_than_eight_parts_are_in_memory() {
    let tables = ["albums", "artists", "songs", "genres"];
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &tables.map(|table| (table, 32 * MIB))));
    // Sixteen parts wait for each other until there are eight: fewer at a time would never end, more would be seen.
    s3.gather(Op::Part, 8);
    send(&s3, &lake).unwrap();
    assert_eq!(s3.peak_in_flight(Op::Part), 8);
    assert!(s3.calls().iter().all(|call| call.size_bytes <= 8 * MIB));
}

#[test]
fn a_stop_ends_the_upload_tidily_and_the_next_one_continues() {
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("genres", 40 * MIB), ("songs", 70_000)]));
    // The rest of the parts would never end by themselves.
    s3.script(Op::Part, 3, usize::MAX, Fault::Hang);
    let stop = Stop::default();
    let stop_at_first_part = |event| {
        if matches!(event, What::BytesSent { sent_bytes, .. } if sent_bytes >= 8 << 20) {
            stop.ask();
        }
    };
    let stopped = runtime().block_on(async {
        let store = Store::open(&settings(&s3)).await.unwrap();
        upload(&store, &lake.to_upload(), &stop_at_first_part, &stop).await
    });
    assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
    assert_eq!(s3.unfinished(), [""; 0]);
    assert!(!s3.keys().contains(&lake.manifest_key));
    s3.clear_log();
    send(&s3, &lake).unwrap();
    assert!(lake.is_in(&s3));
}

#[test]
fn a_server_without_conditional_writes_is_asked_first() {
    let unknown = Fault::answer(501, "NotImplemented", "A header you provided implies something.");
    for op in [Op::Put, Op::Complete] {
        let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("genres", 17 * MIB)]));
        s3.script(op, 1, 1, unknown.clone());
        send(&s3, &lake).unwrap();
        assert!(lake.is_in(&s3));
        let writes: Vec<bool> = s3
            .calls()
            .iter()
            .filter(|call| call.op == op)
            .map(|call| call.is_conditional)
            .collect();
        assert_eq!(writes, [true, false]);
        // Looked at before, and again between the two writes.
        assert_eq!(s3.count(Op::Head), 3);
    }
}

#[test]
fn a_user_who_may_only_write_can_upload_once() {
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70_000), ("genres", 17 * MIB)]));
    s3.script(Op::Head, 1, usize::MAX, Fault::answer(403, "", ""));
    send(&s3, &lake).unwrap();
    assert!(lake.is_in(&s3));
    let error = words(&send(&s3, &lake).unwrap_err());
    assert!(error.contains("allow `s3:GetObject` on `arn:aws:s3:::lake/p/raw/"), "{error}");
}

#[test]
fn the_local_lake_is_only_looked_at() {
    let lake = Lake::new(1, &[("songs", 70_000), ("genres", 17 * MIB)]);
    let local = StoreSettings::default();
    let uploaded = send_with(&local, &lake).unwrap();
    assert_eq!((uploaded.sent_count(), uploaded.files()), (0, &lake.files[..]));
    lake.write(&lake.files[0].key, b"other");
    assert!(matches!(send_with(&local, &lake), Err(Error::Changed { .. })));
    std::fs::remove_file(lake.path(&lake.manifest_key)).unwrap();
    let both = send_with(&local, &lake).unwrap_err();
    assert!(matches!(&both, Error::Stuck { files } if files.len() == 2), "{both}");
    assert!(words(&both).contains("; and 1 other file cannot go either"), "{both}");
}
