//! `COPY INTO` over HTTP: answered late, asked for again after a kill, refused.

use crate::run::cloud_kills::killed;
use crate::snowflake::proof::assert_verified;
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_snowflake::{Fault, When};

/// `requestId` and whether `retry=true` stood beside it, of every submission of a COPY into a table.
fn submissions(cloud: &Cloud, table: &str) -> Vec<(String, bool)> {
    let into = format!("copy into spotify.raw.{table}\\n").to_ascii_lowercase();
    let requests = cloud.snowflake.requests().into_iter();
    let copies = requests.filter(|it| it.body.to_ascii_lowercase().contains(&into));
    copies
        .map(|it| {
            let id = it.query.split('&').find_map(|pair| pair.strip_prefix("requestId="));
            (id.unwrap().to_owned(), it.query.contains("retry=true"))
        })
        .collect()
}

/// How often a COPY into a table was run, whoever asked for it.
fn run_count(cloud: &Cloud, table: &str) -> usize {
    let into = format!("copy into spotify.raw.{table}\n").to_ascii_lowercase();
    let statements = cloud.snowflake.statements().into_iter();
    statements.filter(|it| it.sql.to_ascii_lowercase().contains(&into)).count()
}

fn copies_into(table: &str) -> When {
    When::Sql(format!("copy into spotify.raw.{table}\\n"))
}

#[test]
fn a_copy_that_is_answered_late_is_waited_for() {
    let cloud = Cloud::small("copy", "parquet");
    cloud.snowflake.script(copies_into("albums"), 1, Fault::Accepted { polls: 2 });
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{report:#}");
    assert_verified(&cloud, &report);
    assert_eq!(cloud.snowflake.unused_faults(), 0);
    assert_eq!(cloud.snowflake.counters().poll_count, 3, "two in vain, and the one that has it");
    assert_eq!((submissions(&cloud, "albums").len(), run_count(&cloud, "albums")), (1, 1));
}

#[test]
fn a_copy_that_is_at_work_when_its_run_is_killed_is_looked_up_and_not_sent_a_second_time() {
    let cloud = Cloud::small("copy", "parquet");
    cloud.snowflake.script(copies_into("songs"), 1, Fault::Accepted { polls: 1 });
    cloud.snowflake.script(When::Handle, 1, Fault::Hang);
    killed(&cloud, &SMALL, cloud.snowflake.hung());
    let (code, report) = cloud.report(&SMALL);
    assert_eq!(code, 0, "{report:#}");
    assert_verified(&cloud, &report);
    let sent = submissions(&cloud, "songs");
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert_eq!((&sent[0].0, sent[0].1), (&sent[1].0, false), "the same id again");
    assert!(sent[1].1, "and marked, so that Snowflake looks it up");
    assert_eq!(run_count(&cloud, "songs"), 1);
    // What was done before the kill is not asked for again.
    assert_eq!(submissions(&cloud, "albums").len(), 1);
}

#[test]
fn a_copy_that_is_asked_for_by_a_later_run_is_still_the_same_one() {
    let cloud = Cloud::small("copy", "parquet");
    cloud.snowflake.script(copies_into("songs"), 1, Fault::HangAfter);
    killed(&cloud, &SMALL, cloud.snowflake.hung());
    // Another run takes the files along; the double would complain of another text under the same id.
    let (code, report) = cloud.report(&[&SMALL[..], &["--full"]].concat());
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["files"].as_array().unwrap().len(), 16, "{report:#}");
    for table in ["songs", "albums", "genres"] {
        assert_eq!(cloud.landed(table), 2, "one of each run: {table}");
        assert_eq!(run_count(&cloud, table), 2, "{table}");
    }
    let sent = submissions(&cloud, "songs");
    assert_eq!(sent.iter().filter(|(id, _)| *id == sent[0].0).count(), 2, "{sent:?}");
}

#[test]
fn a_copy_that_snowflake_refuses_or_gives_up_is_sent_anew_and_not_looked_up() {
    let failed = Fault::Failed {
        code: "003001".to_owned(),
        sql_state: "42501".to_owned(),
        message: "Insufficient privileges to operate on table 'SONGS'".to_owned(),
    };
    for (fault, code, remedy) in [
        (failed, 6, "grant it to the role"),
        (Fault::TimedOut, 8, "Statement reached its statement or warehouse timeout"),
    ] {
        let cloud = Cloud::small("copy", "parquet");
        cloud.snowflake.script(copies_into("songs"), 1, fault.clone());
        let output = cloud.run(&[&["run"], &SMALL[..]].concat());
        assert_eq!(output.status.code(), Some(code), "{fault:?}: {}", text(&output));
        assert!(text(&output).contains(remedy), "{}", text(&output));
        let (code, report) = cloud.report(&SMALL);
        assert_eq!(code, 0, "{fault:?}: {report:#}");
        assert_verified(&cloud, &report);
        let sent = submissions(&cloud, "songs");
        assert!(sent.len() == 2 && sent[0].0 != sent[1].0 && !sent[1].1, "{fault:?}: {sent:?}");
    }
}
