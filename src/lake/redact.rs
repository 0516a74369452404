//! Documents without somebody: an archive is written anew with everything in it that is not theirs.
//!
//! In: an archive, and what is theirs. Out: the same archive beside it, or nothing where it names none of theirs. Documents of their
//! lists go whole; in others their rows become `null`, and so does who added a row.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::Error;
use super::file::failed;
use crate::warehouse::{ForgottenKind as Kind, Theirs, redact};

/// What became of an archive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Redaction {
    /// It names nobody of theirs.
    Clean,
    /// The rest of it is here.
    Rest(PathBuf),
    /// Nothing would be left of it.
    Nothing,
}

/// Writes the archive at `path` anew without what is theirs, as `next`.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn redact_archive(
    path: &Path,
    next: &Path,
    theirs: &Theirs,
) -> Result<Redaction, Error> {
    let read = |source| failed("read", path, source);
    let write = |source| failed("write", next, source);
    let packed = zstd::Decoder::new(File::open(path).map_err(read)?).map_err(read)?;
    if let Some(folder) = next.parent() {
        std::fs::create_dir_all(folder).map_err(write)?;
    }
    let file = BufWriter::new(File::create(next).map_err(write)?);
    let mut rest = zstd::Encoder::new(file, 3).map_err(write)?;
    rest.include_checksum(true).map_err(write)?;
    let (mut is_clean, mut is_empty) = (true, true);
    for line in BufReader::new(packed).lines() {
        let line = line.map_err(read)?;
        let kept = redacted_line(&line, theirs);
        is_clean &= kept.as_deref() == Some(line.as_str());
        if let Some(kept) = kept {
            is_empty = false;
            rest.write_all(kept.as_bytes()).and_then(|()| rest.write_all(b"\n")).map_err(write)?;
        }
    }
    let file = rest.finish().and_then(|file| Ok(file.into_inner()?)).map_err(write)?;
    file.sync_all().map_err(write)?;
    if is_clean || is_empty {
        std::fs::remove_file(next).map_err(write)?;
    }
    Ok(match (is_clean, is_empty) {
        (true, _) => Redaction::Clean,
        (false, true) => Redaction::Nothing,
        (false, false) => Redaction::Rest(next.to_owned()),
    })
}

/// A document's line without what is theirs; `None` where it goes whole. A line that names none of theirs is as it was.
fn redacted_line(line: &str, theirs: &Theirs) -> Option<String> {
    if !names_any(line, theirs) {
        return Some(line.to_owned());
    }
    let mut whole: Value = serde_json::from_str(line).ok()?;
    let url = whole["url"].as_str().unwrap_or_default().to_owned();
    // A body with line breaks stands in its line as text.
    let text = whole["body"].as_str().map(str::to_owned);
    let mut body = match &text {
        Some(text) => serde_json::from_str(text).ok()?,
        None => whole["body"].take(),
    };
    if is_of_their_list(&url, &body, theirs) {
        return None;
    }
    redact(&mut body, theirs);
    whole["body"] = match text {
        Some(_) => Value::String(body.to_string()),
        None => body,
    };
    if !url.is_empty() {
        whole["url"] = Value::String(redacted_url(&url, theirs));
    }
    let line = whole.to_string();
    // What is written in no way that we know goes whole.
    (!names_any(&line, theirs)).then_some(line)
}

/// Whether a document is one of their lists, or a page of one.
fn is_of_their_list(url: &str, body: &Value, theirs: &Theirs) -> bool {
    let href = body["href"].as_str().unwrap_or_default();
    let is_theirs = |address: &str| {
        let after = address.split("/playlists/").nth(1);
        let id = after.and_then(|rest| rest.split(['/', '?']).next());
        id.is_some_and(|id| theirs.has_of(Kind::Playlist, id))
    };
    let has_user = theirs.of(Kind::User).next().is_some();
    let is_liked = |address: &str| address.contains("/me/tracks");
    let has_liked = theirs.of(Kind::Playlist).any(|id| id == "liked" || id.starts_with("liked:"));
    let is_own = |address: &str| address.contains("/me/playlists") || address.ends_with("/me");
    [url, href].into_iter().any(|address| {
        is_theirs(address) || (has_liked && is_liked(address)) || (has_user && is_own(address))
    }) || body["id"].as_str().is_some_and(|id| theirs.has_of(Kind::Playlist, id))
}

/// An address without their ids.
fn redacted_url(url: &str, theirs: &Theirs) -> String {
    let Some((before, ids)) = url.split_once("ids=") else { return url.to_owned() };
    let (ids, rest) = ids.find('&').map_or((ids, ""), |at| ids.split_at(at));
    let ids = ids.replace("%2C", ",");
    let kept: Vec<&str> = ids.split(',').filter(|id| !theirs.has(id)).collect();
    format!("{before}ids={}{rest}", kept.join(","))
}

