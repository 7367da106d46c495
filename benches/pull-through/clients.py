"""Clients that pull an image: the manifest, then every blob, three at a time as container engines do."""

import hashlib
import http.client
import json
import subprocess
import threading
import time

TYPES = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in ("oci.image.manifest.v1", "oci.image.index.v1", "docker.distribution.manifest.v2")
)


def manifest(host, repository, tag="1"):
    connection = http.client.HTTPConnection(host, timeout=120)
    connection.request("GET", f"/v2/{repository}/manifests/{tag}", headers={"accept": TYPES})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{host} answered {answer.status}: {body[:200]!r}")
    return json.loads(body)


def blobs(document):
    return [document["config"], *document["layers"]]


def pull(host, repository):
    """Pulls an image; returns the seconds it took."""
    begun = time.monotonic()
    named = blobs(manifest(host, repository))
    config = "".join(f'url = "http://{host}/v2/{repository}/blobs/{blob["digest"]}"\noutput = "/dev/null"\n' for blob in named)
    options = ["-sSfL", "--parallel", "--parallel-max", "3", "-w", "%{size_download}\n", "-K", "-"]
    done = subprocess.run(["curl", *options], input=config, capture_output=True, text=True)
    took = time.monotonic() - begun
    if done.returncode or sum(map(int, done.stdout.split())) != sum(blob["size"] for blob in named):
        raise RuntimeError(f"{host}: the image did not come whole: {done.stderr[:300]}")
    return took


def pull_many(host, repository, count):
    """Pulls an image with so many clients at a time; returns the seconds that each took."""
    times, failures = [], []

    def one():
        try:
            times.append(pull(host, repository))
        except RuntimeError as error:
            failures.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sorted(times)


def first_byte(host, repository, digest):
    """Returns the seconds until the first byte of a blob is there, over a connection that is made for it."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection(host, timeout=120)
    connection.request("GET", f"/v2/{repository}/blobs/{digest}")
    answer = connection.getresponse()
    answer.read(1)
    took = time.monotonic() - begun
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{host} answered {answer.status}")
    return took


def verify(host, repository):
    """Pulls an image once and checks every digest."""
    for blob in blobs(manifest(host, repository)):
        connection = http.client.HTTPConnection(host, timeout=120)
        connection.request("GET", f"/v2/{repository}/blobs/{blob['digest']}")
        answer, hashed = connection.getresponse(), hashlib.sha256()
        while piece := answer.read(1 << 20):
            hashed.update(piece)
        if "sha256:" + hashed.hexdigest() != blob["digest"]:
            raise RuntimeError(f"{host}: {blob['digest']} has other bytes")


def push_image(host, repository, layers, size, seed):
    """Pushes an image of layers of seeded bytes under the tag 1."""
    import random

    source = random.Random(seed)

    def push(content, media_type):
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        connection = http.client.HTTPConnection(host, timeout=120)
        connection.request("POST", f"/v2/{repository}/blobs/uploads/")
        answer = connection.getresponse()
        answer.read()
        place = answer.getheader("location")
        place = "/" + place.split("://", 1)[-1].split("/", 1)[1] if "://" in place else place
        connection.request("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", content)
        if connection.getresponse().status != 201:
            raise RuntimeError("the upload was refused")
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    oci = "application/vnd.oci.image."
    config = push(json.dumps({"architecture": "amd64", "os": "linux", "seed": seed}).encode(), oci + "config.v1+json")
    layers = [push(source.randbytes(size), oci + "layer.v1.tar") for _ in range(layers)]
    document = {"schemaVersion": 2, "mediaType": oci + "manifest.v1+json", "config": config, "layers": layers}
    connection = http.client.HTTPConnection(host, timeout=120)
    headers = {"content-type": document["mediaType"]}
    connection.request("PUT", f"/v2/{repository}/manifests/1", json.dumps(document), headers)
    if connection.getresponse().status != 201:
        raise RuntimeError("the manifest was refused")
