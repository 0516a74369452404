//! A model behind the chat-completions protocol that says what a test has it say. It refuses a request that a real server would refuse,
//! or that gives up what makes answers repeatable, and a test that ends with such a request fails.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::http::{Answer, Delivery, Request, Server, Service};

/// What the model does when it is asked.
pub(crate) enum Say {
    /// Writes this.
    Text(String),
    /// The server answers so.
    Answer(Answer),
}

pub(crate) struct FakeModel {
    server: Server,
    state: Arc<State>,
}

struct State {
    models: Vec<&'static str>,
    says: Mutex<VecDeque<Say>>,
    bodies: Mutex<Vec<String>>,
    paths: Mutex<Vec<String>>,
    violations: Mutex<Vec<String>>,
}

/// A model that writes each of these, and then nothing more.
pub(crate) fn scripted(says: impl IntoIterator<Item = Say>) -> FakeModel {
    FakeModel::start(vec!["small:latest", "large"], says)
}

/// An answer as a model gives it.
pub(crate) fn sql(sql: &str) -> Say {
    Say::Text(json!({"question": "", "parameters": {}, "sql": sql}).to_string())
}

/// The choice of a ready question.
pub(crate) fn ready(name: &str, parameters: &Value) -> Say {
    Say::Text(json!({"question": name, "parameters": parameters, "sql": ""}).to_string())
}

/// An answer that does not arrive as it should.
pub(crate) fn delivered(delivery: Delivery) -> Say {
    Say::Answer(completion("{}").delivered(delivery))
}

fn completion(text: &str) -> Answer {
    let message = json!({"role": "assistant", "content": text});
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    Answer::json(200, json!({"object": "chat.completion", "choices": [choice]}).to_string())
}

impl FakeModel {
    pub(crate) fn start(models: Vec<&'static str>, says: impl IntoIterator<Item = Say>) -> Self {
        let state = Arc::new(State {
            models,
            says: Mutex::new(says.into_iter().collect()),
            bodies: Mutex::default(),
            paths: Mutex::default(),
            violations: Mutex::default(),
        });
        Self { server: Server::start(&state), state }
    }

    pub(crate) fn address(&self) -> &str {
        &self.server.address
    }

    /// The bodies of all requests for a completion.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.state.bodies.lock().unwrap().clone()
    }

    /// The paths of all requests.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.state.paths.lock().unwrap().clone()
    }
}

impl Drop for FakeModel {
    fn drop(&mut self) {
        let violations = self.state.violations.lock().unwrap().clone();
        if !std::thread::panicking() {
            assert!(violations.is_empty(), "{violations:?}");
        }
    }
}

impl Service for State {
    fn answer(&self, request: &Request) -> Answer {
        self.paths.lock().unwrap().push(format!("{} {}", request.method, request.path));
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/v1/models") => {
                let data: Vec<Value> =
                    self.models.iter().map(|id| json!({"id": id, "object": "model"})).collect();
                Answer::json(200, json!({"object": "list", "data": data}).to_string())
            }
            ("POST", "/v1/chat/completions") => self.completion(request),
            (method, path) => self.refused(&format!("{method} {path} is no call of the protocol")),
        }
    }
}

impl State {
    fn refused(&self, why: &str) -> Answer {
        self.violations.lock().unwrap().push(why.to_owned());
        Answer::json(400, json!({"error": {"message": why}}).to_string())
    }

    fn completion(&self, request: &Request) -> Answer {
        let text = String::from_utf8(request.body.clone()).unwrap();
        self.bodies.lock().unwrap().push(text.clone());
        if let Err(why) = self.check(request, &text) {
            return self.refused(&why);
        }
        match self.says.lock().unwrap().pop_front() {
            Some(Say::Text(text)) => completion(&text),
            Some(Say::Answer(answer)) => answer,
            None => self.refused("the script has no more answers"),
        }
    }

    fn check(&self, request: &Request, text: &str) -> Result<(), String> {
        if request.header("content-type") != Some("application/json") {
            return Err("the body is not said to be JSON".to_owned());
        }
        let body: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let model = body["model"].as_str().unwrap_or_default();
        let is_there = |it: &&str| **it == *model || it.strip_suffix(":latest") == Some(model);
        if !self.models.iter().any(is_there) {
            return Err(format!("there is no model `{model}`"));
        }
        let messages = body["messages"].as_array().ok_or("there are no messages")?;
        let roles: Vec<&str> = messages.iter().filter_map(|it| it["role"].as_str()).collect();
        let is_talk = roles.first() == Some(&"system")
            && roles[1..].chunks(2).all(|pair| matches!(pair, ["user"] | ["user", "assistant"]))
            && roles.last() == Some(&"user");
        if !is_talk || messages.iter().any(|it| !it["content"].is_string()) {
            return Err(format!("these are no messages: {roles:?}"));
        }
        if body["temperature"] != 0 || !body["seed"].is_u64() || body["stream"] == true {
            return Err("the answer would not be the same twice, or come in pieces".to_owned());
        }
        let format = &body["response_format"];
        let schema = &format["json_schema"]["schema"];
        let properties = schema["properties"].as_object().ok_or("there is no schema")?;
        let names: Vec<&String> = properties.keys().collect();
        if format["type"] != "json_schema"
            || !format["json_schema"]["name"].is_string()
            || names != ["parameters", "question", "sql"]
        {
            return Err(format!("the format of the answer is none: {format}"));
        }
        Ok(())
    }
}
