//! The files of features, written again whenever the published file is another: they must not say what it no longer says.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::warehouse::{Error, Warehouse};

/// Where the files of features are unless somebody says otherwise: in the local lake, where no pipe looks.
pub(crate) fn usual_folder(config: &Config) -> PathBuf {
    config.data_dir.lake().join(config.prefix()).join("processed/features")
}

/// Writes the files again wherever they were written before, as far as that is on this machine.
///
/// # Errors
/// [`Error::File`], [`Error::Statement`].
pub(crate) fn renew(warehouse: &Warehouse, config: &Config) -> Result<(), Error> {
    let (Some(wish), published) = (warehouse.feature_wish()?, config.data_dir.published()) else {
        return Ok(());
    };
    for folder in &wish.folders {
        let is_usual = folder.is_empty();
        let folder = if is_usual { usual_folder(config) } else { Path::new(folder).to_owned() };
        if published.exists() && (is_usual || folder.exists()) {
            warehouse.export_features(&published, &folder)?;
        }
    }
    Ok(())
}
