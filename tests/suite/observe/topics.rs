//! SNS: the message as its API takes it, signed for the topic's region.

use std::collections::BTreeMap;
use std::process::Output;

use super::receiver::{Manner, Post, Receiver};
use crate::support::World;
use crate::support::cloud::text;
use crate::support::fake_spotify::{FakeSpotify, Fault, When};
use crate::support::library::{Library, Mode, spotify_id};

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:snowtrack";

/// What SNS answers.
const TAKEN: &str = r#"<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>94f20ce6-13c5-43a0-9a9e-ca52d816e90b</MessageId></PublishResult><ResponseMetadata><RequestId>f187a3c1-376f-11df-8963-01868b7c937a</RequestId></ResponseMetadata></PublishResponse>"#;

/// A call of `Publish`, looked at as the service does.
fn published(post: &Post) -> BTreeMap<String, String> {
    assert_eq!((post.method.as_str(), post.path.as_str()), ("POST", "/"));
    assert!(post.content_type.starts_with("application/x-www-form-urlencoded"));
    let scope = "/eu-west-1/sns/aws4_request";
    let signed = post.authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=AKIATEST/").unwrap();
    assert!(signed.contains(scope), "{signed}");
    for header in ["host", "x-amz-date"] {
        assert!(signed.contains(header), "{signed}");
    }
    let signature = signed.rsplit_once("Signature=").unwrap().1;
    assert!(signature.len() == 64 && signature.bytes().all(|it| it.is_ascii_hexdigit()));
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&post.body)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    assert_eq!((&*form["Action"], &*form["Version"]), ("Publish", "2010-03-31"));
    assert_eq!(form["TopicArn"], TOPIC);
    // https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    let subject = &form["Subject"];
    assert!((1..=100).contains(&subject.len()) && subject.is_ascii(), "{subject}");
    assert!(!subject.contains(char::is_control) && !subject.starts_with(' '), "{subject}");
    assert!(form["Message"].len() < 256 << 10);
    form
}

#[test]
fn a_topic_is_told_the_same_and_one_that_is_down_is_a_warning() {
    let spotify = FakeSpotify::start(Library::new("keeper"), Mode::Development);
    let id = spotify_id(1);
    let (world, topic) = (World::new(), Receiver::answering(TAKEN));
    let run = || -> Output {
        let mut command = world.operator(&spotify, &["-q", "run", "--playlist", &id]);
        command
            .env("SNOWTRACK_ALERT_SNS_TOPIC", TOPIC)
            .env("AWS_ENDPOINT_URL_SNS", topic.url())
            .env("AWS_ACCESS_KEY_ID", "AKIATEST")
            .env("AWS_SECRET_ACCESS_KEY", "hunter2")
            // The bucket's, which is not the topic's.
            .env("AWS_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        let output = command.output().unwrap();
        assert!(!text(&output).contains("hunter2"), "{}", text(&output));
        output
    };
    spotify.script(When::Path("/v1/playlists".to_owned()), 9, Fault::status(404, "no"));
    topic.be(Manner::Status(503));
    let output = run();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    topic.take();
    topic.be(Manner::Well);
    assert_eq!(run().status.code(), Some(3));
    let posts = topic.take();
    assert_eq!(posts.len(), 1);
    let form = published(&posts[0]);
    assert_eq!(form["Subject"], "snowtrack: source");
    assert!(form["Message"].contains("source since ") && form["Message"].contains("snowtrack run"));
    assert_eq!(run().status.code(), Some(3));
    assert!(topic.take().is_empty(), "told once");
}
