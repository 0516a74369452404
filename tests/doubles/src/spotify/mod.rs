//! A strict double of Spotify: real HTTP on a loopback port, both API shapes, scripted faults.
//!
//! In: a [`Library`]. Out: what Spotify would answer. A client that Spotify would punish, sooner or later, is answered as Spotify
//! would and its violation is written down; a double that is dropped with violations nobody allowed fails the test.
//! Never leaves the machine, never waits for the wall clock.

mod accounts;
mod api;
mod bucket;
mod fault;
mod writes;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::accounts::Tokens;
use self::bucket::Quota;
use self::fault::Script;
pub use self::fault::{Fault, When};
use crate::http::{ANY_LOOPBACK_PORT, Answer, Delivery, Request, Server, Service};
use crate::library::{Library, Mode, Recorded};

/// The app that every double knows.
pub const CLIENT_ID: &str = "5fe01282e44241328a84e7c5cc169165";
/// Its secret.
pub const CLIENT_SECRET: &str = "double-client-secret-3b9a1f";
/// A refresh token that is valid from the start, with every scope we use.
pub const REFRESH_TOKEN: &str = "double-refresh-token-AQDk7";
/// The scopes of [`REFRESH_TOKEN`].
pub const ALL_SCOPES: &str = "playlist-read-private playlist-read-collaborative user-library-read";

/// The scopes that `login --may-write` asks for besides.
pub const WRITE_SCOPES: &str = "playlist-modify-public playlist-modify-private";

/// One request as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLog {
    pub method: String,
    /// `/v1/…` or `/accounts/…`
    pub path: String,
    /// Percent-encoded, without `?`.
    pub query: String,
    /// 0 where nothing was answered.
    pub status: u16,
    /// When it was answered, by the double's clock.
    pub at: Duration,
}

/// A running double; it stops when dropped.
pub struct FakeSpotify {
    shared: Arc<Shared>,
    server: Server,
}

/// What the server's thread and the test share.
struct Shared(Mutex<State>);

/// Everything the double knows and remembers.
struct State {
    library: Library,
    mode: Mode,
    tokens: Tokens,
    log: Vec<RequestLog>,
    violations: Vec<String>,
    allows_violations: bool,
    scripts: Vec<Script>,
    data_call_count: usize,
    in_flight: usize,
    answer_duration: Duration,
    /// By bucket: when it may be asked again, as the client was told.
    penalties: BTreeMap<&'static str, Duration>,
    /// By bucket: how much is left.
    quotas: BTreeMap<&'static str, Quota>,
    has_refused_batch: bool,
    /// The playlists that the client made, in their order.
    made: Vec<String>,
    clock: Clock,
}

/// Time as the double sees it: real time at a chosen speed, plus what the test skipped.
struct Clock {
    started: Instant,
    before: Duration,
    second: Duration,
}

impl FakeSpotify {
    /// A double that serves `library` in the shape of `mode`.
    pub fn start(library: Library, mode: Mode) -> Self {
        Self::start_at(ANY_LOOPBACK_PORT, library, mode).expect("a loopback port is free")
    }

    /// The same at an address of one's choice; port 0 is any free one.
    pub fn start_at(at: SocketAddr, library: Library, mode: Mode) -> std::io::Result<Self> {
        let shared = Arc::new(Shared(Mutex::new(State::new(library, mode))));
        let server = Server::start_at(at, &shared)?;
        Ok(Self { shared, server })
    }

    /// A double that serves recorded bodies under their own paths, in pages of what was asked for; a page without its
    /// playlist gets one around it.
    pub fn start_with_documents(documents: &[(String, String)], mode: Mode) -> Self {
        let library = Library { recorded: Recorded::new(documents), ..Library::new("recorder") };
        Self::start(library, mode)
    }

    /// Base URL of the Web API, without a slash at its end.
    pub fn api_url(&self) -> String {
        format!("http://{}/v1", self.server.address)
    }

    /// Base URL of the accounts service, without a slash at its end.
    pub fn accounts_url(&self) -> String {
        format!("http://{}/accounts", self.server.address)
    }

    /// Changes what Spotify knows, between any two calls.
    pub fn mutate<T>(&self, change: impl FnOnce(&mut Library) -> T) -> T {
        change(&mut self.state().library)
    }

