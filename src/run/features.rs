//! The files of features, written again whenever the published file is another: they must not say what it no longer says.

use std::path::PathBuf;

use crate::config::Config;
use crate::warehouse::{Error, Warehouse, remove_features};

/// Where the files of features are unless somebody says otherwise: in the local lake, where no pipe looks.
pub(crate) fn usual_folder(config: &Config) -> PathBuf {
    config.data_dir.lake().join(config.prefix()).join("processed/features")
}

/// Writes the files again wherever they were written before, as far as that is on this machine.
///
/// # Errors
/// [`Error::File`], [`Error::Statement`].
pub(crate) fn renew(warehouse: &Warehouse, config: &Config) -> Result<(), Error> {
    let published = config.data_dir.published();
    for folder in folders(warehouse, config)? {
        if published.exists() {
            warehouse.export_features(&published, &folder)?;
        }
    }
    Ok(())
}

/// Takes the files away wherever they were written, as far as that is on this machine.
///
/// # Errors
/// [`Error::File`], [`Error::Statement`].
pub(crate) fn remove(warehouse: &Warehouse, config: &Config) -> Result<(), Error> {
    let folders = folders(warehouse, config)?;
    folders.iter().try_for_each(|folder| remove_features(folder))
}

/// The lake's own folder where it was written to, and the others that are there.
fn folders(warehouse: &Warehouse, config: &Config) -> Result<Vec<PathBuf>, Error> {
    let wish = warehouse.feature_wish()?.unwrap_or_default();
    let noted = wish.folders.iter().map(|folder| match folder.is_empty() {
        true => Some(usual_folder(config)),
        false => Some(PathBuf::from(folder)).filter(|folder| folder.exists()),
    });
    Ok(noted.flatten().collect())
}
