//! A file of genres from elsewhere (`--genres`), for apps that Spotify gives none: rows of `artist_id,genre`.
//!
//! In: a CSV file as RFC 4180 has it, in UTF-8, of any size. Out: its rows, each with its line, one at a time.
//!
//! Read by hand: the `csv` crate and DuckDB's reader were looked at, and neither tells the line of a bad row where lines end in CRLF or
//! are empty; and a quote that nobody closes takes the rest of the file with it there, where it costs one row here.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::error::Error;
use super::folder::UTF8_MARK;

const HEADER: [&str; 2] = ["artist_id", "genre"];

/// The most bytes of one row: an id and a genre are short, and what is longer has a quote that is not closed.
const MAX_ROW_BYTES: usize = 64 << 10;

/// The file, its header read.
pub(crate) struct GenreFile {
    name: String,
    lines: Lines,
}

/// A row that is as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GivenGenre {
    pub(crate) artist_id: String,
    pub(crate) genre: String,
}

/// A row that is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadRow {
    /// Where it begins; the header is 1.
    line: u64,
    why: String,
}

impl GenreFile {
    /// Opens the file and looks at its header.
    ///
    /// # Errors
    /// [`Error::File`] where there is none, or where its header is another.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::File {
            doing: "read the genres in",
            path: path.display().to_string(),
            source,
        };
        let mut lines = Lines::of(Box::new(File::open(path).map_err(failed)?));
        let header = lines.next_row().map_err(failed)?;
        if !header.is_some_and(|(_, row)| row.is_ok_and(|fields| fields == HEADER)) {
            let text = "its first line is not `artist_id,genre`";
            return Err(failed(io::Error::new(io::ErrorKind::InvalidData, text)));
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, lines })
    }

    /// Where a row stands and what is wrong with it, in words.
    pub(crate) fn told(&self, BadRow { line, why }: &BadRow) -> String {
        format!("{}, line {line}: {why}", self.name)
    }

    /// What a file of this name says, in words.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn next_row(&mut self) -> io::Result<Option<Result<GivenGenre, BadRow>>> {
        let Some((line, row)) = self.lines.next_row()? else { return Ok(None) };
        let bad = |why: String| BadRow { line, why };
        Ok(Some(row.and_then(given).map_err(bad)))
    }
}

fn given(fields: Vec<String>) -> Result<GivenGenre, String> {
    let count = fields.len();
    let Ok([artist_id, genre]) = <[String; 2]>::try_from(fields) else {
        let columns = if count == 1 { "column" } else { "columns" };
        return Err(format!("{count} {columns} instead of 2"));
    };
    match (artist_id.trim().is_empty(), genre.trim().is_empty()) {
        (true, _) => Err("no artist_id".to_owned()),
        (_, true) => Err("no genre".to_owned()),
        _ => Ok(GivenGenre { artist_id, genre }),
    }
}

/// Lines of a file, joined to rows where a quote goes over their end.
struct Lines {
    file: BufReader<Box<dyn Read + Send>>,
    /// Lines that were read for a row that did not become one.
    again: VecDeque<Vec<u8>>,
    line: u64,
}

/// Fields of a row, or what is wrong with it.
type Row = Result<Vec<String>, String>;

impl Lines {
    fn of(file: Box<dyn Read + Send>) -> Self {
        Self { file: BufReader::with_capacity(1 << 16, file), again: VecDeque::new(), line: 0 }
    }

    /// The next row that is not empty, and the line that it begins on.
    fn next_row(&mut self) -> io::Result<Option<(u64, Row)>> {
        loop {
            let Some(mut first) = self.next_line()? else { return Ok(None) };
            let line = self.line;
            if line == 1 && first.starts_with(UTF8_MARK) {
                first.drain(..UTF8_MARK.len());
            }
            if !without_end(&first).is_empty() {
                return Ok(Some((line, self.row_from(first)?)));
            }
        }
    }

    /// The row that begins with a line. Where its quote is never closed, the lines behind it are rows of their own.
    fn row_from(&mut self, first: Vec<u8>) -> io::Result<Row> {
        let (mut text, mut more) = (first, Vec::new());
        // A line without a quote closes none.
        let mut may_be_whole = true;
        loop {
            if may_be_whole && let Some(row) = fields(without_end(&text)) {
                return Ok(row);
            }
            if text.len() > MAX_ROW_BYTES {
                break;
            }
            let Some(next) = self.next_line()? else { break };
            may_be_whole = next.contains(&b'"');
            text.extend_from_slice(&next);
            more.push(next);
        }
        self.line -= more.len() as u64;
        more.into_iter().rev().for_each(|line| self.again.push_front(line));
        Ok(Err("a quote that is not closed".to_owned()))
    }

    /// The next line with its end; of one that is too long for a row, its beginning.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.again.pop_front() {
            self.line += 1;
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        let most = MAX_ROW_BYTES as u64 + 2;
        self.file.by_ref().take(most).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if !line.ends_with(b"\n") && line.len() as u64 == most {
            self.file.skip_until(b'\n')?;
        }
        self.line += 1;
        Ok(Some(line))
    }
}

