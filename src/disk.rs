//! Folders that are their owner's alone.

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
