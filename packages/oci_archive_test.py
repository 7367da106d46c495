"""The image: every digest and size is right, nothing depends on the clock, and its user can write to little."""

import gzip
import io
import json
import os
import tarfile
import tempfile
import unittest

import oci_archive


def made(moment=1_700_000_000):
    return oci_archive.image(b"a binary", b"a licence", b"certificates", "1.2.3", "amd64", moment)


class Image(unittest.TestCase):
    def test_every_descriptor_names_what_is_there(self):
        files = made()

        def follow(descriptor):
            data = files["blobs/sha256/" + descriptor["digest"].removeprefix("sha256:")]
            self.assertEqual(oci_archive.digest(data), descriptor["digest"])
            self.assertEqual(len(data), descriptor["size"])
            return data

        index = json.loads(files["index.json"])
        manifest = json.loads(follow(index["manifests"][0]))
        config = json.loads(follow(manifest["config"]))
        plain = gzip.decompress(follow(manifest["layers"][0]))
        self.assertEqual(config["rootfs"]["diff_ids"], [oci_archive.digest(plain)])
        self.assertEqual(config["architecture"], "amd64")
        self.assertEqual(config["config"]["User"], "65532:65532")
        with tarfile.open(fileobj=io.BytesIO(plain)) as layer:
            binary = layer.getmember("usr/bin/omics-ecr")
            self.assertEqual(layer.extractfile(binary).read(), b"a binary")
            self.assertEqual((binary.mode, binary.uid), (0o755, 0))
            own = {entry.name for entry in layer if entry.uid == oci_archive.USER}
            self.assertEqual(own, {"data", "work"})

    def test_the_same_sources_give_the_same_bytes(self):
        self.assertEqual(made(), made())
        self.assertNotEqual(made(), made(1_700_000_001))
        with tempfile.TemporaryDirectory() as folder:
            first, second = os.path.join(folder, "1"), os.path.join(folder, "2")
            for path in (first, second):
                oci_archive.write(made(), path, 5)
            with open(first, "rb") as one, open(second, "rb") as other:
                self.assertEqual(one.read(), other.read())


if __name__ == "__main__":
    unittest.main()
