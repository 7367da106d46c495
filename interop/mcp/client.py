"""Drives the server with PyPI's `mcp` in both eras; with --list it prints the tools."""
import asyncio
import json
import sys

from mcp import Client, StdioServerParameters

program = sys.argv[1]


async def drive(mode):
    async with Client(StdioServerParameters(command=program, args=["mcp"]), mode=mode) as client:
        tools = (await client.list_tools()).tools
        if "--list" in sys.argv:
            print(json.dumps([tool.model_dump(by_alias=True, exclude_none=True) for tool in tools]))
            return
        # The client holds what comes back against the tool's output schema.
        for arguments, is_error in (({"finding_id": "OE101"}, False), ({"finding_id": "OE999"}, True)):
            result = await client.call_tool("ExplainFinding", arguments)
            assert bool(result.is_error) == is_error, result
        policy = await client.call_tool(
            "GenerateServiceRolePolicy", {"account": "123456789012", "region": "us-east-1"}
        )
        assert policy.structured_content["schema_version"] == 1, policy
        resources = await client.list_resources()
        assert len(resources.resources) >= 5
        print(f"{mode}: {len(tools)} tools")


for mode in ("auto",) if "--list" in sys.argv else ("legacy", "auto"):
    asyncio.run(drive(mode))
