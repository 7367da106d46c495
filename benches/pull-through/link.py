"""A link of a given speed that all connections share: passes TCP on, no faster than so many bytes a second down.

Run as a program: `link.py LISTEN UPSTREAM MILLISECONDS BYTES_PER_SECOND`; the milliseconds are one way.
"""

import asyncio
import sys

PIECE = 64 * 1024


class Link:
    """Bytes of all connections, one after the other."""

    def __init__(self, rate):
        self.rate = rate
        self.free = 0.0

    async def pass_on(self, length):
        now = asyncio.get_running_loop().time()
        self.free = max(self.free, now) + length / self.rate
        if self.free - now > 0.001:
            await asyncio.sleep(self.free - now)


async def pump(reader, writer, delay, link):
    try:
        while piece := await reader.read(PIECE):
            if link:
                await link.pass_on(len(piece))
            elif delay:
                await asyncio.sleep(2 * delay)
            writer.write(piece)
            await writer.drain()
    except (ConnectionError, OSError):
        pass
    finally:
        writer.close()


async def main(listen, upstream, milliseconds, rate):
    delay, link = milliseconds / 1000, Link(rate)
    host, port = upstream.rsplit(":", 1)

    async def connect(reader, writer):
        # The way there and back that making a connection takes; that of requests is added to them.
        await asyncio.sleep(2 * delay)
        up_reader, up_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pump(reader, up_writer, delay, None), pump(up_reader, writer, 0, link))

    listen_host, listen_port = listen.rsplit(":", 1)
    server = await asyncio.start_server(connect, listen_host, int(listen_port), limit=PIECE)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
