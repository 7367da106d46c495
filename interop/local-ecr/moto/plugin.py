"""Fits moto's tests to a server that is not moto: resets by the API."""

import functools
import os

from botocore.session import Session
from moto.core import models


@functools.cache
def client():
    return Session().create_client(
        "ecr", region_name="us-east-1", endpoint_url=os.environ["TEST_SERVER_MODE_ENDPOINT"],
        aws_access_key_id="local", aws_secret_access_key="local",
    )


def reset(_self=None):
    """Empties the registry by its own operations, in place of moto's reset endpoint."""
    ecr = client()
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
