"""Expects the tests that a file names to fail, for pytest: EXCEPTIONS is the file, with a reason above the names it is for."""

import os
import pathlib

import pytest


def exceptions():
    """Returns the reasons of the tests that are expected to fail, by name."""
    reasons, reason = {}, None
    for line in pathlib.Path(os.environ["EXCEPTIONS"]).read_text().splitlines():
        if line.startswith("#"):
            reason = line.lstrip("# ")
        elif line.strip():
            reasons[line.strip()] = reason
    return reasons


def pytest_collection_modifyitems(items):
    known = exceptions()
    for item in items:
        reason = known.get(item.originalname or item.name)
        if reason:
            # A named test that passes fails the run: the list must stay true.
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
