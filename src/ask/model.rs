//! A model behind the chat-completions protocol, which Ollama, llama.cpp, LM Studio and vLLM share.
//!
//! In: a request's body. Out: the text that the model wrote, or why there is none. What the server says is a stranger's text.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, Url};
use serde::Deserialize;

use crate::config::ModelConfig;
use crate::http::{self, HttpAnswer, exchange};

/// So many models are named where the wanted one is not there.
const MOST_NAMED: usize = 8;

/// Why a model does not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModelError {
    /// The address is none.
    #[error(
        "`{url}` is no address of a model's server: wanted one such as `http://127.0.0.1:11434` in `SNOWTRACK_LLM_URL`, or host and port in `OLLAMA_HOST`"
    )]
    Address { url: String },
    /// The question would leave this machine.
    #[error(
        "the model's server `{place}` is not this machine: your question and the names of tables and columns would be sent there; `--allow-remote-model` allows it"
    )]
    Remote { place: String },
    /// Nobody answers there.
    #[error(
        "no model is reachable at `{place}` ({how}): start one (for example `ollama serve`), or set `SNOWTRACK_LLM_URL`"
    )]
    Unreachable { place: String, how: String },
    /// The answer takes too long.
    #[error(
        "the model at `{place}` took longer than its limit of {} s (`--timeout`)",
        limit.as_secs_f64()
    )]
    Slow { place: String, limit: Duration },
    /// The server refuses.
    #[error("the server at `{place}` answered with status {status}: {message}")]
    Status { place: String, status: u16, message: String },
    /// The server sends us elsewhere.
    #[error("the server at `{place}` redirects to {target}, which is not followed")]
    Redirected { place: String, target: String },
    /// The server has no such model.
    #[error("the server at `{place}` has no model `{model}`; it has {known}")]
    NotThere { place: String, model: String, known: String },
    /// It has none at all.
    #[error("the server at `{place}` has no model: load one (for example `ollama pull qwen3`)")]
    NoModel { place: String },
    /// That is not the protocol.
    #[error("the server at `{place}` does not speak the chat-completions protocol: {what}")]
    Nonsense { place: String, what: String },
}

/// The server of models.
pub(crate) struct Server {
    client: Client,
    address: Url,
    limit: Duration,
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Written,
}

#[derive(Deserialize)]
struct Written {
    content: Option<String>,
}

impl Server {
    /// The configured one, of which no answer may take longer than `limit`. Nobody is asked yet.
    ///
    /// # Errors
    /// [`ModelError::Remote`] where it is another machine and `may_be_remote` does not allow that.
    pub(crate) fn new(
        config: &ModelConfig,
        may_be_remote: bool,
        limit: Duration,
    ) -> Result<Self, ModelError> {
        let address = config
            .address()
            .ok_or_else(|| ModelError::Address { url: http::place(&config.url) })?;
        let is_here = http::is_loopback(&address);
        if !is_here && !may_be_remote {
            return Err(ModelError::Remote { place: http::place(address.as_str()) });
        }
        // Ours ends it, with a message of its own.
        let patience = limit + Duration::from_secs(5);
        let client = if is_here { http::local_client(patience) } else { http::client(patience) };
        let client = client.map_err(|error| ModelError::Unreachable {
            place: http::place(address.as_str()),
            how: http::describe(error),
        })?;
        Ok(Self { client, address, limit })
    }

    /// Where completions are asked for.
    pub(crate) fn completions(&self) -> String {
        http::place(self.at("chat/completions").as_str())
    }

