#!/usr/bin/env python3
"""Writes an image of one layer as an OCI layout: image.py FOLDER [MIB]."""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

folder = sys.argv[1]
size = int(float(sys.argv[2]) * (1 << 20)) if len(sys.argv) > 2 else 1 << 20
os.makedirs(f"{folder}/blobs/sha256")


def put(data, media_type):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{folder}/blobs/sha256/{digest}", "wb") as file:
        file.write(data)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}


raw = io.BytesIO()
with tarfile.open(fileobj=raw, mode="w") as tar:
    entry = tarfile.TarInfo("file")
    entry.size = size
    tar.addfile(entry, io.BytesIO(os.urandom(size)))
diff = "sha256:" + hashlib.sha256(raw.getvalue()).hexdigest()
oci = "application/vnd.oci.image."
layer = put(gzip.compress(raw.getvalue()), oci + "layer.v1.tar+gzip")
config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [diff]}}
config = put(json.dumps(config).encode(), oci + "config.v1+json")
manifest = {"schemaVersion": 2, "mediaType": oci + "manifest.v1+json", "config": config, "layers": [layer]}
manifest = put(json.dumps(manifest).encode(), oci + "manifest.v1+json")
manifest["annotations"] = {"org.opencontainers.image.ref.name": "1"}
with open(f"{folder}/index.json", "w") as file:
    json.dump({"schemaVersion": 2, "manifests": [manifest]}, file)
with open(f"{folder}/oci-layout", "w") as file:
    file.write('{"imageLayoutVersion": "1.0.0"}')
