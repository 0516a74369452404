//! A real S3 server in this process (s3s over a folder), with a front that remembers every call, checks every checksum and
//! breaks what it is told to break.
//!
//! In: requests on a loopback port; a wrong secret is refused by s3s itself. Out: objects as plain files below [`FakeS3::bucket`].
//! The front adds what s3s-fs lacks: it refuses damaged bytes before they are written, lists unfinished uploads, keeps the checksums of
//! objects of parts, and versions where it is told to.

mod fault;
mod front;
mod versions;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sha2::{Digest, Sha256};
use tokio::sync::{Barrier, oneshot};

pub use self::fault::{Conditions, Fault, Keeps, Lie, Says};
use self::fault::{Script, Which};
use self::versions::{Listed, MOST_LISTED, Version};
use crate::bell::Bell;
use crate::http::{ANY_LOOPBACK_PORT, reachable};

/// The key that the server knows.
pub const ACCESS_KEY: &str = "AKIADOUBLEDOUBLEDOUB";
/// Its secret.
pub const SECRET_KEY: &str = "double-secret-key-7f3b1c90";
/// The bucket that exists.
pub const BUCKET: &str = "lake";
/// Any region will do for s3s.
pub const REGION: &str = "eu-central-1";

/// The bucket is a folder that the double made.
const READABLE: &str = "the bucket's folder can be read and written";

/// What a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    Head,
    Put,
    Begin,
    Part,
    Complete,
    Abort,
    ListUploads,
    List,
    Get,
    Delete,
    DeleteVersion,
    ListVersions,
}

/// A call as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub op: Op,
    pub key: String,
    /// 0 where nothing was answered.
    pub status: u16,
    pub size_bytes: usize,
    /// `x-amz-checksum-sha256` came with it.
    pub has_checksum: bool,
    /// `If-None-Match: *` came with it.
    pub is_conditional: bool,
    /// When it came and when it was answered, counted in arrivals and answers.
    pub began: usize,
    pub ended: Option<usize>,
}

/// A running server; it stops when dropped.
pub struct FakeS3 {
    address: String,
    root: tempfile::TempDir,
    shared: Arc<Shared>,
    server: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

/// What the server's thread and the test share.
struct Shared {
    store: s3s::service::S3Service,
    /// The folder whose files are the objects.
    bucket: PathBuf,
    /// Without the front: for measurements.
    is_plain: bool,
    state: Mutex<State>,
    hung: Bell,
    /// What hangs on command ends.
    let_go: tokio::sync::Notify,
    /// Between what a condition looks at and what is written then, nobody else writes.
    writes: tokio::sync::RwLock<()>,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    tick: usize,
    scripts: Vec<Script>,
    uploads: BTreeMap<String, Upload>,
    /// Checksums of objects of parts, by key.
    composites: BTreeMap<String, String>,
    /// Objects that are not what was sent, by key.
    spoilt: std::collections::BTreeSet<String>,
    /// Every version of each object, the newest last; empty where the bucket keeps none.
    versions: BTreeMap<String, Vec<Version>>,
    keeps_versions: bool,
    /// How many versions there ever were.
    version_count: u64,
    keeps_checksums: bool,
    forgets_part_counts: bool,
    in_flight: BTreeMap<Op, usize>,
    peak_in_flight: BTreeMap<Op, usize>,
    /// Calls that wait for each other, and how many of them may still come.
    gate: Option<(Op, Arc<Barrier>, usize)>,
    conditions: Conditions,
    /// How far its clock is ahead, in seconds.
    ahead_secs: i64,
    /// When each key was last deleted, by tick.
    deleted: BTreeMap<String, usize>,
}

/// An upload of parts that was begun.
struct Upload {
    key: String,
    /// SHA-256 of each part, as base64.
    parts: BTreeMap<u32, String>,
}

impl FakeS3 {
    /// A server with an empty bucket on a free port.
    pub fn start() -> Self {
        Self::start_at(ANY_LOOPBACK_PORT).expect("a loopback port is free")
    }

    /// The same at an address of one's choice; port 0 is any free one.
    pub fn start_at(at: SocketAddr) -> std::io::Result<Self> {
        Ok(Self::serve(TcpListener::bind(at)?, false))
    }

    /// The same without the front, as fast as s3s is.
    pub fn start_plain(address: &str) -> Self {
        Self::serve(TcpListener::bind(address).expect("the port is free"), true)
    }

