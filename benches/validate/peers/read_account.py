"""Reads with boto3 what a validation needs of an account: read_account.py THREADS."""

import concurrent.futures
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

threads = int(sys.argv[1])
config = Config(max_pool_connections=threads)
ecr, secrets = boto3.client("ecr", config=config), boto3.client("secretsmanager", config=config)


def asked(call, **members):
    try:
        return call(**members)
    except ClientError:
        return None


def pages(operation, member):
    return ecr.get_paginator(operation).paginate(PaginationConfig={"PageSize": 1000}).build_full_result()[member]


boto3.client("sts").get_caller_identity()
rules = pages("describe_pull_through_cache_rules", "pullThroughCacheRules")
pages("describe_repository_creation_templates", "repositoryCreationTemplates")
repositories = pages("describe_repositories", "repositories")
asked(ecr.get_registry_policy)
asked(ecr.get_account_setting, name="REGISTRY_POLICY_SCOPE")
with concurrent.futures.ThreadPoolExecutor(threads) as pool:
    calls = [(ecr.get_repository_policy, {"repositoryName": one["repositoryName"]}) for one in repositories]
    for rule in rules:
        if arn := rule.get("credentialArn"):
            calls.append((secrets.describe_secret, {"SecretId": arn}))
            calls.append((ecr.validate_pull_through_cache_rule, {"ecrRepositoryPrefix": rule["ecrRepositoryPrefix"]}))
    answers = list(pool.map(lambda call: asked(call[0], **call[1]), calls))
print(len(answers), "answers")
