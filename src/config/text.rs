//! Text files as people save them: UTF-8, with or without a byte order mark, or UTF-16 with one.

use std::path::Path;

use super::Error;

/// Reads a file that was named, whatever kind of file it is.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    let bytes =
        std::fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    decode(&bytes).map_err(|why| Error::NotText { path: path.to_owned(), why })
}

/// Reads a file that is looked for by its name alone. `None` only where nothing has that name: something else that has it is an
/// error, because its settings would be missing without a word.
pub(super) fn read_if_there(path: &Path) -> Result<Option<String>, Error> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        // A name below what is no folder.
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
        Err(source) => return Err(Error::File { path: path.to_owned(), source }),
        Ok(_) => {}
    }
    let kind = match other_kind(path) {
        Ok(None) => return read(path).map(Some),
        Ok(Some(kind)) => kind,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "a link to nothing",
        Err(source) => return Err(Error::File { path: path.to_owned(), source }),
    };
    Err(Error::NotAFile { path: path.to_owned(), kind })
}

/// Reads a file that holds a secret.
pub(super) fn read_secret(path: &Path) -> Result<String, Error> {
    match other_kind(path) {
        Ok(Some(kind)) => Err(Error::NotAFile { path: path.to_owned(), kind }),
        // Whatever is the matter with it, reading says so.
        Ok(None) | Err(_) => read(path),
    }
}

/// What something is that is no file, and no link to one. Reading a named pipe would wait for whoever writes into it, perhaps for
/// ever, and no signal would end that.
pub(super) fn other_kind(path: &Path) -> std::io::Result<Option<&'static str>> {
    let found = std::fs::metadata(path)?;
    Ok(match (found.is_file(), found.is_dir()) {
        (true, _) => None,
        (_, true) => Some("a folder"),
        _ => Some("a pipe or a device"),
    })
}

/// The text in `bytes`, or what is wrong with them.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map_err(|_| "it is damaged UTF-16".to_owned())
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [0xEF, 0xBB, 0xBF, rest @ ..] | rest => {
            String::from_utf8(rest.to_vec()).map_err(|error| {
                let valid = &rest[..error.utf8_error().valid_up_to()];
                let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
                format!("line {line} has a byte that is not UTF-8")
            })?
        }
    };
    match text.contains('\0') {
        true => Err("it has zero bytes, as UTF-16 without a byte order mark has".to_owned()),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, mark: u16, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        std::iter::once(mark).chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    #[test]
    fn text_is_read_in_every_form_that_says_what_it_is() {
        let text = "A=ü\r\nB=☂\n";
        for bytes in [
            text.as_bytes().to_vec(),
            [&[0xEF, 0xBB, 0xBF], text.as_bytes()].concat(),
            utf16(text, 0xFEFF, u16::to_le_bytes),
            utf16(text, 0xFEFF, u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_told_by_its_line() {
        let without_mark: Vec<u8> = "A=1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let refused = [&b"A=1\n# caf\xE9\n"[..], &without_mark, &[0xFF, 0xFE, 0x00, 0xD8]];
        let said = refused.map(|bytes| decode(bytes).unwrap_err());
        insta::assert_snapshot!(said.join("\n"), @r"
        line 2 has a byte that is not UTF-8
        it has zero bytes, as UTF-16 without a byte order mark has
        it is damaged UTF-16
        ");
    }
}
