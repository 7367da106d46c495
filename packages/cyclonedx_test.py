"""The bill of materials: what is linked is listed, and what only builds and tests need is not."""

import unittest

import cyclonedx


def package(name, licence="MIT"):
    return {"id": name, "name": name, "version": "1.0.0", "license": licence, "description": "two\nlines"}


def node(name, *used):
    return {"id": name, "deps": [{"pkg": other, "dep_kinds": [{"kind": kind}]} for other, kind in used]}


METADATA = {
    "packages": [package("tool"), package("linked", "MIT/Apache-2.0"), package("deep"), package("tests"), package("builds")],
    "workspace_members": ["tool"],
    "resolve": {"nodes": [
        node("tool", ("linked", None), ("tests", "dev"), ("builds", "build")),
        node("linked", ("deep", None)), node("deep"), node("tests", ("deep", None)), node("builds"),
    ]},
}
LOCK = {"package": [{"name": "deep", "version": "1.0.0", "checksum": "ab" * 32}, {"name": "tool", "version": "1.0.0"}]}


class Bill(unittest.TestCase):
    def test_what_is_linked_is_listed_and_nothing_else(self):
        bill = cyclonedx.bill(METADATA, LOCK, "tool", 0)
        self.assertEqual([one["name"] for one in bill["components"]], ["deep", "linked"])
        self.assertEqual(bill["metadata"]["component"]["type"], "application")
        deep, linked = bill["components"]
        self.assertEqual(deep["hashes"], [{"alg": "SHA-256", "content": "ab" * 32}])
        self.assertNotIn("hashes", linked)
        self.assertEqual(linked["licenses"], [{"expression": "MIT OR Apache-2.0"}])
        self.assertIn({"ref": "pkg:cargo/tool@1.0.0", "dependsOn": ["pkg:cargo/linked@1.0.0"]}, bill["dependencies"])

    def test_the_same_sources_give_the_same_number(self):
        again = cyclonedx.bill(METADATA, LOCK, "tool", 0)
        self.assertEqual(cyclonedx.bill(METADATA, LOCK, "tool", 0), again)
        self.assertNotEqual(cyclonedx.bill(METADATA, LOCK, "tool", 1)["serialNumber"], again["serialNumber"])


if __name__ == "__main__":
    unittest.main()
