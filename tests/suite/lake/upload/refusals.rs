//! Each refusal has a message of its own, which says what to do and shows no secret.

use std::time::Duration;

use snowtrack::lake::{Error, StoreSettings};

use super::{Lake, send, send_with, settings, timing, words};
use crate::support::fake_s3::{ACCESS_KEY, FakeS3, Fault, Op, SECRET_KEY};

/// What one upload says when `fault` meets each write (or look) of it.
fn refused(op: Op, fault: Fault) -> (String, Error) {
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70)]));
    s3.script(op, 1, usize::MAX, fault);
    told(&s3, send(&s3, &lake).unwrap_err())
}

/// The words of an error, without the port; no secret is in them, nor in what a debugger sees.
fn told(s3: &FakeS3, error: Error) -> (String, Error) {
    let all = format!("{error:?} {error:#?} {}", words(&error));
    for secret in [SECRET_KEY, ACCESS_KEY, "Credential=", "x-amz-security-token"] {
        assert!(!all.contains(secret), "`{secret}` is in {all}");
    }
    (words(&error).replace(&s3.url(), "http://127.0.0.1:PORT"), error)
}

macro_rules! says {
    ($told:expr, @$snapshot:literal) => {
        insta::assert_snapshot!($told.0, @$snapshot)
    };
}

#[test]
fn credentials_are_told_apart() {
    let expired = Fault::answer(400, "ExpiredToken", "The provided token has expired.");
    says!(refused(Op::Put, expired), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: the AWS credentials have expired; renew them (`aws sso login`, or a new session token) and run the same command again");
    let unknown = "The AWS Access Key Id you provided does not exist in our records.";
    says!(refused(Op::Put, Fault::answer(403, "InvalidAccessKeyId", unknown)), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: S3 does not know the access key: it was deleted or switched off, or is another server's; check `AWS_ACCESS_KEY_ID` (and `AWS_SESSION_TOKEN`, which temporary keys need)");

    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70)]));
    let mut wrong = settings(&s3);
    wrong.keys.as_mut().unwrap().secret_access_key = "another-secret".to_owned().into();
    // s3s itself refuses.
    says!(told(&s3, send_with(&wrong, &lake).unwrap_err()), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: S3 refused the signature: the secret key does not belong to the access key or was copied incompletely; check `AWS_SECRET_ACCESS_KEY`");
}

#[test]
fn the_right_region_is_named() {
    let moved = Fault::Answer {
        status: 301,
        code: "PermanentRedirect",
        message: "The bucket you are attempting to access must be addressed using the specified endpoint.",
        headers: vec![("x-amz-bucket-region", "us-west-2")],
    };
    says!(refused(Op::Put, moved), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: the bucket is in the region `us-west-2`, not in `eu-central-1`; set `AWS_REGION` to it");
    let malformed = "The authorization header is malformed; the region 'eu-central-1' is wrong; expecting 'us-west-2'";
    says!(refused(Op::Put, Fault::answer(400, "AuthorizationHeaderMalformed", malformed)), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: the bucket is in the region `us-west-2`, not in `eu-central-1`; set `AWS_REGION` to it");
    says!(refused(Op::Put, Fault::answer(301, "PermanentRedirect", "elsewhere")), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: the bucket is in the region that `aws s3api get-bucket-location` names, not in `eu-central-1`; set `AWS_REGION` to it");
}

#[test]
fn a_missing_bucket_is_named() {
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70)]));
    let elsewhere = StoreSettings { bucket: Some("nowhere".to_owned()), ..settings(&s3) };
    says!(told(&s3, send_with(&elsewhere, &lake).unwrap_err()), @"could not upload `s3://nowhere/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: there is no such bucket at `http://127.0.0.1:PORT`; correct `S3_BUCKET`, or make it with `aws s3 mb`");
}

#[test]
fn a_missing_grant_is_named_with_action_and_key() {
    let denied = "User: arn:aws:iam::1:user/x is not authorized to perform: s3:PutObject";
    says!(refused(Op::Put, Fault::answer(403, "AccessDenied", denied)), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: access is denied: allow `s3:PutObject` on `arn:aws:s3:::lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet` (User: arn:aws:iam::1:user/x is not authorized to perform: s3:PutObject)");
}

#[test]
fn a_wrong_clock_is_named_with_the_right_time() {
    let skewed = Fault::Answer {
        status: 403,
        code: "RequestTimeTooSkewed",
        message: "The difference between the request time and the current time is too large.",
        headers: vec![("date", "Mon, 05 Jan 2026 06:07:08 GMT")],
    };
    says!(refused(Op::Put, skewed), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: the clock of this machine is wrong: S3 says that it is Mon, 05 Jan 2026 06:07:08 GMT; set the clock");
}

#[test]
fn a_busy_store_is_tried_again_later() {
    for op in [Op::Head, Op::Put] {
        let told = refused(op, Fault::slow_down());
        assert!(told.1.is_transient());
    }
    says!(refused(Op::Put, Fault::slow_down()), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: S3 has too much to do (`SlowDown`, status 503) and said so to each repetition; run the same command later, it continues");
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70)]));
    s3.script(Op::Put, 1, usize::MAX, Fault::slow_down());
    send(&s3, &lake).unwrap_err();
    assert_eq!(s3.count(Op::Put), 4, "one try and three repetitions");
}

#[test]
fn a_broken_line_is_told_from_one_that_never_was() {
    says!(refused(Op::Put, Fault::Reset), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: the connection to `http://127.0.0.1:PORT` broke or timed out with each repetition; run the same command again, it continues: other: client error (SendRequest): connection closed before message completed");
    let (s3, lake) = (FakeS3::start(), Lake::new(1, &[("songs", 70)]));
    s3.script(Op::Put, 1, usize::MAX, Fault::Hang);
    let mut hasty = StoreSettings { timing: timing(), ..settings(&s3) };
    hasty.timing.answer = Duration::from_millis(50);
    says!(told(&s3, send_with(&hasty, &lake).unwrap_err()), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: the connection to `http://127.0.0.1:PORT` broke or timed out with each repetition; run the same command again, it continues: timeout: HTTP read timeout occurred after 50ms: timed out");

    // A port on which nobody listens any more.
    let closed = settings(&s3);
    drop(s3);
    let s3 = FakeS3::start();
    let error = send_with(&closed, &lake).unwrap_err();
    let text = words(&error).replace(closed.endpoint.as_deref().unwrap(), "http://127.0.0.1:PORT");
    says!((text, told(&s3, error)), @"could not look for `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: `http://127.0.0.1:PORT` cannot be reached; check the network, the proxy and `AWS_ENDPOINT_URL`, then run the same command again: io error: client error (Connect): tcp connect error: Connection refused (os error 111)");
}

#[test]
fn damage_with_each_repetition_is_named() {
    says!(refused(Op::Put, Fault::Damage), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: the bytes arrived damaged, with each repetition (`BadDigest`); is a proxy rewriting them?");
}

#[test]
fn anything_else_is_told_in_the_words_of_the_store() {
    let quota = Fault::answer(400, "QuotaExceeded", "Your quota is exceeded.");
    says!(refused(Op::Put, quota), @"could not upload `s3://lake/p/raw/songs/year=2026/month=01/day=05/songs_R.parquet`: S3 answered `QuotaExceeded` with status 400: Your quota is exceeded. (request `4442587FB7D0A2F9`)");
}
