"""Calls ECR's operations with boto3 and holds every answer against botocore's own model of it.

boto3 ignores members that it does not know and leaves out those that are missing, so the raw answers are checked:
every member must be in the model, of the model's type, within its pattern, enumeration and length, and those the
service always sends must be there.
"""

import hashlib
import json
import re
import sys

import boto3
from botocore.exceptions import ClientError

endpoint = sys.argv[1]
raw = {}
client = boto3.client("ecr", endpoint_url=endpoint, region_name="us-east-1",
                      aws_access_key_id="local", aws_secret_access_key="local")
client.meta.events.register("after-call.ecr", lambda http_response, model, **_: raw.update({model.name: http_response.content}))
model = client.meta.service_model
passed, failed = 0, 0


def fits(shape, value, where):
    """Yields what of a value does not fit its shape."""
    kinds = {"structure": dict, "list": list, "map": dict, "string": str, "boolean": bool,
             "integer": int, "long": int, "timestamp": (int, float), "float": (int, float), "double": (int, float)}
    if not isinstance(value, kinds[shape.type_name]):
        yield f"{where} is {value!r}, no {shape.type_name}"
    elif shape.type_name == "structure":
        for name, member in value.items():
            if name not in shape.members:
                yield f"{where}.{name} is not in the model"
            else:
                yield from fits(shape.members[name], member, f"{where}.{name}")
        for name in shape.required_members:
            if name not in value:
                yield f"{where}.{name} is missing"
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from fits(shape.member, member, f"{where}[{index}]")
    elif shape.type_name == "map":
        for name, member in value.items():
            yield from fits(shape.value, member, f"{where}[{name}]")
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield f"{where} is {value!r}, none of {shape.enum}"
        limits = shape.metadata
        if limits.get("pattern") and not re.search(limits["pattern"], value):
            yield f"{where} is {value!r}, which is not {limits['pattern']}"
        if not limits.get("min", 0) <= len(value) <= limits.get("max", 1 << 30):
            yield f"{where} has {len(value)} characters"


def note(name, problems):
    global passed, failed
    problems = list(problems)
    passed, failed = (passed + 1, failed) if not problems else (passed, failed + 1)
    for problem in problems:
        print(f"failed: {name}: {problem}")


def call(operation, **arguments):
    """Calls an operation, which must succeed and fit the model; returns the answer."""
    method = getattr(client, boto3.session.botocore.xform_name(operation))
    try:
        answer = method(**arguments)
    except ClientError as error:
        note(operation, [f"refused with {error}"])
        return None
    note(operation, fits(model.operation_model(operation).output_shape, json.loads(raw[operation]), operation))
    return answer


def refused(exception, operation, **arguments):
    """Calls an operation, which must be refused with a modelled exception of the operation."""
    method = getattr(client, boto3.session.botocore.xform_name(operation))
    listed = [shape.name for shape in model.operation_model(operation).error_shapes]
    try:
        method(**arguments)
        note(operation, [f"not refused, where {exception} is right"])
    except getattr(client.exceptions, exception) as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        problems = [] if status == 400 and error.response["Error"]["Message"] else [f"HTTP {status} {error}"]
        note(operation, problems if exception in listed else [f"{exception} is not listed by the model"])
    except ClientError as error:
        note(operation, [f"refused with {error}, where {exception} is right"])


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def push(tag, layer, subject=None):
    """Pushes an image by the layer operations; returns its digest."""
    for data in (b"{}", layer):
        upload = call("InitiateLayerUpload", repositoryName="team/tool")["uploadId"]
        call("UploadLayerPart", repositoryName="team/tool", uploadId=upload, partFirstByte=0,
             partLastByte=len(data) - 1, layerPartBlob=data)
        try:
            client.complete_layer_upload(repositoryName="team/tool", uploadId=upload, layerDigests=[digest(data)])
        except client.exceptions.LayerAlreadyExistsException:
            pass
    document = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(b"{}"), "size": 2},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(layer), "size": len(layer)}],
    }
    if subject:
        document["subject"] = subject
        document["artifactType"] = "application/vnd.example.sbom"
    answer = call("PutImage", repositoryName="team/tool", imageManifest=json.dumps(document), imageTag=tag)
    return answer["image"]["imageId"]["imageDigest"], len(json.dumps(document))


POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Sid": "read", "Effect": "Allow", "Principal": {"Service": "omics.amazonaws.com"}, "Action": ["ecr:BatchGetImage"]}]})
REGISTRY_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Sid": "omics", "Effect": "Allow", "Principal": {"Service": "omics.amazonaws.com"},
     "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"],
     "Resource": "arn:aws:ecr:us-east-1:000000000000:repository/quay/*"}]})
LIFECYCLE = json.dumps({"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan",
                                                                    "countNumber": 1}, "action": {"type": "expire"}}]})
LIFECYCLE_ANY = json.dumps({"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan",
                                                                        "countNumber": 1}, "action": {"type": "expire"}}]})
made = call("CreateRepository", repositoryName="team/tool", tags=[{"Key": "team", "Value": "a"}],
            imageScanningConfiguration={"scanOnPush": True}, encryptionConfiguration={"encryptionType": "AES256"})
arn = made["repository"]["repositoryArn"]
for number in range(7):
    call("CreateRepository", repositoryName=f"page/{number}")
pages = [page["repositories"] for page in client.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 3})]
note("DescribeRepositories", [] if [len(page) for page in pages] == [3, 3, 2] else [f"pages of {[len(p) for p in pages]}"])
refused("RepositoryAlreadyExistsException", "CreateRepository", repositoryName="team/tool")
refused("InvalidParameterException", "CreateRepository", repositoryName="Team!")
refused("RepositoryNotFoundException", "DescribeRepositories", repositoryNames=["none/such"])
call("DescribeRepositories", repositoryNames=["team/tool"])
call("ListTagsForResource", resourceArn=arn)
call("TagResource", resourceArn=arn, tags=[{"Key": "b", "Value": "c"}])
call("UntagResource", resourceArn=arn, tagKeys=["b"])
call("PutImageTagMutability", repositoryName="team/tool", imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
     imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}])
call("PutImageScanningConfiguration", repositoryName="team/tool", imageScanningConfiguration={"scanOnPush": False})
call("BatchGetRepositoryScanningConfiguration", repositoryNames=["team/tool", "none/such"])

image, size = push("1", b"layer one")
push("2", b"layer two")
call("PutImageTagMutability", repositoryName="team/tool", imageTagMutability="MUTABLE")
described = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": image, "size": size}
sbom, _ = push("sbom", b"an sbom", described)
referrers = call("ListImageReferrers", repositoryName="team/tool", subjectId={"imageDigest": image})
note("ListImageReferrers", [] if [one["digest"] for one in referrers["referrers"]] == [sbom] else ["the SBOM is not listed"])
found = call("BatchGetImage", repositoryName="team/tool", imageIds=[{"imageTag": "1"}, {"imageTag": "none"}, {"imageDigest": "x"}])
codes = [failure["failureCode"] for failure in found["failures"]]
note("BatchGetImage", [] if codes == ["ImageNotFound", "InvalidImageDigest"] else [f"failures {codes}"])
call("DescribeImages", repositoryName="team/tool")
call("DescribeImages", repositoryName="team/tool", filter={"tagStatus": "TAGGED"}, maxResults=1)
refused("ImageNotFoundException", "DescribeImages", repositoryName="team/tool", imageIds=[{"imageTag": "none"}])
listed = [page["imageIds"] for page in client.get_paginator("list_images").paginate(repositoryName="team/tool", PaginationConfig={"PageSize": 2})]
note("ListImages", [] if [len(page) for page in listed] == [2, 1] else [f"pages of {[len(p) for p in listed]}"])
call("ListImages", repositoryName="team/tool")
call("BatchCheckLayerAvailability", repositoryName="team/tool", layerDigests=[digest(b"layer one"), digest(b"none")])
call("GetDownloadUrlForLayer", repositoryName="team/tool", layerDigest=digest(b"layer one"))
refused("LayersNotFoundException", "GetDownloadUrlForLayer", repositoryName="team/tool", layerDigest=digest(b"none"))
refused("UploadNotFoundException", "CompleteLayerUpload", repositoryName="team/tool",
        uploadId="00000000-0000-0000-0000-000000000000", layerDigests=[digest(b"x")])
