//! Where something is that is no part of the lake: `s3://bucket/path`, or `file:///path`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A folder or an object, by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In a bucket.
    S3 {
        /// The bucket.
        bucket: String,
        /// The key, or what every key begins with.
        path: String,
    },
    /// On a disk.
    File(PathBuf),
}

/// What an address is, for whoever gave another text.
pub(crate) const LOCATION: &str = "`s3://bucket/path` or `file:///path`";

impl FromStr for Location {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("file://") {
            // A second host, or a path from here, would be another folder on each machine.
            let is_absolute = path.starts_with('/') && !path.split('/').any(|part| part == "..");
            return if is_absolute { Ok(Self::File(path.into())) } else { Err(LOCATION) };
        }
        let rest = text.strip_prefix("s3://").ok_or(LOCATION)?;
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        let is_odd = |part: &str| matches!(part, "" | "." | "..");
        let is_path = path.is_empty() || !path.trim_end_matches('/').split('/').any(is_odd);
        if bucket.is_empty() || !is_path || path.ends_with("//") {
            return Err(LOCATION);
        }
        Ok(Self::S3 { bucket: bucket.to_owned(), path: path.to_owned() })
    }
}

impl Location {
    /// The same as a folder: what lies in it has names that begin with it and a slash.
    pub fn into_folder(self) -> Self {
        match self {
            Self::S3 { bucket, path } if !path.is_empty() && !path.ends_with('/') => {
                Self::S3 { bucket, path: path + "/" }
            }
            other => other,
        }
    }

    /// Whether it can be one object.
    pub fn is_object(&self) -> bool {
        match self {
            Self::S3 { path, .. } => !path.is_empty() && !path.ends_with('/'),
            Self::File(path) => {
                path.file_name().is_some() && !path.to_string_lossy().ends_with('/')
            }
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, path } => write!(f, "s3://{bucket}/{path}"),
            Self::File(path) => write!(f, "file://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_and_what_is_none_is_refused() {
        for text in ["s3://b/p/", "s3://b/p/q.duckdb", "s3://b/", "file:///a/b/", "file:///a"] {
            assert_eq!(text.parse::<Location>().unwrap().to_string(), text);
        }
        assert_eq!("s3://b".parse::<Location>().unwrap().to_string(), "s3://b/");
        for text in
            ["", "b/p", "s3://", "s3:///p", "s3://b//p", "s3://b/p//", "s3://b/../p", "file://a"]
        {
            assert_eq!(text.parse::<Location>(), Err(LOCATION), "{text}");
        }
    }

    #[test]
    fn a_folder_ends_with_a_slash_and_an_object_does_not() {
        let folder = |text: &str| text.parse::<Location>().unwrap().into_folder().to_string();
        assert_eq!(folder("s3://b/p"), "s3://b/p/");
        assert_eq!(folder("s3://b/p/"), "s3://b/p/");
        assert_eq!(folder("s3://b"), "s3://b/");
        let is_object = |text: &str| text.parse::<Location>().unwrap().is_object();
        assert!(is_object("s3://b/p/q.duckdb") && is_object("file:///a/b.duckdb"));
        assert!(!is_object("s3://b/p/") && !is_object("s3://b") && !is_object("file:///a/"));
    }
}
