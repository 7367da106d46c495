"""Holds rewrites of workflow checkouts against scans and against miniwdl, cwltool and Groovy's parser."""
import collections
import filecmp
import io
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

OMICS_ECR = os.environ["OMICS_ECR"]
JAR = os.environ.get("GROOVY_JAR")
REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
TARGET = ["--account", "111122223333", "--region", "us-east-1"]
WAYS = {
    "names": [],
    "parameter": ["--parameterize", "ecr_registry", "--cwl-expressions", "--default", REGISTRY],
    "required": ["--parameterize", "ecr_registry", "--cwl-expressions"],
}
# Most CWL files of one checkout that cwltool looks at: it needs more than a second for some.
MOST_CWL = int(os.environ.get("MOST_CWL", "150"))


def omics_ecr(*arguments):
    done = subprocess.run([OMICS_ECR, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


def scan(folder):
    return json.loads(omics_ecr("scan", folder, "--output", "json"))["references"]


def asked_for(reference):
    if reference["resolution"] == "unresolved":
        return "unresolved " + reference["template"]
    return reference.get("effective") or reference["reference"]


def uses(references, renamed=lambda reference: asked_for(reference)):
    """Which attribute asks for which name, without lines: declarations may move them."""
    found = collections.Counter()
    for reference in references:
        for site in reference["sites"]:
            found[site["file"], site.get("name"), reference["engine"], renamed(reference)] += 1
    return set(found)


def wdl_loads(path):
    import WDL
    try:
        WDL.load(str(path), check_quant=False)
        return True
    except Exception:
        return False


def cwl_validates(path):
    import cwltool.main
    quiet = io.StringIO()
    arguments = ["--validate", "--quiet", "--enable-dev", "--skip-schemas", str(path)]
    try:
        return cwltool.main.main(arguments, stdout=quiet, stderr=quiet) == 0
    except (Exception, SystemExit):
        return False


def groovy_parses(paths):
    if not paths or not JAR or not shutil.which("java"):
        return set()
    command = ["java", "-Xss64m", "-cp", JAR, "groovy.ui.GroovyMain", os.environ["GROOVY_SCRIPT"]]
    done = subprocess.run(command, input="\n".join(map(str, paths)), capture_output=True, text=True)
    return {pathlib.Path(line[3:]) for line in done.stdout.splitlines() if line.startswith("ok ")}


def parsed(changed, before, after, faults):
    """Counts the changed files that other people's parsers took before, and says which they take no more."""
    counts = []
    for name, ending, parses, most in [("wdl", (".wdl",), wdl_loads, None), ("cwl", (".cwl",), cwl_validates, MOST_CWL)]:
        files = [file for file in changed if file.endswith(ending)][:most]
        took = [file for file in files if parses(before / file)]
        lost = [file for file in took if not parses(after / file)]
        faults += [f"{file} no longer parses" for file in lost]
        counts.append(f"{name} {len(took) - len(lost)}/{len(took)}")
    files = [file for file in changed if file.endswith((".nf", ".config"))]
    took = groovy_parses([before / file for file in files] + [after / file for file in files])
    could = [file for file in files if before / file in took]
    lost = [file for file in could if after / file not in took]
    faults += [f"{file} no longer parses" for file in lost]
    counts.append(f"nextflow {len(could) - len(lost)}/{len(could)}" if JAR and shutil.which("java") else "nextflow skipped")
    return ", ".join(counts)


def check(checkout, way, flags):
    with tempfile.TemporaryDirectory() as room:
        room = pathlib.Path(room)
        before, after = room / "before", room / "after"
        for copy in (before, after):
            shutil.copytree(checkout, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        map_file = room / "map.json"
        omics_ecr("map", before, *TARGET, "--output", map_file)
        if json.loads(map_file.read_text()) == {}:
            return f"{checkout.name} {way}: no image to map", []
        line, faults = rewrite(before, after, map_file, way, flags)
        return f"{checkout.name} {way}: {line}", faults


def rewrite(before, after, map_file, way, flags):
    """Rewrites one of two equal copies, and returns a line on what came of it and what does not hold."""
    old = scan(before)
    report = json.loads(omics_ecr("rewrite", after, "--map", map_file, "--output", "json", *flags))
    faults = []
    new = scan(after)
    renamed = {(entry["image"], entry["file"], entry["line"]): entry for entry in report["rewritten"]}

    def expected(reference):
        entry = renamed.get((asked_for(reference), reference["file"], reference["line"]))
        if entry is None:
            return asked_for(reference)
        return entry["destination"]

    if way != "required":
        missing = uses(old, expected) - uses(new)
        extra = uses(new) - uses(old, expected)
        faults += [f"not found: {use}" for use in missing] + [f"not expected: {use}" for use in extra]
    again = json.loads(omics_ecr("rewrite", after, "--map", map_file, "--diff", "--output", "json", *flags))
    if again["files"]:
        faults.append("a second rewrite changes " + ", ".join(file["file"] for file in again["files"]))
    changed = [file["file"] for file in report["files"]]
    differ = {str(path.relative_to(before)) for path in before.rglob("*") if path.is_file() and not path.is_symlink()
              and not filecmp.cmp(path, after / path.relative_to(before), shallow=False)}
    if differ != set(changed):
        faults.append(f"files that differ are not those reported: {sorted(differ ^ set(changed))}")
    counts = parsed(changed, before, after, faults)
    reasons = collections.Counter(left["reason"] for left in report["left_alone"])
    left = ", ".join(f"{reason} {number}" for reason, number in reasons.most_common()) or "none"
    line = (f"{len(report['rewritten'])} of {len(old)} references rewritten in {len(changed)} files, "
            f"{len(report['declared'])} declarations; left alone: {left}; still parse: {counts}; "
            f"{'FAULTS ' + str(len(faults)) if faults else 'ok'}")
    return line, faults


def main():
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    ways = os.environ.get("WAYS", " ".join(WAYS)).split()
    passed = failed = 0
    for checkout in map(pathlib.Path, sys.argv[1:]):
        for way in ways:
            try:
                line, faults = check(checkout.resolve(), way, WAYS[way])
            except RuntimeError as error:
                line, faults = f"{checkout.name} {way}: failed", [str(error)]
            print(line, flush=True)
            for fault in faults[:10]:
                print(f"  {fault}", flush=True)
            failed += bool(faults)
            passed += not faults
    skipped = not JAR or not shutil.which("java")
    print(f"rewrite: {passed} passed, {failed} failed, {skipped:d} skipped"
          + (", Nextflow's files were not parsed: Java or the parser is not here" if skipped else ""))
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