call("BatchDeleteImage", repositoryName="team/tool", imageIds=[{"imageTag": "2"}, {"imageTag": "none"}])

call("SetRepositoryPolicy", repositoryName="team/tool", policyText=POLICY)
call("GetRepositoryPolicy", repositoryName="team/tool")
call("DeleteRepositoryPolicy", repositoryName="team/tool")
refused("RepositoryPolicyNotFoundException", "GetRepositoryPolicy", repositoryName="team/tool")
refused("InvalidParameterException", "SetRepositoryPolicy", repositoryName="team/tool", policyText="{")
call("PutLifecyclePolicy", repositoryName="team/tool", lifecyclePolicyText=LIFECYCLE)
call("GetLifecyclePolicy", repositoryName="team/tool")
call("DeleteLifecyclePolicy", repositoryName="team/tool")
refused("LifecyclePolicyNotFoundException", "GetLifecyclePolicy", repositoryName="team/tool")

refused("LifecyclePolicyPreviewNotFoundException", "GetLifecyclePolicyPreview", repositoryName="team/tool")
refused("LifecyclePolicyNotFoundException", "StartLifecyclePolicyPreview", repositoryName="team/tool")
refused("InvalidParameterException", "StartLifecyclePolicyPreview", repositoryName="team/tool", lifecyclePolicyText="x" * 100)
for number in range(3):
    push(f"preview-{number}", f"layer of {number}".encode())
call("StartLifecyclePolicyPreview", repositoryName="team/tool", lifecyclePolicyText=LIFECYCLE_ANY)
client.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName="team/tool")
marked = call("GetLifecyclePolicyPreview", repositoryName="team/tool")
note("GetLifecyclePolicyPreview", [] if len(marked["previewResults"]) == 3 else [f"marked are {marked['previewResults']}"])
pages = list(client.get_paginator("get_lifecycle_policy_preview").paginate(repositoryName="team/tool", PaginationConfig={"PageSize": 1}))
note("GetLifecyclePolicyPreview", [] if len(pages) == len(marked["previewResults"]) else [f"{len(pages)} pages"])
refused("ScanNotFoundException", "DescribeImageScanFindings", repositoryName="team/tool", imageId={"imageTag": "1"})
refused("ImageNotFoundException", "DescribeImageScanFindings", repositoryName="team/tool", imageId={"imageTag": "none"})
refused("ImageNotFoundException", "StartImageScan", repositoryName="team/tool", imageId={"imageTag": "none"})
try:
    client.start_image_scan(repositoryName="team/tool", imageId={"imageTag": "1"})
    note("StartImageScan", ["an empty success"])
except ClientError as error:
    note("StartImageScan", [] if "StartImageScan" in str(error) else [str(error)])
call("DescribeImageReplicationStatus", repositoryName="team/tool", imageId={"imageTag": "1"})
refused("SigningConfigurationNotFoundException", "GetSigningConfiguration")
call("PutSigningConfiguration", signingConfiguration={"rules": [
    {"signingProfileArn": "arn:aws:signer:us-east-1:000000000000:/signing-profiles/release",
     "repositoryFilters": [{"filter": "team/*", "filterType": "WILDCARD_MATCH"}]}]})
