use proptest::prelude::*;

use super::*;
use crate::snowflake::api::LoadStatus;
use crate::snowflake::proof::verification::Outcome;

const KEY: &str = "p/raw/songs/year=2026/month=01/day=05/songs_20260105_060708_R.parquet";
const PATH: &str = "year=2026/month=01/day=05/songs_20260105_060708_R.parquet";
/// Beyond 64 bits, as the sum of a dozen hashes is.
const SUM: &str = "123456789012345678901";

fn file() -> ExportedFile {
    ExportedFile {
        table: Table::Songs,
        key: KEY.to_owned(),
        row_count: 12,
        size_bytes: 1,
        sha256: String::new(),
        row_hash_sum: SUM.to_owned(),
    }
}

fn landed(
    row_count: u64,
    distinct_row_count: u64,
    row_hash_sum: &str,
    content_hash_sum: &str,
) -> Answer<Vec<Landed>> {
    Answer::Given(vec![Landed {
        key: KEY.to_owned(),
        row_count,
        distinct_row_count,
        right_hash_count: row_count,
        right_origin_count: row_count,
        row_hash_sum: row_hash_sum.to_owned(),
        content_hash_sum: content_hash_sum.to_owned(),
    }])
}

/// The file as it was sent, but for this.
fn all_but(change: impl Fn(&mut Landed)) -> Answer<Vec<Landed>> {
    let Answer::Given(mut rows) = landed(12, 12, SUM, SUM) else { unreachable!() };
    rows.iter_mut().for_each(change);
    Answer::Given(rows)
}

fn report(status: LoadStatus, inserted_row_count: Option<u64>) -> FileReport {
    FileReport {
        path: PATH.to_owned(),
        stage_location: Some("s3://lake/p/raw/songs/".to_owned()),
        received_at: None,
        inserted_at: None,
        inserted_row_count,
        parsed_row_count: inserted_row_count,
        error_count: 0,
        first_error: None,
        first_error_line: None,
        first_error_column: None,
        system_error: None,
        is_complete: status != LoadStatus::InProgress,
        status,
    }
}

fn failed() -> FileReport {
    FileReport {
        error_count: 2,
        first_error: Some("NULL result in a non-nullable column.".to_owned()),
        first_error_line: Some(3),
        first_error_column: Some("ID".to_owned()),
        ..report(LoadStatus::Failed, Some(0))
    }
}

fn pipe(health: Health) -> Answer<PipeHealth> {
    Answer::Given(PipeHealth {
        pipe: "DB.RAW.P".to_owned(),
        health,
        reason: "SOMEHOW".to_owned(),
        remedy: "mend it".to_owned(),
        statements: Vec::new(),
    })
}

fn unknown<T>(why: &str) -> Answer<T> {
    Answer::Unknown(why.to_owned())
}

/// What was asked and answered with nothing.
fn silent() -> Evidence {
    Evidence {
        reports: Answer::Given(Vec::new()),
        history: Answer::Given(Vec::new()),
        landed: Answer::Given(Vec::new()),
        pipe: pipe(Health::Ok),
        ..Evidence::default()
    }
}

fn with_report(report: FileReport) -> Evidence {
    Evidence { reports: Answer::Given(vec![report]), ..silent() }
}

fn with_history(report: FileReport) -> Evidence {
    Evidence { history: Answer::Given(vec![report]), ..silent() }
}

fn judge_one(evidence: Evidence) -> (FileVerdict, Outcome) {
    let mut verification = verify(&[file()], &[(Table::Songs, evidence)].into());
    (verification.files.remove(0), verification.outcome)
}

/// What a run of one file comes to.
const fn of_one(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Verified => Outcome::Verified,
        Verdict::Pending => Outcome::Pending,
        Verdict::Failed => Outcome::Refused,
        Verdict::Mismatch => Outcome::Mismatch,
    }
}

