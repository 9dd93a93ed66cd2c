"""One event stream, from its first byte to its last."""

import asyncio
import contextlib
from functools import partial
from typing import Any

from crm.events.dispatcher import Dispatcher
from crm.graphql.core.errors import internal_error
from crm.graphql.execution import Prepared, respond
from crm.graphql.execution.subscriptions import Subscription
from crm.graphql.execution.threads import OPERATIONS, in_thread
from crm.graphql.sse.format import COMPLETE, body_part, comment_frame, encoded, next_frame
from crm.graphql.sse.request import Opening
from crm.graphql.websocket import connections
from crm.graphql.websocket.bounds import SocketLimits
from crm.graphql.websocket.delivery import Delivery
from crm.graphql.websocket.handshake import Handshake, is_still_good
from crm.graphql.websocket.keepalive import heart
from crm.graphql.websocket.outgoing import Peer, Send
from crm.graphql.websocket.protocol import Close
from crm.graphql.websocket.rights import withdrawn
from crm.graphql.websocket.tasks import Tasks
from crm.services.idempotency import Once

#: A stream has one operation.
ONLY = "only"


async def answer_once(send: Send, prepared: Prepared, once: Once | None) -> None:
    """Send the result of a query or mutation, and that it was all."""
    try:
        _, answer = await in_thread(OPERATIONS, respond, prepared, once=once)
        result = encoded(answer)
    except Exception as error:
        # The stream has begun: its status is told already.
        result = encoded({"errors": [internal_error(error, place=prepared.kind)]})
    await send(body_part(next_frame(result) + COMPLETE))


class Stream:
    """The subscription of one request, answered until one of the two ends it.

    An end of ours without ``complete`` tells the client to come back: with its cursor, and its credential.
    """

    def __init__(
        self, send: Send, hub: Dispatcher, opening: Opening, handshake: Handshake, limits: SocketLimits
    ):
        self.peer = Peer(send, limits, message=body_part)
        self._opening = opening
        self._handshake = handshake
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._comment_at = self._loop.time() + limits.comment_seconds
        self._tasks = Tasks(on_fault=partial(self.peer.close, Close.INTERNAL_ERROR))
        self._delivery = Delivery(
            hub,
            opening.credential.actor,
            peer=self.peer,
            tasks=self._tasks,
            limits=limits,
            write=lambda _id, event, text: next_frame(text, event.cursor),
            refuse=self._refuse,
        )

    def beat(self) -> None:
        """Send a comment if it is time, and give up a client that takes nothing."""
        if self.peer.stall() >= self._limits.stalled_seconds:
            heart(self._limits.comment_seconds).remove(self)
            self.peer.give_up()
        elif self._loop.time() >= self._comment_at:
            self._comment_at = self._loop.time() + self._limits.comment_seconds
            self.peer.say(comment_frame(self._delivery.cursor()))

    async def run(self, subscription: Subscription, gone: asyncio.Task[None]) -> None:
        """Tell what the subscription is told, until ``gone`` is done or the end is asked for."""
        heart(self._limits.comment_seconds).add(self)
        connections.enter(self, partial(self.peer.close, Close.RESTARTING))
        connections.count_operations(self, lambda: 1)
        closing = asyncio.create_task(self.peer.closing())
        try:
            self._delivery.add(ONLY, subscription)
            # Who hears nothing before it is cut off has a place to come back to.
            self.peer.say(comment_frame(self._delivery.cursor()))
            self._tasks.start(self.peer.write())
            self._tasks.start(self._delivery.run())
            self._tasks.start(self._keep_rights())
            await asyncio.wait({closing, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            connections.leave(self)
            heart(self._limits.comment_seconds).remove(self)
            self._delivery.stop()
            await self._tasks.end()

    def _refuse(self, _id: str, errors: list[dict[str, Any]]) -> None:
        self._tasks.start(self._end_with(errors))

    async def _end_with(self, errors: list[dict[str, Any]]) -> None:
        await self.peer.answer(next_frame(encoded({"errors": errors})) + COMPLETE)
        self.peer.close(Close.FORBIDDEN)

    async def _keep_rights(self) -> None:
        look = partial(is_still_good, self._handshake, self._opening.credential)
        await withdrawn(self._opening.credential, look, seconds=self._limits.rights_seconds)
        self.peer.close(Close.FORBIDDEN)


async def end_body(send: Send, limits: SocketLimits) -> None:
    """End the body; to a client that does not read the end may not arrive."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(limits.close_seconds):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
