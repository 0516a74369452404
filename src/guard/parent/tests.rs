//! Children that are scripts: what becomes of an answer, whatever a child does.

use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use serde_json::json;

use super::super::Shape;
use super::*;

/// A folder with a script in the place of the binary.
struct Scripted {
    folder: tempfile::TempDir,
    guard: Guard,
}

fn scripted(lines: &str) -> Scripted {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("child");
    // A file that was open for writing a moment ago, in a process that starts others meanwhile, may still be in one of them.
    let text = format!("#!/bin/sh\ncd {}\nread -r question\n{lines}\n", folder.path().display());
    let status = Command::new("sh")
        .args(["-c", "printf '%s' \"$0\" > \"$1\"", &text])
        .arg(&program)
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Scripted { folder, guard: Guard { program } }
}

fn question(timeout_s: u64) -> Question {
    Question {
        file: PathBuf::from("x.duckdb"),
        sql: "select 1".to_owned(),
        parameters: std::collections::BTreeMap::new(),
        shape: Shape::Objects,
        most_rows: Some(2),
        most_bytes: None,
        timeout: Duration::from_secs(timeout_s),
        is_plan: false,
    }
}

const ANSWERED: &str = r#"echo '{"Answered":{"columns":[{"name":"n","type":"INTEGER"}],"row_count":2,"is_truncated":true}}' >&2"#;

#[tokio::test]
async fn an_answer_has_its_rows_its_columns_and_whether_there_are_more() {
    let child = scripted(&format!("echo '{{\"n\":1}}'; echo '{{\"n\":2}}'; {ANSWERED}"));
    let answer = child.guard.ask(&question(30)).await.unwrap();
    assert_eq!(answer.rows, [json!({"n": 1}), json!({"n": 2})]);
    assert_eq!(answer.columns, [Column { name: "n".to_owned(), kind: "INTEGER".to_owned() }]);
    assert!(answer.is_truncated);
}

#[tokio::test]
async fn what_a_child_dies_of_is_told_in_plain_words() {
    let time = Refusal::Time { limit: Duration::from_secs(3) };
    let told = format!("echo '{}' >&2", serde_json::to_string(&Told::Refused(time)).unwrap());
    let cases = [
        ("kill -11 $$", "a crash, signal 11"),
        ("kill -9 $$", "signal 9"),
        ("kill -6 $$", "abort, signal 6"),
        ("echo 'memory allocation of 9 bytes failed' >&2; kill -6 $$", "limit of 256 MB"),
        ("echo 'no such thing' >&2; exit 2", "no such thing"),
        ("exit 0", "it said nothing"),
        (told.as_str(), "its limit of 3 s (`--timeout`)"),
        (&format!("{told}; kill -9 $$"), "its limit of 3 s"),
        (&format!("echo noise >&2; {told}"), "its limit of 3 s"),
        (&format!("echo 'no json'; {ANSWERED}"), "did not do its part"),
    ];
    for (lines, wanted) in cases {
        let refusal = scripted(lines).guard.ask(&question(30)).await.unwrap_err().to_string();
        let limit = warehouse::query_memory_bytes() / 1_000_000;
        let wanted = wanted.replace("256", &limit.to_string());
        assert!(refusal.contains(&wanted), "{lines}: {refusal}");
    }
    let missing = Guard { program: PathBuf::from("/nowhere/snowtrack") };
    let refusal = missing.ask(&question(30)).await.unwrap_err();
    assert!(matches!(refusal, Refusal::NotStarted { .. }), "{refusal}");
}

#[tokio::test]
async fn a_child_that_does_not_end_itself_is_ended() {
    let child = scripted("exec cat");
    let refusal = child.guard.ask(&question(0)).await.unwrap_err();
    assert_eq!(refusal, Refusal::Time { limit: Duration::ZERO });
    let relayed = child.guard.relay(&question(0), &mut Vec::new()).unwrap();
    assert_eq!(relayed, Err(Refusal::Time { limit: Duration::ZERO }));
}

#[tokio::test]
async fn a_question_that_nobody_waits_for_any_more_leaves_no_child() {
    let child = scripted("echo $$ > id.new; mv id.new id; exec cat");
    let written = child.folder.path().join("id");
    let question = question(600);
    let id = tokio::select! {
        answer = child.guard.ask(&question) => panic!("{answer:?}"),
        id = async {
            loop {
                match std::fs::read_to_string(&written) {
                    Ok(id) => break id,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        } => id,
    };
    assert!(!Path::new("/proc").join(id.trim()).exists(), "{id} is still there");
}

#[tokio::test]
async fn questions_do_not_wait_for_each_other() {
    // Each opens the pipe only once the other does.
    let pipe = tempfile::tempdir().unwrap();
    let path = pipe.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let path = path.display();
    let one = scripted(&format!("echo '{{\"n\":7}}' > {path}; {ANSWERED}"));
    let other = scripted(&format!("cat {path}; {ANSWERED}"));
    let question = question(60);
    let (one, other) = tokio::join!(one.guard.ask(&question), other.guard.ask(&question));
    assert_eq!((one.unwrap().rows, other.unwrap().rows), (vec![], vec![json!({"n": 7})]));
}

#[tokio::test]
async fn views_that_are_too_much_together_are_counted_each_by_itself() {
    let memory = Told::Refused(Refusal::Memory { limit_bytes: 256_000_000 });
    let refused = format!("echo '{}' >&2", serde_json::to_string(&memory).unwrap());
    let row = |table, kind| {
        format!(r#"echo '{{"schema":"s","table":"{table}","kind":"{kind}","row_count":null}}'"#)
    };
    let listed = [row("a", "view"), row("huge", "view"), row("t", "table"), row("z", "view")];
    let lines = format!(
        r#"case "$question" in
        *duckdb_tables*) {}; {ANSWERED} ;;
        *union*|*huge*) {refused} ;;
        *) echo '{{"place":0,"row_count":7}}'; {ANSWERED} ;;
        esac"#,
        listed.join("; ")
    );
    let listed = scripted(&lines).guard.tables(&question(30)).await.unwrap();
    let counts = listed.iter().map(|it| (it.table.as_str(), it.row_count));
    let wanted = [("a", Some(7)), ("huge", None), ("t", Some(7)), ("z", Some(7))];
    assert_eq!(counts.collect::<Vec<_>>(), wanted);
}

/// Takes so many bytes and then no more.
struct Leaving {
    taken: usize,
    most: usize,
}

impl Write for Leaving {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.most < self.taken + bytes.len() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.taken += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn rows_are_handed_on_as_they_come_and_a_small_result_is_whole_or_not_at_all() {
    let mut output = Vec::new();
    let child = scripted(&format!("echo a,b; echo 1,2; {ANSWERED}"));
    assert!(child.guard.relay(&question(30), &mut output).unwrap().is_ok());
    assert_eq!(output, b"a,b\n1,2\n");
    // The error comes behind a row.
    let child = scripted("echo a,b; echo 1,2; exit 2");
    let mut output = Vec::new();
    assert!(child.guard.relay(&question(30), &mut output).unwrap().is_err());
    assert_eq!(output, b"");
    // One that writes without end is ended with its reader.
    let child = scripted("exec cat /dev/zero");
    let begun = Instant::now();
    let error = child.guard.relay(&question(600), &mut Leaving { taken: 0, most: 10 << 20 });
    assert_eq!(error.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert!(begun.elapsed() < Duration::from_secs(60));
}
