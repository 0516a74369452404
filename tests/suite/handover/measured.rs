//! What a run moves for a ledger of 200 MB and of 2 GB, with news and without: the figures of `docs/operator.md`.
//!
//! `SNOWTRACK_LEDGER_MB=200,2000 cargo test --test suite -- --ignored --nocapture handover::measured`

use std::time::Instant;

use crate::handover::between_machines::Fleet;
use crate::support::cloud::text;

/// Rows of history as Spotify gives them: 1.6 KB of JSON, of which ids, names and addresses differ.
const HISTORY: &str = r#"
insert into raw.items
with random as (
    select i, substr(md5(concat('t', i, '#')), 1, 22) as t, substr(md5(concat('a', i // 9, '#')), 1, 22) as a,
        substr(md5(concat('b', i // 3, '#')), 1, 22) as b, md5(concat('x', i // 3)) as x, md5(concat('y', i // 3)) as y
    from range(?, ?) as numbers (i)
)
select i + 1000000, '{"album":{"album_type":"album","artists":[{"external_urls":{"spotify":"https://open.spotify.com/artist/' || a
    || '"},"href":"https://api.spotify.com/v1/artists/' || a || '","id":"' || a || '","name":"Artist ' || (hash(a) % 999983) || '","type":"artist","uri":"spotify:artist:'
    || a || '"}],"external_urls":{"spotify":"https://open.spotify.com/album/' || b || '"},"href":"https://api.spotify.com/v1/albums/' || b
    || '","id":"' || b || '","images":[{"height":640,"url":"https://i.scdn.co/image/ab67616d0000b273' || x || '","width":640},{"height":300,"url":"https://i.scdn.co/image/ab67616d00001e02'
    || x || '","width":300},{"height":64,"url":"https://i.scdn.co/image/ab67616d00004851' || y || '","width":64}],"name":"Album ' || (hash(b) % 99999989)
    || '","release_date":"' || (1960 + i % 60) || '-0' || (1 + i % 9) || '-1' || (i % 10) || '","release_date_precision":"day","total_tracks":' || (i % 30)
    || ',"type":"album","uri":"spotify:album:' || b || '"},"artists":[{"external_urls":{"spotify":"https://open.spotify.com/artist/' || a
    || '"},"href":"https://api.spotify.com/v1/artists/' || a || '","id":"' || a || '","name":"Artist ' || (hash(a) % 999983) || '","type":"artist","uri":"spotify:artist:' || a
    || '"}],"disc_number":1,"duration_ms":' || (hash(t) % 400000) || ',"episode":false,"explicit":false,"external_urls":{"spotify":"https://open.spotify.com/track/' || t
    || '"},"href":"https://api.spotify.com/v1/tracks/' || t || '","id":"' || t || '","is_local":false,"name":"Song ' || (hash(x || t) % 99999989)
    || '","track":true,"track_number":' || (i % 20) || ',"type":"track","uri":"spotify:track:' || t || '"}'
from random
"#;

/// The same for sizes that would take too long to reach so: what DuckDB has compressed is as good as random.
const FILLING: &str = "insert into raw.items select i + 1000000, \
    array_to_string(list_transform(range(20), lambda k: md5(concat(k, '#', i))), '')
    from range(?, ?) as numbers (i)";

#[test]
#[ignore = "takes minutes and gigabytes: for the figures in docs/operator.md"]
fn what_a_run_moves() {
    #[expect(clippy::disallowed_methods, reason = "a measurement is told what to measure")]
    let sizes = std::env::var("SNOWTRACK_LEDGER_MB").unwrap_or("200".to_owned());
    for megabytes in sizes.split(',').map(|it| it.parse::<u64>().unwrap()) {
        let mut fleet = Fleet::new();
        assert_eq!(fleet.report().0, 0);
        let path = fleet.cloud.world.path("data/snowtrack.duckdb");
        let mut rows = 0;
        while std::fs::metadata(&path).unwrap().len() < megabytes * 1_000_000 {
            let connection = duckdb::Connection::open(&path).unwrap();
            let (sql, count) =
                if megabytes < 500 { (HISTORY, 100_000) } else { (FILLING, 500_000) };
            connection.execute(sql, [rows, rows + count]).unwrap();
            rows += count;
            drop(connection);
        }
        let size = std::fs::metadata(&path).unwrap().len();
        println!("ledger of {} MB, {rows} rows of history", size / 1_000_000);
        for level in [1, 3, 6] {
            let began = Instant::now();
            let file = std::fs::File::open(&path).unwrap();
            let mut sum = Counter(0);
            zstd::stream::copy_encode(file, &mut sum, level).unwrap();
            println!(
                "  zstd {level}: {} MB in {:.1} s",
                sum.0 / 1_000_000,
                began.elapsed().as_secs_f64()
            );
        }
        for (what, has_news, is_fresh) in [
            ("news, the ledger is here", true, false),
            ("no news, the ledger is here", false, false),
            ("news, on a fresh machine", true, true),
            ("no news, on a fresh machine", false, true),
        ] {
            if is_fresh {
                fleet.next_machine();
            }
            if has_news {
                fleet.next_night();
            }
            fleet.cloud.s3.clear_log();
            let began = Instant::now();
            let output = fleet.run(&["run", "--from-dir", "in"]);
            assert_eq!(output.status.code(), Some(0), "{}", text(&output));
            let seconds = began.elapsed().as_secs_f64();
            let calls = fleet.cloud.s3.calls();
            let of_state = || calls.iter().filter(|call| call.key.starts_with("state/"));
            let sent: usize = of_state().map(|call| call.size_bytes).sum();
            let current = fleet.object("current.json");
            println!(
                "  {what}: {seconds:.1} s; {} calls, {} MB sent; the last save took {} ms",
                of_state().count(),
                sent / 1_000_000,
                current["saved_in_ms"]
            );
        }
    }
}

struct Counter(u64);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
