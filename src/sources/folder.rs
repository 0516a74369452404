//! A folder of recordings: which of its files are read, and their texts, none of them larger than memory has room for.
//!
//! In: a folder. Out: the bytes of each document, file by file, or why they cannot be had. Only a regular file is opened for
//! reading, because a FIFO or a device may never end.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::no_document::NoDocument;

/// The longest document. A list of half a million rows in one piece has 200 MiB.
const MAX_DOCUMENT: u64 = 256 << 20;
/// What is skipped at most to find the end of a line that is too long: a bomb unpacks to more than anybody waits for.
const MAX_SKIPPED: u64 = 4 << 30;
/// Blank lines that are skipped in a row, in bytes.
const MAX_BLANKS: usize = 1 << 20;
/// Folders within folders.
const MAX_DEPTH: usize = 16;
/// Passed-over files that are named; there can be thousands.
const SHOWN_NAMES: usize = 5;

/// What editors and exports of some systems put before UTF-8 text; JSON knows no such mark.
pub(super) const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The files of a folder.
pub(super) struct Folder {
    /// Those that are read, in the order of their paths.
    pub(super) files: Vec<RecordedFile>,
    /// The others, and why.
    pub(super) passed_over: Vec<PassedOver>,
}

/// What is no document.
#[derive(Debug)]
pub(crate) struct PassedOver {
    /// The file, or several, or the line of one.
    pub(crate) place: String,
    /// Why it is none.
    pub(crate) why: NoDocument,
}

/// A file that is read.
pub(super) struct RecordedFile {
    pub(super) path: PathBuf,
    /// Its path within the folder.
    pub(super) name: String,
    has_lines: bool,
    packing: Packing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Folder {
    /// Looks through `directory` and the folders in it.
    pub(super) fn open(directory: &Path) -> std::io::Result<Self> {
        let mut folder = Self { files: Vec::new(), passed_over: Vec::new() };
        let mut others = Vec::new();
        folder.walk(directory, "", &mut others)?;
        folder.files.sort_by(|one, other| one.path.cmp(&other.path));
        folder.passed_over.sort_by(|one, other| one.place.cmp(&other.place));
        if !others.is_empty() {
            others.sort();
            let mut names = others[..others.len().min(SHOWN_NAMES)].join(", ");
            if let Some(more @ 1..) = others.len().checked_sub(SHOWN_NAMES) {
                names += &format!(" and {more} more");
            }
            let why = NoDocument::OtherFile;
            folder.passed_over.push(PassedOver { place: names, why });
        }
        Ok(folder)
    }

    fn walk(
        &mut self,
        directory: &Path,
        within: &str,
        others: &mut Vec<String>,
    ) -> std::io::Result<()> {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let path = entry.path();
            let file_name = entry.file_name().to_string_lossy().into_owned();
            let name = format!("{within}{file_name}");
            let form = form_of(&file_name);
            // Of what cannot be looked at, opening says more.
            let kind = std::fs::metadata(&path).map(|metadata| metadata.file_type());
            match (kind, form) {
                (Ok(kind), _) if kind.is_dir() => {
                    let is_deep = within.matches('/').count() >= MAX_DEPTH;
                    if file_name.starts_with('.') {
                    } else if is_deep || entry.file_type()?.is_symlink() {
                        let why = NoDocument::FarFolder;
                        self.passed_over.push(PassedOver { place: name, why });
                    } else {
                        self.walk(&path, &format!("{name}/"), others)?;
                    }
                }
                (Ok(kind), Some(_)) if !kind.is_file() => {
                    let why = NoDocument::NotRegular;
                    self.passed_over.push(PassedOver { place: name, why });
                }
                (_, Some((has_lines, packing))) => {
                    self.files.push(RecordedFile { path, name, has_lines, packing });
                }
                // What desktops and tools leave behind.
                (_, None) if file_name.starts_with('.') => {}
                (_, None) => others.push(name),
            }
        }
        Ok(())
    }
}

/// Whether a file of this name holds a document a line, and how it is packed. `None`: it holds no documents.
fn form_of(file_name: &str) -> Option<(bool, Packing)> {
    let name = file_name.to_ascii_lowercase();
    let (stem, packing) = match name.rsplit_once('.')? {
        (stem, "gz") => (stem, Packing::Gzip),
        (stem, "zst") => (stem, Packing::Zstd),
        _ => (name.as_str(), Packing::Plain),
    };
    match stem.rsplit_once('.')?.1 {
        "json" => Some((false, packing)),
        "ndjson" | "jsonl" => Some((true, packing)),
        _ => None,
    }
}

/// What an opened file gives.
pub(super) enum Opened {
    /// A document.
    Whole(Result<Vec<u8>, NoDocument>),
    /// One document a line.
    Lines(Lines),
}

