//! What a store may say of a file that it did not keep as it came, and what the upload makes of it: one table.
//!
//! Amazon's S3 repeats our checksum; whoever does not is looked at once, before the manifest vouches for anything.

use std::io::Read;

use snowtrack::lake::{Error, Refusal};

use crate::lake::upload::{Lake, MIB, contents, send, send_with, settings, words};
use crate::support::fake_s3::{FakeS3, Fault, Keeps, Lie, Op, Says};

/// What comes of a lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Well, and the bucket has what was sent.
    Sent,
    /// Well, because the store vouches for what it lacks: only Snowflake's side can tell.
    Vouched,
    /// With the store's word that it holds something else.
    WrongChecksum,
    /// With what was found in the store instead.
    NotKept,
}

/// One lie: told by `op`, by a store that tells (or forgets) checksums when it is looked at.
struct Row {
    op: Op,
    lie: Lie,
    forgets_checksums: bool,
    ends: Ends,
}

fn table() -> Vec<Row> {
    use Ends::{NotKept, Sent, Vouched, WrongChecksum};
    use Keeps::{All, Half, Nothing, Other};
    use Says::{AnotherChecksum, Crc32, NoChecksum, NoPartCount, Ours};
    let row = |op, keeps, says, ends| Row {
        op,
        lie: Lie { keeps, says, status: 200 },
        forgets_checksums: false,
        ends,
    };
    let with = |status, row: Row| Row { lie: Lie { status, ..row.lie }, ..row };
    let forgetful = |row: Row| Row { forgets_checksums: true, ..row };
    vec![
        row(Op::Put, All, Ours, Sent),
        row(Op::Put, All, NoChecksum, Sent),
        row(Op::Put, All, Crc32, Sent),
        row(Op::Put, All, AnotherChecksum, WrongChecksum),
        row(Op::Put, Half, Ours, Vouched),
        row(Op::Put, Half, NoChecksum, NotKept),
        row(Op::Put, Half, Crc32, NotKept),
        row(Op::Put, Half, AnotherChecksum, WrongChecksum),
        row(Op::Put, Other, Ours, Vouched),
        row(Op::Put, Other, NoChecksum, NotKept),
        row(Op::Put, Other, Crc32, NotKept),
        row(Op::Put, Other, AnotherChecksum, WrongChecksum),
        row(Op::Put, Nothing, Ours, Vouched),
        row(Op::Put, Nothing, NoChecksum, NotKept),
        row(Op::Put, Nothing, Crc32, NotKept),
        row(Op::Put, Nothing, AnotherChecksum, WrongChecksum),
        with(201, row(Op::Put, All, NoChecksum, Sent)),
        with(201, row(Op::Put, Half, NoChecksum, NotKept)),
        with(201, row(Op::Put, Nothing, NoChecksum, NotKept)),
        with(202, row(Op::Put, All, NoChecksum, Sent)),
        with(202, row(Op::Put, Half, NoChecksum, NotKept)),
        with(202, row(Op::Put, Nothing, NoChecksum, NotKept)),
        with(204, row(Op::Put, All, NoChecksum, Sent)),
        with(204, row(Op::Put, Half, NoChecksum, NotKept)),
        with(204, row(Op::Put, Nothing, NoChecksum, NotKept)),
        forgetful(row(Op::Put, All, NoChecksum, Sent)),
        forgetful(row(Op::Put, Half, NoChecksum, NotKept)),
        // All that such a store can be asked for is the size and our own claim.
        forgetful(row(Op::Put, Other, NoChecksum, Vouched)),
        forgetful(row(Op::Put, Nothing, NoChecksum, NotKept)),
        row(Op::Complete, All, Ours, Sent),
        row(Op::Complete, All, NoChecksum, Sent),
        row(Op::Complete, All, NoPartCount, Sent),
        row(Op::Complete, All, AnotherChecksum, WrongChecksum),
        row(Op::Complete, Half, NoChecksum, NotKept),
        row(Op::Complete, Half, AnotherChecksum, WrongChecksum),
        row(Op::Complete, Other, NoChecksum, NotKept),
        row(Op::Complete, Nothing, NoChecksum, NotKept),
        forgetful(row(Op::Complete, Half, NoChecksum, NotKept)),
        forgetful(row(Op::Complete, Nothing, NoChecksum, NotKept)),
        row(Op::Part, All, NoChecksum, Sent),
        row(Op::Part, All, AnotherChecksum, WrongChecksum),
    ]
}