#[test]
fn a_row_beside_anothers_hash_or_of_another_run_or_time_is_wrong() {
    let cases = [
        (all_but(|it| it.right_hash_count = 10), Verdict::Mismatch, "only 10 beside their own"),
        (all_but(|it| it.right_origin_count = 11), Verdict::Mismatch, "only 11 with the RUN_ID"),
        (all_but(|it| it.right_hash_count = 13), Verdict::Pending, "cannot be"),
        (all_but(|it| it.right_origin_count = 13), Verdict::Pending, "cannot be"),
    ];
    for (landed, verdict, part) in cases {
        let (found, outcome) = judge_one(Evidence { landed, ..silent() });
        assert_eq!((found.verdict, outcome), (verdict, of_one(verdict)), "{}", found.reason);
        assert!(found.reason.contains(part), "{}", found.reason);
    }
}

#[test]
fn what_the_table_holds_decides() {
    let full = landed(12, 12, SUM, SUM);
    let other = "123456789012345678902";
    // Landed, what Snowflake reports, verdict, a part of the reason.
    let cases = [
        (full.clone(), silent(), Verdict::Verified, "all 12 rows are in"),
        // The table outweighs whatever else is said.
        (full.clone(), with_report(failed()), Verdict::Verified, "all 12 rows are in"),
        (
            full.clone(),
            with_report(report(LoadStatus::InProgress, None)),
            Verdict::Verified,
            "all 12 rows",
        ),
        (landed(24, 12, SUM, SUM), silent(), Verdict::Mismatch, "loaded more than once"),
        (landed(12, 6, SUM, SUM), silent(), Verdict::Mismatch, "loaded more than once"),
        (
            landed(13, 13, SUM, SUM),
            silent(),
            Verdict::Mismatch,
            "holds 13 rows of it, 12 were sent",
        ),
        (
            landed(12, 12, other, SUM),
            silent(),
            Verdict::Mismatch,
            "sum to 123456789012345678902, sent was 123456789012345678901",
        ),
        (
            landed(12, 12, SUM, other),
            silent(),
            Verdict::Mismatch,
            "changed contents: hashed anew they sum to 123456789012345678902, sent was 123456789012345678901",
        ),
        (landed(12, 12, "", ""), silent(), Verdict::Mismatch, "not the ones sent"),
        // Part of it.
        (landed(5, 5, "1", "1"), silent(), Verdict::Pending, "holds 5 of its 12 rows"),
        (
            landed(5, 5, "1", "1"),
            with_report(report(LoadStatus::InProgress, Some(5))),
            Verdict::Pending,
            "comes in parts",
        ),
        (
            landed(5, 5, "1", "1"),
            with_report(report(LoadStatus::Loaded, Some(12))),
            Verdict::Mismatch,
            "Snowflake says that it is loaded",
        ),
        (
            landed(5, 5, "1", "1"),
            with_history(report(LoadStatus::Partial, Some(5))),
            Verdict::Mismatch,
            "the others were refused",
        ),
        (
            landed(5, 5, "1", "1"),
            with_history(failed()),
            Verdict::Failed,
            "NULL result in a non-nullable column (line 3, column ID, the first of 2 errors)",
        ),
    ];
    for (landed, evidence, verdict, reason) in cases {
        let (found, outcome) = judge_one(Evidence { landed, ..evidence });
        assert_eq!(found.verdict, verdict, "{found:?}");
        assert!(found.reason.contains(reason), "{}", found.reason);
        assert_eq!(found.next_step.is_empty(), verdict == Verdict::Verified);
        assert_eq!(outcome, of_one(verdict));
    }
}

