"""Drives the server with PyPI's `mcp` in both eras and holds what tools return against their schemas; --list prints the tools."""
import asyncio
import json
import pathlib
import sys
import tempfile

import jsonschema
from mcp import Client, StdioServerParameters

program = sys.argv[1]
HERE = pathlib.Path(__file__).resolve().parents[2]


def calls(folder):
    """Returns what each tool is called with."""
    wdl = str(HERE / "examples/wdl")
    return [
        ("ScanWorkflow", {"workflow_folder": wdl}),
        ("GenerateContainerRegistryMap", {"workflow_folder": wdl, "output_path": f"{folder}/map.json"}),
        ("RewriteWorkflow", {"workflow_folder": wdl, "map_path": f"{folder}/map.json"}),
        ("CreateECRPullThroughCache", {"registry": "quay.io", "ecr_prefix": "quay"}),
        ("CreateECRPullThroughCache", {"registry": "quay.io", "ecr_prefix": "quay"}),
        ("ListECRPullThroughCacheRules", {}),
        ("ValidateECRConfiguration", {}),
        ("ExplainFinding", {"finding_id": "OE101"}),
        ("CheckContainerAvailability", {"container_uri": "quay/biocontainers/bwa:0.7.17"}),
        ("CloneContainerToECR", {"source_uri": "127.0.0.1:9/a/b:1", "target_repository": "a/b"}),
        ("GrantHealthOmicsECRAccess", {"repository_name": "no/such"}),
        ("GenerateServiceRolePolicy", {"prefixes": ["quay"]}),
        ("DetectDrift", {}),
        ("PrepareWorkflow", {"workflow_folder": f"{folder}/empty"}),
    ]


async def drive(mode, folder):
    local = ["--local", "--local-data", ":memory:", "--allow-write", "--upstream", "quay.io=http://127.0.0.1:9"]
    paths = ["--allow-path", str(HERE), "--allow-path", folder]
    server = StdioServerParameters(command=program, args=["mcp", *local, *paths])
    async with Client(server, mode=mode) as client:
        tools = (await client.list_tools()).tools
        if "--list" in sys.argv:
            print(json.dumps([tool.model_dump(by_alias=True, exclude_none=True) for tool in tools]))
            return
        assert len((await client.list_resources()).resources) >= 5
        held = set()
        for name, arguments in calls(folder):
            # The client itself holds what comes back against the schema in the list of tools.
            result = await client.call_tool(name, arguments)
            if result.structured_content is None:
                assert result.is_error, (name, result)
                print(f"{mode}: {name}: {result.content[0].text.splitlines()[0]}")
                continue
            read = await client.read_resource(f"omics-ecr://schemas/{name}")
            schema = json.loads(read.contents[0].text)
            jsonschema.Draft202012Validator.check_schema(schema)
            jsonschema.validate(result.structured_content, schema, jsonschema.Draft202012Validator)
            held.add(name)
        assert len(held) >= 10, held
        unknown = await client.call_tool("ExplainFinding", {"finding_id": "OE999"})
        assert unknown.is_error, unknown
        print(f"{mode}: {len(tools)} tools, the results of {len(held)} are what their whole schemas say")


for mode in ("auto",) if "--list" in sys.argv else ("legacy", "auto"):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "empty").mkdir()
        (pathlib.Path(folder) / "empty/main.nf").write_text("workflow { }\n")
        asyncio.run(drive(mode, folder))
