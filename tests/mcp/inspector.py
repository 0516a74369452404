"""The official inspector of MCP against `snowtrack mcp`, by the configurations that the docs show.

    inspector.py SNOWTRACK DATA_DIR
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
INSPECTOR = ROOT / "tests/mcp/node_modules/.bin/mcp-inspector-cli"
TOOLS = {"ask_question", "describe", "explain_verdict", "list_questions", "query", "status"}


def shown():
    """Each configuration of the docs, with the page that has it and the word under which its client wants it."""
    for page in ("README.md", "docs/analyst.md"):
        for block in re.findall(r"```json\n(.*?)```", (ROOT / page).read_text(), re.DOTALL):
            document = json.loads(block)
            for word in {"mcpServers", "servers"} & set(document):
                yield page, word, document[word]["snowtrack"]


def here(entry, snowtrack, data_dir):
    """The same for this machine: another program, another folder, and nothing else."""
    assert entry["command"].endswith("/bin/snowtrack"), entry
    args = [data_dir if arg == "/home/me/data" else arg for arg in entry["args"]]
    assert data_dir in args, entry
    return entry | {"command": snowtrack, "args": args}


class Inspector:
    def __init__(self, config: Path):
        self.config = config

    def run(self, method, *arguments):
        command = [str(INSPECTOR), "--cli", "--config", str(self.config), "--server", "snowtrack", "--method", method, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def told(self, method, *arguments):
        done = self.run(method, *arguments)
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    def call(self, tool, **arguments):
        given = [part for name, value in arguments.items() for part in ("--tool-arg", f"{name}={value}")]
        return self.told("tools/call", "--tool-name", tool, *given)

    def rows(self, tool, **arguments):
        result = self.call(tool, **arguments)
        assert not result.get("isError"), (tool, result)
        data = result["structuredContent"]
        assert set(data) == {"rows", "truncated", "as_of"}, data
        print(f"mcp: {tool} {arguments}: {len(data['rows'])} rows{', cut' if data['truncated'] else ''}", flush=True)
        return data["rows"]

    def refused(self, tool, **arguments):
        result = self.call(tool, **arguments)
        assert result.get("isError"), (tool, result)
        print(f"mcp: {tool} {arguments}: refused", flush=True)
        return result["content"][0]["text"]


def every_tool(inspector):
    tools = inspector.told("tools/list")["tools"]
    assert {tool["name"] for tool in tools} == TOOLS, tools
    assert all(len(tool["description"]) >= 30 and tool["inputSchema"]["type"] == "object" for tool in tools)
    assert len(inspector.rows("list_questions")) >= 25
    assert len(inspector.rows("ask_question", name="top_artists", parameters='{"count": 3}')) == 3
    assert inspector.rows("query", sql="select count(*) as n from songs")[0]["n"] > 0
    assert len(inspector.rows("query", sql="select i from range(10000000) t(i)")) == 1000
    assert any(row["table"] == "songs" for row in inspector.rows("describe"))
    assert {"column", "type", "description"} <= set(inspector.rows("describe", table="core.songs")[0])
    run = inspector.rows("status")[0]["run_id"]
    assert inspector.rows("explain_verdict", run=run)[0]["subject"] == "run"
    assert "only a select" in inspector.refused("query", sql="drop table core.songs")
    assert "top_artists" in inspector.refused("ask_question", name="top_artist")
    assert "no_such" in inspector.refused("describe", table="no_such")
    assert "no_such" in inspector.refused("explain_verdict", run="no_such")
    wrong = inspector.run("tools/call", "--tool-name", "no_such_tool")
    assert wrong.returncode != 0 or "no_such_tool" in wrong.stdout, wrong


def main(snowtrack: str, data_dir: str) -> None:
    snowtrack, data_dir = str(Path(snowtrack).resolve()), str(Path(data_dir).resolve())
    entries = list(shown())
    assert {word for _, word, _ in entries} == {"mcpServers", "servers"}, entries
    with tempfile.TemporaryDirectory() as folder:
        for number, (page, word, entry) in enumerate(entries):
            config = Path(folder) / "mcp.json"
            # The inspector reads what Claude Desktop and Cursor do; of VS Code's the entry is the same.
            config.write_text(json.dumps({"mcpServers": {"snowtrack": here(entry, snowtrack, data_dir)}}))
            inspector = Inspector(config)
            if number == 0:
                every_tool(inspector)
            assert inspector.rows("status"), page
            print(f"mcp: the configuration `{word}` of {page} works")


main(*sys.argv[1:])
