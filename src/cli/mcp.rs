//! `mcp`: the tools for programs with a model in them, over standard input and output.

use std::time::Duration;

use super::duration;
use super::exit::Error;
use crate::ids::DataDir;

const EXAMPLES: &str = "An MCP client starts this command itself; its configuration names it, as in
  {\"mcpServers\": {\"snowtrack\": {\"command\": \"snowtrack\", \"args\": [\"--data-dir\", \"/home/me/data\", \"mcp\"]}}}

Tools: list_questions, ask_question, query, describe, status, explain_verdict. None of them writes.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct McpArgs {
    /// The longest time that a query may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::duration)]
    timeout: Duration,
}

/// What is at work when the input has ended has so long to be cleared away.
const CLEARING: Duration = Duration::from_secs(2);

/// More threads than queries are started at once by anybody: starting and ending a child blocks one for a moment.
const THREADS: usize = 4;

/// Serves until the input ends.
pub(super) fn mcp(arguments: &McpArgs, data_dir: &DataDir) -> Result<(), Error> {
    duration::some(arguments.timeout)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    let served = runtime.block_on(crate::mcp::serve(data_dir, arguments.timeout));
    runtime.shutdown_timeout(CLEARING);
    Ok(served?)
}
