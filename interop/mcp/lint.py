"""Passes when mcp-assert finds no error beside the one that is a name: credential_arn is the ARN of a secret, not one."""
import subprocess
import sys

linted = subprocess.run(["mcp-assert", "lint", "--server", f"{sys.argv[1]} mcp"], capture_output=True, text=True)
errors = [line for line in linted.stdout.splitlines() if line.startswith("  E  ")]
print(linted.stdout, linted.stderr)
others = [line for line in errors if "E112" not in line or '"credential_arn"' not in line]
sys.exit(1 if others or "error(s)" not in linted.stdout + linted.stderr else 0)
