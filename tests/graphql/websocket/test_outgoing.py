"""A client that does not read."""

import asyncio

from crm.graphql.websocket.bounds import SocketLimits
from crm.graphql.websocket.outgoing import Peer
from crm.graphql.websocket.protocol import Close
from tests.patience import PATIENCE_SECONDS


async def stall(message):
    await asyncio.Event().wait()


async def test_a_client_with_a_full_queue_is_disconnected():
    peer = Peer(stall, SocketLimits(waiting_answers=2))
    writing = asyncio.create_task(peer.send_queued())
    peer.send_soon("sent")
    while peer._frames.qsize():
        await asyncio.sleep(0)

    peer.send_soon("first")
    peer.send_soon("second")
    assert peer._closing.empty()
    peer.send_soon("third")

    assert await peer.closing() == {"type": "peer.close", "close": Close.TRY_AGAIN_LATER}
    writing.cancel()


async def test_a_close_frame_is_not_waited_for_without_end():
    peer = Peer(stall, SocketLimits(close_seconds=0.05))

    async with asyncio.timeout(PATIENCE_SECONDS):
        await peer.send_close(Close.TRY_AGAIN_LATER)


async def test_writing_ends_when_the_client_is_gone():
    async def fail(message):
        raise ConnectionResetError

    peer = Peer(fail, SocketLimits())
    peer.send_soon("lost")

    async with asyncio.timeout(PATIENCE_SECONDS):
        await peer.send_queued()


async def test_a_close_frame_has_code_and_reason():
    sent = []

    async def keep(message):
        sent.append(message)

    await Peer(keep, SocketLimits()).send_close(Close.TRY_AGAIN_LATER)

    assert sent == [{"type": "websocket.close", "code": 1013, "reason": "Try again later"}]