call("GetSigningConfiguration")
push("signed", b"to be signed")
status = call("DescribeImageSigningStatus", repositoryName="team/tool", imageId={"imageTag": "signed"})
note("DescribeImageSigningStatus", [] if status["signingStatuses"] else ["the rule is not applied"])
call("DeleteSigningConfiguration")
refused("SigningConfigurationNotFoundException", "DeleteSigningConfiguration")
principal = "arn:aws:iam::000000000000:role/scanner"
call("RegisterPullTimeUpdateExclusion", principalArn=principal)
refused("ExclusionAlreadyExistsException", "RegisterPullTimeUpdateExclusion", principalArn=principal)
call("ListPullTimeUpdateExclusions")
call("DeregisterPullTimeUpdateExclusion", principalArn=principal)
refused("ExclusionNotFoundException", "DeregisterPullTimeUpdateExclusion", principalArn=principal)
call("ListReplicationBackfills")
for operation in ("DescribeReplicationBackfillResults", "StopReplicationBackfill"):
    refused("ReplicationBackfillNotFoundException", operation, replicationBackfillId="00000000-0000-0000-0000-000000000000")

refused("RegistryPolicyNotFoundException", "GetRegistryPolicy")
call("PutRegistryPolicy", policyText=REGISTRY_POLICY)
call("GetRegistryPolicy")
call("DeleteRegistryPolicy")
call("DescribeRegistry")
call("PutReplicationConfiguration", replicationConfiguration={"rules": []})
call("PutRegistryScanningConfiguration", scanType="BASIC", rules=[])
call("GetRegistryScanningConfiguration")
call("PutAccountSetting", name="BASIC_SCAN_TYPE_VERSION", value="AWS_NATIVE")
call("GetAccountSetting", name="BASIC_SCAN_TYPE_VERSION")
call("GetAuthorizationToken")

call("CreatePullThroughCacheRule", ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
refused("PullThroughCacheRuleAlreadyExistsException", "CreatePullThroughCacheRule", ecrRepositoryPrefix="quay",
        upstreamRegistryUrl="quay.io")
refused("UnsupportedUpstreamRegistryException", "CreatePullThroughCacheRule", ecrRepositoryPrefix="hub",
        upstreamRegistryUrl="registry-1.docker.io")
refused("PullThroughCacheRuleNotFoundException", "DescribePullThroughCacheRules", ecrRepositoryPrefixes=["none"])
for number in range(4):
    call("CreatePullThroughCacheRule", ecrRepositoryPrefix=f"quay{number}", upstreamRegistryUrl="quay.io")
pages = list(client.get_paginator("describe_pull_through_cache_rules").paginate(PaginationConfig={"PageSize": 2}))
note("DescribePullThroughCacheRules", [] if len(pages) == 3 else [f"{len(pages)} pages"])
call("DescribePullThroughCacheRules")
call("DeletePullThroughCacheRule", ecrRepositoryPrefix="quay0")
refused("PullThroughCacheRuleNotFoundException", "DeletePullThroughCacheRule", ecrRepositoryPrefix="quay0")
call("CreateRepositoryCreationTemplate", prefix="quay", appliedFor=["PULL_THROUGH_CACHE"], repositoryPolicy=POLICY,
     lifecyclePolicy=LIFECYCLE, imageTagMutability="IMMUTABLE", resourceTags=[{"Key": "a", "Value": "b"}])
refused("TemplateAlreadyExistsException", "CreateRepositoryCreationTemplate", prefix="quay", appliedFor=["REPLICATION"])
call("UpdateRepositoryCreationTemplate", prefix="quay", description="changed")
call("DescribeRepositoryCreationTemplates")
call("DeleteRepositoryCreationTemplate", prefix="quay")
refused("TemplateNotFoundException", "DeleteRepositoryCreationTemplate", prefix="quay")
refused("RepositoryNotEmptyException", "DeleteRepository", repositoryName="team/tool")
call("DeleteRepository", repositoryName="team/tool", force=True)
print(f"boto3: {passed} passed, {failed} failed, 0 skipped")
sys.exit(failed > 0)
