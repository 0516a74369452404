//! A client of `snowtrack mcp` that writes and reads lines itself, and so can also write what no client would.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::World;

pub(super) struct Client {
    pub(super) process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next_id: u64,
    /// Answers to other calls that came first.
    early: Vec<Value>,
}

impl Client {
    /// Started and greeted.
    pub(super) fn start(world: &World, arguments: &[&str]) -> Self {
        let mut client = Self::ungreeted(world, arguments);
        let version = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        let id = client.begin("initialize", &version);
        let answer = client.end(id);
        assert_eq!(answer["result"]["serverInfo"]["name"], "snowtrack", "{answer}");
        assert_eq!(answer["result"]["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
        client.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        client
    }

    pub(super) fn ungreeted(world: &World, arguments: &[&str]) -> Self {
        let mut command = world.command(&[&["mcp"], arguments].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, input, output, next_id: 0, early: Vec::new() }
    }

    pub(super) fn say(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line.as_bytes()).unwrap();
        input.write_all(b"\n").unwrap();
    }

    pub(super) fn begin(&mut self, method: &str, parameters: &Value) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters});
        self.say(&message.to_string());
        id
    }

    pub(super) fn begin_call(&mut self, tool: &str, arguments: &Value) -> u64 {
        self.begin("tools/call", &json!({"name": tool, "arguments": arguments}))
    }

    /// The answer to a call; every line is a message.
    pub(super) fn end(&mut self, id: u64) -> Value {
        if let Some(at) = self.early.iter().position(|it| it["id"] == id) {
            return self.early.remove(at);
        }
        loop {
            let mut line = String::new();
            assert!(0 < self.output.read_line(&mut line).unwrap(), "the server said no more");
            let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            assert_eq!(message["jsonrpc"], "2.0", "{line}");
            if message["id"] == id {
                return message;
            }
            self.early.push(message);
        }
    }

    /// What a tool answers: its result.
    pub(super) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let id = self.begin_call(tool, arguments);
        let answer = self.end(id);
        assert!(answer.get("result").is_some(), "{tool}: {answer}");
        answer["result"].clone()
    }

    /// The data of an answer, which is no refusal and has its three keys.
    pub(super) fn told(&mut self, tool: &str, arguments: &Value) -> Value {
        let result = self.call(tool, arguments);
        assert_ne!(result["isError"], true, "{tool}: {result}");
        let told = result["structuredContent"].clone();
        let keys: Vec<&String> = told.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["as_of", "rows", "truncated"], "{tool}");
        // Clients that know no data have it as text.
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), told, "{tool}");
        told
    }

    /// The text of a refusal.
    pub(super) fn refusal(&mut self, tool: &str, arguments: &Value) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
        assert!(result.get("structuredContent").is_none_or(Value::is_null), "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// Says no more, and waits until the server has ended; the exit code, and how long it took.
    pub(super) fn leave(mut self) -> (Option<i32>, Duration) {
        let begun = Instant::now();
        drop(self.input.take());
        let code = self.process.wait().unwrap().code();
        (code, begun.elapsed())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
