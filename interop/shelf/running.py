"""Runs an entry: in a folder of its own, for so long at most, and nothing that it started stays."""

import dataclasses
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

from . import installing, reading

ROOT = Path(__file__).resolve().parents[2]
MARK = "INTEROP_RUN"
# What a person's machine may say to clients, and what would make a result hang on it.
FOREIGN = ("AWS_", "DOCKER_", "CONTAINERD_", "BUILDAH_", "PODMAN_", "STORAGE_", "REGISTRY_AUTH_FILE", "CONTAINERS_", "XDG_",
           "ORAS_", "OMICS_ECR_", "PYTHONPATH", "PYTHONHOME", "PYTEST_", "GIT_", "CARGO_TARGET_DIR", "NO_COLOR")
NEEDED = ("AWS_CA_BUNDLE",)
under_way = set()


@dataclasses.dataclass
class Result:
    """What came of one run."""

    entry: object
    counts: reading.Counts
    seconds: float
    log: Path
    left_out: str = ""

    @property
    def failed(self):
        return self.counts.failed > 0

    def line(self):
        if self.left_out:
            return f"{self.entry.name:14} skipped: {self.left_out}"
        counts = self.counts
        note = f"  {counts.note}" if counts.note else ""
        return (f"{self.entry.name:14} {counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped"
                f"  {self.seconds:.1f} s{note}")

    def end_of_log(self):
        lines = self.log.read_text(errors="replace").splitlines()[-25:]
        return "\n".join(f"    {line}" for line in lines) + f"\n    (all of it: {self.log})"


def started_by(mark):
    """Returns the processes that carry a mark in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if f"{MARK}={mark}\0".encode() in (folder / "environ").read_bytes() + b"\0":
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def end(mark):
    """Ends what a run left behind; returns how many processes that were."""
    left = started_by(mark)
    for how in (signal.SIGTERM, signal.SIGKILL):
        for pid in started_by(mark):
            try:
                os.kill(pid, how)
            except OSError:
                continue
        for _ in range(50):
            if not started_by(mark):
                return len(left)
            time.sleep(0.1)
    return len(left)


def end_all():
    """Ends all that runs."""
    for mark in list(under_way):
        end(mark)


def cleared(folder):
    """Removes a folder with what is mounted below it."""
    mounts = Path("/proc/self/mounts").read_text().splitlines() if Path("/proc/self/mounts").exists() else []
    below = [words[1] for words in (line.split() for line in mounts) if words[1].startswith(f"{folder}/")]
    for mount in reversed(below):
        subprocess.run(["umount", "-l", mount], capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)


def variables(entry, programs, work, mark):
    """Returns an environment that hangs on nothing of the machine's but its programs."""
    kept = {name: value for name, value in os.environ.items() if name in NEEDED or not name.startswith(FOREIGN)}
    venv, modules = installing.environment(entry)
    home = {} if entry.own_install else {"HOME": str(work / "home")}
    path = [str(venv / "bin")] if entry.pypi else []
    path += [str(modules / "node_modules/.bin")] if entry.npm else []
    return {**kept, **entry.settings, **{name: os.environ[name] for name in entry.settings if name in os.environ},
            **programs, **home, "PATH": ":".join([*path, kept.get("PATH", ""), "/usr/sbin:/sbin"]), "WORK": str(work),
            "TMPDIR": str(work / "tmp"), "NODE_MODULES": str(modules / "node_modules"), "VENV": str(venv),
            "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8", MARK: mark}


def run(entry, programs, missing):
    """Runs an entry once."""
    log = installing.FOLDER / f"{entry.name}.log"
    left_out = entry.wants() or missing or ""
    if left_out:
        log.write_text(f"skipped: {left_out}\n")
        return Result(entry, reading.Counts(0, 0, 1), 0, log, left_out)
    mark = uuid.uuid4().hex
    limit = entry.limit * (10 if any(os.environ.get(name) for name in entry.settings) else 1)
    # Sockets below it must have short paths.
    work = Path(tempfile.mkdtemp(prefix="interop-"))
    for name in ("tmp", "home"):
        (work / name).mkdir()
    under_way.add(mark)
    began = time.monotonic()
    try:
        with open(log, "wb") as output:
            process = subprocess.Popen([str(entry.script()), *entry.arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=output, start_new_session=True,
                                       env=variables(entry, programs, work, mark))
            late = threading.Event()
            timer = threading.Timer(limit, lambda: (late.set(), end(mark)))
            timer.start()
            status = process.wait()
            timer.cancel()
        seconds = time.monotonic() - began
        left = end(mark)
    finally:
        under_way.discard(mark)
        cleared(work)
    text = log.read_text(errors="replace")
    counts = entry.read(text)
    if late.is_set():
        counts = dataclasses.replace(counts, failed=counts.failed + 1, note=f"stopped after {limit} s")
    elif status != 0 and counts.failed == 0:
        counts = dataclasses.replace(counts, failed=1, note=f"ended with {status}")
    elif counts.passed + counts.failed + counts.skipped == 0:
        counts = dataclasses.replace(counts, failed=1, note="said no result")
    if left and not late.is_set():
        counts = dataclasses.replace(counts, note=f"{counts.note + '; ' if counts.note else ''}left {left} processes, ended")
    left_out = counts.note if counts.passed + counts.failed == 0 else ""
    return Result(entry, counts, seconds, log, left_out)
