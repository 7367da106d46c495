"""The programs that are measured, and how each is told to copy."""

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

CACHES = [Path("/var/lib/containers/cache/blob-info-cache-v1.boltdb"),
          Path("/var/lib/containers/cache/blob-info-cache-v1.sqlite")]


def peak(process, seen):
    """Notes the largest memory that each process below one had so far, in KiB."""
    pids = [process]
    while pids:
        pid = pids.pop()
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            pids += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except (OSError, ValueError):
            continue
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                seen[pid] = int(line.split()[1])


class Run:
    """What one run took."""

    def __init__(self, status, wall, cpu, rss):
        self.status, self.wall, self.cpu, self.rss = status, wall, cpu, rss


def run(command, folder, limit=600, stdin=None):
    """Runs a command with all it starts; status is None where it had to be stopped."""
    environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data"), "HOME": str(folder)}
    with open(folder / "last-output.log", "wb") as output:
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=stdin or subprocess.DEVNULL,
                                   env=environment, start_new_session=True)
        stopped = threading.Event()

        def stop():
            stopped.set()
            os.killpg(process.pid, 9)

        timer = threading.Timer(limit, stop)
        timer.start()
        # The kernel's own figure holds what the parent had when it forked, so the process itself is asked.
        seen = {}
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            peak(process.pid, seen)
            time.sleep(0.01)
        wall = time.monotonic() - start
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    code = None if stopped.is_set() else process.returncode
    return Run(code, wall, usage.ru_utime + usage.ru_stime, max(seen.values(), default=0) / 1024)


class Ours:
    name = "omics-ecr"

    def __init__(self, program):
        self.program = program

    def one(self, source, destination, folder):
        return [self.program, source, destination]

    def many(self, pairs, source, destination, folder):
        listed = folder / "pairs.txt"
        listed.write_text("".join(f"{one} {other}\n" for one, other in pairs))
        return [self.program, "--from-file", str(listed)]


class Loop:
    """A program that copies one image a call; many are a loop with eight at once."""

    def __init__(self, name, program, words, before, together=8):
        self.name, self.program, self.words, self.before, self.together = name, program, words, before, together

    def one(self, source, destination, folder):
        return [self.program, *self.words, self.before + source, self.before + destination]

    def many(self, pairs, source, destination, folder):
        listed = folder / "pairs.txt"
        listed.write_text("".join(f"{self.before}{one} {self.before}{other}\n" for one, other in pairs))
        command = ["xargs", "-a", str(listed), "-P", str(self.together), "-n", "2", self.program, *self.words]
        return command


class SkopeoSync(Loop):
    """skopeo, with its own way of copying many images."""

    def many(self, pairs, source, destination, folder):
        listed = folder / "sync.yml"
        names = [one.rsplit("/", 1)[1].split(":") for one, _ in pairs]
        images = "".join(f'    {name}: ["{tag}"]\n' for name, tag in names)
        listed.write_text(f'"{source}":\n  tls-verify: false\n  images:\n{images}')
        return [self.program, "--insecure-policy", "sync", "--dest-tls-verify=false", "--src", "yaml", "--dest",
                "docker", str(listed), destination]


def found(ours):
    """Returns our program and the peers that are on the path."""
    tools = [Ours(ours)]
    if program := shutil.which("skopeo"):
        words = ["--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false"]
        tools.append(SkopeoSync("skopeo", program, words, "docker://"))
    if program := shutil.which("crane"):
        tools.append(Loop("crane", program, ["copy", "--insecure"], ""))
    if program := shutil.which("regctl"):
        tools.append(Loop("regctl", program, ["image", "copy"], ""))
    if program := shutil.which("oras"):
        tools.append(Loop("oras", program, ["cp", "--from-plain-http", "--to-plain-http"], ""))
    return tools


def forget(folder):
    """Removes what programs remember of blobs, so that each run starts alike."""
    shutil.rmtree(folder / "data", ignore_errors=True)
    for cache in CACHES:
        if os.access(cache.parent, os.W_OK):
            cache.unlink(missing_ok=True)


def version(tool):
    """Returns what a program says of itself."""
    words = ["--version"] if tool.name == "skopeo" else ["version"]
    answer = subprocess.run([tool.program, *words], capture_output=True, text=True, check=False)
    said = " ".join(answer.stdout.split()[:4])
    return said if tool.name in said else f"{tool.name} {said}"
