//! That features are wanted, so that each publish makes them again.

use super::settings::replace_setting;
use crate::warehouse::{Error, FeatureWish, PublishedFile, Warehouse};

/// Notes in one transaction that features are wanted, and what the published file is with them.
pub(crate) fn made(
    warehouse: &mut Warehouse,
    wish: &FeatureWish,
    file: Option<&PublishedFile>,
) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        replace_setting(warehouse, FeatureWish::SETTING, &wish.to_json())?;
        match file {
            Some(file) => replace_setting(warehouse, PublishedFile::SETTING, &file.to_json()),
            None => Ok(()),
        }
    })
}
