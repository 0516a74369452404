//! The official Python client of MCP, where it is installed.

use crate::doubles::snowflake::oracle::oracle;
use crate::warehouse::guarded::published;

#[test]
fn the_official_client_calls_every_tool() {
    let world = published();
    let Some(mut python) = oracle("mcp_client.py") else { return };
    python.arg(env!("CARGO_BIN_EXE_snowtrack")).arg(world.path("data"));
    let output = python.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if told.contains("No module named 'mcp'") {
        println!("skipped: the environment of SNOWTRACK_ORACLES lacks `mcp`");
        return;
    }
    assert!(output.status.success(), "{told}");
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().last(), Some("everything is well"), "{lines}{told}");
}