fn end_of(error: &Error) -> Option<Ends> {
    match error {
        Error::NotKept { .. } => Some(Ends::NotKept),
        Error::Store { source, .. } if matches!(**source, Refusal::WrongChecksum { .. }) => {
            Some(Ends::WrongChecksum)
        }
        _ => None,
    }
}

#[test]
fn no_manifest_vouches_for_a_file_that_the_store_is_not_known_to_hold() {
    let rows = table();
    assert!(rows.len() >= 37);
    for Row { op, lie, forgets_checksums, ends } in rows {
        let name = format!("{op:?} {lie:?}, forgets checksums: {forgets_checksums}");
        let size_bytes = if op == Op::Put { 70_000 } else { 17 * MIB };
        let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", size_bytes)]));
        if forgets_checksums {
            s3.forget_checksums();
        }
        s3.script(op, 1, 1, Fault::Lie(lie));
        let sent = send(&s3, &lake);
        let key = &lake.files[0].key;
        let is_right = s3.object(key) == std::fs::read(lake.path(key)).ok();
        let has_manifest = s3.keys().contains(&lake.manifest_key);
        match &sent {
            Ok(_) => {
                assert_eq!(if is_right { Ends::Sent } else { Ends::Vouched }, ends, "{name}");
                assert!(has_manifest, "{name}");
            }
            Err(error) => {
                assert_eq!(end_of(error), Some(ends), "{name}: {}", words(error));
                assert!(!has_manifest, "{name}");
                assert_eq!(s3.unfinished(), [""; 0], "{name}");
                // Whoever comes next to a store that is right again sends what is missing, and sees what is wrong.
                let again = send(&s3, &lake);
                match s3.object(key) {
                    Some(_) if is_right => assert!(again.is_ok(), "{name}"),
                    Some(kept) if kept != contents(1, size_bytes) => {
                        assert!(matches!(again, Err(Error::Conflict { .. })), "{name}");
                    }
                    _ => assert!(again.is_ok() && lake.is_in(&s3), "{name}"),
                }
            }
        }
    }
}

#[test]
fn a_store_that_repeats_our_checksum_is_not_asked_again() {
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70_000)]));
    send(&s3, &lake).unwrap();
    assert_eq!(s3.count(Op::Head), 2, "one look for each object before it is sent");
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70_000)]));
    s3.forget_checksums();
    send(&s3, &lake).unwrap();
    assert_eq!(s3.count(Op::Head), 4, "and one after, where it says nothing");
}

#[test]
fn what_was_not_kept_is_told_with_what_is_there_instead() {
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70_000)]));
    s3.script(
        Op::Put,
        1,
        1,
        Fault::Lie(Lie { keeps: Keeps::Half, says: Says::NoChecksum, status: 200 }),
    );
    insta::assert_snapshot!(words(&send(&s3, &lake).unwrap_err()), @"`s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet` does not hold what the store accepted for it: found 35000 bytes, wanted 70000 bytes, sha256 8aa2af78824b2f5cef6684c6fb5f90704e08215c8181d946c851199406083230; is the store, or a proxy before it, losing what it is sent?");
}

