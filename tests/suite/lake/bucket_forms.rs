//! A bucket, a prefix or an endpoint in a form that cannot be: exit 2 with the form to give, before anything is asked of anybody.

use crate::support::World;
use crate::support::cloud::{Cloud, SMALL, text};
use crate::support::fake_spotify::FakeSpotify;
use crate::support::library::{Library, Mode};

#[test]
fn an_impossible_bucket_prefix_or_endpoint_is_told_before_any_call() {
    let spotify = FakeSpotify::start(Library::new("keeper"), Mode::Development);
    let cases = [
        ("S3_BUCKET", "My Bucket!", "such as `my-bucket`"),
        ("S3_BUCKET", "s3://my-bucket", "without `s3://`"),
        ("S3_BUCKET", "s3://my-bucket/lake", "goes into `S3_PREFIX`"),
        ("S3_BUCKET", "my-bucket/lake", "goes into `S3_PREFIX`"),
        ("S3_BUCKET", "arn:aws:s3:::my-bucket", "without `s3://`, ARN"),
        ("S3_BUCKET", "https://my-bucket.s3.amazonaws.com", "or address"),
        ("S3_BUCKET", "\"my-bucket\"", "without the quotes"),
        ("S3_BUCKET", "my \"bucket\" 1", "without quotes and spaces"),
        ("S3_PREFIX", "x//", "one at most at its end"),
        ("S3_PREFIX", "s3://my-bucket/x", "`s3://`"),
        ("AWS_ENDPOINT_URL", "s3.example.com", "such as `https://host`"),
        ("AWS_ENDPOINT_URL_S3", "s3.example.com", "such as `https://host`"),
    ];
    for (name, value, wanted) in cases {
        let world = World::new();
        let mut command = world.operator(&spotify, &["run", "--mine"]);
        command.env("S3_BUCKET", "my-bucket").env(name, value);
        let output = command.output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{name}={value}: {said}");
        for part in [name, value, wanted] {
            assert!(said.contains(part), "{name}={value}: {said}");
        }
        assert_eq!(spotify.api_call_count(), 0, "{name}={value}");
        assert!(!world.path("data").exists(), "{name}={value}");
    }
}

#[test]
fn an_empty_endpoint_is_none() {
    let cloud = Cloud::small("rest", "parquet");
    let mut command = cloud.command(&[&["run"], &SMALL[..]].concat());
    // As compose files say "not set"; the other one counts.
    let output = command.env("AWS_ENDPOINT_URL_S3", "").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn the_predecessors_file_names_a_bucket_alone_as_well() {
    let world = World::new();
    world.write("old.ini", "[s3-config]\nbucket_name = s3://my-bucket\n");
    let output = world.run(&["--config", "old.ini", "run", "--demo"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let named = "`bucket_name` in section `[s3-config]` is `s3://my-bucket`";
    for part in ["`old.ini`", named, "without `s3://`", "goes into `S3_PREFIX`"] {
        assert!(text(&output).contains(part), "no `{part}` in {}", text(&output));
    }
    assert!(!world.path("data").exists());
}
