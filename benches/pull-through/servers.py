"""The registries of the measurement: ours with rules, Debian's docker-registry plain and as a proxy cache."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
TICK = os.sysconf("SC_CLK_TCK")
PLAIN = """version: 0.1
log: {{level: error, accesslog: {{disabled: false}}}}
storage: {{filesystem: {{rootdirectory: {store}}}, delete: {{enabled: true}}}}
http: {{addr: {host}}}
"""
BLOB = re.compile(r'"GET /v2/\S+?/blobs/(sha256:[0-9a-f]{64}) HTTP/[0-9.]+" 200')


def free_port():
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A process that listens, with its CPU seconds and its largest memory."""

    running = set()

    def __init__(self, name, folder):
        self.name = name
        self.folder = Path(folder)
        self.host = f"127.0.0.1:{free_port()}"
        self.log = self.folder / f"{name}.log"
        self.store = self.folder / name
        self.process = None

    def command(self):
        raise NotImplementedError

    def start(self, fresh=False):
        if fresh:
            shutil.rmtree(self.store, ignore_errors=True)
        self.store.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        self.running.add(self)
        for _ in range(200):
            try:
                connection = http.client.HTTPConnection(self.host, timeout=5)
                connection.request("GET", "/v2/")
                if connection.getresponse().status in (200, 401):
                    break
            except OSError:
                time.sleep(0.02)
        else:
            raise RuntimeError(f"{self.name} does not answer; see {self.log}")
        self.counted_from = self.log.stat().st_size
        return self

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None
            self.running.discard(self)

    def cpu(self):
        """Returns the CPU seconds that the process has used, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self):
        """Returns the largest resident set so far, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024

    def downloads(self):
        """Returns how often each blob was asked for since the start, by the access log."""
        time.sleep(0.2)
        with open(self.log, "rb") as log:
            log.seek(self.counted_from)
            return Counter(BLOB.findall(log.read().decode(errors="replace")))


class Plain(Server):
    """docker-registry, as it is or as a cache of one upstream registry."""

    def __init__(self, name, folder, upstream=None):
        super().__init__(name, folder)
        self.upstream = upstream

    def command(self):
        config = PLAIN.format(store=self.store, host=self.host)
        if self.upstream:
            config += f"proxy: {{remoteurl: http://{self.upstream}}}\n"
        path = self.folder / f"{self.name}.yml"
        path.write_text(config)
        return ["docker-registry", "serve", str(path)]


class Ours(Server):
    """The local ECR, with a rule for each of two upstream registries."""

    HOSTS = {"quay": "quay.io", "k8s": "registry.k8s.io"}

    def __init__(self, folder, program, upstreams):
        super().__init__("ours", folder)
        self.program = program
        self.upstreams = upstreams

    def command(self):
        at = [f"{self.HOSTS[prefix]}=http://{host}" for prefix, host in self.upstreams.items()]
        return [self.program, self.host.rsplit(":", 1)[1], str(self.store), *at]

    def start(self, fresh=False):
        super().start(fresh)
        if fresh:
            for prefix in self.upstreams:
                rule = {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": self.HOSTS[prefix]}
                connection = http.client.HTTPConnection(self.host)
                target = "AmazonEC2ContainerRegistry_V20150921.CreatePullThroughCacheRule"
                connection.request("POST", "/", json.dumps(rule), {"x-amz-target": target})
                answer = connection.getresponse()
                if answer.status != 200:
                    raise RuntimeError(answer.read().decode())
        return self


class Link(Server):
    """A link of a given speed to a registry."""

    def __init__(self, folder, name, upstream, milliseconds, rate):
        super().__init__(name, folder)
        self.arguments = [upstream, str(milliseconds), str(rate)]

    def command(self):
        return [sys.executable, str(HERE / "link.py"), self.host, *self.arguments]