#[test]
fn a_store_that_leaves_the_number_of_parts_out_is_understood() {
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("genres", 17 * MIB)]));
    s3.forget_part_counts();
    send(&s3, &lake).unwrap();
    assert_eq!(send(&s3, &lake).unwrap().sent_count(), 0);
    // Other contents of the same size are told apart all the same.
    let other = Lake::new(2, &[("genres", 17 * MIB)]);
    assert!(matches!(send(&s3, &other), Err(Error::Conflict { .. })));
}

#[test]
fn a_conditional_write_may_be_refused_with_304_as_well() {
    for size_bytes in [70_000, 17 * MIB] {
        let op = if size_bytes == 70_000 { Op::Put } else { Op::Complete };
        let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", size_bytes)]));
        s3.plant(&lake.files[0].key, b"somebody else's");
        s3.script(Op::Head, 1, 1, Fault::answer(404, "", ""));
        s3.script(op, 1, usize::MAX, Fault::answer(304, "", ""));
        let error = send(&s3, &lake).unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }), "{}", words(&error));
    }
}

#[test]
fn writes_refused_for_nothing_are_not_called_busy() {
    for status in [304, 409, 412] {
        let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70_000)]));
        s3.script(Op::Put, 1, usize::MAX, Fault::answer(status, "", ""));
        let error = send(&s3, &lake).unwrap_err();
        assert!(!error.is_transient(), "{status}: {}", words(&error));
        assert!(words(&error).contains("If-None-Match"), "{}", words(&error));
        assert!(s3.keys().is_empty());
    }
}

#[test]
fn a_list_of_unfinished_uploads_without_end_is_left_alone() {
    for (moves_on, most) in [(false, 2), (true, 300)] {
        let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("genres", 17 * MIB)]));
        s3.script(Op::ListUploads, 1, usize::MAX, Fault::EndlessList { moves_on });
        send(&s3, &lake).unwrap();
        assert!(lake.is_in(&s3));
        assert_eq!(s3.count(Op::ListUploads), most, "the list moves on: {moves_on}");
    }
}

#[test]
fn a_long_message_of_the_store_is_cut_and_an_endless_one_is_not_read() {
    let long: &'static str = Box::leak("long ".repeat(100_000).into_boxed_str());
    let endless: &'static str = Box::leak("endless ".repeat(2_000_000).into_boxed_str());
    for (message, wanted) in [(long, "long long"), (endless, "longer than 8388608 bytes")] {
        let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70)]));
        s3.script(Op::Put, 1, usize::MAX, Fault::answer(400, "QuotaExceeded", message));
        let told = words(&send(&s3, &lake).unwrap_err());
        assert!(told.contains(wanted) && told.len() < 1_000, "{:.2000}", told);
    }
}

#[test]
fn a_path_in_the_endpoint_stands_before_the_bucket() {
    for path in ["/storage/v1/s3", "/storage/v1/s3/"] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut elsewhere = settings(&FakeS3::start());
        elsewhere.endpoint = Some(format!("http://{}{path}", listener.local_addr().unwrap()));
        let lake = Lake::new(1, &[("songs", 70)]);
        let heard = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = [0; 2_000];
            let length = stream.read(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes[..length]).lines().next().unwrap().to_owned()
        });
        // Nobody answers.
        send_with(&elsewhere, &lake).unwrap_err();
        let heard = heard.join().unwrap();
        assert!(heard.contains(" /storage/v1/s3/lake/p/"), "{heard}");
    }
}

#[test]
fn an_endpoint_that_is_no_address_is_refused_before_any_call() {
    for url in ["s3.example.com", "ftp://s3.example.com", "http://", "https://h/?x=1"] {
        let mut wrong = settings(&FakeS3::start());
        wrong.endpoint = Some(url.to_owned());
        let error = send_with(&wrong, &Lake::new(1, &[("songs", 70)])).unwrap_err();
        assert!(error.is_usage(), "{url}: {}", words(&error));
        assert!(words(&error).contains(&format!("the endpoint `{url}` is no address")), "{url}");
    }
}