    /// What Spotify knows now.
    pub fn library(&self) -> Library {
        self.state().library.clone()
    }

    /// Lets the next `times` calls that fit go wrong; of several scripts the one written first is used up first.
    pub fn script(&self, when: When, times: usize, fault: Fault) {
        self.state().scripts.push(Script { when, times, fault });
    }

    /// Lets a bucket of the quota give `calls` more answers; then it is locked for so many seconds. `None`: it is locked until
    /// `unlock`, and nobody is told for how long.
    pub fn limit(&self, bucket: &'static str, calls: usize, retry_after: Option<u64>) {
        self.state().quotas.insert(bucket, Quota { left: calls, retry_after });
    }

    /// Lifts every lockout and limit.
    pub fn unlock(&self) {
        let mut state = self.state();
        state.quotas.clear();
        state.penalties.clear();
    }

    /// Data calls of a bucket since the start or `clear_log`.
    pub fn bucket_count(&self, bucket: &str) -> usize {
        let state = self.state();
        let calls = state.log.iter().filter(|call| call.path.starts_with("/v1/"));
        calls.filter(|call| bucket::of(&call.method, &call.path) == bucket).count()
    }

    /// How many scripted faults were never used.
    pub fn unused_faults(&self) -> usize {
        self.state().scripts.iter().map(|script| script.times).sum()
    }

    /// Every request since the start or `clear_log`.
    pub fn requests(&self) -> Vec<RequestLog> {
        self.state().log.clone()
    }

    /// Lets everything go right again.
    pub fn drop_scripts(&self) {
        self.state().scripts.clear();
    }

    /// Data calls since the start or `clear_log`; token calls are not counted.
    pub fn api_call_count(&self) -> usize {
        self.state().data_call_count
    }

    /// Requests whose path starts with `path_prefix`, for example `/v1/playlists/` or `/accounts/api/token`.
    pub fn count(&self, path_prefix: &str) -> usize {
        self.state().log.iter().filter(|request| request.path.starts_with(path_prefix)).count()
    }

    /// Forgets requests and starts to count from zero; violations stay.
    pub fn clear_log(&self) {
        let mut state = self.state();
        state.log.clear();
        state.data_call_count = 0;
    }

    /// The playlists that the client made, in their order.
    pub fn made_playlists(&self) -> Vec<crate::library::Playlist> {
        let state = self.state();
        state.made.iter().filter_map(|id| state.library.playlists.get(id).cloned()).collect()
    }

    /// What the client did that Spotify forbids or that we promised not to do.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// For tests that make the client misbehave on purpose.
    pub fn allow_violations(&self) {
        self.state().allows_violations = true;
    }

    /// From now on a second of the double's clock lasts so long; clients under test hurry in the same measure.
    pub fn let_a_second_last(&self, second: Duration) {
        let mut state = self.state();
        let before = state.now();
        state.clock = Clock { started: Instant::now(), before, second };
    }

    /// Every answer takes so long: shorter than the client's patience, long enough to see calls that overlap.
    pub fn let_answers_take(&self, duration: Duration) {
        self.state().answer_duration = duration;
    }

    /// Skips time: penalties end and access tokens do not care.
    pub fn advance_clock(&self, by: Duration) {
        self.state().clock.before += by;
    }

    /// Every access token that was given out is worthless from now on.
    pub fn expire_access_tokens(&self) {
        self.state().tokens.expire_access();
    }

    /// Every login ends: refreshing is `invalid_grant` from now on.
    pub fn revoke_refresh_tokens(&self) {
        self.state().tokens.revoke_refresh();
    }

    /// Each refresh gives a new refresh token and ends the old one.
    pub fn rotate_refresh_tokens(&self) {
        self.state().tokens.rotates = true;
    }

    /// A new run may find out anew that an app in Development Mode cannot ask for several objects at once.
    pub fn forget_refused_batch(&self) {
        self.state().has_refused_batch = false;
    }

    /// The person in the browser says no.
    pub fn deny_logins(&self) {
        self.state().tokens.denies_logins = true;
    }

    /// One more valid refresh token, with the scopes that its user agreed to.
    pub fn add_refresh_token(&self, token: &str, scopes: &str) {
        self.state().tokens.add_refresh(token, scopes);
    }

