//! What S3 makes of conditions, and of time.

use snowtrack::lake::{Bucket, Condition, Put, Store};

use crate::lake::upload::{runtime, settings};
use crate::support::fake_s3::{Conditions, FakeS3, Fault, Op};

async fn bucket(s3: &FakeS3) -> Bucket {
    match Store::open(&settings(s3)).await.unwrap() {
        Store::S3(bucket) => bucket,
        Store::Dir => panic!("the settings name a bucket"),
    }
}

async fn write(bucket: &Bucket, text: &str, condition: Condition<'_>) -> Put {
    bucket.write("state/x", text.as_bytes(), condition).await.unwrap().what
}

fn tag(put: Put) -> String {
    match put {
        Put::Done(tag) => tag,
        other => panic!("{other:?}"),
    }
}

/// How the calls of a kind were answered.
fn statuses(s3: &FakeS3, op: Op) -> Vec<u16> {
    s3.calls().iter().filter(|call| call.op == op).map(|call| call.status).collect()
}

#[test]
fn a_condition_is_met_or_nothing_is_written() {
    let s3 = FakeS3::start();
    runtime().block_on(async {
        let bucket = bucket(&s3).await;
        assert_eq!(write(&bucket, "0", Condition::Is("\"0\"")).await, Put::Unmet);
        let first = tag(write(&bucket, "1", Condition::Absent).await);
        assert_eq!(write(&bucket, "2", Condition::Absent).await, Put::Unmet);
        assert_eq!(write(&bucket, "2", Condition::Is("\"0\"")).await, Put::Unmet);
        assert_eq!(s3.object("state/x").as_deref(), Some(&b"1"[..]));
        let second = tag(write(&bucket, "2", Condition::Is(&first)).await);
        assert_eq!(write(&bucket, "3", Condition::Is(&first)).await, Put::Unmet);
        let found = bucket.read("state/x").await.unwrap().what.unwrap();
        assert_eq!((found.bytes.as_slice(), &found.tag), (&b"2"[..], &second));
        bucket.delete("state/x").await.unwrap();
        bucket.delete("state/x").await.unwrap();
        assert_eq!(bucket.read("state/x").await.unwrap().what, None);
    });
    assert_eq!(statuses(&s3, Op::Put), [404, 200, 412, 412, 200, 412]);
}

#[test]
fn of_many_who_replace_the_same_object_one_does() {
    for round in 0..20 {
        let s3 = FakeS3::start();
        runtime().block_on(async {
            let bucket = bucket(&s3).await;
            let first = tag(write(&bucket, "0", Condition::Absent).await);
            let is = Condition::Is(&first);
            s3.gather(Op::Put, 3);
            let writes =
                [write(&bucket, "a", is), write(&bucket, "b", is), write(&bucket, "c", is)];
            let done = futures_util::future::join_all(writes).await;
            let winners = done.iter().filter(|put| matches!(put, Put::Done(_))).count();
            assert_eq!(winners, 1, "round {round}: {done:?}");
        });
    }
}

#[test]
fn a_write_whose_key_is_deleted_meanwhile_is_told_to_try_again() {
    let s3 = FakeS3::start();
    runtime().block_on(async {
        let bucket = bucket(&s3).await;
        s3.gather(Op::Put, 2);
        // The write is there, and waits for the other at the gate.
        let late = async {
            while s3.count(Op::Put) == 0 {
                tokio::task::yield_now().await;
            }
            bucket.delete("state/x").await.unwrap();
            // One lets the write pass, the other its repetition.
            for _ in 0..2 {
                bucket.write("state/y", b"y", Condition::Any).await.unwrap();
            }
        };
        let (put, ()) = tokio::join!(write(&bucket, "1", Condition::Absent), late);
        assert!(matches!(put, Put::Done(_)), "{put:?}");
    });
    let answers = statuses(&s3, Op::Put);
    assert!(answers.contains(&409) && answers.len() == 4, "{answers:?}");
}

#[test]
fn a_store_may_refuse_conditions_or_ignore_them() {
    let s3 = FakeS3::start();
    runtime().block_on(async {
        let bucket = bucket(&s3).await;
        s3.take_conditions(Conditions::Refused);
        assert_eq!(write(&bucket, "1", Condition::Absent).await, Put::Refused);
        assert_eq!(write(&bucket, "1", Condition::Is("\"0\"")).await, Put::Refused);
        tag(write(&bucket, "1", Condition::Any).await);
        s3.take_conditions(Conditions::MatchIgnored);
        assert_eq!(write(&bucket, "2", Condition::Absent).await, Put::Unmet);
        tag(write(&bucket, "2", Condition::Is("\"0\"")).await);
        s3.take_conditions(Conditions::Ignored);
        tag(write(&bucket, "3", Condition::Absent).await);
        assert_eq!(s3.object("state/x").as_deref(), Some(&b"3"[..]));
    });
}

#[test]
fn each_answer_tells_the_servers_time_which_may_be_off() {
    let s3 = FakeS3::start();
    runtime().block_on(async {
        let bucket = bucket(&s3).await;
        let now = bucket.read("state/x").await.unwrap().at.unwrap();
        s3.set_clock_ahead(-3_600);
        let before = write(&bucket, "1", Condition::Absent).await;
        assert!(matches!(before, Put::Done(_)));
        let told = bucket.write("state/x", b"2", Condition::Absent).await.unwrap();
        let behind = (now - told.at.unwrap()).num_seconds();
        assert!((3_500..=3_601).contains(&behind), "{behind}");
        s3.set_clock_ahead(3_600);
        // Told also with a refusal.
        s3.script(
            Op::Get,
            1,
            1,
            Fault::answer(503, "SlowDown", "Please reduce your request rate."),
        );
        let ahead = (bucket.read("state/x").await.unwrap().at.unwrap() - now).num_seconds();
        assert!((3_599..=3_800).contains(&ahead), "{ahead}");
    });
}
