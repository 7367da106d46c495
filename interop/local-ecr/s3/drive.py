"""Drives two registries that share a bucket: `drive.py COMMAND FOLDER [skopeo]`, the command being omics-ecr.

Every check is one line with its counts; the first one that fails ends the run with a status of 1.
"""

import collections
import hashlib
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.request

SERVER, FOLDER = sys.argv[1], sys.argv[2]
S3 = os.environ["AWS_ENDPOINT_URL_S3"]
BUCKET = f"registry-{os.getpid()}"
LOAD = float(os.environ.get("SECONDS_OF_LOAD", "10"))
WRITERS = 6
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def check(right, text):
    print(("ok: " if right else "failed: ") + text, flush=True)
    if not right:
        sys.exit(1)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Replica:
    """One server process."""

    def __init__(self, name):
        self.name = name
        self.start()

    def start(self):
        began = time.monotonic()
        self.process = subprocess.Popen(
            [SERVER, "local", "--address", "127.0.0.1:0", "--storage", f"s3://{BUCKET}/one", "--output", "json"],
            stdout=subprocess.PIPE, text=True,
            stderr=open(os.path.join(FOLDER, f"{self.name}.log"), "a"),
        )
        self.port = int(json.loads(self.process.stdout.readline())["address"].rsplit(":", 1)[1])
        self.started_in = time.monotonic() - began

    def kill(self):
        self.process.kill()
        self.process.wait()


class Client:
    """One connection to a replica."""

    def __init__(self, replica):
        self.replica, self.connection = replica, None

    def request(self, method, path, body=None, headers=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.replica.port, timeout=60)
        try:
            self.connection.request(method, path, body, headers or {})
            response = self.connection.getresponse()
            return response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise

    def ecr(self, operation, **members):
        headers = {"x-amz-target": f"AmazonEC2ContainerRegistry_V20150921.{operation}"}
        status, _, body = self.request("POST", "/", json.dumps(members), headers)
        return status, json.loads(body)

    def must(self, operation, **members):
        status, answer = self.ecr(operation, **members)
        if status != 200:
            check(False, f"{operation} on {self.replica.name}: {status} {answer}")
        return answer


def requests_so_far():
    with urllib.request.urlopen(f"{S3}/_requests") as response:
        return collections.Counter(json.load(response))


def cost(what, work):
    before = requests_so_far()
    began = time.monotonic()
    work()
    took = time.monotonic() - began
    used = requests_so_far() - before
    text = ", ".join(f"{count} {kind}" for kind, count in sorted(used.items())) or "none"
    print(f"ok: requests of {what}: {text} ({took * 1000:.0f} ms)", flush=True)


def push_blob(client, name, data):
    path = f"/v2/{name}/blobs/uploads/?digest={digest(data)}"
    status, _, body = client.request("POST", path, data)
    check_status(status, 201, f"push of a blob: {body[:200]}")


def check_status(status, wanted, text):
    if status != wanted:
        check(False, f"{text}: {status}, wanted {wanted}")


def image(name, number=0):
    layer = f"layer of {name}".encode()
    text = json.dumps({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(b"{}"), "size": 2},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(layer), "size": len(layer)}],
        "annotations": {"number": str(number)},
    })
    return layer, text


def uploads_on_any_replica(one, two):
    data = random.Random(1).randbytes(30 << 20)
    status, headers, _ = one.request("POST", "/v2/pieces/blobs/uploads/")
    check_status(status, 202, "begin of an upload")
    place, at, sizes = headers["location"], 0, [12 << 20, 1 << 20, 3, 7 << 20, len(data)]
    for number, size in enumerate(sizes):
        client = (one, two)[number % 2]
        piece = data[at:at + size]
        status, headers, body = client.request("PATCH", place, piece, {"content-type": "application/octet-stream"})
        check_status(status, 202, f"piece {number}: {body[:200]}")
        at += len(piece)
        if headers["range"] != f"0-{at - 1}":
            check(False, f"piece {number} ends at {headers['range']}, wanted {at - 1}")
    status, _, body = two.request("PUT", f"{place}?digest={digest(data)}")
    check_status(status, 201, f"end of an upload: {body[:200]}")
    status, _, body = one.request("GET", f"/v2/pieces/blobs/{digest(data)}")
    check(status == 200 and body == data, f"an upload of {len(data)} bytes in {len(sizes)} pieces to alternating replicas")
    ranges = [(0, 9), (12 << 20, (12 << 20) + 9), ((12 << 20) - 5, (13 << 20) + 10), (len(data) - 4, len(data) - 1)]
    for first, last in ranges:
        status, _, body = two.request("GET", f"/v2/pieces/blobs/{digest(data)}", None, {"range": f"bytes={first}-{last}"})
        if status != 206 or body != data[first:last + 1]:
            check(False, f"range {first}-{last}: {status}, {len(body)} bytes")
    check(True, f"{len(ranges)} ranges across pieces through the other replica")
    status, headers, _ = one.request("POST", "/v2/pieces/blobs/uploads/")
    place = headers["location"]
    status, _, _ = two.request("PUT", f"{place}?digest={digest(b'other')}", b"these")
    check_status(status, 400, "wrong digest")
    status, _, _ = one.request("HEAD", f"/v2/pieces/blobs/{digest(b'other')}")
    check(status == 404, "bytes with a wrong digest are refused and not visible")