impl RecordedFile {
    /// Opens the file, and reads it where it is one document.
    pub(super) fn open(self) -> std::io::Result<Opened> {
        // Without waiting, for the case that the file gave way to a FIFO since the folder was looked through.
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(&self.path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Opened::Whole(Err(NoDocument::NotRegular)));
        }
        if !self.has_lines && self.packing == Packing::Plain && metadata.len() > MAX_DOCUMENT {
            return Ok(Opened::Whole(Err(NoDocument::LongText)));
        }
        let reader = unpacked(file, self.packing)?;
        if self.has_lines {
            return Ok(Opened::Lines(Lines::new(self.name, reader)));
        }
        let mut bytes = Vec::new();
        match reader.take(MAX_DOCUMENT + 1).read_to_end(&mut bytes) {
            Ok(length) if length as u64 > MAX_DOCUMENT => {
                Ok(Opened::Whole(Err(NoDocument::LongText)))
            }
            Ok(_) => Ok(Opened::Whole(Ok(bytes))),
            Err(error) if is_of_the_disk(&error) => Err(error),
            Err(error) => Ok(Opened::Whole(Err(NoDocument::Packed(error)))),
        }
    }
}

fn unpacked(file: File, packing: Packing) -> std::io::Result<Box<dyn BufRead + Send>> {
    Ok(match packing {
        Packing::Plain => Box::new(BufReader::with_capacity(1 << 20, file)),
        Packing::Gzip => {
            Box::new(BufReader::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))))
        }
        Packing::Zstd => Box::new(BufReader::new(zstd::Decoder::new(file)?)),
    })
}

/// What the system says is about the disk; all else is about what the file holds.
pub(super) fn is_of_the_disk(error: &std::io::Error) -> bool {
    error.raw_os_error().is_some()
}

/// A file that is being read line by line.
pub(super) struct Lines {
    /// The file.
    pub(super) name: String,
    reader: Box<dyn BufRead + Send>,
    number: u64,
    /// The length of the line before, a guess at that of the next.
    length: usize,
    has_any: bool,
}

/// What comes next in a file of lines.
pub(super) enum Line {
    /// A line that is not blank.
    Text(Vec<u8>),
    /// A line that is not a document, why, and whether other lines follow.
    Not(NoDocument, bool),
    /// The end.
    End,
}

impl Lines {
    pub(super) fn new(name: String, reader: impl BufRead + Send + 'static) -> Self {
        Self { name, reader: Box::new(reader), number: 0, length: 0, has_any: false }
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> std::io::Result<Line> {
        let mut blanks = 0;
        loop {
            self.number += 1;
            let guess = (self.length + self.length / 8).min(MAX_BLANKS);
            let mut line = Vec::with_capacity(guess);
            let reader = &mut self.reader;
            self.length = match reader.take(MAX_DOCUMENT + 1).read_until(b'\n', &mut line) {
                Ok(length) => length,
                Err(error) if is_of_the_disk(&error) => return Err(error),
                Err(error) => return Ok(Line::Not(NoDocument::Broken(error), false)),
            };
            if self.length == 0 {
                let is_empty = !self.has_any;
                return Ok(if is_empty { Line::Not(NoDocument::Empty, false) } else { Line::End });
            }
            if self.length as u64 > MAX_DOCUMENT {
                drop(line);
                return self.skip_line();
            }
            let text = line.strip_prefix(UTF8_MARK).unwrap_or(&line);
            if !text.trim_ascii().is_empty() {
                self.has_any = true;
                return Ok(Line::Text(line));
            }
            blanks += self.length;
            if blanks > MAX_BLANKS {
                return Ok(Line::Not(NoDocument::Endless, false));
            }
        }
    }

    /// Goes on behind a line that is too long.
    fn skip_line(&mut self) -> std::io::Result<Line> {
        (self.has_any, self.length) = (true, 0);
        let reader = &mut self.reader;
        match reader.take(MAX_SKIPPED).skip_until(b'\n') {
            Ok(length) if length as u64 == MAX_SKIPPED => Ok(Line::Not(NoDocument::Endless, false)),
            Ok(_) => Ok(Line::Not(NoDocument::LongText, true)),
            Err(error) if is_of_the_disk(&error) => Err(error),
            Err(error) => Ok(Line::Not(NoDocument::Broken(error), false)),
        }
    }

    /// Where the line is that was asked for last.
    pub(super) fn place(&self) -> String {
        format!("{}, line {}", self.name, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_form_in_any_case_and_packing() {
        use Packing::{Gzip, Plain, Zstd};
        for (name, wanted) in [
            ("a.json", Some((false, Plain))),
            ("A.JSON", Some((false, Plain))),
            ("a.json.gz", Some((false, Gzip))),
            ("a.ndjson.zst", Some((true, Zstd))),
            ("a.JsonL.GZ", Some((true, Gzip))),
            (".json", Some((false, Plain))),
            ("json", None),
            ("json.gz", None),
            ("a.json.bz2", None),
            ("a.csv.gz", None),
            ("a.json~", None),
        ] {
            assert_eq!(form_of(name), wanted, "{name}");
        }
    }
}
