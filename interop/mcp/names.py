"""Passes when agent-friend's validation finds no error beside those that are the names of the tools.

The names are given and begin with a capital, which that linter takes for an error of each tool. Its grade takes 25 of 100
points for each such error and 40 in 100 of the whole for them all, so seven given names leave no grade above D; beside it
stands the grade of the same list with names in small letters.
"""
import json
import pathlib
import re
import subprocess
import sys

listed = pathlib.Path(sys.argv[1])


def agent_friend(what, file):
    return subprocess.run(["agent-friend", what, str(file)], capture_output=True, text=True).stdout


validated = agent_friend("validate", listed)
print(validated, agent_friend("grade", listed))
text = listed.read_text()
for tool in json.loads(text):
    words = tool["name"].replace("ECR", "Ecr").replace("HealthOmics", "Healthomics")
    text = text.replace(tool["name"], re.sub(r"(?<!^)(?=[A-Z])", "_", words).lower())
small = listed.with_name("small.json")
small.write_text(text)
print("with other names:", agent_friend("grade", small))
errors = [line for line in validated.splitlines() if "ERROR:" in line]
others = [line for line in errors if "starts with an uppercase letter" not in line]
sys.exit(1 if others or not validated else 0)