class Load:
    """Writers on both replicas, and what they were told is done."""

    def __init__(self, replicas, name):
        self.name = name
        self.replicas, self.lock = replicas, threading.Lock()
        self.done = collections.Counter()
        self.tags, self.repositories, self.resource_tags = {}, set(), {}
        self.winners, self.policies, self.moved = collections.Counter(), collections.defaultdict(set), collections.defaultdict(set)
        self.refused, self.stop = collections.Counter(), False

    def note(self, what, record):
        with self.lock:
            self.done[what] += 1
            record()

    def write(self, replica, writer):
        client, rounds = Client(replica), 0
        chance = random.Random(f"{replica.name}{writer}")
        manifests = {name: image(name)[1] for name in SHARED}
        while not self.stop:
            rounds += 1
            own = f"{self.name}-{replica.name}-{writer}-{rounds}"
            try:
                self.step(client, chance, manifests, own, rounds)
            except (OSError, http.client.HTTPException):
                # Not acknowledged: it may have been done or not.
                if self.stop or replica.process.poll() is not None:
                    return

    def step(self, client, chance, manifests, own, rounds):
        name = chance.choice(SHARED)
        for tag in (own, f"moving-{rounds % 5}"):
            text = manifests[name] if tag == own else image(name, chance.randrange(3))[1]
            status, answer = client.ecr("PutImage", repositoryName=name, imageManifest=text, imageTag=tag)
            if status == 200 and tag == own:
                self.note("tags", lambda: self.tags.__setitem__((name, own), digest(text.encode())))
            elif status == 200:
                self.note("moves of tags", lambda: self.moved[(name, tag)].add(digest(text.encode())))
            elif answer["__type"] not in ("ImageAlreadyExistsException", "LimitExceededException"):
                self.refused[answer["__type"]] += 1
        repository = f"made/{own}"
        if client.ecr("CreateRepository", repositoryName=repository)[0] == 200:
            self.note("repositories", lambda: self.repositories.add(repository))
        contested = f"contested/{self.name}-{rounds}"
        status, answer = client.ecr("CreateRepository", repositoryName=contested)
        if status == 200:
            self.note("contested repositories", lambda: self.winners.update([contested]))
        policy = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Sid": own, "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]})
        if client.ecr("SetRepositoryPolicy", repositoryName=name, policyText=policy)[0] == 200:
            self.note("policies", lambda: self.policies[name].add(policy))
        # Reads, adds and writes: what is lost first where two replicas do not wait for each other.
        target = contested if status == 200 or answer["__type"] == "RepositoryAlreadyExistsException" else None
        if target:
            arn = f"arn:aws:ecr:us-east-1:000000000000:repository/{target}"
            if client.ecr("TagResource", resourceArn=arn, tags=[{"Key": own, "Value": "x"}])[0] == 200:
                self.note("resource tags", lambda: self.resource_tags.setdefault(target, set()).add(own))

    def run(self, seconds, during=None):
        threads = [
            threading.Thread(target=self.write, args=(replica, number))
            for replica in self.replicas for number in range(WRITERS)
        ]
        before, began = requests_so_far(), time.monotonic()
        for thread in threads:
            thread.start()
        time.sleep(seconds / 2)
        if during:
            during()
        time.sleep(seconds / 2)
        self.stop = True
        for thread in threads:
            thread.join()
        took, used = time.monotonic() - began, requests_so_far() - before
        total = sum(self.done.values())
        entries = used["PUT log"]
        print(f"ok: {total} acknowledged changes in {took:.1f} s, {total / took:.0f} a second, "
              f"{entries} writes to the log, {used['GET log']} reads of it: {dict(self.done)}", flush=True)
        check(not self.refused, f"no change was refused without reason {dict(self.refused) or ''}")
        return total

    def verify(self, replicas):
        seen = []
        for replica in replicas:
            client = Client(replica)
            state = dump(client)
            lost = [key for key, wanted in self.tags.items() if state["tags"].get("\0".join(key)) != wanted]
            check(not lost, f"{replica.name}: {len(self.tags)} tags are where they were put, {len(lost)} lost {lost[:3]}")
            lost = self.repositories - set(state["repositories"])
            check(not lost, f"{replica.name}: {len(self.repositories)} repositories are there, {len(lost)} lost")
            twice = [name for name, count in self.winners.items() if count > 1]
            check(not twice, f"{replica.name}: {len(self.winners)} repositories that all wanted to create had one creator")
            lost = [
                (name, key) for name, keys in self.resource_tags.items()
                for key in keys - set(state["resource_tags"][name])
            ]
            count = sum(len(keys) for keys in self.resource_tags.values())
            check(not lost, f"{replica.name}: {count} resource tags on shared repositories are there, {len(lost)} lost")
            wrong = [key for key, any_of in self.moved.items() if state["tags"].get("\0".join(key)) not in any_of]
            check(not wrong, f"{replica.name}: {len(self.moved)} moving tags are at an image they were put at")
            wrong = [name for name, any_of in self.policies.items() if state["policies"][name] not in any_of]
            check(not wrong, f"{replica.name}: {len(self.policies)} policies are ones that were set")
            seen.append(state)
        check(all(state == seen[0] for state in seen), f"{len(seen)} replicas answer the same")


