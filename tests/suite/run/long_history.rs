//! A ledger of years: what it remembers is left alone by whoever has something else to do.

use serde_json::{Value, json};

use crate::support::cloud::{Cloud, SMALL};

/// 20,000 more files in 2,000 older runs, all of them proven where the first one was.
const HISTORY: &str = "
    insert into meta.runs
    select runs.* replace (printf('0%025d', n) as run_id, timestamp '2020-01-01' as started_at)
    from (from meta.runs order by run_id limit 1) as runs, range(2000) as old (n);
    insert into meta.files
    select files.* replace (
        printf('0%025d', n // 10) as run_id, printf('old/%05d.parquet', n) as key,
        timestamp '2020-01-01' as updated_at
    )
    from (from meta.files where \"table\" = 'songs') as files, range(20000) as old (n)";

fn keys(files: &Value) -> Vec<&str> {
    files.as_array().unwrap().iter().map(|file| file["key"].as_str().unwrap()).collect()
}

#[test]
fn a_run_after_years_asks_about_its_own_files_and_touches_no_old_one() {
    let cloud = Cloud::small("rest", "parquet");
    assert_eq!(cloud.report(&SMALL).0, 0);
    let ledger = || duckdb::Connection::open(cloud.world.path("data/snowtrack.duckdb")).unwrap();
    ledger().execute_batch(HISTORY).unwrap();
    cloud.snowflake.clear_log();
    let (code, unchanged) = cloud.report(&SMALL);
    assert_eq!((code, &unchanged["files"]), (0, &json!([])), "{unchanged:#}");
    assert_eq!(cloud.snowflake.count(""), 0, "nothing was sent, so nothing is asked");
    let other =
        crate::source::documents::playlist(|song| song["id"] = json!("9aB1cD2eF3gH4iJ5kL6mN7"));
    let other = other.replace("3aB1cD2eF3gH4iJ5kL6mN7", "4aB1cD2eF3gH4iJ5kL6mN7");
    cloud.world.write("other/playlist.json", &other);
    let (code, small) = cloud.report(&["--from-dir", "other"]);
    assert_eq!(code, 0, "{small:#}");
    let own = keys(&small["files"]);
    assert!(!own.is_empty() && own.iter().all(|key| !key.starts_with("old/")), "{small:#}");
    let old: u64 = ledger()
        .query_row(
            "select count(*) from meta.files where key like 'old/%' and state = 'verified' \
                and updated_at = timestamp '2020-01-01'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(old, 20_000);
    let output = cloud.run(&["--json", "status", "--run", &format!("{:026}", 7)]);
    let files: Value = serde_json::from_slice(&output.stdout).unwrap();
    let wanted: Vec<String> = (70..80).map(|n| format!("old/{n:05}.parquet")).collect();
    assert_eq!(keys(&files), wanted);
}
