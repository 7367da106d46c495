"""Makes and reads, with boto3, what the commands work on: account.py WHAT [ARGUMENT]..."""

import json
import subprocess
import sys

import boto3

ecr, iam, secrets = (boto3.client(name) for name in ("ecr", "iam", "secretsmanager"))
OTHERS = {"Sid": "others", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
          "Action": ["ecr:BatchGetImage"]}
READ = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"}


def statements(repository):
    """Returns the statements of a repository's policy."""
    try:
        return json.loads(ecr.get_repository_policy(repositoryName=repository)["policyText"])["Statement"]
    except ecr.exceptions.RepositoryPolicyNotFoundException:
        return []


def of_healthomics(repository):
    return [one for one in statements(repository) if one["Principal"] == {"Service": "omics.amazonaws.com"}]


def repositories():
    for name in ("team/tool", "team/plain"):
        ecr.create_repository(repositoryName=name)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [OTHERS]})
    ecr.set_repository_policy(repositoryName="team/tool", policyText=policy)


def granted(repository, others=""):
    ours = of_healthomics(repository)
    assert len(ours) == 1 and ours[0]["Effect"] == "Allow" and READ <= set(ours[0]["Action"]), statements(repository)
    assert not others or OTHERS in statements(repository), statements(repository)


def unchanged(*command):
    before = {name: statements(name) for name in ("team/tool", "team/plain")}
    subprocess.run(command, check=True)
    assert {name: statements(name) for name in before} == before


def revoked(repository):
    assert statements(repository) == [OTHERS], statements(repository)


def secret(name):
    value = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    assert value == {"username": "user", "accessToken": "token"}, value


def role(name, trust, policy):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=open(trust).read())
    iam.put_role_policy(RoleName=name, PolicyName="images", PolicyDocument=open(policy).read())


def deny(name):
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ecr:BatchGetImage", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="deny", PolicyDocument=json.dumps(document))


def unseen(file, status):
    report = json.load(open(file))
    found = {finding["subject"] for finding in report["findings"] if finding["code"] == "OE710"}
    assert status == "2", f"exit code {status}"
    assert report["verdict"] == "could-not-look", report["verdict"]
    assert report["account"] == "123456789012", report["account"]
    assert {"pull through cache rules", "repository creation templates"} <= found, found
    assert not any(finding["code"] == "OE101" for finding in report["findings"]), "absence was concluded"


globals()[sys.argv[1]](*sys.argv[2:])