fn without_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// The fields of a row; `None` where a quote is open at its end.
fn fields(text: &[u8]) -> Option<Row> {
    if text.len() > MAX_ROW_BYTES && !text.contains(&b'"') {
        return Some(Err(format!("longer than {MAX_ROW_BYTES} bytes")));
    }
    let (mut fields, mut rest) = (Vec::new(), text);
    loop {
        let field;
        (field, rest) = match rest.strip_prefix(b"\"") {
            Some(quoted) => match unquoted(quoted)? {
                Ok(found) => found,
                Err(why) => return Some(Err(why)),
            },
            None => {
                let end = rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len());
                (rest[..end].to_vec(), &rest[end..])
            }
        };
        match String::from_utf8(field) {
            Ok(field) => fields.push(field),
            Err(_) => return Some(Err("not UTF-8".to_owned())),
        }
        match rest.strip_prefix(b",") {
            Some(next) => rest = next,
            None => return Some(Ok(fields)),
        }
    }
}

/// A field behind its opening quote, and what follows its closing one; `None` where there is none.
fn unquoted(mut rest: &[u8]) -> Option<Result<(Vec<u8>, &[u8]), String>> {
    let mut field = Vec::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'"')?;
        field.extend_from_slice(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.first() {
            // Two of them are one that belongs to the text.
            Some(b'"') => {
                field.push(b'"');
                rest = &rest[1..];
            }
            None | Some(b',') => return Some(Ok((field, rest))),
            Some(_) => return Some(Err("text behind a closing quote".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file with the header and this text gives, a line each.
    fn read(text: &[u8]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.csv");
        std::fs::write(&path, [b"artist_id,genre\n", text].concat()).unwrap();
        let mut file = GenreFile::open(&path).unwrap();
        let mut told = Vec::new();
        while let Some(row) = file.next_row().unwrap() {
            told.push(match row {
                Ok(GivenGenre { artist_id, genre }) => format!("{artist_id}={genre}"),
                Err(bad) => file.told(&bad),
            });
        }
        told
    }

    #[test]
    fn rows_are_read_as_rfc_4180_has_them_and_bad_ones_are_named_by_their_line() {
        for (text, wanted) in [
            ("a,rock\nb,\"r, b\"\n", &["a=rock", "b=r, b"][..]),
            (
                "a,rock\r\n\r\n\nb\r\nc,pop",
                &["a=rock", "g.csv, line 5: 1 column instead of 2", "c=pop"],
            ),
            (
                "a,\"say \"\"x\"\"\"\n\"b\",\"two\nlines\"\n,x\n",
                &["a=say \"x\"", "b=two\nlines", "g.csv, line 5: no artist_id"],
            ),
            ("a, \nb,c,d\n", &["g.csv, line 2: no genre", "g.csv, line 3: 3 columns instead of 2"]),
            (
                "a,\"open\nb,pop\nc,jazz\n",
                &["g.csv, line 2: a quote that is not closed", "b=pop", "c=jazz"],
            ),
            (
                "a,\"x\" y\nb,7\" mix\n",
                &["g.csv, line 2: text behind a closing quote", "b=7\" mix"],
            ),
            ("a,夜の音楽\nb,\\N\n", &["a=夜の音楽", "b=\\N"]),
            ("a,\"\"\n\"\",b\n", &["g.csv, line 2: no genre", "g.csv, line 3: no artist_id"]),
            ("", &[]),
        ] {
            assert_eq!(read(text.as_bytes()), wanted, "{text:?}");
        }
        assert_eq!(read(b"a,\xff\nb,pop\n"), ["g.csv, line 2: not UTF-8", "b=pop"]);
    }

    #[test]
    fn a_row_costs_no_more_memory_than_a_row_may_have() {
        let long = [b"a,".to_vec(), vec![b'x'; 3 * MAX_ROW_BYTES], b"\nb,pop\n".to_vec()].concat();
        assert_eq!(read(&long), ["g.csv, line 2: longer than 65536 bytes", "b=pop"]);
        let open = [b"a,\"".to_vec(), b"x\n".repeat(MAX_ROW_BYTES), b"b,pop\n".to_vec()].concat();
        let told = read(&open);
        assert_eq!(told.len(), MAX_ROW_BYTES + 1);
        assert_eq!(told[0], "g.csv, line 2: a quote that is not closed");
        assert_eq!(told.last().unwrap(), "b=pop");
    }

    #[test]
    fn only_one_header_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.csv");
        assert!(GenreFile::open(&path).is_err());
        for (text, is_right) in [
            ("artist_id,genre", true),
            ("\u{feff}artist_id,genre\r\na,b", true),
            ("\"artist_id\",\"genre\"\n", true),
            ("genre,artist_id\n", false),
            ("artist_id,genre,x\n", false),
            ("artist_id, genre\n", false),
            ("artist_id;genre\n", false),
            ("", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(GenreFile::open(&path).is_ok(), is_right, "{text:?}");
        }
    }
}
