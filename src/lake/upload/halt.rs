//! The word that ends an upload: asked for by a person, or because no other transfer can get further.

use std::time::Duration;

use tokio::sync::watch;

use crate::lake::error::Error;
use crate::retry::pause;

/// How long a call may go on that should not be left half done.
const GRACE: Duration = Duration::from_secs(3);

/// The word that all transfers should end.
pub(super) struct Halt(watch::Sender<bool>);

impl Halt {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(super) fn raise(&self) {
        self.0.send_replace(true);
    }

    /// Raises the word for a failure that is no file's own.
    pub(super) fn for_all<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if result.as_ref().is_err_and(|error| !error.is_about_one_file()) {
            self.raise();
        }
        result
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if *self.0.borrow() { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Until the word falls.
    async fn raised(&self) {
        // Never an error: the sender is ours.
        let _ = self.0.subscribe().wait_for(|is_raised| *is_raised).await;
    }

    /// Does `work` unless the word falls first.
    pub(super) async fn unless<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.raised() => Err(Error::Stopped),
            result = work => result,
        }
    }

    /// Does `work`, of which the store keeps something that we must know of; when the word falls it has a moment left.
    pub(super) async fn unless_late<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let late = async {
            self.raised().await;
            pause(GRACE).await;
        };
        tokio::select! {
            biased;
            result = work => result,
            () = late => Err(Error::Stopped),
        }
    }
}