    /// The model to ask: the wanted one, or the first that is there.
    ///
    /// # Errors
    /// [`ModelError`].
    pub(crate) async fn model(&self, wanted: Option<&str>) -> Result<String, ModelError> {
        let url = self.at("models");
        let answer = self.send(Method::GET, &url, None).await?;
        let place = http::place(url.as_str());
        let nonsense = |what: String| ModelError::Nonsense { place: place.clone(), what };
        if let (404 | 405, Some(wanted)) = (answer.status.as_u16(), wanted) {
            // A server that keeps no list may have it.
            return Ok(wanted.to_owned());
        }
        let body = self.whole(&url, answer)?;
        let models: Models = serde_json::from_slice(&body)
            .map_err(|_| nonsense("`/v1/models` is no list of models".to_owned()))?;
        let ids: Vec<String> = models.data.into_iter().map(|it| it.id).collect();
        match wanted {
            None => ids.into_iter().next().ok_or(ModelError::NoModel { place }),
            // Ollama lists `name:latest` and answers to `name`.
            Some(wanted) if ids.iter().any(|id| is_meant(wanted, id)) => Ok(wanted.to_owned()),
            Some(_) if ids.is_empty() => Err(ModelError::NoModel { place }),
            Some(wanted) => Err(ModelError::NotThere {
                place,
                model: wanted.to_owned(),
                known: http::shortened(&named(&ids)),
            }),
        }
    }

    /// What the model writes.
    ///
    /// # Errors
    /// [`ModelError`].
    pub(crate) async fn answer(&self, body: String) -> Result<String, ModelError> {
        let url = self.at("chat/completions");
        let answer = self.send(Method::POST, &url, Some(body)).await?;
        let body = self.whole(&url, answer)?;
        let place = http::place(url.as_str());
        let completion: Completion =
            serde_json::from_slice(&body).map_err(|_| ModelError::Nonsense {
                place: place.clone(),
                what: format!(
                    "its answer has no `choices`: {}",
                    http::shortened(&String::from_utf8_lossy(&body))
                ),
            })?;
        let first = completion.choices.into_iter().next();
        let what = "it answered with no choice".to_owned();
        let first = first.ok_or(ModelError::Nonsense { place, what })?;
        Ok(first.message.content.unwrap_or_default())
    }

    fn at(&self, path: &str) -> Url {
        self.address.join(path).unwrap_or_else(|_| self.address.clone())
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        body: Option<String>,
    ) -> Result<HttpAnswer, ModelError> {
        let place = http::place(url.as_str());
        let mut request = self.client.request(method, url.clone());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        match tokio::time::timeout(self.limit, exchange(request)).await {
            Err(_) => Err(ModelError::Slow { place, limit: self.limit }),
            Ok(Err(fault)) => Err(ModelError::Unreachable { place, how: fault.reason() }),
            Ok(Ok(answer)) => Ok(answer),
        }
    }

    /// The body of an answer that says yes.
    fn whole(&self, url: &Url, answer: HttpAnswer) -> Result<Vec<u8>, ModelError> {
        let place = http::place(url.as_str());
        if let Some(target) = http::redirect(answer.status, &answer.headers) {
            return Err(ModelError::Redirected { place, target });
        }
        let body = answer.body.map_err(|error| ModelError::Nonsense {
            place: place.clone(),
            what: error.to_string(),
        });
        match answer.status.is_success() {
            true => body,
            false => Err(ModelError::Status {
                place,
                status: answer.status.as_u16(),
                message: message(&body.unwrap_or_default()),
            }),
        }
    }
}

fn is_meant(wanted: &str, id: &str) -> bool {
    id == wanted || id.strip_suffix(":latest") == Some(wanted)
}

fn named(ids: &[String]) -> String {
    let shown: Vec<&str> = ids.iter().take(MOST_NAMED).map(String::as_str).collect();
    let more = if MOST_NAMED < ids.len() { " and more" } else { "" };
    format!("`{}`{more}", shown.join("`, `"))
}

/// What a server says went wrong, in whichever form.
fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Error {
        Text(String),
        Told { message: String },
    }
    #[derive(Deserialize)]
    struct Refused {
        error: Error,
    }
    let text = match serde_json::from_slice(body) {
        Ok(Refused { error: Error::Text(text) | Error::Told { message: text } }) => text,
        Err(_) => String::from_utf8_lossy(body).trim().to_owned(),
    };
    if text.is_empty() { "it says nothing more".to_owned() } else { http::shortened(&text) }
}
