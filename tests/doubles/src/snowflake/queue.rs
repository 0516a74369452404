//! Files that wait in pipes: how they get there, and when their turn comes.

use chrono::TimeDelta;

use super::State;
use super::catalog::Name;
use super::cursor::Settings;
use super::engine::Rows;
use super::listing::{listing, some};
use super::loads::Latency;
use super::pipe::{Pending, PipeState};
use super::problem::{Outcome, Problem};

impl State {
    /// Somebody looked at loads; with a pipe only that pipe's.
    pub(super) fn looked(&mut self, pipe: Option<&Name>) {
        if self.is_aside {
            return;
        }
        for (name, known) in &mut self.catalog.pipes {
            if pipe.is_none_or(|pipe| pipe == name) {
                known.queue.iter_mut().for_each(|file| file.look_count += 1);
            }
        }
    }

    /// Whatever Snowflake would have done by now.
    pub(super) fn tick(&mut self) {
        self.notice_objects();
        let pipes: Vec<Name> = self.catalog.pipes.keys().cloned().collect();
        for name in pipes {
            while let Some(file) = self.due(&name) {
                self.load_pending(&name, file);
            }
        }
    }

    /// Event notifications reach the pipes that listen.
    fn notice_objects(&mut self) {
        let listens = self.catalog.pipes.values().any(|pipe| pipe.is_auto && pipe.state.queues());
        if !listens || !self.notifies {
            return;
        }
        let keys = match self.config.files.list("") {
            Ok(keys) => keys,
            Err(error) => {
                self.violate(format!("the lake cannot be listed: {error}"));
                return;
            }
        };
        for key in keys {
            if self.noticed.insert(key.clone()) {
                self.object_created(&key);
            }
        }
    }

    /// An event of S3's, if the bucket's notification sends it.
    pub(super) fn event(&mut self, key: &str, event: &str) -> bool {
        let is_sent = self.subscription.as_ref().is_none_or(|(wanted, prefix)| {
            let name = format!("s3:{event}");
            let fits =
                wanted.strip_suffix('*').map_or(*wanted == name, |start| name.starts_with(start));
            fits && key.starts_with(prefix.as_str())
        });
        if is_sent {
            self.object_created(key);
        }
        is_sent
    }

    /// Every pipe that listens gets the file if it is below its location: two pipes load it twice.
    pub(super) fn object_created(&mut self, key: &str) {
        let now = self.now();
        let names: Vec<Name> = self.catalog.pipes.keys().cloned().collect();
        for name in names {
            let Some(pipe) = self.catalog.pipes.get(&name).filter(|pipe| pipe.is_auto) else {
                continue;
            };
            let Ok((_, location)) = self.catalog.source(&pipe.copy) else { continue };
            let Some(path) = key.strip_prefix(&location).map(str::to_owned) else { continue };
            let fits = !self.fitting(&pipe.copy, std::slice::from_ref(&path)).is_empty();
            if let Some(pipe) = self.catalog.pipes.get_mut(&name)
                && pipe.state.queues()
            {
                pipe.last_received = Some(now);
                if fits {
                    pipe.last_forwarded = Some((path.clone(), now));
                    pipe.receive(&path, None, now, false);
                }
            }
        }
    }

    /// The next file of a pipe whose time has come.
    fn due(&mut self, name: &Name) -> Option<Pending> {
        let (now, latency) = (self.now(), self.latency);
        let pipe = self.catalog.pipes.get_mut(name)?;
        if !pipe.state.is_running() {
            return None;
        }
        let is_due = |file: &Pending| {
            let base = match latency {
                Latency::After(wait) => {
                    now - file.received_at >= TimeDelta::from_std(wait).unwrap_or_default()
                }
                Latency::Looks(count) => file.look_count >= count,
                Latency::Never => false,
            };
            // The parts behind the first come one by one, with each look.
            base && file.part <= file.look_count
        };
        let at = pipe.queue.iter().position(is_due)?;
        pipe.queue.remove(at)
    }

    /// `ALTER PIPE … REFRESH`: queues what was staged within a week and is known to neither the pipe nor COPY.
    pub(super) fn refresh_pipe(&mut self, name: &Name, settings: &Settings) -> Outcome<Rows> {
        let mut prefix = String::new();
        for (option, value) in settings {
            match option.as_str() {
                "PREFIX" => value.as_text()?.clone_into(&mut prefix),
                "MODIFIED_AFTER" => {}
                other => {
                    return Err(Problem::invalid_option(&format!("invalid parameter '{other}'")));
                }
            }
        }
        let copy = self.catalog.pipes.get(name).map(|pipe| pipe.copy.clone());
        let copy = copy.ok_or_else(|| Problem::missing("Pipe", &name.text()))?;
        let (_, location) = self.catalog.source(&copy)?;
        let paths = self.paths(&copy, &location)?;
        let now = self.now();
        let copied = self.catalog.tables.get(&copy.table).map(|table| table.copied.clone());
        let mut rows = Vec::new();
        for path in paths.into_iter().filter(|path| path.starts_with(&prefix)) {
            let is_copied = copied
                .as_ref()
                .is_some_and(|known| known.contains_key(&format!("{location}{path}")));
            let is_new = !is_copied
                && self
                    .catalog
                    .pipes
                    .get_mut(name)
                    .is_some_and(|pipe| pipe.receive(&path, None, now, false));
            rows.push(vec![some(&path), some(if is_new { "SENT" } else { "SKIPPED" })]);
        }
        Ok(listing(&["File", "Status"], rows))
    }

    /// Asking makes Snowflake look again at a stage it was not allowed to read.
    pub(super) fn asked_for_status(&mut self, name: &Name) {
        if let Some(pipe) = self.catalog.pipes.get_mut(name)
            && pipe.state.state == "STALLED_STAGE_PERMISSION_ERROR"
            && pipe.state.error.is_none()
        {
            pipe.state = PipeState::new("RUNNING", None);
        }
    }
}
