"""A relay that holds back what it carries: a link with a long way and no limit to its width.

    delay.py LISTEN_PORT UPSTREAM_PORT ROUND_TRIP_MS
"""

import asyncio
import sys


async def carry(reader, writer, delay):
    """Reading goes on while what was read waits for its time, so that pipelining gains what it would gain."""
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue()

    async def deliver():
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.close()

    delivery = asyncio.create_task(deliver())
    try:
        data = b"."
        while data:
            data = await reader.read(262_144)
            queue.put_nowait((loop.time() + delay, data))
    except ConnectionError:
        queue.put_nowait((loop.time() + delay, b""))
    await asyncio.gather(delivery, return_exceptions=True)


async def main(listen, upstream, delay):
    async def connect(reader, writer):
        # The handshake takes a round trip too.
        await asyncio.sleep(2 * delay)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", upstream)
        await asyncio.gather(carry(reader, far_writer, delay), carry(far_reader, writer, delay))

    server = await asyncio.start_server(connect, "127.0.0.1", listen)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 2000))
