"""Prints the part of a changelog that is about a version: release_notes.py CHANGELOG VERSION

The changelog has the form of Keep a Changelog. Where the version has no part of its own yet, the part Unreleased is
printed; where neither says anything, nothing is, and the status is 1.
"""

import re
import sys

HEADING = re.compile(r"## \[?(?P<name>[^\]\s]+)\]?(?: - (?P<date>\d{4}-\d{2}-\d{2}))?\s*$")


def parts(text):
    """Returns the parts of a changelog by their names, each with its date and its lines."""
    found, lines = {}, None
    for line in text.splitlines():
        heading = HEADING.match(line)
        if heading:
            lines = []
            if heading["name"] in found:
                raise ValueError(f"the changelog has two parts {heading['name']}")
            found[heading["name"]] = (heading["date"], lines)
        elif line.startswith("## "):
            raise ValueError(f"`{line}` is no heading of a version")
        elif lines is not None:
            lines.append(line)
    return found


def notes(text, version):
    """Returns the release notes of a version, or None where the changelog says nothing of it."""
    found = parts(text)
    date, lines = found.get(version) or found.get("Unreleased") or (None, [])
    body = "\n".join(lines).strip()
    if not body:
        return None
    title = f"# omics-ecr {version}" + (f" ({date})" if date else "")
    return f"{title}\n\n{body}\n"


def main(path, version):
    """Prints the notes; returns the status."""
    with open(path, encoding="utf-8") as changelog:
        text = notes(changelog.read(), version)
    if text is None:
        print(f"release notes: {path} says nothing of {version}", file=sys.stderr)
        return 1
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
