"""Prints the results as a table, and writes them into the README."""

import datetime
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- results -->", "<!-- end of results -->"


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


def write(results):
    """Writes table, date, machine and versions between the marks of the README."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    today = datetime.datetime.now(datetime.timezone.utc).date()
    words = f"{today}, {system}, {os.cpu_count()} cores, debug build. Versions: {versions(results)}."
    text = README.read_text()
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    body = "\n".join([*rows(results)])
    README.write_text(f"{before}{BEGIN}\n\n{body}\n\n{words}\n\n{END}{after}")
