//! What a value looks like beside what its type demands. Each answer says the form to give.

use crate::lake::Location;

/// Nothing more.
pub(super) fn any(_: &str) -> Result<(), &'static str> {
    Ok(())
}

/// Where a file is split: Snowflake advises 100 to 250 MB, and S3 takes 5 GiB in one object.
pub(super) fn file_mib(text: &str) -> Result<(), &'static str> {
    let is_one = text.parse().is_ok_and(|mib: u64| (1..=5_000).contains(&mib));
    if is_one { Ok(()) } else { Err("a whole number from 1 to 5000") }
}

/// A wait of a day at most.
pub(super) fn wait_secs(text: &str) -> Result<(), &'static str> {
    let is_one = text.parse().is_ok_and(|secs: u64| secs <= 86_400);
    if is_one { Ok(()) } else { Err("a whole number of seconds up to 86400") }
}

/// A time that must pass, of a day at most.
pub(super) fn lease_secs(text: &str) -> Result<(), &'static str> {
    let is_one = text.parse().is_ok_and(|secs: u64| (1..=86_400).contains(&secs));
    if is_one { Ok(()) } else { Err("a whole number of seconds from 1 to 86400") }
}

/// The address of the published file.
pub(super) fn published(text: &str) -> Result<(), &'static str> {
    if is_object(text) { Ok(()) } else { Err("`s3://bucket/key.duckdb` or `file:///path.duckdb`") }
}

/// The address of a report.
pub(super) fn report(text: &str) -> Result<(), &'static str> {
    if is_object(text) { Ok(()) } else { Err("`s3://bucket/key.json` or `file:///path.json`") }
}

/// Whether it is the address of one object.
fn is_object(text: &str) -> bool {
    text.parse().is_ok_and(|location: Location| location.is_object())
}

/// A namespace of CloudWatch's metrics; those that begin with `AWS/` are Amazon's own.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
pub(super) fn namespace(text: &str) -> Result<(), &'static str> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "._/#:-".contains(letter);
    let is_one = (1..=255).contains(&text.len())
        && text.chars().all(is_letter)
        && !text.starts_with("AWS/")
        && !text.starts_with(':');
    if is_one {
        Ok(())
    } else {
        Err("letters, digits and `. _ / # : -`, at most 255, not beginning with `AWS/` or `:`")
    }
}

/// The address of a webhook.
pub(super) fn webhook(text: &str) -> Result<(), &'static str> {
    let is_one = url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if is_one { Ok(()) } else { Err("an address that begins with https://") }
}

/// The ARN of a topic, which names its region, too.
pub(super) fn topic(text: &str) -> Result<(), &'static str> {
    let parts: Vec<&str> = text.split(':').collect();
    let is_one = matches!(parts[..], ["arn", partition, "sns", region, account, name]
        if [partition, region, account, name].iter().all(|part| !part.is_empty()));
    if is_one { Ok(()) } else { Err("an ARN such as `arn:aws:sns:eu-west-1:123456789012:name`") }
}

/// A bucket's name. Amazon's rules, and what it allowed before 2018, because such buckets still exist.
pub(super) fn bucket(name: &str) -> Result<(), &'static str> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
    let is_end = |letter: Option<char>| letter.is_some_and(|it| it.is_ascii_alphanumeric());
    let is_name = (3..=63).contains(&name.len())
        && name.chars().all(is_letter)
        && is_end(name.chars().next())
        && is_end(name.chars().last())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err();
    if is_name {
        return Ok(());
    }
    Err(if name.contains('/') || name.starts_with("arn:") {
        "the bucket's name alone, such as `my-bucket`, without `s3://`, ARN or address; a path below it goes into `S3_PREFIX`"
    } else {
        "a bucket's name, such as `my-bucket`: 3 to 63 letters, digits, `-` and `.`, without quotes and spaces"
    })
}

/// What every key begins with.
pub(super) fn prefix(prefix: &str) -> Result<(), &'static str> {
    let is_odd = |part: &str| matches!(part, "" | "." | "..");
    let is_unwelcome = |letter: char| letter.is_control() || "\"'\\".contains(letter);
    let path = prefix.strip_suffix('/').unwrap_or(prefix);
    if prefix.is_empty() || !path.split('/').any(is_odd) && !prefix.contains(is_unwelcome) {
        return Ok(());
    }
    Err(
        "a path below the bucket, such as `spotify-data/`: no slash in front, one at most at its end, without `.`, `..`, quotes and `s3://`",
    )
}

/// What would have been a value in one line, where `text` is none.
pub(super) fn refusal(text: &str) -> Option<&'static str> {
    if is_quoted(text) {
        Some(
            "it without the quotes, which are part of the value here (docker's `--env-file`, for example, takes none away)",
        )
    } else if text.contains(char::is_control) {
        Some("it in one line, without control characters")
    } else {
        None
    }
}

/// Whether a text has the same quote at both ends.
pub(super) fn is_quoted(text: &str) -> bool {
    let has = |quote: char| 1 < text.len() && text.starts_with(quote) && text.ends_with(quote);
    has('"') || has('\'')
}

/// What a server's base address is.
pub(super) const ENDPOINT: &str = "an address such as `https://host`, with port and path where it has them; unset, it is Amazon's";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_its_name_alone() {
        for name in ["my-bucket", "a.b", "abc", "Old_Bucket", "1x2", &"x".repeat(63)] {
            assert_eq!(bucket(name), Ok(()), "{name}");
        }
        for name in [
            "My Bucket!",
            "s3://b",
            "s3://my-bucket/p",
            "my-bucket/p",
            "my-bucket/",
            "arn:aws:s3:::my-bucket",
            "https://my-bucket.s3.amazonaws.com",
            "\"my-bucket\"",
            "'b'",
            "ab",
            "",
            "-ab",
            "ab-",
            ".ab",
            "a..b",
            "192.168.1.1",
            "büro",
            "my\nbucket",
            &"x".repeat(64),
        ] {
            assert!(bucket(name).is_err(), "{name}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_answered_with_one_of_its_kind() {
        for form in [published, report] {
            assert_eq!(form("s3://bucket/a/key"), Ok(()));
            assert_eq!(form("file:///a/file"), Ok(()));
        }
        for text in ["s3://bucket", "s3://bucket/folder/", "/a/file", ""] {
            assert!(published(text).unwrap_err().contains("key.duckdb"), "{text}");
            let wanted = report(text).unwrap_err();
            assert!(wanted.contains("key.json") && !wanted.contains("duckdb"), "{text}: {wanted}");
        }
    }

    #[test]
    fn a_prefix_is_a_path_of_whole_names() {
        for path in ["", "p", "p/", "p/q", "p/q/", "spotify-data/", "a b/"] {
            assert_eq!(prefix(path), Ok(()), "{path}");
        }
        for path in ["x//", "/", "/x", "x//y", "./x", "x/..", "s3://b/p", "\"p/\"", "p'/", "a\nb/"]
        {
            assert!(prefix(path).is_err(), "{path}");
        }
    }
}
