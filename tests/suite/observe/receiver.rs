//! Whoever is posted to: keeps what came, and answers as it is told.

use std::sync::{Arc, Mutex};

use crate::support::http::{Answer, Delivery, Request, Server, Service};

/// A post as it came.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) content_type: String,
    pub(crate) authorization: String,
    pub(crate) key: String,
    pub(crate) body: Vec<u8>,
}

/// How it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Well,
    Status(u16),
    Hang,
}

/// A server on a loopback port; it stops when dropped.
pub(crate) struct Receiver {
    shared: Arc<Shared>,
    server: Server,
}

struct Shared {
    posts: Mutex<Vec<Post>>,
    manner: Mutex<Manner>,
    body: &'static str,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        Self::answering("")
    }

    /// One whose good answers have this body.
    pub(crate) fn answering(body: &'static str) -> Self {
        let (posts, manner) = (Mutex::default(), Mutex::new(Manner::Well));
        let shared = Arc::new(Shared { posts, manner, body });
        let server = Server::start(&shared);
        Self { shared, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    pub(crate) fn be(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// What came since the last question.
    pub(crate) fn take(&self) -> Vec<Post> {
        std::mem::take(&mut self.shared.posts.lock().unwrap())
    }
}

impl Service for Shared {
    fn answer(&self, request: &Request) -> Answer {
        let header = |name| request.header(name).unwrap_or_default().to_owned();
        self.posts.lock().unwrap().push(Post {
            method: request.method.clone(),
            path: request.path.clone(),
            content_type: header("content-type"),
            authorization: header("authorization"),
            key: header("x-key"),
            body: request.body.clone(),
        });
        match *self.manner.lock().unwrap() {
            Manner::Well => Answer::text(200, "text/xml", self.body),
            Manner::Status(status) => Answer::text(status, "text/plain", "no"),
            Manner::Hang => Answer::json(200, "").delivered(Delivery::Hang),
        }
    }
}
