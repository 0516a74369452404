//! Who is logged in, remembered by a process that runs again and again: the answer stays the same while the login does.

use std::sync::{Arc, Mutex, PoisonError};

/// Whose login it is, once it was asked for.
#[derive(Debug, Clone, Default)]
pub struct KnownUser(Arc<Mutex<Option<Known>>>);

#[derive(Debug)]
struct Known {
    /// What tells the login from every other.
    mark: String,
    user_id: String,
}

impl KnownUser {
    /// The user of the login with that mark.
    pub(super) fn of(&self, mark: Option<&str>) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| mark == Some(&known.mark)).map(|known| known.user_id.clone())
    }

    /// Remembers the user of the login with that mark, and nobody else.
    pub(super) fn keep(&self, mark: Option<String>, user_id: &str) {
        let known = mark.map(|mark| Known { mark, user_id: user_id.to_owned() });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_login_is_another_user_and_none_is_nobody() {
        let known = KnownUser::default();
        assert_eq!(known.of(None), None);
        known.keep(Some("a".to_owned()), "keeper");
        let found = [Some("a"), Some("b"), None].map(|mark| known.clone().of(mark));
        assert_eq!(found, [Some("keeper".to_owned()), None, None]);
        known.keep(None, "keeper");
        assert_eq!(known.of(Some("a")), None);
    }
}
