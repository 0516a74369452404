//! `doctor`: one line per finding, with the fix below those that need one.

use std::sync::Mutex;

use super::exit::Error;
use super::layout::Page;
use super::told::print_page;
use super::{Cli, now, one_line, print, runtime};
use crate::config::Config;
use crate::operate::{Finding, Health};

/// Looks at everything a run needs, prints what it found, and fails with the exit code of the first thing that is broken.
pub(super) fn doctor(cli: &Cli, config: &Config) -> Result<(), Error> {
    let unprinted = Mutex::new(None);
    // As soon as it is known: a service that does not answer must not hold back what the others said.
    let tell = |finding: &Finding| {
        if !cli.json
            && let Err(error) = print_page(page(finding))
            && let Ok(mut unprinted) = unprinted.lock()
        {
            *unprinted = Some(error);
        }
    };
    let findings = runtime()?.block_on(crate::operate::doctor(config, now, &tell));
    if cli.json {
        print(&serde_json::to_string(&findings).map_err(std::io::Error::from)?)?;
    }
    if let Ok(Some(error)) = unprinted.into_inner() {
        return Err(error);
    }
    let broken = findings.into_iter().find(|finding| finding.health == Health::Fail);
    broken.map_or(Ok(()), |finding| {
        let why = finding.fix.unwrap_or(finding.detail);
        let why = why.lines().next().unwrap_or_default().trim_end_matches(':').to_owned();
        let (area, what, ending) = (finding.area, finding.what.to_owned(), finding.ending);
        Err(Error::Unwell { area, what, why, ending })
    })
}

fn page(finding: &Finding) -> Page {
    let mark = match finding.health {
        Health::Ok => "ok  ",
        Health::Warn => "warn",
        Health::Fail => "FAIL",
        Health::Skipped => "–   ",
    };
    let area = finding.area.name();
    let line = format!("{mark}  {area:<9}  {}: {}", finding.what, one_line(&finding.detail));
    let mut page = Page::default();
    page.say_toned(line, mark.trim_end(), finding.health);
    // What to do begins with words; statements to paste may follow, a line each.
    let mut lines = finding.fix.iter().flat_map(|fix| fix.lines());
    if let Some(words) = lines.next() {
        page.say(format!("                 → {words}"));
    }
    lines.for_each(|line| page.paste(format!("                   {line}")));
    page
}