#[test]
fn of_a_file_that_is_not_there_only_what_is_certain_is_said() {
    let skipped = Evidence { skipped_paths: vec![PATH.to_owned()], ..silent() };
    let unmatched = Evidence { unmatched_paths: vec![PATH.to_owned()], ..silent() };
    let failed_before = Evidence {
        found_before: [(file().key, Found::Failed("Snowflake refused it: NULL result".to_owned()))]
            .into(),
        ..silent()
    };
    let forgotten = Evidence { forgotten_keys: [file().key].into(), ..silent() };
    let other = LoadStatus::Other("Load skipped".to_owned());
    let strange = LoadStatus::Other("LOAD_DREAMT".to_owned());
    let system = FileReport {
        system_error: Some("Access Denied".to_owned()),
        ..report(LoadStatus::Failed, None)
    };
    let unasked = Evidence {
        reports: unknown("the token was refused"),
        history: unknown("no warehouse"),
        ..silent()
    };
    let cases = [
        (silent(), Verdict::Pending, "Snowpipe does not report it (or no longer"),
        (
            unasked,
            Verdict::Pending,
            "not known: the token was refused; the copy history is not known: no warehouse",
        ),
        (skipped, Verdict::Pending, "knew the path already"),
        (failed_before.clone(), Verdict::Failed, "refused it: NULL result"),
        // Somebody is at it again.
        (
            Evidence {
                reports: Answer::Given(vec![report(LoadStatus::InProgress, None)]),
                ..failed_before
            },
            Verdict::Pending,
            "being loaded",
        ),
        (forgotten.clone(), Verdict::Failed, "no pipe remembers it"),
        // A pipe that stands may have it in its queue yet.
        (
            Evidence { pipe: pipe(Health::Warn), ..forgotten },
            Verdict::Pending,
            "its pipe `DB.RAW.P` is",
        ),
        (unmatched, Verdict::Failed, "does not match the pipe's PATTERN"),
        (with_report(report(LoadStatus::InProgress, None)), Verdict::Pending, "being loaded"),
        (
            with_report(failed()),
            Verdict::Failed,
            "NULL result in a non-nullable column (line 3, column ID",
        ),
        (with_history(failed()), Verdict::Failed, "NULL result"),
        (with_report(system), Verdict::Failed, "refused it: Access Denied"),
        (with_history(report(other, None)), Verdict::Failed, "gives no reason"),
        (with_history(report(strange, None)), Verdict::Pending, "calls its state `LOAD_DREAMT`"),
        (
            with_report(report(LoadStatus::Loaded, Some(12))),
            Verdict::Mismatch,
            "says that it loaded 12 rows of it, but `songs` holds none",
        ),
        (with_report(report(LoadStatus::Loaded, Some(0))), Verdict::Mismatch, "holds none"),
        (with_history(report(LoadStatus::Partial, Some(3))), Verdict::Mismatch, "holds none"),
    ];
    for (evidence, verdict, reason) in cases {
        let (found, _) = judge_one(evidence);
        assert_eq!(found.verdict, verdict, "{found:?}");
        assert!(found.reason.contains(reason), "{}", found.reason);
        assert!(!found.next_step.is_empty());
    }
}

#[test]
fn what_was_proven_once_is_not_forgotten_when_everybody_else_has() {
    let at = "2026-01-05T06:07:08Z".parse().unwrap();
    let proven = |evidence| Evidence {
        found_before: [(KEY.into(), Found::Verified(at))].into(),
        ..evidence
    };
    let wrong = |evidence| Evidence {
        found_before: [(KEY.into(), Found::Mismatch("one row too many".to_owned()))].into(),
        ..evidence
    };
    let of_table = |landed| Evidence { landed, ..silent() };
    let full = || of_table(landed(12, 12, SUM, SUM));
    let half = || of_table(landed(5, 5, "1", "1"));
    let unasked = || of_table(unknown("no warehouse"));
    let cases = [
        (proven(full()), Verdict::Verified, "all 12 rows"),
        (
            proven(silent()),
            Verdict::Mismatch,
            "holds none of its 12 rows, and held all of them on 2026-01-05 06:07:08 UTC",
        ),
        (proven(half()), Verdict::Mismatch, "holds 5 of its 12 rows, and held all of them"),
        // What cannot be asked now may be so still.
        (proven(unasked()), Verdict::Pending, "no warehouse"),
        (wrong(full()), Verdict::Verified, "all 12 rows"),
        (wrong(silent()), Verdict::Mismatch, "one row too many"),
        (wrong(unasked()), Verdict::Mismatch, "one row too many"),
    ];
    for (evidence, verdict, reason) in cases {
        let (found, _) = judge_one(evidence);
        assert_eq!(found.verdict, verdict, "{found:?}");
        assert!(found.reason.contains(reason), "{}", found.reason);
    }
}

