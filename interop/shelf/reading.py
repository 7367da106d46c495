"""Reads counts out of what scripts and suites print."""

import dataclasses
import re

LINE = re.compile(r"^[^:\n]+: (\d+) passed, (\d+) failed, (\d+) skipped(?:[:,] (.*))?$", re.M)
PYTEST = re.compile(r"(\d+) (passed|failed|skipped|xfailed|xpassed|errors?)\b")


@dataclasses.dataclass
class Counts:
    """How many checks passed, failed and were skipped, and a word about it."""

    passed: int
    failed: int
    skipped: int
    note: str = ""


def line(text):
    """Reads the last line of the form `NAME: N passed, N failed, N skipped`, with a reason behind it."""
    found = LINE.findall(text)
    if not found:
        return Counts(0, 0, 0)
    passed, failed, skipped, note = found[-1]
    return Counts(int(passed), int(failed), int(skipped), note)


def told(text):
    """Counts the lines that begin with `ok: `, `failed: ` and `skipped: `."""
    lines = text.splitlines()
    counts = [sum(one.startswith(f"{word}: ") for one in lines) for word in ("ok", "failed", "skipped")]
    return Counts(*counts)


def pytest(text):
    """Reads pytest's last line; a test that is named as an exception and fails as expected is none of the three."""
    ends = [one for one in text.splitlines() if re.search(r" in [\d.:]+s", one)]
    found = {word.rstrip("s") if word.startswith("error") else word: int(count)
             for count, word in PYTEST.findall(ends[-1])} if ends else {}
    if not found:
        return line(text)
    failed = sum(found.get(word, 0) for word in ("failed", "error", "xpassed"))
    note = f"{found['xfailed']} named exceptions" if "xfailed" in found else ""
    return Counts(found.get("passed", 0), failed, found.get("skipped", 0), note)
