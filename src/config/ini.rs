//! The predecessor's format: sections and `KEY = value`.

use std::path::Path;

use secrecy::SecretString;

use super::said::{Origin, Said};
use super::{Error, MASK, Variables, settings};
use crate::lake::StaticKeys;

/// Variables that name a source of AWS credentials, from the SDK's own chain.
const CREDENTIAL_VARIABLES: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Reads the predecessor's file.
pub(super) fn from_ini(text: &str, path: &Path) -> Result<Said, Error> {
    let mut said = Said::default();
    let (mut access_key_id, mut secret_access_key) = (String::new(), SecretString::default());
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
                access_key_id = value;
                continue;
            }
            ("aws-auth", "aws_secret_access_key") => {
                secret_access_key = value.into();
                continue;
            }
            ("aws-auth", "region_name") => {
                said.aws_region = Some(value);
                continue;
            }
            _ => return Err(invalid(format!("unknown key `{key}` in section `[{section}]`"))),
        };
        let setting = settings::of_key(own).expect("each of the predecessor's keys is one of ours");
        let taken = match setting.refusal(&value) {
            Some(wanted) => Err(wanted),
            None => said.say(setting, &value, Origin::File(path.to_owned())),
        };
        taken.map_err(|wanted| {
            let value = if setting.is_secret() { MASK } else { &value };
            invalid(format!("`{key}` in section `[{section}]` is `{value}`, wanted {wanted}"))
        })?;
    }
    let has_keys = !access_key_id.is_empty();
    said.aws_keys = has_keys.then_some(StaticKeys { access_key_id, secret_access_key });
    Ok(said)
}

/// Drops what the environment says itself: the SDK would otherwise never look there. The region stays beside a profile, which
/// need not have one; it is the bucket's, and the bucket is the file's.
pub(super) fn yield_to_environment(said: &mut Said, variables: &Variables) {
    let is_set = |name: &&str| variables.get(name).is_some();
    if CREDENTIAL_VARIABLES.iter().any(is_set) {
        said.aws_keys = None;
    }
    if ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().any(is_set) {
        said.aws_region = None;
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
            let (path, set) = (Path::new("c.ini"), Variables::from(set.as_slice()));
            let mut said = from_ini(AWS, path).unwrap();
            yield_to_environment(&mut said, &set);
            let lake = said.resolve(None).lake;
            let found = lake.keys.map_or(String::new(), |keys| keys.access_key_id);
            assert_eq!((found.as_str(), lake.region.as_deref()), (key, region), "{variables:?}");
        }
    }

    #[test]
    fn the_predecessors_ini_is_read() {
        let text = "[spotify-auth]\nCLIENT_ID = abc\nCLIENT_SECRET_KEY = s3cret\n[playlist-id]\nPLAYLIST_ID = xyz\n[aws-bucket]\nbucket_name = my-bucket\n\
                    [aws-auth]\naws_access_key_id = AKIA1\naws_secret_access_key = k3y\nregion_name = eu-west-1\n";
        let config = from_ini(text, Path::new("c.ini")).unwrap().resolve(None);
        assert_eq!(config.spotify.client_id.as_deref(), Some("abc"));
        assert_eq!(config.spotify.playlist_ids, ["xyz"]);
        assert_eq!(config.lake.bucket.as_deref(), Some("my-bucket"));
        assert_eq!(config.lake.keys.as_ref().unwrap().access_key_id, "AKIA1");
        assert_eq!(config.lake.region.as_deref(), Some("eu-west-1"));
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