#[test]
fn what_differs_and_was_not_confirmed_is_not_known() {
    let other = "123456789012345678902";
    let changed = Evidence { landed: landed(12, 12, SUM, other), ..silent() };
    let doubtful = |evidence| Evidence { is_unconfirmed: true, ..evidence };
    assert_eq!(judge_one(changed.clone()).0.verdict, Verdict::Mismatch);
    let (found, outcome) = judge_one(doubtful(changed.clone()));
    assert_eq!((found.verdict, outcome), (Verdict::Pending, Outcome::Pending), "{found:?}");
    // It was confirmed once, and nothing says that it was mended.
    let known = [(KEY.to_owned(), Found::Mismatch(String::new()))].into();
    let again = doubtful(Evidence { found_before: known, ..changed });
    assert_eq!(judge_one(again).0.verdict, Verdict::Mismatch);
    let right = Evidence { landed: landed(12, 12, SUM, SUM), ..silent() };
    assert_eq!(judge_one(doubtful(right)).0.verdict, Verdict::Verified);
}

#[test]
fn what_was_replaced_counts_neither_for_nor_against() {
    let other = ExportedFile { key: KEY.replace("_R.", "_S."), ..file() };
    let rows = match landed(12, 12, SUM, SUM) {
        Answer::Given(rows) => rows.into_iter().map(|row| Landed { key: other.key.clone(), ..row }),
        Answer::Unknown(why) => panic!("{why}"),
    };
    let evidence = Evidence { landed: Answer::Given(rows.collect()), ..with_report(failed()) };
    let found = verify(&[file(), other.clone()], &[(Table::Songs, evidence)].into());
    assert_eq!((found.outcome, found.worst().unwrap().key.as_str()), (Outcome::Refused, KEY));
    let left = found.without(&[KEY.to_owned()].into());
    assert_eq!((left.outcome, left.files.len()), (Outcome::Verified, 1));
    assert!(
        left.worst().is_none() && left.reason.starts_with("the one file is in"),
        "{}",
        left.reason
    );
}

#[test]
fn without_the_table_nothing_is_verified_but_what_is_wrong_still_is() {
    let cases = [
        (silent(), Verdict::Pending),
        (with_report(report(LoadStatus::Loaded, Some(12))), Verdict::Pending),
        (with_report(report(LoadStatus::Loaded, None)), Verdict::Pending),
        (with_report(report(LoadStatus::Loaded, Some(11))), Verdict::Mismatch),
        (with_report(report(LoadStatus::Partial, Some(11))), Verdict::Mismatch),
        (with_report(report(LoadStatus::InProgress, Some(11))), Verdict::Pending),
        (with_history(failed()), Verdict::Failed),
        (Evidence { unmatched_paths: vec![PATH.to_owned()], ..silent() }, Verdict::Failed),
    ];
    for (evidence, verdict) in cases {
        let landed = unknown("warehouse `SPOTIFY_WH` is suspended");
        let (found, _) = judge_one(Evidence { landed, ..evidence });
        assert_eq!(found.verdict, verdict, "{found:?}");
        if verdict == Verdict::Pending && !found.reason.contains("being loaded") {
            assert!(found.reason.contains("`SPOTIFY_WH` is suspended"), "{}", found.reason);
        }
    }
    let (found, outcome) = judge_one(Evidence::default());
    assert_eq!((found.verdict, outcome), (Verdict::Pending, Outcome::Pending));
    let nobody_asked = verify(&[file()], &BTreeMap::<Table, Evidence>::new());
    assert_eq!(nobody_asked.outcome, Outcome::Pending);
}

