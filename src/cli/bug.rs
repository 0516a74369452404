//! A panic is a bug of ours: it is told like any other error, ends with the exit code of a bug, and leaves `--json` its document.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Mutex, PoisonError};

/// What the last panic said.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// From now on every panic, on any thread, is told by `tell` instead of in Rust's own words.
pub(super) fn told_by(tell: impl Fn(&str) + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |info| {
        let text = words(info);
        tell(&text);
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }));
}

/// What `work` gives, or what its panic said.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // Nothing that `work` had in its hands is looked at any more.
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
        last.unwrap_or_else(|| ADVICE.to_owned())
    })
}

const ADVICE: &str = "this is a bug in snowtrack, please report it with this line; what was done is kept, and the same command continues";

fn words(info: &PanicHookInfo<'_>) -> String {
    let said = info.payload_as_str().unwrap_or("no reason given");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    format!("`{said}` at {place}: {ADVICE}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_once_with_its_place_and_leaves_its_words_to_the_document() {
        static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let usual = panic::take_hook();
        told_by(|text| TOLD.lock().unwrap().push(text.to_owned()));
        let caught = caught(|| -> u8 { panic!("`DateTime + TimeDelta` overflowed") });
        panic::set_hook(usual);
        let text = caught.unwrap_err();
        assert!(
            text.starts_with("``DateTime + TimeDelta` overflowed` at src/cli/bug.rs:"),
            "{text}"
        );
        assert!(text.contains("please report it"), "{text}");
        // Other tests may panic on purpose beside this one.
        assert_eq!(TOLD.lock().unwrap().iter().filter(|told| **told == text).count(), 1);
        assert_eq!(super::caught(|| 7), Ok(7));
    }
}
