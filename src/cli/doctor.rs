//! `doctor`: one line per finding, with the fix below those that need one.

use std::path::Path;

use super::{Cli, Error, now, one_line, print, runtime};
use crate::config::Config;
use crate::pipeline::{self, Finding, Health};

/// Looks at everything a run needs, prints what it found, and fails with the exit code of the first thing that is broken.
pub(super) fn doctor(cli: &Cli, config: &Config, data_dir: &Path) -> Result<(), Error> {
    let findings = runtime()?.block_on(pipeline::doctor(config, data_dir, now));
    if cli.json {
        print(&serde_json::to_string(&findings).map_err(std::io::Error::from)?)?;
    } else {
        print(&findings.iter().map(line).collect::<Vec<_>>().join("\n"))?;
    }
    let broken = findings.into_iter().find(|finding| finding.health == Health::Fail);
    broken.map_or(Ok(()), |finding| {
        Err(Error::Unwell { area: finding.area, what: finding.what.to_owned() })
    })
}

fn line(finding: &Finding) -> String {
    let mark = match finding.health {
        Health::Ok => "ok  ",
        Health::Warn => "warn",
        Health::Fail => "FAIL",
        Health::Skipped => "–   ",
    };
    let area = finding.area.name();
    let mut text = format!("{mark}  {area:<9}  {}: {}", finding.what, one_line(&finding.detail));
    if let Some(fix) = &finding.fix {
        text.push_str(&format!("\n                 → {fix}"));
    }
    text
}