#[test]
fn a_pipe_explains_what_is_pending_and_tells_waiting_from_mending() {
    let cases = [
        (Health::Ok, Outcome::Pending, "`snowtrack verify` asks again"),
        (Health::Warn, Outcome::Pending, "pipe `DB.RAW.P`: mend it"),
        (Health::Fail, Outcome::PipeBroken, "pipe `DB.RAW.P`: mend it"),
    ];
    for (health, outcome, next_step) in cases {
        let (found, ended) = judge_one(Evidence { pipe: pipe(health), ..silent() });
        assert_eq!(ended, outcome);
        assert!(found.next_step.starts_with(next_step), "{}", found.next_step);
        assert_eq!(found.reason.contains("its pipe `DB.RAW.P` is SOMEHOW"), health != Health::Ok);
        // What is there is there, whatever becomes of the pipe.
        let landed = landed(12, 12, SUM, SUM);
        let (found, ended) = judge_one(Evidence { pipe: pipe(health), landed, ..silent() });
        assert_eq!((found.verdict, ended), (Verdict::Verified, Outcome::Verified));
    }
}

#[test]
fn the_last_settled_word_on_a_file_counts() {
    let at = |report: FileReport, hour: u32| FileReport {
        inserted_at: Some(format!("2026-01-05T{hour:02}:00:00Z").parse().unwrap()),
        ..report
    };
    let running = report(LoadStatus::InProgress, None);
    let loaded = report(LoadStatus::Loaded, Some(12));
    let cases = [
        (vec![at(failed(), 1), at(running, 2)], Verdict::Failed),
        (vec![at(failed(), 1), at(loaded.clone(), 2)], Verdict::Mismatch),
        (vec![at(loaded, 1), at(failed(), 2)], Verdict::Failed),
    ];
    for (reports, verdict) in cases {
        let mut turned = reports.clone();
        turned.reverse();
        for reports in [reports, turned] {
            let evidence = Evidence { reports: Answer::Given(reports), ..silent() };
            assert_eq!(judge_one(evidence).0.verdict, verdict);
        }
    }
}

#[test]
fn a_run_is_as_good_as_its_worst_file() {
    let named =
        |table: Table| ExportedFile { table, key: KEY.replace("songs", table.name()), ..file() };
    let good = |table: Table| {
        let Answer::Given(mut rows) = landed(12, 12, SUM, SUM) else { unreachable!() };
        rows[0].key = KEY.replace("songs", table.name());
        Evidence { landed: Answer::Given(rows), ..silent() }
    };
    let fail = |evidence: Evidence, table: Table| Evidence {
        reports: Answer::Given(vec![FileReport {
            path: PATH.replace("songs", table.name()),
            stage_location: None,
            ..failed()
        }]),
        ..evidence
    };
    let files = [named(Table::Albums), named(Table::Songs), named(Table::Genres)];
    let mut evidence: BTreeMap<Table, Evidence> =
        [Table::Albums, Table::Songs, Table::Genres].map(|table| (table, good(table))).into();
    let all = verify(&files, &evidence);
    assert_eq!(all.outcome, Outcome::Verified);
    assert_eq!(all.reason, "all 3 files are in, row by row as they were sent");
    evidence.insert(Table::Songs, silent());
    let pending = verify(&files, &evidence);
    assert_eq!(pending.outcome, Outcome::Pending);
    assert!(pending.reason.starts_with(&format!("2 of 3 files are verified; `{KEY}`: ")));
    evidence.insert(Table::Genres, Evidence { pipe: pipe(Health::Fail), ..silent() });
    let broken = verify(&files, &evidence);
    assert_eq!(broken.outcome, Outcome::PipeBroken);
    evidence.insert(Table::Genres, fail(silent(), Table::Genres));
    let refused = verify(&files, &evidence);
    assert_eq!(refused.outcome, Outcome::Refused);
    let twice = Evidence { landed: landed(24, 12, SUM, SUM), ..silent() };
    evidence.insert(Table::Songs, twice);
    let mismatch = verify(&files, &evidence);
    assert_eq!(mismatch.outcome, Outcome::Mismatch);
    assert!(mismatch.reason.contains("loaded more than once"), "{}", mismatch.reason);
    assert_eq!(verify(&[], &evidence).outcome, Outcome::Verified);
}

