//! Folders that are their owner's alone, and files that are there whole or not at all.

use std::path::Path;

/// Makes a folder, if there is none, that nobody but its owner may look into: raw documents and a login lie in it. One that is
/// there stays as it is, and so does what is above it.
///
/// # Errors
/// What the system says.
pub(crate) fn create_private_dir(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    match builder.create(path) {
        // Another process was faster.
        Err(_) if path.is_dir() => Ok(()),
        made => made,
    }
}

/// Writes a file whole: beside its name first, so that who reads it meanwhile reads the one before, and a failure leaves that.
///
/// # Errors
/// What the system says.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = Path::new(&part);
    let written = std::fs::write(part, bytes).and_then(|()| std::fs::rename(part, path));
    written.inspect_err(|_| {
        // It may not even have been made.
        let _ = std::fs::remove_file(part);
    })
}