/// Whether a text names one of theirs: Spotify's ids are words, a user's id stands in quotes or at the end of an address.
fn names_any(text: &str, theirs: &Theirs) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    if words.any(|word| word.len() == 22 && theirs.has(word)) {
        return true;
    }
    let others = theirs.iter().filter(|(kind, value)| *kind != Kind::Name && !is_word(value));
    others.into_iter().any(|(_, value)| {
        let ends = ["\"", "\\\""];
        let begins = ["\"", "\\\"", "/", "user:", "liked:"];
        begins
            .iter()
            .any(|begin| ends.iter().any(|end| text.contains(&format!("{begin}{value}{end}"))))
    })
}

fn is_word(id: &str) -> bool {
    id.len() == 22 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Ids shorter than this stand by chance in any file.
const LEAST_SEARCHED: usize = 8;

/// Whether the bytes of a file hold one of theirs anywhere, also where nothing separates it from what stands beside it.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn holds_any(path: &Path, theirs: &Theirs) -> Result<bool, Error> {
    let read = |source| failed("read", path, source);
    let wanted: BTreeSet<&[u8]> = theirs
        .iter()
        .filter(|(kind, value)| *kind != Kind::Name && value.len() >= LEAST_SEARCHED)
        .map(|(_, value)| value.as_bytes())
        .collect();
    let lengths: BTreeSet<usize> = wanted.iter().map(|value| value.len()).collect();
    let Some(longest) = lengths.last().copied() else { return Ok(false) };
    let mut begins = vec![false; 1 << 16];
    for value in &wanted {
        begins[usize::from(value[0]) << 8 | usize::from(value[1])] = true;
    }
    let mut file = File::open(path).map_err(read)?;
    let (mut memory, mut kept) = (vec![0; 1 << 20], 0);
    loop {
        let count = file.read(&mut memory[kept..]).map_err(read)?;
        let filled = kept + count;
        let bytes = &memory[..filled];
        for at in 0..filled.saturating_sub(1) {
            if begins[usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1])]
                && lengths
                    .iter()
                    .any(|length| bytes.get(at..at + length).is_some_and(|it| wanted.contains(it)))
            {
                return Ok(true);
            }
        }
        if count == 0 {
            return Ok(false);
        }
        // One can stand across two pieces.
        kept = filled.min(longest);
        memory.copy_within(filled - kept..filled, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GONE: &str = "37i9dQZF1DXcBWIGoYBM5M";
    const STAYS: &str = "4uLU6hMCjMI75M1A2tKUQC";

    fn theirs() -> Theirs {
        let mut theirs = Theirs::default();
        theirs.add(Kind::Playlist, GONE);
        theirs.add(Kind::Artist, "0artistartistartistar0");
        theirs.add(Kind::User, "keeper");
        theirs
    }

    #[test]
    fn documents_of_their_lists_go_and_others_lose_what_is_theirs() {
        let line =
            |url: &str, body: &str| format!(r#"{{"url":"{url}","fetched_at":"t","body":{body}}}"#);
        let redacted = |url: &str, body: &str| redacted_line(&line(url, body), &theirs());
        assert_eq!(redacted(&format!("/v1/playlists/{GONE}/items?offset=0"), "{}"), None);
        assert_eq!(redacted("", &format!(r#"{{"id":"{GONE}","type":"playlist"}}"#)), None);
        assert_eq!(redacted("/v1/me/playlists", r#"{"href":"/users/keeper"}"#), None);
        let kept = line(&format!("/v1/playlists/{STAYS}"), r#"{ "id" : "x" }"#);
        assert_eq!(redacted_line(&kept, &theirs()), Some(kept));
        let row = r#"{"items":[{"added_by":{"id":"keeper","uri":"spotify:user:keeper"},"item":{"id":"a"}}]}"#;
        let rest = redacted(&format!("/v1/playlists/{STAYS}/items"), row).unwrap();
        assert!(rest.contains(r#""added_by":null"#) && !rest.contains("keeper"), "{rest}");
        let artists = r#"{"artists":[{"id":"0artistartistartistar0"},{"id":"b"}]}"#;
        let rest = redacted("/v1/artists?ids=0artistartistartistar0%2Cb", artists).unwrap();
        assert!(
            rest.contains(r#"{"artists":[null,{"id":"b"}]}"#) && rest.contains("ids=b\""),
            "{rest}"
        );
        let text = serde_json::to_string(row).unwrap();
        let rest = redacted(&format!("/v1/playlists/{STAYS}/items"), &text).unwrap();
        assert!(!rest.contains("keeper"), "{rest}");
    }

    #[test]
    fn an_id_is_found_wherever_it_stands_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for at in [0, 7, (1 << 20) - 5, (1 << 20) - 22, 1 << 20, (2 << 20) + 3] {
            let mut bytes = vec![b'a'; (2 << 20) + 100];
            std::fs::write(&path, &bytes).unwrap();
            assert!(!holds_any(&path, &theirs()).unwrap());
            bytes[at..at + GONE.len()].copy_from_slice(GONE.as_bytes());
            std::fs::write(&path, &bytes).unwrap();
            assert!(holds_any(&path, &theirs()).unwrap(), "{at}");
        }
    }
}
