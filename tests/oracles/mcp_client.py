"""The official client of MCP against `snowtrack mcp`; prints what it saw, at last that everything is well.

usage: mcp_client.py SNOWTRACK DATA_DIR
"""

import asyncio
import sys
import time

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

TOOLS = {"ask_question", "describe", "explain_verdict", "list_questions", "query", "status"}
BOMB = "select sum(i) from range(1000000000000) t(i)"


async def told(session: ClientSession, tool: str, arguments: dict[str, object]) -> dict[str, object]:
    result = await session.call_tool(tool, arguments)
    assert not result.is_error, (tool, result.content[0].text)
    data = result.structured_content
    assert set(data) == {"rows", "truncated", "as_of"}, data
    assert data["as_of"].endswith("Z"), data["as_of"]
    print(tool, arguments, len(data["rows"]), data["truncated"])
    return data


async def refused(session: ClientSession, tool: str, arguments: dict[str, object]) -> str:
    result = await session.call_tool(tool, arguments)
    assert result.is_error, (tool, arguments, result)
    print(tool, arguments, "refused")
    return result.content[0].text


async def every_tool(session: ClientSession) -> None:
    tools = (await session.list_tools()).tools
    assert {tool.name for tool in tools} == TOOLS, tools
    assert all(tool.annotations.read_only_hint and len(tool.description) >= 30 for tool in tools)
    questions = await told(session, "list_questions", {})
    assert len(questions["rows"]) >= 25
    top = await told(session, "ask_question", {"name": "top_artists", "parameters": {"count": 3}})
    assert len(top["rows"]) == 3
    cut = await told(session, "query", {"sql": "select i from range(10000000) t(i)"})
    assert (len(cut["rows"]), cut["truncated"]) == (1000, True)
    tables = await told(session, "describe", {})
    assert any(row["table"] == "songs" for row in tables["rows"])
    columns = await told(session, "describe", {"table": "core.songs"})
    assert {"column", "type", "description"} <= set(columns["rows"][0])
    runs = await told(session, "status", {})
    verdict = await told(session, "explain_verdict", {"run": runs["rows"][0]["run_id"]})
    assert verdict["rows"][0]["subject"] == "run"
    for tool, arguments in (
        ("query", {"sql": "drop table core.songs"}),
        ("query", {"sql": "select * from '/etc/passwd'"}),
        ("query", {"sql": "select nope from songs"}),
        ("ask_question", {"name": "no_such_question"}),
        ("describe", {"table": "no_such_table"}),
        ("explain_verdict", {"run": "no_such_run"}),
    ):
        await refused(session, tool, arguments)


async def at_once(session: ClientSession) -> None:
    """A call in flight blocks no other, and is ended at its limit."""
    began = time.monotonic()
    bomb = asyncio.create_task(refused(session, "query", {"sql": BOMB}))
    await told(session, "query", {"sql": "select 1 as n"})
    assert not bomb.done()
    assert "its limit of 3 s" in await bomb
    assert time.monotonic() - began < 15


async def main(snowtrack: str, data_dir: str) -> None:
    arguments = ["--data-dir", data_dir, "mcp", "--timeout", "3s"]
    server = StdioServerParameters(command=snowtrack, args=arguments)
    async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as session:
        hello = await session.initialize()
        assert hello.server_info.name == "snowtrack", hello
        await every_tool(session)
        await at_once(session)
    print("everything is well")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
