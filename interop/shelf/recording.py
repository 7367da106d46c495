"""Prints the results as a table, and writes what there is and what came of it into the README."""

import datetime
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


def rows(results):
    yield "| entry | passed | failed | skipped | seconds | |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for result in results:
        counts, note = result.counts, result.left_out or result.counts.note
        if result.left_out:
            yield f"| {result.entry.name} | | | all | | {note} |"
        else:
            yield (f"| {result.entry.name} | {counts.passed} | {counts.failed} | {counts.skipped} | "
                   f"{result.seconds:.0f} | {note} |")


def table(results):
    """Prints what came of all, and the counts of all together."""
    print("\n".join(rows(results)))
    done = [result for result in results if not result.left_out]
    total = [sum(getattr(result.counts, name) for result in done) for name in ("passed", "failed", "skipped")]
    bad = sum(result.failed for result in results)
    print(f"\n{len(done)} of {len(results)} entries ran, {bad} failed, {len(results) - len(done)} left out")
    print("interop: {} passed, {} failed, {} skipped".format(*total), flush=True)


def versions(results):
    """Returns the versions of what ran, as the package managers know them."""
    found = set()
    for result in results:
        if not result.left_out:
            found |= {package.replace("==", " ") for package in result.entry.pypi}
            found |= {" ".join(package.rsplit("@", 1)) for package in result.entry.npm}
            for package in {*result.entry.programs.values(), *result.entry.better_with.values()}:
                if shutil.which("dpkg-query"):
                    asked = ["dpkg-query", "-W", "-f", "${Version}", package]
                    answer = subprocess.run(asked, capture_output=True, text=True)
                    if answer.returncode == 0 and answer.stdout:
                        found.add(f"{package} {re.split('[-+~]', answer.stdout)[0]}")
    return ", ".join(sorted(found, key=str.lower))


def needs(entry):
    """Says where what an entry needs comes from."""
    debian = sorted({*entry.programs.values(), *entry.better_with.values()})
    found = ["PyPI"] * bool(entry.pypi) + ["npm"] * bool(entry.npm) + ["root"] * entry.root
    found += [f"Debian: {', '.join(debian)}"] * bool(debian) + [f"`{name}`" for name in entry.inputs]
    return "; ".join(found) or "Python 3"


def between(text, name, body):
    """Returns a text with something else between two marks."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = text.split(begin, 1)
    return f"{before}{begin}\n\n{body}\n\n{end}{rest.split(end, 1)[1]}"


def write(results, shelf):
    """Writes what there is, results, date, machine and versions between the marks of the README."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    today = datetime.datetime.now(datetime.timezone.utc).date()
    words = f"{today}, {system}, {os.cpu_count()} cores, debug build. Versions: {versions(results)}."
    listed = ["| entry | what proves what | comes from |", "| --- | --- | --- |"]
    listed += [f"| `{entry.name}` | {entry.proves} | {needs(entry)} |" for entry in shelf]
    text = between(README.read_text(), "entries", "\n".join(listed))
    README.write_text(between(text, "results", "\n".join(rows(results)) + f"\n\n{words}"))