/// A repair replaced rows of the file, so that their number says nothing: its table as a whole does.
#[test]
fn a_file_that_was_settled_is_told_by_what_its_table_lacks_and_not_by_its_own_count() {
    let why = "2 rows of `songs` are not in Snowflake as here";
    for found in [landed(9, 9, "1", "1"), landed(24, 12, SUM, SUM), landed(12, 12, SUM, SUM)] {
        let (told, outcome) = judge_one(Evidence {
            landed: found,
            found_in_table: [(KEY.to_owned(), why.to_owned())].into(),
            ..silent()
        });
        assert_eq!((told.reason.as_str(), outcome), (why, Outcome::Mismatch));
        assert!(told.next_step.contains("`snowtrack reconcile songs --repair`"), "{told:?}");
    }
}

#[test]
fn each_different_reason_of_what_is_wrong_is_told_once_and_so_is_what_was_refused() {
    let file_of =
        |table: Table, part: u32| ExportedFile { table, key: format!("{table}_{part}"), ..file() };
    let files = [
        file_of(Table::Songs, 1),
        file_of(Table::Songs, 2),
        file_of(Table::Albums, 1),
        file_of(Table::Genres, 1),
    ];
    let holds = |rows: &[(&str, u64)]| {
        let Answer::Given(row) = landed(12, 12, SUM, SUM) else { unreachable!() };
        let rows = rows.iter().map(|(key, count)| Landed {
            key: (*key).to_owned(),
            row_count: *count,
            distinct_row_count: 12.min(*count),
            ..row[0].clone()
        });
        Evidence { landed: Answer::Given(rows.collect()), ..silent() }
    };
    let refused = FileReport {
        path: "genres_1".to_owned(),
        stage_location: None,
        first_error: Some("NULL result in a non-nullable column.".to_owned()),
        ..report(LoadStatus::Failed, None)
    };
    let evidence: BTreeMap<Table, Evidence> = [
        (Table::Songs, holds(&[("songs_1", 24), ("songs_2", 24)])),
        (Table::Albums, holds(&[("albums_1", 13)])),
        (Table::Genres, Evidence { reports: Answer::Given(vec![refused]), ..holds(&[]) }),
    ]
    .into();
    let told = verify(&files, &evidence);
    insta::assert_snapshot!(told.reason, @"0 of 4 files are verified; wrong in `albums`, `songs` and `genres`; `songs_1` and 1 other: `songs` holds 24 rows of it, 12 different of 12 sent: it was loaded more than once; `albums_1`: `albums` holds 13 rows of it, 12 different of 12 sent: it was loaded more than once; `genres_1`: Snowflake refused it: NULL result in a non-nullable column");
    insta::assert_snapshot!(told.next_step(), @"mend the cause of what was refused (Snowflake refused it: NULL result in a non-nullable column); then `snowtrack reconcile albums songs genres --repair` ships the rows that are missing or differ in new files, and settles these; find the second loader (`snowtrack snowflake plan` shows another pipe on the same folder)");
}

