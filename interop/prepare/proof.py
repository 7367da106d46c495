"""Makes workflow checkouts ready in a local ECR and holds the result against boto3, skopeo and a scan."""
import contextlib
import hashlib
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings

import boto3
from botocore.config import Config

from check import omics_ecr, rewrite

OMICS_ECR = os.environ["OMICS_ECR"]
SERVICE = "omics.amazonaws.com"
# The registries that ECR wants a credential for.
SIGNED_IN = {"docker.io": "docker-hub", "ghcr.io": "ghcr", "registry.gitlab.com": "gitlab", "cgr.dev": "chainguard"}
INDEXES = {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
MEDIA_TYPES = [*INDEXES, "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"]
# Images of one checkout that skopeo pulls; boto3 reads all of them.
BY_SKOPEO = 3
# Longest that a file may be in which digests are replaced, in bytes.
LONGEST = 8 << 20


@contextlib.contextmanager
def running(*arguments):
    """Runs a command that says in one JSON document when it is ready, and stops it in the end."""
    process = subprocess.Popen([OMICS_ECR, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        text = ""
        for line in process.stdout:
            text += line
            with contextlib.suppress(ValueError):
                yield json.loads(text)
                return
        raise RuntimeError(f"{' '.join(map(str, arguments))} ended with {process.wait()}")
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def client(service, endpoint, key="local"):
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key,
                        aws_secret_access_key="local", config=Config(retries={"max_attempts": 1}))


def pages(ecr, operation, key, **arguments):
    return [entry for page in ecr.get_paginator(operation).paginate(**arguments) for entry in page[key]]


def snapshot(ecr):
    """What an account has, without the times at which somebody pulled."""
    def policy(ask, **arguments):
        try:
            return ask(**arguments)["policyText"]
        except (ecr.exceptions.RepositoryPolicyNotFoundException, ecr.exceptions.RegistryPolicyNotFoundException):
            return None

    state = {"rules": pages(ecr, "describe_pull_through_cache_rules", "pullThroughCacheRules"),
             "templates": pages(ecr, "describe_repository_creation_templates", "repositoryCreationTemplates"),
             "policy": policy(ecr.get_registry_policy), "repositories": {}}
    for repository in pages(ecr, "describe_repositories", "repositories"):
        name = repository["repositoryName"]
        images = pages(ecr, "describe_images", "imageDetails", repositoryName=name)
        for image in images:
            image.pop("lastRecordedPullTime", None)
        images.sort(key=lambda image: image["imageDigest"])
        state["repositories"][name] = [repository, policy(ecr.get_repository_policy, repositoryName=name), images]
    return json.loads(json.dumps(state, default=str, sort_keys=True))


def parts(name):
    """The repository in the private registry, and the tag or the digest, of a name."""
    path = name.split("/", 1)[1]
    if "@" in path:
        path, digest = path.split("@")
        return path.rsplit(":", 1)[0] if ":" in path else path, {"imageDigest": digest}
    repository, colon, tag = path.rpartition(":")
    return (repository, {"imageTag": tag}) if colon else (path, {"imageTag": "latest"})


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def manifest(ecr, repository, image_id):
    answer = ecr.batch_get_image(repositoryName=repository, imageIds=[image_id], acceptedMediaTypes=MEDIA_TYPES)
    if answer["failures"]:
        raise ValueError(answer["failures"][0]["failureReason"])
    image = answer["images"][0]
    found = digest_of(image["imageManifest"].encode())
    if found != image["imageId"]["imageDigest"]:
        raise ValueError(f"the manifest of {found} is handed out as {image['imageId']['imageDigest']}")
    return found, json.loads(image["imageManifest"]), image.get("imageManifestMediaType")


def pull(ecr, name):
    """Reads all of an image for amd64 as a run would; returns the digest that its name stands for."""
    repository, image_id = parts(name)
    digest, document, media_type = manifest(ecr, repository, image_id)
    if media_type in INDEXES:
        own = [one for one in document["manifests"] if one.get("platform", {}).get("architecture") == "amd64"]
        _, document, _ = manifest(ecr, repository, {"imageDigest": own[0]["digest"]})
    for place, blob in enumerate([document["config"], *document["layers"]]):
        url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=blob["digest"])["downloadUrl"]
        with urllib.request.urlopen(url) as answer:
            content = answer.read()
        if digest_of(content) != blob["digest"]:
            raise ValueError(f"the bytes of {blob['digest']} have another digest")
        if place == 0 and json.loads(content)["architecture"] != "amd64":
            raise ValueError("its config is not for amd64")
    return digest


def skopeo_pull(endpoint, service, name, room):
    """Copies an image with skopeo, signed in as HealthOmics; returns its digest."""
    host = endpoint.split("//")[1]
    repository, image_id = parts(name)
    suffix = "@" + image_id["imageDigest"] if "imageDigest" in image_id else ":" + image_id["imageTag"]
    token = service.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    folder = pathlib.Path(tempfile.mkdtemp(dir=room))
    authfile = folder / "auth.json"
    authfile.write_text(json.dumps({"auths": {host: {"auth": token}}}))
    command = ["skopeo", "--insecure-policy", "copy", "-q", "--all", "--preserve-digests", "--src-tls-verify=false",
               "--authfile", str(authfile), f"docker://{host}/{repository}{suffix}", f"dir:{folder / 'image'}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ValueError("skopeo: " + done.stderr.strip()[-300:])
    return digest_of((folder / "image" / "manifest.json").read_bytes())


def mapped(document, registry, name):
    """Where HealthOmics' documentation of the container registry map leads a name; none where it leads nowhere."""
    for entry in document["imageMappings"]:
        if entry["sourceImage"] == name:
            return entry["destinationImage"]
    for entry in document["registryMappings"]:
        below = entry["upstreamRegistryUrl"] + "/"
        if part := entry.get("upstreamRepositoryPrefix"):
            below += part + "/"
        if name.startswith(below):
            return f"{registry}/{entry['ecrRepositoryPrefix']}/{name[len(below):]}"
    return None


def replace_digests(folder, images):
    """Puts the digests of stand-ins into files in the place of those that they stand in for."""
    replaced = {}
    for image in images:
        if "@sha256:" in image["image"]:
            replaced[image["image"].split("@sha256:")[1]] = image["digest"].removeprefix("sha256:")
    if not replaced:
        return
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LONGEST:
            continue
        content = before = path.read_bytes()
        for old, new in replaced.items():
            content = content.replace(old.encode(), new.encode())
        if content != before:
            path.chmod(0o644)
            path.write_bytes(content)


class Ecr:
    """A local ECR with what stands in for the public registries."""

    def __init__(self, endpoint, registries):
        self.endpoint = endpoint
        self.upstreams = [flag for one in registries for flag in ("--upstream", f"{one['host']}={one['endpoint']}")]
        self.ecr, self.service = client("ecr", endpoint), client("ecr", endpoint, SERVICE)
        self.credentials = []
        secrets = client("secretsmanager", endpoint)
        for host in (one["host"] for one in registries):
            usual = SIGNED_IN.get(host) or (host.endswith(".azurecr.io") and "acr-" + host.split(".")[0])
            if usual:
                secrets.create_secret(Name=f"ecr-pullthroughcache/{usual}",
                                      SecretString=json.dumps({"username": "made-up", "accessToken": "made-up"}))
                self.credentials += ["--credential", f"{host}={usual}"]

    def prepare(self, folder, *more):
        command = [OMICS_ECR, "prepare", folder, "--yes", "--endpoint-url", self.endpoint, *self.upstreams,
                   *self.credentials, "--output", "json", *more]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"prepare ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        return json.loads(done.stdout)


def prove(own, folder, room, found, stands_in):
    """Prepares a folder; returns words on what came of it, and what does not hold."""
    faults = []
    flat, healthomics = room / "flat.json", room / "healthomics.json"
    began = time.monotonic()
    report = own.prepare(folder, "--map", flat, "--healthomics-map", healthomics, "--report", room / "report.html")
    took = time.monotonic() - began
    prepared = {image["image"]: image for image in report["images"]}
    if set(prepared) != set(found):
        faults.append(f"the scan and prepare differ on {sorted(set(prepared) ^ set(found))[:5]}")
    flat = json.loads(flat.read_text()) if flat.exists() else {}
    document = json.loads(healthomics.read_text()) if healthomics.exists() else {"registryMappings": [], "imageMappings": []}
    left, pulled = [], 0
    for name, image in prepared.items():
        wanted = stands_in.get(name)
        if wanted is None:
            if image["outcome"] in ("up-to-date", "copied", "pulled-through"):
                faults.append(f"{name}: ready, and no registry has it")
            left.append(name)
            continue
        if image["outcome"] not in ("up-to-date", "copied", "pulled-through"):
            error = image.get("error") or {}
            faults.append(f"{name}: {image['outcome']} by {image['route']['kind']}: {error.get('tried')}: {error.get('refused')}")
            continue
        try:
            digest = pull(own.service, image["destination"])
            if digest != wanted:
                faults.append(f"{name}: {digest} in ECR, {wanted} at its registry")
            if pulled < BY_SKOPEO and shutil.which("skopeo") and skopeo_pull(own.endpoint, own.service, image["destination"], room) != wanted:
                faults.append(f"{name}: skopeo reads another digest")
            pulled += 1
        except Exception as error:
            faults.append(f"{name}: {image['destination']} cannot be read as {SERVICE}: {error}")
        for title, destination in [("flat", flat.get(name)), ("HealthOmics'", mapped(document, report["registry"], name))]:
            # A name of the private registry leads there by itself.
            if name.split("/")[0] == report["registry"]:
                continue
            if destination is None or parts(destination) != parts(image["destination"]):
                faults.append(f"{name}: {title} map leads to {destination} and not to {image['destination']}")
    before = snapshot(own.ecr)
    again = own.prepare(folder)
    changed = [image["image"] for image in again["images"]
               if image["image"] in stands_in and image["outcome"] != "up-to-date"]
    if changed or again["sent_bytes"] or again["caches"]:
        faults.append(f"a second run has something to do: {changed[:5]}, {again['sent_bytes']} bytes, {len(again['caches'])} caches")
    after = snapshot(own.ecr)
    for part in before:
        if before[part] != after[part]:
            faults.append(f"a second run changes the account's {part}")
    routes = {}
    for image in report["images"]:
        routes[image["route"]["kind"]] = routes.get(image["route"]["kind"], 0) + 1
    words = (f"{pulled} of {len(prepared)} images ready and read as {SERVICE} in {took:.1f} s "
             f"({', '.join(f'{number} {route}' for route, number in sorted(routes.items()))}); "
             f"{len(left)} without a registry to stand in for, {report['unresolved']} attributes unresolved")
    return words, faults, flat


def check(checkout):
    with tempfile.TemporaryDirectory() as room, contextlib.ExitStack() as stack:
        room = pathlib.Path(room)
        folder = room / "workflow"
        shutil.copytree(checkout, folder, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        standing = stack.enter_context(running("demo", folder, "--registries-only", "--output", "json"))
        replace_digests(folder, standing["images"])
        digests = {image["image"]: image["digest"] for image in standing["images"]}
        digests.update({name.split("@")[0] + "@" + digest: digest for name, digest in digests.items() if "@" in name})
        found = {image["image"] for image in json.loads(omics_ecr("scan", folder, "--output", "json"))["images"]}
        stands_in = {name: digests[name] for name in found if name in digests}
        upstreams = [flag for one in standing["registries"] for flag in ("--upstream", f"{one['host']}={one['endpoint']}")]
        local = stack.enter_context(running("local", "--address", "127.0.0.1:0", "--data", ":memory:", *upstreams, "--output", "json"))
        own = Ecr(local["endpoint"], standing["registries"])
        words, faults, flat = prove(own, folder, room, found, stands_in)
        if flat:
            after = room / "rewritten"
            shutil.copytree(folder, after, symlinks=True)
            map_file = room / "map.json"
            map_file.write_text(json.dumps(flat))
            line, more = rewrite(folder, after, map_file, "names", [])
            words += "; " + line
            faults += more
        return words, faults


def main():
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    os.environ.update(AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local", AWS_REGION="us-east-1")
    passed = failed = 0
    for checkout in map(pathlib.Path, sys.argv[1:]):
        try:
            words, faults = check(checkout.resolve())
        except RuntimeError as error:
            words, faults = "failed", [str(error)]
        print(f"{checkout.name}: {words}" + (f"; FAULTS {len(faults)}" if faults else ""), flush=True)
        for fault in faults[:10]:
            print(f"  {fault}", flush=True)
        failed += bool(faults)
        passed += not faults
    print(f"prepare: {passed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
