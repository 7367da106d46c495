"""Fits moto's tests to a server that is not moto: resets by the API, and expects the named exceptions to fail."""

import os
import pathlib

import pytest
from botocore.session import Session
from moto.core import models

EXCEPTIONS = pathlib.Path(__file__).with_name("exceptions.txt")


def reset(_self=None):
    """Empties the registry by its own operations, in place of moto's reset endpoint."""
    ecr = Session().create_client(
        "ecr", region_name="us-east-1", endpoint_url=os.environ["TEST_SERVER_MODE_ENDPOINT"],
        aws_access_key_id="local", aws_secret_access_key="local",
    )
    pages = ecr.get_paginator("describe_repositories").paginate()
    for repository in pages.build_full_result()["repositories"]:
        ecr.delete_repository(repositoryName=repository["repositoryName"], force=True)
    ecr.put_replication_configuration(replicationConfiguration={"rules": []})
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])
    try:
        ecr.delete_registry_policy()
    except ecr.exceptions.RegistryPolicyNotFoundException:
        pass


models.ServerModeMockAWS.reset = reset


def exceptions():
    """Returns the reasons of the tests that are expected to fail, by name."""
    reasons, reason = {}, None
    for line in EXCEPTIONS.read_text().splitlines():
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
