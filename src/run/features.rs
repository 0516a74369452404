//! The files of features, written again whenever the published file is another: they must not say what it no longer says.
//!
//! Where rows came from Spotify's API since, and the user said nothing of those, everything stays as it was made before: a publish takes
//! nothing away. Who is forgotten is another matter.

use std::path::PathBuf;

use crate::config::Config;
use crate::phrase::counted;
use crate::warehouse::{Error, PublishedFeatures, Warehouse, remove_features};

/// Where the files of features are unless somebody says otherwise: in the local lake, where no pipe looks.
pub(crate) fn usual_folder(config: &Config) -> PathBuf {
    config.data_dir.lake().join(config.prefix()).join("processed/features")
}

/// Writes the files again wherever they were written before, as far as that is on this machine. What is to be said where they, and the
/// published file's own, stay as they were.
///
/// # Errors
/// [`Error::File`], [`Error::Statement`].
pub(crate) fn renew(warehouse: &Warehouse, config: &Config) -> Result<Option<String>, Error> {
    let published = config.data_dir.published();
    let Some(wish) = warehouse.feature_wish()?.filter(|_| published.exists()) else {
        return Ok(None);
    };
    let features = warehouse.published_features(&published)?;
    if 0 < features.api_list_count && !wish.api_content {
        return Ok(Some(not_renewed(&features)));
    }
    write(warehouse, config)?;
    Ok(None)
}

fn not_renewed(features: &PublishedFeatures) -> String {
    let lists = counted(features.api_list_count, "list");
    let stay = match (features.are_there, &features.as_of) {
        (true, Some(as_of)) => format!("they stay as of the run that began {as_of}"),
        (true, None) => "they stay as they were".to_owned(),
        (false, _) => {
            "the published file has none, and files written before stay as they are".to_owned()
        }
    };
    format!(
        "features are not renewed, {stay}: {lists} came from Spotify's API; `snowtrack features --i-may-use-api-content` makes them again, where you may"
    )
}

/// The same once somebody is forgotten: what cannot be made without them goes. What is to be said then.
///
/// # Errors
/// [`Error::File`], [`Error::Statement`].
pub(crate) fn renew_without_forgotten(
    warehouse: &Warehouse,
    config: &Config,
) -> Result<Option<&'static str>, Error> {
    let published = config.data_dir.published();
    if warehouse.feature_wish()?.is_none() {
        return Ok(None);
    }
    if published.exists() && warehouse.published_features(&published)?.are_there {
        write(warehouse, config)?;
        return Ok(None);
    }
    remove(warehouse, config)?;
    Ok(Some(
        "features are removed, also where their files were written: they may hold who is forgotten, and lists came from Spotify's API since; `snowtrack features --i-may-use-api-content` makes them again, where you may",
    ))
}

fn write(warehouse: &Warehouse, config: &Config) -> Result<(), Error> {
    let published = config.data_dir.published();
    for folder in folders(warehouse, config)? {
        warehouse.export_features(&published, &folder)?;
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
