"""Passes when agent-friend's validation finds no error beside those that are the names of the tools.

The names are given and begin with a capital, which that linter takes for an error of each tool; its grade counts them.
"""
import subprocess
import sys

validated = subprocess.run(["agent-friend", "validate", sys.argv[1]], capture_output=True, text=True)
print(validated.stdout, validated.stderr)
errors = [line for line in validated.stdout.splitlines() if "ERROR:" in line]
others = [line for line in errors if "starts with an uppercase letter" not in line]
sys.exit(1 if others or not validated.stdout else 0)