    fn serve(listener: TcpListener, is_plain: bool) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder can be made");
        std::fs::create_dir(root.path().join(BUCKET)).expect("a bucket can be made");
        let files = s3s_fs::FileSystem::new(root.path()).expect("the folder is there");
        let mut builder = s3s::service::S3ServiceBuilder::new(files);
        // Whose clock is off signs with the server's time as soon as it is told; what that is, the front tells.
        let mut config = s3s::config::S3Config::default();
        config.presigned_url_max_skew_time_secs = u32::MAX;
        let config = s3s::config::StaticConfigProvider::new(Arc::new(config));
        builder.set_config(Arc::new(config));
        builder.set_auth(s3s::auth::SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let state = State { keeps_checksums: true, ..State::default() };
        let shared = Arc::new(Shared {
            store: builder.build(),
            bucket: root.path().join(BUCKET),
            is_plain,
            state: Mutex::new(state),
            hung: Bell::default(),
            let_go: tokio::sync::Notify::new(),
            writes: tokio::sync::RwLock::default(),
        });

        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = reachable(&listener);
        let (stop, stopped) = oneshot::channel();
        let for_server = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime can be built");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener)
                    .expect("a listener can join the runtime");
                tokio::select! {
                    () = serve(listener, for_server) => {}
                    _ = stopped => {}
                }
            });
            // Calls that hang on command would keep the runtime from ending.
            runtime.shutdown_background();
        });
        Self { address, root, shared, server: Some((stop, thread)) }
    }

    /// Base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The folder whose files are the bucket's objects.
    pub fn bucket(&self) -> PathBuf {
        self.root.path().join(BUCKET)
    }

    /// An object's bytes.
    pub fn object(&self, key: &str) -> Option<Vec<u8>> {
        std::fs::read(self.bucket().join(key)).ok()
    }

    /// All keys, sorted.
    pub fn keys(&self) -> Vec<String> {
        let (root, mut folders, mut keys) = (self.bucket(), vec![self.bucket()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect(READABLE) {
                let path = entry.expect(READABLE).path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    keys.push(
                        path.strip_prefix(&root)
                            .expect("it lies below")
                            .to_string_lossy()
                            .into_owned(),
                    );
                }
            }
        }
        keys.sort();
        keys
    }

    /// Something that somebody else put there, without any checksum.
    pub fn plant(&self, key: &str, bytes: &[u8]) {
        self.shared.plant(key, bytes);
    }

    /// Every call since the start (or `clear_log`), in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// Calls of one kind.
    pub fn count(&self, op: Op) -> usize {
        self.state().calls.iter().filter(|call| call.op == op).count()
    }

    pub fn clear_log(&self) {
        let mut state = self.state();
        state.calls.clear();
        state.scripts.clear();
        state.peak_in_flight.clear();
    }

    /// The `nth` call of a kind (1-based, counted since the start or `clear_log`) and those after it go wrong, `times` of them.
    pub fn script(&self, op: Op, nth: usize, times: usize, fault: Fault) {
        self.state().scripts.push(Script { which: Which::Op(op), nth, times, fault });
    }

    /// The same for calls of any kind about keys that begin with `prefix`.
    pub fn script_under(&self, prefix: &str, nth: usize, times: usize, fault: Fault) {
        let which = Which::Under(prefix.to_owned());
        self.state().scripts.push(Script { which, nth, times, fault });
    }

    /// Ends the connections of all calls that hang now.
    pub fn let_go(&self) {
        self.shared.let_go.notify_waiters();
    }

    /// From now on the server takes conditions so.
    pub fn take_conditions(&self, conditions: Conditions) {
        self.state().conditions = conditions;
    }

    /// From now on the server's clock is so many seconds ahead (or behind).
    pub fn set_clock_ahead(&self, seconds: i64) {
        self.state().ahead_secs = seconds;
    }

    /// Rings when a call hangs on command.
    pub fn hung(&self) -> &Bell {
        &self.shared.hung
    }

    /// Keys of uploads that were begun and neither completed nor aborted.
    pub fn unfinished(&self) -> Vec<String> {
        self.state().uploads.values().map(|upload| upload.key.clone()).collect()
    }

    /// From now on the server says nothing of checksums, as some servers do.
    pub fn forget_checksums(&self) {
        self.state().keeps_checksums = false;
    }

    /// From now on checksums of objects of parts come without the number of parts, as some servers give them.
    pub fn forget_part_counts(&self) {
        self.state().forgets_part_counts = true;
    }

    /// Calls of this kind wait until `count` of them are there.
    pub fn gather(&self, op: Op, count: usize) {
        self.state().gate = Some((op, Arc::new(Barrier::new(count)), usize::MAX));
    }

    /// The same, once; whatever comes then waits for nobody.
    pub fn gather_once(&self, op: Op, count: usize) {
        self.state().gate = Some((op, Arc::new(Barrier::new(count)), count));
    }

    /// The most calls of a kind that were under way at once.
    pub fn peak_in_flight(&self, op: Op) -> usize {
        self.state().peak_in_flight.get(&op).copied().unwrap_or(0)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }
}

impl Drop for FakeS3 {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.server.take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

impl State {
    /// Remembers what the parts sum up to, and says it where checksums are told at all.
    fn complete(&mut self, upload_id: &str) -> Option<String> {
        let upload = self.uploads.remove(upload_id)?;
        let mut hash = Sha256::new();
        for sum in upload.parts.values() {
            hash.update(BASE64_STANDARD.decode(sum).expect("we encoded it"));
        }
        let sum = BASE64_STANDARD.encode(hash.finalize());
        let sum = format!("{sum}-{}", upload.parts.len());
        self.composites.insert(upload.key, sum.clone());
        self.keeps_checksums.then_some(sum)
    }
}

impl Shared {
    fn plant(&self, key: &str, bytes: &[u8]) {
        let path = self.bucket.join(key);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect(READABLE);
        std::fs::write(path, bytes).expect(READABLE);
        // What s3s-fs remembers of what was there before.
        let encoded = BASE64_URL_SAFE_NO_PAD.encode(key);
        let root = self.bucket.parent().unwrap_or(Path::new("."));
        for entry in std::fs::read_dir(root).expect(READABLE).flatten() {
            if entry.file_name().to_string_lossy().contains(&format!(".object-{encoded}.")) {
                std::fs::remove_file(entry.path()).expect(READABLE);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let answer = |request: hyper::Request<hyper::body::Incoming>| {
                front::answer(Arc::clone(&shared), request.map(s3s::Body::from))
            };
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let service = hyper::service::service_fn(answer);
            // A client that leaves is no failure of ours.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
