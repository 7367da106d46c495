"""Makes the images of the measurement, without any container engine, and pushes them to a registry.

Run as a program: `images.py HOST SIZE`. Every image is the same each time it is made: the bytes come from seeded generators.
"""

import base64
import dataclasses
import gzip
import hashlib
import http.client
import io
import json
import random
import sys
import tarfile

MIB = 1024 * 1024
SCHEMA2 = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclasses.dataclass(frozen=True)
class Size:
    """How large and how many the images are; layers in MiB."""

    name: str
    large_layers: int
    large_layer: float
    many: int
    common: tuple
    own: tuple
    fault_layers: tuple
    # The faults that are tried, all if none is named.
    faults: tuple
    # A case in which next to nothing is done needs some rounds to be told from noise.
    least_rounds: int

    def names(self, case):
        """Returns the repositories of a case."""
        many = [f"tool-{number:03}" for number in range(self.many)]
        return {"large": ["large"], "many": many, "fault": ["fault"]}[case]


WHOLE = Size("whole", 20, 50.0, 100, (20.0, 12.0, 5.2), (8.0, 3.66), (20.0, 12.0, 10.0, 6.0, 3.2), (), 3)
QUICK = Size("quick", 4, 1.0, 6, (1.0, 0.5), (0.5,), (18.0, 1.0), ("429-put", "cut-upload"), 1)
SIZES = {size.name: size for size in (WHOLE, QUICK)}


def layer(seed, mebibytes):
    """Returns a gzipped tar of about this size: half random bytes, half text that compresses by a quarter."""
    source = random.Random(seed)
    half = int(mebibytes * MIB / 2)
    content = source.randbytes(half) + base64.b64encode(source.randbytes(half))
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        entry = tarfile.TarInfo(f"data-{seed}")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), compresslevel=1, mtime=0)


class Pusher:
    """Pushes blobs and manifests to one registry over one connection."""

    def __init__(self, host):
        self.host = host
        self.connection = http.client.HTTPConnection(host, timeout=120)

    def ask(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body=body, headers=headers or {})
        answer = self.connection.getresponse()
        answer.read()
        return answer

    def blob(self, repository, content, mount=None):
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        query = f"?mount={digest}&from={mount}" if mount else ""
        answer = self.ask("POST", f"/v2/{repository}/blobs/uploads/{query}")
        if answer.status != 201:
            place = answer.getheader("Location").split(self.host, 1)[-1]
            answer = self.ask("PUT", f"{place}&digest={digest}", content, {"Content-Type": "application/octet-stream"})
        assert answer.status == 201, (answer.status, repository)
        return {"digest": digest, "size": len(content)}

    def image(self, repository, tag, layers):
        """Pushes an image of layers; each is bytes, or bytes and the repository to mount them from."""
        pushed = []
        for content, mount in layers:
            pushed.append({"mediaType": LAYER, **self.blob(repository, content, mount)})
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": {"repository": repository}},
            "rootfs": {"type": "layers", "diff_ids": [entry["digest"] for entry in pushed]},
        }
        config = {"mediaType": CONFIG, **self.blob(repository, json.dumps(config).encode())}
        manifest = {"schemaVersion": 2, "mediaType": SCHEMA2, "config": config, "layers": pushed}
        body = json.dumps(manifest, indent=3).encode()
        answer = self.ask("PUT", f"/v2/{repository}/manifests/{tag}", body, {"Content-Type": SCHEMA2})
        assert answer.status == 201, (answer.status, repository)

    def manifest(self, repository, tag):
        """Returns the bytes of a manifest, or None."""
        self.connection.request("GET", f"/v2/{repository}/manifests/{tag}", headers={"Accept": SCHEMA2})
        answer = self.connection.getresponse()
        body = answer.read()
        return body if answer.status == 200 else None


def say(words):
    print(f"# {words}", file=sys.stderr, flush=True)


def make(host, size):
    """Makes and pushes all images."""
    pusher = Pusher(host)
    say("making the large image")
    layers = [(layer(f"large-{number}", size.large_layer), None) for number in range(size.large_layers)]
    pusher.image("large", "1", layers)
    del layers
    say(f"making {size.many} images that share layers")
    common = [layer(f"common-{number}", mebibytes) for number, mebibytes in enumerate(size.common)]
    first = None
    for repository in size.names("many"):
        own = [(layer(f"{repository}-{number}", mebibytes), None) for number, mebibytes in enumerate(size.own)]
        pusher.image(repository, "1", [(content, first) for content in common] + own)
        first = first or repository
    say("making the image for the faults")
    layers = [(layer(f"fault-{number}", mebibytes), None) for number, mebibytes in enumerate(size.fault_layers)]
    pusher.image("fault", "1", layers)


if __name__ == "__main__":
    make(sys.argv[1], SIZES[sys.argv[2]])
