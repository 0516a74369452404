//! The word that ends an upload: asked for by a person, or because no other transfer can get further.

use std::time::Duration;

use crate::lake::error::Error;
use crate::retry::pause;
use crate::stop::Stop;

/// How long a call may go on that should not be left half done.
const GRACE: Duration = Duration::from_secs(3);

/// The word that all transfers should end.
pub(super) struct Halt(Stop);

impl Halt {
    pub(super) fn new() -> Self {
        Self(Stop::new())
    }

    pub(super) fn raise(&self) {
        self.0.ask();
    }

    /// Raises the word for a failure that is no file's own.
    pub(super) fn for_all<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if result.as_ref().is_err_and(|error| !error.is_about_one_file()) {
            self.raise();
        }
        result
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.0.is_asked() { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Does `work` unless the word falls first.
    pub(super) async fn unless<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.0.or(work).await.unwrap_or(Err(Error::Stopped))
    }

    /// Does `work`, of which the store keeps something that we must know of; when the word falls it has a moment left.
    pub(super) async fn unless_late<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let late = async {
            self.0.asked().await;
            pause(GRACE).await;
        };
        tokio::select! {
            biased;
            result = work => result,
            () = late => Err(Error::Stopped),
        }
    }
}
