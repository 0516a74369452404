//! What a fetch costs the ledger, by DuckDB's own log of statements.

use super::depth::Ahead;
use super::reading::Fetch;
use super::*;
use crate::ids::{PlaylistId, Subject};
use crate::retry::RetryPolicy;
use crate::sources::{Credentials, Document, Entity, SplitDocument, SpotifyTiming, TokenFile};
use crate::stop::Stop;
use crate::warehouse::{ArrivedPage, Described, KnownReads, NewRead, ReadStatus, Warehouse};

const SNAPSHOT: &str = "s1";

fn epoch() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn id(n: usize) -> PlaylistId {
    format!("{n:022}").parse().unwrap()
}

/// Lands a complete read of an empty playlist, as an earlier run did.
fn land(warehouse: &Warehouse, playlist_id: &PlaylistId) {
    let document = Document {
        entity: Entity::Playlist,
        subject: Subject::Playlist(playlist_id.clone()),
        url: format!("/playlists/{playlist_id}"),
        fetched_at: epoch(),
        etag: None,
        body: format!(
            r#"{{"id":"{playlist_id}","snapshot_id":"{SNAPSHOT}","items":{{"items":[],"offset":0,"total":0,"limit":100}}}}"#
        ),
    };
    let split = SplitDocument::of(document.entity, &document.body, &document.parts().unwrap());
    let read = NewRead { run_id: "earlier", subject: &document.subject, now: epoch() };
    let described = Described { snapshot_id: Some(SNAPSHOT.to_owned()), total: Some(0) };
    let page = ArrivedPage { read, read_id: None, document: &document, split, described };
    let read_id = warehouse.page_arrived(page).unwrap();
    warehouse.read_ended(read_id, ReadStatus::Complete, epoch()).unwrap();
}

/// How many statements a fetch of so many unchanged playlists makes.
fn statement_count(playlist_count: usize) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.duckdb");
    let mut warehouse = Warehouse::open(&path, folder.path()).unwrap();
    (0..playlist_count).for_each(|n| land(&warehouse, &id(n)));
    warehouse.land_pages().unwrap();
    let credentials = Credentials {
        client_id: String::new(),
        client_secret: None,
        refresh_token: None,
        token_file: TokenFile(folder.path().join("token")),
        accounts_url: String::new(),
    };
    // Nobody listens there, and nobody is asked.
    let (api_url, tiny) = ("http://127.0.0.1:9/v1", std::time::Duration::from_millis(1));
    let retry = RetryPolicy { max_retries: 0, first_delay: tiny, max_delay: tiny };
    let timing = SpotifyTiming {
        call: crate::http::CallTiming { retry, ..SpotifyTiming::default().call },
        ..SpotifyTiming::default()
    };
    let mut client = Client::new(api_url, credentials, timing, epoch).unwrap();
    warehouse.connection().execute_batch("call enable_logging('QueryLog')").unwrap();
    let mut fetch = Fetch {
        state: None,
        warehouse: &mut warehouse,
        client: &mut client,
        account: String::new(),
        run_id: "later".to_owned(),
        recorder: None,
        refetch: false,
        refetch_before: None,
        clock: epoch,
        stop: &Stop::default(),
        events: &|_| {},
        unusable: 0,
        lack: None,
        titles: Default::default(),
        known: KnownReads::default(),
        ahead: Ahead::default(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        fetch.look_up_reads().unwrap();
        for n in 0..playlist_count {
            let report = fetch.playlist(&id(n), Some(SNAPSHOT)).await.unwrap();
            assert_eq!(report.status, crate::status::PlaylistStatus::Unchanged);
        }
    });
    let sql =
        "select count(*) from duckdb_logs where type = 'QueryLog' and message like '%meta.reads%'";
    warehouse.connection().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn unchanged_playlists_cost_as_many_statements_however_many_they_are() {
    let of_two = statement_count(2);
    assert!((1..=4).contains(&of_two), "{of_two}");
    assert_eq!(statement_count(40), of_two);
}
