//! That features are wanted, so that each publish makes them again; and how far their files are.

use super::settings::{replace_setting, set_setting, setting};
use crate::warehouse::{Error, FeatureWish, PublishedFile, Warehouse};

/// Where the files are that say what the published file says.
const FILES_AT: &str = "features_at";

/// Where the files are that say what the published file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilesAt {
    /// Nowhere: they are of a former one.
    Nowhere,
    /// In every folder of the machine that made them.
    Written,
    /// There, and at this address.
    Sent(String),
}

/// Notes in one transaction that features are wanted, and what the published file is with them. Their files are still to be written.
pub(crate) fn made(
    warehouse: &mut Warehouse,
    wish: &FeatureWish,
    file: Option<&PublishedFile>,
) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        replace_setting(warehouse, FeatureWish::SETTING, &wish.to_json())?;
        replace_setting(warehouse, FILES_AT, "")?;
        match file {
            Some(file) => replace_setting(warehouse, PublishedFile::SETTING, &file.to_json()),
            None => Ok(()),
        }
    })
}

/// Where the files are. What an earlier version wrote is not known to be anywhere else than on its machine.
pub(crate) fn files_at(warehouse: &Warehouse) -> Result<FilesAt, Error> {
    Ok(match setting(warehouse, FILES_AT)?.as_deref() {
        Some("") => FilesAt::Nowhere,
        None | Some("written") => FilesAt::Written,
        Some(address) => FilesAt::Sent(address.to_owned()),
    })
}

/// Notes that the published file is about to be another.
pub(crate) fn lack_files(warehouse: &mut Warehouse) -> Result<(), Error> {
    match warehouse.feature_wish()? {
        Some(_) => set_setting(warehouse, FILES_AT, ""),
        None => Ok(()),
    }
}

/// Notes where they are now.
pub(crate) fn have_files(warehouse: &mut Warehouse, at: FilesAt) -> Result<(), Error> {
    if warehouse.feature_wish()?.is_none() {
        return Ok(());
    }
    let value = match at {
        FilesAt::Nowhere => String::new(),
        FilesAt::Written => "written".to_owned(),
        FilesAt::Sent(address) => address,
    };
    set_setting(warehouse, FILES_AT, &value)
}
