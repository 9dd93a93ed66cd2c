"""Wake-ups through a real Redis."""

import asyncio
import contextlib
import sys
import threading
import uuid
from urllib.parse import urlsplit

import pytest

from crm.events import wakeups
from tests.events.layers import REDIS_URL, layer_in_use, listening, redis_layer
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.postgres


async def test_a_wakeup_of_another_process_arrives():
    prefix = f"test-{uuid.uuid4().hex}"
    # The look-up of a name is what a process that ends cannot leave to the usual threads.
    address = REDIS_URL.replace("127.0.0.1", "localhost")
    command = (
        "import django; django.setup()\n"
        "from channels.layers import channel_layers\n"
        "from crm.events import wakeups\n"
        "from tests.events.layers import redis_layer\n"
        f"channel_layers.set('default', redis_layer({address!r}, {prefix!r}))\n"
        "wakeups.publish()\n"
    )
    with layer_in_use(redis_layer(prefix=prefix)):
        async with listening() as counter:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", command, stderr=asyncio.subprocess.PIPE
            )
            _, errors = await process.communicate()

            await counter.next()
            assert (process.returncode, errors) == (0, b"")


async def test_a_wakeup_of_a_thread_arrives_directly_and_through_redis():
    with layer_in_use(redis_layer()):
        async with listening() as counter:
            publishing = threading.Thread(target=wakeups.publish)
            publishing.start()

            # Directly, and once more through Redis.
            await counter.next()
            await counter.next()
            publishing.join()


async def test_a_listener_idle_for_seven_seconds_still_receives(caplog):
    with layer_in_use(redis_layer()):
        async with listening() as counter:
            with contextlib.suppress(TimeoutError):
                await counter.next(limit=7)
            wakeups.publish()

            await counter.next()
            await counter.next()
    assert caplog.records == []


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


async def test_wakeups_arrive_again_after_redis_was_away():
    proxy = Proxy()
    await proxy.open()
    with layer_in_use(redis_layer(f"redis://127.0.0.1:{proxy.port}/0")):
        async with listening() as counter:
            await proxy.cut()
            wakeups.publish()
            assert await asyncio.to_thread(wakeups.flush, PATIENCE_SECONDS)
            await counter.next()
            await proxy.open()
            await asyncio.wait_for(proxy.accepted.wait(), PATIENCE_SECONDS)

            async with asyncio.timeout(PATIENCE_SECONDS):
                through_redis = 0
                while not through_redis:
                    wakeups.publish()
                    await counter.next()
                    with contextlib.suppress(TimeoutError):
                        await counter.next(limit=0.2)
                        through_redis += 1
    await proxy.cut()
