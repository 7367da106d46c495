"""Writes a container image of a static binary as an OCI archive: oci_archive.py FOLDER CERTIFICATES VERSION TARGET IMAGE

FOLDER holds `omics-ecr` and `LICENSE`. One layer, nothing but the binary, the CA certificates it verifies registries
with, a user who owns nothing, and the folders it may write to. The same input gives the same bytes.
"""

import datetime
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
USER = 65532
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def add(archive, name, data=None, mode=0o755, owner=0, moment=0):
    """Adds a file, or a folder where there is no data."""
    entry = tarfile.TarInfo(name)
    entry.mode, entry.uid, entry.gid, entry.mtime = mode, owner, owner, moment
    entry.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
    entry.size = len(data or b"")
    archive.addfile(entry, None if data is None else io.BytesIO(data))


def layer(binary, licence, certificates, moment):
    """Returns the one layer, not compressed."""
    account = f"root:x:0:0::/:/nologin\nnonroot:x:{USER}:{USER}::/data:/nologin\n".encode()
    plan = [
        ("data", None, 0o755, USER), ("etc", None, 0o755, 0), ("etc/passwd", account, 0o644, 0),
        ("etc/ssl", None, 0o755, 0), ("etc/ssl/certs", None, 0o755, 0),
        ("etc/ssl/certs/ca-certificates.crt", certificates, 0o644, 0),
        ("tmp", None, 0o1777, 0), ("usr", None, 0o755, 0), ("usr/bin", None, 0o755, 0),
        ("usr/bin/omics-ecr", binary, 0o755, 0), ("usr/share", None, 0o755, 0), ("usr/share/doc", None, 0o755, 0),
        ("usr/share/doc/omics-ecr", None, 0o755, 0), ("usr/share/doc/omics-ecr/LICENSE", licence, 0o644, 0),
        ("work", None, 0o755, USER),
    ]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data, mode, owner in plan:
            add(archive, name, data, mode, owner, moment)
    return buffer.getvalue()


def digest(data):
    """Returns the digest of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(media_type, data, **more):
    """Returns the descriptor of a blob."""
    return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}


def image(binary, licence, certificates, version, architecture, moment):
    """Returns the files of an OCI layout by their names."""
    plain = layer(binary, licence, certificates, moment)
    packed = gzip.compress(plain, compresslevel=9, mtime=0)
    created = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    notes = {
        "org.opencontainers.image.title": "omics-ecr",
        "org.opencontainers.image.description":
            "Makes every container image of a genomics workflow ready in a private Amazon ECR",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.created": created,
    }
    config = json.dumps({
        "created": created, "architecture": architecture, "os": "linux",
        "config": {
            "User": f"{USER}:{USER}", "WorkingDir": "/work", "Entrypoint": ["/usr/bin/omics-ecr"], "Labels": notes,
            "Env": ["PATH=/usr/bin", "HOME=/data", "XDG_DATA_HOME=/data",
                    "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            "Volumes": {"/data": {}},
        },
        "rootfs": {"type": "layers", "diff_ids": [digest(plain)]},
        "history": [{"created": created, "created_by": "packages/image"}],
    }).encode()
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config),
        "layers": [descriptor(LAYER, packed)], "annotations": notes,
    }).encode()
    named = {"org.opencontainers.image.ref.name": f"localhost/omics-ecr:{version}"}
    platform = {"architecture": architecture, "os": "linux"}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
             "manifests": [descriptor(MANIFEST, manifest, platform=platform, annotations=named)]}
    blobs = {"blobs/sha256/" + digest(data)[7:]: data for data in (packed, config, manifest)}
    return {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(index).encode(), **blobs}


def write(files, path, moment):
    """Writes the files of a layout as an archive."""
    with tarfile.open(path, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for folder in ("blobs", "blobs/sha256"):
            add(archive, folder, moment=moment)
        for name in sorted(files):
            add(archive, name, files[name], 0o644, moment=moment)


def main(folder, certificates, version, target, path):
    """Writes the image."""
    moment = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    read = lambda path: open(path, "rb").read()
    files = image(read(f"{folder}/omics-ecr"), read(f"{folder}/LICENSE"), read(certificates), version,
                  ARCHITECTURES[target.split("-")[0]], moment)
    write(files, path, moment)


if __name__ == "__main__":
    main(*sys.argv[1:])
