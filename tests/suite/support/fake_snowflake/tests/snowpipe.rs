//! Rules 20 to 25: pipes, loads and what is told of them.

use serde_json::json;

use super::rig::{PREFIX, Rig, songs};

#[tokio::test]
async fn a_file_is_queued_then_loaded_then_reported() {
    let rig = Rig::new();
    rig.put_parquet(&format!("{PREFIX}a.parquet"), &songs(3));
    let queued = rig.insert_files(&["a.parquet"]).await;
    assert_eq!((queued.status, &queued.body["responseCode"]), (200, &json!("SUCCESS")));
    let report = rig.report().await;
    assert_eq!(report.status, 200);
    let file = &report.body["files"][0];
    assert_eq!(file["path"], "a.parquet");
    assert_eq!(file["stageLocation"], "s3://lake/spotify-data/raw/songs/");
    assert_eq!((&file["status"], &file["rowsInserted"]), (&json!("LOADED"), &json!(3)), "{file}");
    assert_eq!(rig.snowflake.row_count("SPOTIFY.RAW.SONGS"), 3);
}
