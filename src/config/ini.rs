//! The predecessor's format: sections and `KEY = value`.

use std::path::Path;

use secrecy::SecretString;

use super::{AwsKeys, Config, Error, MASK, Variables, keys};

/// Variables that name a source of AWS credentials, from the SDK's own chain.
const CREDENTIAL_VARIABLES: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Reads the predecessor's file.
pub(super) fn from_ini(text: &str, path: &Path) -> Result<Config, Error> {
    let mut config = Config::default();
    let mut aws = AwsKeys::default();
    let mut section = String::new();
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.trim().to_ascii_lowercase();
            continue;
        }
        let invalid = |message: String| Error::Syntax { path: path.to_owned(), message };
        // A line without `=` may be half a secret, so it is not repeated.
        let (key, value) = line.split_once(['=', ':']).ok_or_else(|| {
            invalid(format!("a line of section `[{section}]` is no `key = value`"))
        })?;
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim().to_owned());
        let own = match (section.as_str(), key.as_str()) {
            ("spotify-auth", "client_id") => "spotify.client_id",
            ("spotify-auth", "client_secret_key") => "spotify.client_secret",
            ("playlist-id", "playlist_id") => "spotify.playlist_ids",
            ("s3-config" | "aws-bucket", "bucket_name") => "lake.bucket",
            ("aws-auth", "aws_access_key_id") => {
                aws.access_key_id = value;
                continue;
            }
            ("aws-auth", "aws_secret_access_key") => {
                aws.secret_access_key = value.into();
                continue;
            }
            ("aws-auth", "region_name") => {
                aws.region = Some(value);
                continue;
            }
            _ => return Err(invalid(format!("unknown key `{key}` in section `[{section}]`"))),
        };
        let setting = keys::of_key(own).expect("each of the predecessor's keys is one of ours");
        let taken = match setting.refusal(&value) {
            Some(wanted) => Err(wanted),
            None => (setting.set)(&mut config, value.clone()),
        };
        taken.map_err(|wanted| {
            let value = if setting.is_secret { MASK } else { &value };
            invalid(format!("`{key}` in section `[{section}]` is `{value}`, wanted {wanted}"))
        })?;
    }
    let has_keys = !aws.access_key_id.is_empty() || aws.region.is_some();
    config.lake.aws = has_keys.then_some(aws);
    Ok(config)
}

/// Drops what the environment says itself: the SDK would otherwise never look there. The region stays beside a profile, which
/// need not have one; it is the bucket's, and the bucket is the file's.
pub(super) fn yield_to_environment(aws: &mut Option<AwsKeys>, variables: &Variables) {
    let is_set = |name: &&str| variables.get(name).is_some();
    let Some(keys) = aws else { return };
    if CREDENTIAL_VARIABLES.iter().any(is_set) {
        keys.access_key_id.clear();
        keys.secret_access_key = SecretString::default();
    }
    if ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().any(is_set) {
        keys.region = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWS: &str = "[aws-auth]\naws_access_key_id = AKIA1\naws_secret_access_key = k3y\nregion_name = eu-west-1\n";

    #[test]
    fn keys_and_region_of_the_file_yield_each_to_its_variables() {
        let cases: [(&[&str], &str, Option<&str>); 6] = [
            (&[], "AKIA1", Some("eu-west-1")),
            (&["AWS_ACCESS_KEY_ID"], "", Some("eu-west-1")),
            (&["AWS_PROFILE"], "", Some("eu-west-1")),
            (&["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"], "", Some("eu-west-1")),
            (&["AWS_REGION"], "AKIA1", None),
            (&["AWS_PROFILE", "AWS_DEFAULT_REGION"], "", None),
        ];
        for (variables, key, region) in cases {
            let set: Vec<(&str, &str)> = variables.iter().map(|name| (*name, "x")).collect();
            let (path, set) = (Path::new("c.ini"), set.as_slice().into());
            let (config, _) = from_ini(AWS, path).unwrap().resolve(path, &set).unwrap();
            let aws = config.lake.aws.unwrap();
            assert_eq!(
                (aws.access_key_id.as_str(), aws.region.as_deref()),
                (key, region),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn the_predecessors_ini_is_read() {
        let text = "[spotify-auth]\nCLIENT_ID = abc\nCLIENT_SECRET_KEY = s3cret\n[playlist-id]\nPLAYLIST_ID = xyz\n[aws-bucket]\nbucket_name = my-bucket\n\
                    [aws-auth]\naws_access_key_id = AKIA1\naws_secret_access_key = k3y\nregion_name = eu-west-1\n";
        let config = from_ini(text, Path::new("c.ini")).unwrap();
        assert_eq!(config.spotify.client_id.as_deref(), Some("abc"));
        assert_eq!(config.spotify.playlist_ids, ["xyz"]);
        assert_eq!(config.lake.bucket.as_deref(), Some("my-bucket"));
        let aws = config.lake.aws.as_ref().unwrap();
        assert_eq!(
            (aws.access_key_id.as_str(), aws.region.as_deref()),
            ("AKIA1", Some("eu-west-1"))
        );
        let shown = format!("{config:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("k3y"), "{shown}");
    }

    #[test]
    fn a_value_goes_through_the_checks_of_its_setting() {
        let refused = |text: &str| from_ini(text, Path::new("c.ini")).unwrap_err().to_string();
        insta::assert_snapshot!(refused("[spotify-auth]\nCLIENT_ID = 'abc'"), @"`c.ini` is not a valid configuration: `client_id` in section `[spotify-auth]` is `'abc'`, wanted it without the quotes, which are part of the value here (docker's `--env-file`, for example, takes none away)");
        assert!(!refused("[spotify-auth]\nCLIENT_SECRET_KEY = 'hunter2'").contains("hunter2"));
    }

    #[test]
    fn an_unknown_key_names_file_section_and_key() {
        let error = from_ini("[playlist-id]\nPLAYLISTID = x", Path::new("c.ini")).unwrap_err();
        insta::assert_snapshot!(error, @"`c.ini` is not a valid configuration: unknown key `playlistid` in section `[playlist-id]`");
        let error = from_ini("[spotify-auth]\nhunter2", Path::new("c.ini")).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
