"""Builds everything of ours that is driven, once."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build(wanted, again):
    """Returns the variables that tell scripts where our programs are."""
    folder = ROOT / "target/debug"
    programs = {"OMICS_ECR": str(folder / "omics-ecr"), "SERVE": str(folder / "examples/serve"),
                "PROGRAM": str(folder / "omics-ecr"), "FIXTURE": str(folder / "examples/conformance")}
    tests = sorted({test for entry in wanted for test in entry.tests})
    # The same selection as `cargo test --workspace`, so that after it nothing is left to do.
    command = ["cargo", "build", "--workspace", "--bins", "--examples"]
    for test in tests:
        command += ["--test", test]
    if again or tests:
        lines = subprocess.run([*command, "--message-format", "json-render-diagnostics"], cwd=ROOT, text=True,
                               stdout=subprocess.PIPE)
        if lines.returncode:
            sys.exit("error: the build failed")
        for line in lines.stdout.splitlines():
            message = json.loads(line)
            target = message.get("target", {})
            package = Path(message.get("manifest_path", "")).parent.name
            if package == "cli" and target.get("kind") == ["test"] and message.get("executable"):
                programs[f"TEST_{target['name'].upper()}"] = message["executable"]
    return programs
