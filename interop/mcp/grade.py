"""Passes when agent-friend gives the list of tools an A."""
import json
import subprocess
import sys

graded = subprocess.run(["agent-friend", "grade", sys.argv[1], "--json"], capture_output=True, text=True)
print(graded.stdout, graded.stderr)
grade = json.loads(graded.stdout)
overall = grade.get("overall_grade") or grade.get("grade") or ""
sys.exit(0 if overall.startswith("A") else 1)
