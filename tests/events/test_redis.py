"""The stream over a real Redis, with the timeouts of the product's settings."""

import asyncio
import contextlib
import sys
import threading
import uuid
from urllib.parse import urlsplit

import pytest

from crm.events import hints, hub
from tests.events.layers import REDIS_URL, Heard, layer_in_use, lead_event, redis_layer

pytestmark = pytest.mark.postgres


async def test_an_event_crosses_threads_and_event_loops():
    with layer_in_use(redis_layer()):
        heard = Heard()
        await hub.subscribe(1, heard)

        publishing = threading.Thread(target=hints.publish, args=[lead_event(9, before=frozenset({5}))])
        publishing.start()

        assert await heard.next() == lead_event(9, before=frozenset({5}))
        publishing.join()
        await hub.stop()


async def test_a_command_that_ends_at_once_still_sends_its_event():
    prefix = f"test-{uuid.uuid4().hex}"
    address = REDIS_URL.replace("127.0.0.1", "localhost")
    command = (
        "import django; django.setup()\n"
        "from channels.layers import channel_layers\n"
        "from crm.events import hints\n"
        "from tests.events.layers import lead_event, redis_layer\n"
        f"channel_layers.set('default', redis_layer({address!r}, {prefix!r}))\n"
        "hints.publish(lead_event(9))\n"
    )
    with layer_in_use(redis_layer(prefix=prefix)):
        heard = Heard()
        await hub.subscribe(1, heard)

        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", command, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await process.communicate()

        assert await heard.next() == lead_event(9)
        assert (process.returncode, errors) == (0, b"")
        await hub.stop()


async def test_a_stream_that_was_silent_for_seven_seconds_still_hears(caplog):
    with layer_in_use(redis_layer()):
        heard = Heard()
        await hub.subscribe(1, heard)

        with contextlib.suppress(TimeoutError):
            await heard.next(limit=7)
        hints.publish(lead_event(9))

        assert await heard.next() == lead_event(9)
        assert caplog.records == []
        await hub.stop()


class Proxy:
    """A TCP proxy before Redis that can cut its connections and refuse new ones."""

    def __init__(self) -> None:
        self.accepted = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        self.accepted.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = urlsplit(REDIS_URL)
        onward_reader, onward_writer = await asyncio.open_connection(target.hostname, target.port)
        self._writers |= {writer, onward_writer}
        self.accepted.set()
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(_copy(reader, onward_writer), _copy(onward_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_the_stream_heals_after_redis_was_away():
    proxy = Proxy()
    await proxy.open()
    with layer_in_use(redis_layer(f"redis://127.0.0.1:{proxy.port}/0")):
        heard = Heard()
        await hub.subscribe(1, heard)
        hints.publish(lead_event(1))
        assert (await heard.next()).object_id == 1

        await proxy.cut()
        hints.publish(lead_event(2))
        assert await asyncio.to_thread(hints.flush, 5)
        await proxy.open()
        await asyncio.wait_for(proxy.accepted.wait(), 10)

        async with asyncio.timeout(10):
            while heard.events.empty():
                hints.publish(lead_event(3))
                with contextlib.suppress(TimeoutError):
                    heard.events.put_nowait(await heard.next(limit=0.2))
        assert (await heard.next()).object_id == 3
        await hub.stop()
    await proxy.cut()
