//! S3's rules of versions, which the front keeps.

use snowtrack::lake::{ObjectVersion, Store};

use crate::lake::upload::{runtime, settings};
use crate::support::fake_s3::{FakeS3, Fault, Op};

const KEY: &str = "p/raw/x.json";

/// Writes an object as a client does that may overwrite.
fn write(s3: &FakeS3, text: &str) {
    s3.write(KEY, text.as_bytes());
}

async fn versions(store: &Store, prefix: &str) -> Vec<ObjectVersion> {
    let Store::S3(bucket) = store else { unreachable!("the settings name a bucket") };
    bucket.versions(prefix).await.unwrap()
}

async fn delete(store: &Store, key: &str, id: &str) -> Result<(), snowtrack::lake::Error> {
    let Store::S3(bucket) = store else { unreachable!("the settings name a bucket") };
    bucket.delete_version(key, id).await
}

#[test]
fn what_was_written_is_there_until_its_version_is_deleted() {
    let s3 = FakeS3::start();
    s3.keep_versions();
    write(&s3, "one");
    write(&s3, "two");
    s3.delete(KEY);
    assert_eq!(s3.object(KEY), None);
    runtime().block_on(async {
        let store = Store::open(&settings(&s3)).await.unwrap();
        let mut found = versions(&store, "p/").await;
        // The client takes marks after versions.
        found.rotate_right(1);
        let shown: Vec<_> = found.iter().map(|it| (it.is_marker, it.is_latest)).collect();
        assert_eq!(shown, [(true, true), (false, false), (false, false)]);
        delete(&store, KEY, &found[0].version_id).await.unwrap();
        assert_eq!(s3.object(KEY).unwrap(), b"two");
        delete(&store, KEY, &found[1].version_id).await.unwrap();
        assert_eq!(s3.object(KEY).unwrap(), b"one");
        delete(&store, KEY, &found[2].version_id).await.unwrap();
        assert_eq!((s3.object(KEY), versions(&store, "").await), (None, vec![]));
    });
}

#[test]
fn a_bucket_without_versions_has_one_of_each_object() {
    let s3 = FakeS3::start();
    write(&s3, "one");
    write(&s3, "two");
    runtime().block_on(async {
        let store = Store::open(&settings(&s3)).await.unwrap();
        let found = versions(&store, "p/").await;
        assert_eq!((found.len(), found[0].version_id.as_str()), (1, "null"));
        // Another's id is unknown, which for whoever wants it gone is no error.
        delete(&store, KEY, "v9").await.unwrap();
        assert_eq!(s3.calls().last().unwrap().status, 404);
        assert_eq!(s3.object(KEY).unwrap(), b"two");
        delete(&store, KEY, "null").await.unwrap();
        assert_eq!(s3.object(KEY), None);
        delete(&store, KEY, "null").await.unwrap();
        assert_eq!(s3.calls().last().unwrap().status, 204);
    });
}

#[test]
fn versions_are_listed_in_pages() {
    let s3 = FakeS3::start();
    for number in 0..1_203 {
        s3.plant(&format!("p/{number:04}"), b"x");
    }
    runtime().block_on(async {
        let store = Store::open(&settings(&s3)).await.unwrap();
        let found = versions(&store, "p/").await;
        let keys: Vec<String> = (0..1_203).map(|number| format!("p/{number:04}")).collect();
        assert_eq!(found.into_iter().map(|it| it.key).collect::<Vec<_>>(), keys);
        assert_eq!(s3.count(Op::ListVersions), 2);
    });
}

#[test]
fn a_deletion_on_condition_deletes_nothing() {
    let s3 = FakeS3::start();
    s3.keep_versions();
    write(&s3, "one");
    runtime().block_on(async {
        let store = Store::open(&settings(&s3)).await.unwrap();
        let Store::S3(bucket) = &store else { unreachable!("the settings name a bucket") };
        bucket.may_delete("p/").await.unwrap();
        bucket.may_delete_versions("p/").await.unwrap();
        bucket.may_list_versions("p/").await.unwrap();
        assert_eq!(versions(&store, "").await.len(), 1);
        let denied = || Fault::answer(403, "AccessDenied", "Access Denied");
        s3.script(Op::Delete, 1, 9, denied());
        let error = bucket.may_delete("p/").await.unwrap_err();
        assert!(error.in_words().contains("s3:DeleteObject"), "{}", error.in_words());
    });
    assert_eq!(s3.object(KEY).unwrap(), b"one");
}