fn any_report() -> impl Strategy<Value = FileReport> {
    let status = prop_oneof![
        Just(LoadStatus::InProgress),
        Just(LoadStatus::Loaded),
        Just(LoadStatus::Failed),
        Just(LoadStatus::Partial),
        Just(LoadStatus::Other("Load skipped".to_owned())),
        Just(LoadStatus::Other("?".to_owned())),
    ];
    (status, proptest::option::of(10_u64..14))
        .prop_map(|(status, inserted)| report(status, inserted))
}

fn any_answer<T: Clone + std::fmt::Debug + 'static>(
    given: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Answer<T>> {
    prop_oneof![Just(Answer::Unknown("why".to_owned())), given.prop_map(Answer::Given)]
}

fn any_landed() -> impl Strategy<Value = Vec<Landed>> {
    let sum = prop_oneof![3 => Just(SUM), 1 => Just("0"), 1 => Just(""), 1 => Just("123456789012345678902")];
    let key = prop_oneof![3 => Just(KEY), 1 => Just("p/raw/songs/other.parquet")];
    let counts = (10_u64..14, 10_u64..14, 10_u64..14, 10_u64..14);
    let row = (key, counts, sum.clone(), sum).prop_map(|(key, counts, sent, held)| Landed {
        key: key.to_owned(),
        row_count: counts.0,
        distinct_row_count: counts.1,
        right_hash_count: counts.2,
        right_origin_count: counts.3,
        row_hash_sum: sent.to_owned(),
        content_hash_sum: held.to_owned(),
    });
    proptest::collection::vec(row, 0..2)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn nothing_but_equal_counts_and_equal_sums_is_verified(
        reports in any_answer(proptest::collection::vec(any_report(), 0..3)),
        history in any_answer(proptest::collection::vec(any_report(), 0..3)),
        landed in any_answer(any_landed()),
        pipe in any_answer(prop_oneof![Just(Health::Ok), Just(Health::Warn), Just(Health::Fail)]),
        is_skipped: bool,
        is_unmatched: bool,
        is_forgotten: bool,
        is_unsubmitted: bool,
        is_landed_old: bool,
    ) {
        let is_proven = matches!(&landed, Answer::Given(rows) if rows.iter().any(|row| {
            row.key == KEY && row.row_count == 12 && row.distinct_row_count == 12
                && row.right_hash_count == 12 && row.right_origin_count == 12
                && row.row_hash_sum == SUM && row.content_hash_sum == SUM
        }));
        let is_absent = matches!(&landed, Answer::Given(rows) if rows.iter().all(|row| row.key != KEY));
        let is_unasked = matches!(landed, Answer::Unknown(_));
        let listed = |is_listed: bool| if is_listed { vec![PATH.to_owned()] } else { Vec::new() };
        let pipe = match pipe {
            Answer::Given(health) => crate::snowflake::proof::verdict::tests::pipe(health),
            Answer::Unknown(why) => Answer::Unknown(why),
        };
        let evidence = Evidence {
            skipped_paths: listed(is_skipped), unmatched_paths: listed(is_unmatched),
            forgotten_keys: is_forgotten.then(|| KEY.to_owned()).into_iter().collect(),
            unsubmitted_keys: is_unsubmitted.then(|| KEY.to_owned()).into_iter().collect(),
            unheard: BTreeMap::new(),
            unannounced: BTreeMap::new(),
            found_before: BTreeMap::new(), found_in_table: BTreeMap::new(), landing_table: String::new(), is_landed_old, is_unconfirmed: false, reports, history, landed, pipe, absent_pipes: BTreeMap::new(),
        };
        let (found, outcome) = judge_one(evidence);
        prop_assert_eq!(found.verdict == Verdict::Verified, is_proven);
        prop_assert_eq!(outcome == Outcome::Verified, is_proven);
        prop_assert!(!found.reason.is_empty());
        prop_assert_eq!(found.next_step.is_empty(), is_proven);
        prop_assert!(!is_unasked || found.verdict != Verdict::Verified);
        // An answer from before the load says nothing of it.
        prop_assert!(!(is_landed_old && is_absent && found.reason.contains("holds none")));
    }
}
