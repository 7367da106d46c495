"""Runs registries on this machine and reads what they were asked from their access logs."""

import contextlib
import http.client
import re
import shutil
import socket
import subprocess
import time

CONFIG = """version: 0.1
log:
  level: error
  accesslog:
    disabled: false
storage:
  filesystem:
    rootdirectory: {store}
  delete:
    enabled: true
http:
  addr: {host}
"""

LINE = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[0-9.]+" (?P<status>\d+) (?P<size>\d+)')


def free_port():
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Registry:
    """One `docker-registry` with its storage in a folder."""

    def __init__(self, folder, name, program="docker-registry"):
        self.store = folder / name
        self.config = folder / f"{name}.yml"
        self.log = folder / f"{name}.log"
        self.program = program
        self.host = f"127.0.0.1:{free_port()}"
        self.process = None

    def start(self):
        self.store.mkdir(parents=True, exist_ok=True)
        self.config.write_text(CONFIG.format(store=self.store, host=self.host))
        with open(self.log, "wb") as log:
            command = [self.program, "serve", str(self.config)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        for _ in range(200):
            try:
                connection = http.client.HTTPConnection(self.host, timeout=5)
                connection.request("GET", "/v2/")
                if connection.getresponse().status == 200:
                    break
            except OSError:
                time.sleep(0.05)
        else:
            raise RuntimeError(f"{self.program} does not answer; see {self.log}")
        self.forget()
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def emptied(self):
        """Starts again with nothing in it."""
        self.stop()
        shutil.rmtree(self.store, ignore_errors=True)
        return self.start()

    def forget(self):
        """Counts from here on."""
        self.counted_from = self.log.stat().st_size

    def asked(self):
        """Returns the requests since the last time it was told to forget, and the bytes it sent."""
        time.sleep(0.1)
        with open(self.log, "rb") as log:
            log.seek(self.counted_from)
            lines = [LINE.search(line.decode(errors="replace")) for line in log]
        found = [line for line in lines if line]
        # A HEAD answer has the length of what it does not send.
        return len(found), sum(int(line["size"]) for line in found if line["method"] == "GET")
