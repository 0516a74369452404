//! Writes what goes to the bucket below the local lake, and notes it in the ledger.

use super::error::Error;
use super::findings::Story;
use super::job::{Edge, Settings};
use super::story::prefix;
use crate::config::Config;
use crate::event::{Event, Stage};
use crate::lake::{ExportSettings, WrittenFile, archive, export, manifest_key};
use crate::ledger;
use crate::quality::QualityPassed;
use crate::warehouse::Warehouse;

impl Story {
    /// Writes the files, the archive where it is asked for, the manifest last, and notes all of them at once.
    pub(crate) fn export(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
        passed: &QualityPassed,
    ) -> Result<(), Error> {
        let settings = export_settings(edge.config, edge.settings);
        let manifest = export(
            warehouse,
            passed,
            (&self.run, self.started_at, &self.tables),
            &settings,
            edge.events,
        )?;
        let archive = self.archive(edge, warehouse, &settings)?;
        let key = manifest_key(&settings.prefix, &self.run, self.started_at);
        let has_files = !manifest.files.is_empty();
        let written = has_files.then(|| manifest.write(&settings.lake, key)).transpose()?;
        let beside = (written.as_ref(), archive.as_ref());
        ledger::runs::exported(warehouse, &manifest, beside, &self.tables, edge.now())?;
        self.manifest = Some(manifest);
        self.reached = Stage::Export;
        Ok(())
    }

    /// Keeps the raw documents beside the files, where that is asked for.
    fn archive(
        &self,
        edge: Edge<'_>,
        warehouse: &Warehouse,
        settings: &ExportSettings,
    ) -> Result<Option<WrittenFile>, Error> {
        if !edge.settings.archive {
            return Ok(None);
        }
        let run = (&self.run, self.started_at);
        let Some(archive) = archive(warehouse, run, &settings.lake, &settings.prefix)? else {
            return Ok(None);
        };
        if archive.left_out_count > 0 {
            let text = format!(
                "{} documents that an earlier version landed are not in the archive",
                archive.left_out_count
            );
            (edge.events)(Event::Warning(text));
        }
        Ok(Some(archive.file))
    }
}

fn export_settings(config: &Config, settings: &Settings) -> ExportSettings {
    ExportSettings {
        lake: settings.data_dir.lake(),
        prefix: prefix(config),
        format: config.lake.format.unwrap_or_default(),
        max_file_bytes: config.lake.max_file_mib.unwrap_or(200) << 20,
    }
}