    /// An access token as a login with `scopes` would give it.
    pub fn issue_access_token(&self, scopes: &str) -> String {
        self.state().tokens.issue_access(Some(scopes))
    }

    /// An access token as client credentials would give it.
    pub fn issue_app_token(&self) -> String {
        self.state().tokens.issue_access(None)
    }

    /// Whether Spotify would refresh with this token.
    pub fn is_refresh_token_valid(&self, token: &str) -> bool {
        self.state().tokens.is_refresh_valid(token)
    }

    /// Every token, code and secret there is, for tests that look for them in output and files.
    pub fn secrets(&self) -> Vec<String> {
        self.state().tokens.secrets()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Drop for FakeSpotify {
    fn drop(&mut self) {
        self.server.stop();
        let (violations, allows) = {
            let state = self.state();
            (state.violations.clone(), state.allows_violations)
        };
        // A test that fails anyway must show its own message.
        if !std::thread::panicking() && !allows {
            assert!(
                violations.is_empty(),
                "Spotify would not have liked this client:\n- {}",
                violations.join("\n- ")
            );
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Shared {
    /// From now until `finished` no other request may come.
    fn started(&self, request: &Request) {
        if !is_data_call(request) {
            return;
        }
        let mut state = self.lock();
        state.data_call_count += 1;
        state.in_flight += 1;
        if state.in_flight > 1 {
            let count = state.in_flight;
            state.violate(format!(
                "{count} requests in flight at once, the last to `{}`",
                request.path
            ));
        }
    }

    fn answer_duration(&self) -> Duration {
        self.lock().answer_duration
    }

    fn answer(&self, request: &Request) -> Answer {
        let mut state = self.lock();
        let is_data_call = is_data_call(request);
        let answer = state.answer(request, is_data_call);
        let is_silent = matches!(answer.delivery, Delivery::Reset | Delivery::Hang);
        let status = if is_silent { 0 } else { answer.status };
        let (method, path, query) =
            (request.method.clone(), request.path.clone(), request.query.clone());
        let at = state.now();
        state.log.push(RequestLog { method, path, query, status, at });
        answer
    }

    fn finished(&self, request: &Request) {
        if is_data_call(request) {
            self.lock().in_flight -= 1;
        }
    }
}

fn is_data_call(request: &Request) -> bool {
    request.path.starts_with("/v1/")
}

impl State {
    fn new(library: Library, mode: Mode) -> Self {
        let mut tokens = Tokens::default();
        tokens.add_refresh(REFRESH_TOKEN, ALL_SCOPES);
        let clock = Clock {
            started: Instant::now(),
            before: Duration::ZERO,
            second: Duration::from_secs(1),
        };
        Self {
            library,
            mode,
            tokens,
            log: Vec::new(),
            violations: Vec::new(),
            allows_violations: false,
            scripts: Vec::new(),
            data_call_count: 0,
            in_flight: 0,
            answer_duration: Duration::ZERO,
            penalties: BTreeMap::new(),
            quotas: BTreeMap::new(),
            has_refused_batch: false,
            made: Vec::new(),
            clock,
        }
    }

    fn answer(&mut self, request: &Request, is_data_call: bool) -> Answer {
        if is_data_call {
            self.check_manners(request);
            if let Some(answer) = self.penalty(request).or_else(|| self.used_up(request)) {
                return answer;
            }
        }
        let right_answer = |state: &mut Self| {
            if is_data_call { state.data_answer(request) } else { state.accounts_answer(request) }
        };
        match self.next_fault(request, is_data_call) {
            Some(fault) => self.struck(fault, request, right_answer),
            None => right_answer(self),
        }
    }

    fn now(&self) -> Duration {
        let seconds =
            self.clock.started.elapsed().as_secs_f64() / self.clock.second.as_secs_f64().max(1e-9);
        self.clock.before + Duration::from_secs_f64(seconds)
    }

    fn violate(&mut self, what: String) {
        self.violations.push(what);
    }
}

/// What an access token is good for.
#[derive(Debug, Clone)]
struct Grant {
    /// `None`: an app without a user.
    scopes: Option<String>,
    is_expired: bool,
    /// The client was told that it is worthless.
    was_refused: bool,
}

/// By access token.
type Grants = BTreeMap<String, Grant>;
