"""The release notes: the part of one version, whole and nothing else."""

import pathlib
import unittest

from release_notes import notes, parts

CHANGELOG = """# Changelog

Words before.

## Unreleased

### Added

- not yet

## [1.1.0] - 2026-02-03

### Fixed

- a bug
  over two lines

## 1.0.0 - 2026-01-02

"""


class Notes(unittest.TestCase):
    def test_a_version_has_its_own_part_and_no_other(self):
        self.assertEqual(notes(CHANGELOG, "1.1.0"),
                         "# omics-ecr 1.1.0 (2026-02-03)\n\n### Fixed\n\n- a bug\n  over two lines\n")

    def test_what_is_not_released_stands_for_the_next_version(self):
        self.assertEqual(notes(CHANGELOG, "1.2.0"), "# omics-ecr 1.2.0\n\n### Added\n\n- not yet\n")

    def test_nothing_is_made_up(self):
        self.assertIsNone(notes(CHANGELOG, "1.0.0"))
        self.assertIsNone(notes("# Changelog\n", "1.0.0"))

    def test_a_changelog_that_is_none_is_refused(self):
        for broken in (CHANGELOG + "## 1.1.0\n", CHANGELOG + "## 1.2.0 on a Monday\n"):
            with self.assertRaises(ValueError):
                notes(broken, "1.1.0")

    def test_the_changelog_of_the_project_can_be_read(self):
        text = (pathlib.Path(__file__).parent.parent / "CHANGELOG.md").read_text(encoding="utf-8")
        self.assertTrue(any(lines for _, lines in parts(text).values()))


if __name__ == "__main__":
    unittest.main()
