"""moto's S3 on a free port of 127.0.0.1, one request at a time, with a count of requests at /_requests.

moto looks whether a key exists and writes it in two steps; side by side, two writers on the condition that a
key is free would both succeed, which S3 never allows. So requests wait for each other here.
"""

import collections
import json
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

APPLICATION = DomainDispatcherApplication(create_backend_app)
TURN = threading.Lock()
COUNTS = collections.Counter()


def kind(environ):
    """Returns method and folder of a request: `PUT log`."""
    parts = environ["PATH_INFO"].split("/")
    query = environ.get("QUERY_STRING", "")
    method = environ["REQUEST_METHOD"]
    if "list-type" in query:
        method, parts = "LIST", query.split("prefix=")[-1].split("&")[0].replace("%2F", "/").strip("/").split("/")
        return f"LIST {parts[-1]}"
    return f"{method} {parts[3] if len(parts) > 3 else 'bucket'}"


def answer(environ, start_response):
    if environ["PATH_INFO"] == "/_requests":
        start_response("200 OK", [("content-type", "application/json")])
        return [json.dumps(COUNTS).encode()]
    with TURN:
        COUNTS[kind(environ)] += 1
        return [b"".join(APPLICATION(environ, start_response))]


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=Quiet)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
