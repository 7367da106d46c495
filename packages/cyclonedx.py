"""Prints a CycloneDX 1.6 bill of materials: cargo metadata --format-version 1 | cyclonedx.py LOCKFILE PACKAGE

Lists what goes into PACKAGE's binary: its dependencies and theirs, those of builds and tests left out, with licences from
their manifests and checksums from the lock file. The same sources give the same bytes.
"""

import datetime
import json
import os
import re
import sys
import tomllib
import uuid

# Names that cargo took for a licence before SPDX expressions; the slash meant a choice.
OLD_CHOICE = re.compile(r"\s*/\s*")


def reference(package):
    """Returns the package URL, which also is the reference inside the document."""
    return f"pkg:cargo/{package['name']}@{package['version']}"


def reached(metadata, root):
    """Returns the nodes of the graph that are linked into a package, by their ids, with the ids they use."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found, open_ids = {}, [root]
    while open_ids:
        own = open_ids.pop()
        if own in found:
            continue
        linked = [dependency["pkg"] for dependency in nodes[own]["deps"]
                  if any(kind["kind"] is None for kind in dependency["dep_kinds"])]
        found[own] = sorted(set(linked))
        open_ids.extend(linked)
    return found


def component(package, checksums):
    """Returns the component of a package."""
    made = {"type": "library", "bom-ref": reference(package), "name": package["name"], "version": package["version"],
            "purl": reference(package), "scope": "required"}
    if package.get("description"):
        made["description"] = " ".join(package["description"].split())
    if package.get("license"):
        made["licenses"] = [{"expression": OLD_CHOICE.sub(" OR ", package["license"])}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    links = {"website": package.get("homepage"), "vcs": package.get("repository")}
    links = [{"type": kind, "url": url} for kind, url in links.items() if url]
    if links:
        made["externalReferences"] = links
    return made


def bill(metadata, lock, name, moment):
    """Returns the bill of materials of a package of the workspace."""
    packages = {package["id"]: package for package in metadata["packages"]}
    root = next(own for own in metadata["workspace_members"] if packages[own]["name"] == name)
    graph = reached(metadata, root)
    checksums = {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}
    components = sorted((component(packages[own], checksums) for own in graph if own != root),
                        key=lambda made: made["bom-ref"])
    dependencies = sorted(({"ref": reference(packages[own]), "dependsOn": sorted({reference(packages[id]) for id in used})}
                           for own, used in graph.items()), key=lambda made: made["ref"])
    application = component(packages[root], checksums) | {"type": "application"}
    application.pop("scope")
    when = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {
        "metadata": {"timestamp": when, "component": application,
                     "tools": {"components": [{"type": "application", "name": "packages/cyclonedx.py"}]}},
        "components": components, "dependencies": dependencies,
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}", "version": 1, **body}


def main(lockfile, name):
    """Prints the bill of what standard input describes."""
    with open(lockfile, "rb") as lock:
        made = bill(json.load(sys.stdin), tomllib.load(lock), name, int(os.environ.get("SOURCE_DATE_EPOCH", "0")))
    json.dump(made, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
