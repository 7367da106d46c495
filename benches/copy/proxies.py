"""Two proxies: one that makes the way long and narrow, one that makes a registry fail once or twice.

Run as a program: `proxies.py delay LISTEN UPSTREAM MILLISECONDS BYTES_PER_SECOND`
or `proxies.py fault LISTEN UPSTREAM FAULT`.
"""

import asyncio
import sys

PIECE = 64 * 1024
FAULTS = ("429-put", "429-get", "cut-source", "cut-upload", "500-post", "stall-source")
FAULT_SIDE = {"429-put": "destination", "429-get": "source", "cut-source": "source", "cut-upload": "destination",
              "500-post": "destination", "stall-source": "source"}
BIG = 16 * 1024 * 1024


async def delayed(reader, writer, delay, rate):
    """Passes bytes on after a delay, no faster than a rate."""
    queue = asyncio.Queue(maxsize=256)
    loop = asyncio.get_running_loop()

    async def fill():
        while True:
            piece = await reader.read(PIECE)
            await queue.put((loop.time() + delay, piece))
            if not piece:
                return

    filling = asyncio.create_task(fill())
    free = 0.0
    try:
        while True:
            due, piece = await queue.get()
            free = max(free, due)
            pause = free - loop.time()
            if pause > 0.001:
                await asyncio.sleep(pause)
            if not piece:
                break
            free += len(piece) / rate
            writer.write(piece)
            await writer.drain()
    except (ConnectionError, OSError):
        pass
    finally:
        filling.cancel()
        writer.close()


async def serve_delay(listen, upstream, milliseconds, rate):
    delay = milliseconds / 1000

    async def connect(reader, writer):
        # The way there and back that making a connection takes.
        await asyncio.sleep(2 * delay)
        try:
            up_reader, up_writer = await asyncio.open_connection(*split(upstream))
        except OSError:
            writer.close()
            return
        await asyncio.gather(delayed(reader, up_writer, delay, rate), delayed(up_reader, writer, delay, rate))

    return await asyncio.start_server(connect, *split(listen), limit=1024 * 1024)


def split(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)


class Broken(Exception):
    """The connection is to be cut."""


class FaultProxy:
    """Passes HTTP/1.1 on, and breaks what its fault says."""

    def __init__(self, upstream, fault):
        self.upstream = upstream
        self.fault = fault
        self.left = 2 if fault in ("429-put", "429-get", "500-post") else 1

    async def connect(self, reader, writer):
        upstream = None
        try:
            upstream = await asyncio.open_connection(*split(self.upstream))
            while await self.exchange(reader, writer, *upstream):
                pass
        except (Broken, ConnectionError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for end in [writer] + ([upstream[1]] if upstream else []):
                end.transport.abort()

    def hits(self, wanted):
        if wanted and self.left > 0:
            self.left -= 1
            return True
        return False

    async def exchange(self, reader, writer, up_reader, up_writer):
        try:
            first = await reader.readexactly(1)
            if first == b"\x16":
                # TLS, which a registry without it refuses at once.
                return False
            head = first + await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
        headers = read_headers(head)
        length = int(headers.get("content-length", 0))
        fault = self.fault
        refuse = (fault == "429-put" and method == "PUT" and "/manifests/" in path) or (
            fault == "429-get" and method == "GET" and "/manifests/" in path)
        if self.hits(refuse):
            await take(reader, headers, length)
            writer.write(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 9\r\n\r\nslow down")
            return True
        if self.hits(fault == "500-post" and method == "POST"):
            await take(reader, headers, length)
            writer.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
            return True
        up_writer.write(head)
        upload = method in ("PUT", "PATCH") and "/blobs/uploads/" in path
        chunked = headers.get("transfer-encoding") == "chunked"
        cut = None
        if upload and (length > BIG or chunked) and self.hits(fault == "cut-upload"):
            cut = (length or 20 * 1024 * 1024) // 2
        if chunked:
            await pass_chunks(reader, up_writer, cut)
        else:
            await pass_bytes(reader, up_writer, length, cut)
        await up_writer.drain()
        answer = await up_reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if method == "HEAD" or answer.split(b" ", 2)[1] in (b"204", b"304"):
            return True
        headers = read_headers(answer)
        length = int(headers.get("content-length", 0))
        half = length // 2 if method == "GET" and "/blobs/" in path and length > BIG else None
        if half and self.hits(fault == "cut-source"):
            await pass_bytes(up_reader, writer, length, half)
        if half and self.hits(fault == "stall-source"):
            await pass_bytes(up_reader, writer, half, None)
            await writer.drain()
            await asyncio.sleep(3600)
        if headers.get("transfer-encoding") == "chunked":
            await pass_chunks(up_reader, writer, None)
        else:
            await pass_bytes(up_reader, writer, length, None)
        await writer.drain()
        return headers.get("connection", "").lower() != "close"


def read_headers(head):
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, value in pairs}


async def take(reader, headers, length):
    if headers.get("transfer-encoding") == "chunked":
        await pass_chunks(reader, None, None)
    else:
        await pass_bytes(reader, None, length, None)


async def pass_bytes(reader, writer, length, cut):
    passed = 0
    while passed < length:
        piece = await reader.read(min(PIECE * 4, length - passed))
        if not piece:
            raise Broken
        passed += len(piece)
        if writer:
            writer.write(piece)
            await writer.drain()
        if cut is not None and passed >= cut:
            raise Broken


async def pass_chunks(reader, writer, cut):
    passed = 0
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        body = await reader.readexactly(size + 2)
        passed += size
        if writer:
            writer.write(line + body)
            await writer.drain()
        if size == 0:
            return
        if cut is not None and passed >= cut:
            raise Broken


async def main(arguments):
    kind, listen, upstream, *rest = arguments
    if kind == "delay":
        server = await serve_delay(listen, upstream, float(rest[0]), float(rest[1]))
    else:
        proxy = FaultProxy(upstream, rest[0])
        server = await asyncio.start_server(proxy.connect, *split(listen), limit=1024 * 1024)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