def pages(client, operation, member, **members):
    found, token = [], None
    while True:
        answer = client.must(operation, maxResults=1000, **members, **({"nextToken": token} if token else {}))
        found += answer[member]
        token = answer.get("nextToken")
        if not token:
            return found


def dump(client):
    repositories = [one["repositoryName"] for one in pages(client, "DescribeRepositories", "repositories")]
    state = {"repositories": repositories, "tags": {}, "resource_tags": {}, "policies": {}}
    for name in repositories:
        if name in SHARED:
            for one in pages(client, "ListImages", "imageIds", repositoryName=name):
                state["tags"][f"{name}\0{one.get('imageTag')}"] = one["imageDigest"]
            status, answer = client.ecr("GetRepositoryPolicy", repositoryName=name)
            state["policies"][name] = answer.get("policyText")
        if name.startswith("contested/"):
            arn = f"arn:aws:ecr:us-east-1:000000000000:repository/{name}"
            state["resource_tags"][name] = sorted(tag["Key"] for tag in client.must("ListTagsForResource", resourceArn=arn)["tags"])
    return state


SHARED = [f"shared/{number}" for number in range(6)]


def main():
    urllib.request.urlopen(urllib.request.Request(f"{S3}/{BUCKET}", method="PUT"))
    first, second = Replica("one"), Replica("two")
    replicas = [first, second]
    one, two = Client(first), Client(second)
    try:
        for name in ["pieces", "cost", *SHARED]:
            one.must("CreateRepository", repositoryName=name)
        for name in SHARED:
            layer, text = image(name)
            push_blob(one, name, b"{}")
            push_blob(two, name, layer)
            for number in range(3):
                status, _, body = one.request("PUT", f"/v2/{name}/manifests/start-{number}", image(name, number)[1], {"content-type": MANIFEST})
                check_status(status, 201, f"push of a manifest: {body[:200]}")
            status, _, body = two.request("GET", f"/v2/{name}/manifests/start-0")
            check_status(status, 200, "pull through the other replica")
            if body != text.encode() or two.request("GET", f"/v2/{name}/blobs/{digest(layer)}")[2] != layer:
                check(False, "what one replica took is not what the other gives")
        check(True, f"{len(SHARED)} images pushed through both replicas are pulled through the other one")
        uploads_on_any_replica(one, two)
        if "skopeo" in sys.argv:
            return skopeo(first, second)

        blob = b"cost" * 1000
        cost("reading a manifest", lambda: two.request("GET", "/v2/shared/0/manifests/start-0"))
        cost("DescribeRepositories", lambda: two.must("DescribeRepositories"))
        cost("pushing a blob in one request", lambda: push_blob(one, "cost", blob))
        cost("reading a blob", lambda: one.request("GET", f"/v2/cost/blobs/{digest(blob)}"))
        cost("PutImage", lambda: one.must("PutImage", repositoryName="shared/0", imageManifest=image("shared/0")[1], imageTag="cost"))
        cost("reading it on the other replica", lambda: two.request("GET", "/v2/shared/0/manifests/cost"))

        load = Load(replicas, "first")
        load.run(LOAD)
        load.verify(replicas)

        killed = Load(replicas, "second")
        for kept in ("tags", "repositories", "resource_tags", "winners", "policies", "moved"):
            setattr(killed, kept, getattr(load, kept))
        killed.done.clear()
        killed.run(LOAD, during=second.kill)
        second.start()
        check(True, f"a replica was killed under load and is back after {second.started_in:.2f} s")
        killed.verify(replicas)
        third = Replica("three")
        replicas.append(third)
        killed.verify([first, third])
        print(f"ok: a new replica was ready after {third.started_in:.2f} s", flush=True)
    finally:
        for replica in replicas:
            replica.kill()


def skopeo(first, second):
    layer, text = image("shared/0")
    folder = os.path.join(FOLDER, "image")
    subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "--preserve-digests", "--src-tls-verify=false", f"docker://127.0.0.1:{first.port}/shared/0:start-0", f"dir:{folder}"], check=True)
    subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false", f"dir:{folder}", f"docker://127.0.0.1:{first.port}/cost:skopeo"], check=True)
    answer = subprocess.run(["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://127.0.0.1:{second.port}/cost:skopeo"], check=True, capture_output=True)
    check(answer.stdout == text.encode(), "skopeo pushes through one replica and reads through the other")


if __name__ == "__main__":
    main()
