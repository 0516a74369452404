//! Check: the quality gate. Nothing is published or exported without its proof.

use super::Run;
use super::error::Error;
use super::transform::Transformed;
use crate::event::{Counts, Ending, Stage};
use crate::ledger;
use crate::quality::{self, QualityPassed};

/// Looks at the tables; `None` where the run ends before that.
///
/// To publish or to export by itself looks again, too: the proof is not kept between processes.
pub(crate) fn check(run: &mut Run<'_>, _: &Transformed) -> Result<Option<QualityPassed>, Error> {
    if *run.settings.stages.end() < Stage::Check {
        return Ok(None);
    }
    run.check_stop()?;
    run.enter(Stage::Check)?;
    let refused_rows = run.config.data_dir.refused();
    let (warn_only, now) = (&run.settings.warn_only, run.now());
    let id = &run.findings.run.id;
    let (checks, gate) = quality::gate(&mut run.warehouse, id, now, warn_only, &refused_rows)?;
    run.findings.checks = checks;
    let data_dir = &run.config.data_dir;
    ledger::status_file::write_findings(data_dir, &run.warehouse, run.id());
    let ending = if gate.is_ok() { Ending::Done } else { Ending::Quality };
    let check_count = Some(run.findings.checks.len() as u64);
    run.leave_with(ending, Counts { check_count, ..Counts::default() });
    let passed = gate.map_err(|_| Error::Refused {
        run: run.id().to_string(),
        failed_checks: quality::refusing(&run.findings.checks),
        first: quality::first_refusing(&run.findings.checks),
    })?;
    Ok(Some(passed))
}
