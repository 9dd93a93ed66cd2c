"""One event stream: the answer of a query or mutation, or the events of a subscription."""

import asyncio
import contextlib
from functools import partial

from crm.events.dispatcher import Dispatcher
from crm.graphql.core.errors import unexpected_error
from crm.graphql.execution import Prepared, respond
from crm.graphql.execution.operations import JsonObject
from crm.graphql.execution.subscriptions import Subscription
from crm.graphql.execution.threads import OPERATIONS, in_thread
from crm.graphql.sse.format import COMPLETE, body_part, comment_frame, encode, next_frame
from crm.graphql.sse.request import AdmittedRequest
from crm.graphql.websocket import connections
from crm.graphql.websocket.bounds import SocketLimits
from crm.graphql.websocket.delivery import Delivery
from crm.graphql.websocket.handshake import Handshake, is_still_good
from crm.graphql.websocket.keepalive import keepalive_timer
from crm.graphql.websocket.outgoing import Peer, Send
from crm.graphql.websocket.protocol import Close
from crm.graphql.websocket.rights import wait_until_withdrawn
from crm.graphql.websocket.tasks import Tasks
from crm.services.idempotency import Once

#: A stream has one operation.
ONLY = "only"


async def answer_once(send: Send, prepared: Prepared, once: Once | None) -> None:
    """Send the result of a query or mutation, then ``complete``."""
    try:
        _, answer = await in_thread(OPERATIONS, respond, prepared, once=once)
        result = encode(answer)
    except Exception as error:
        # The status 200 is sent already, so the error goes into the stream.
        result = encode({"errors": [unexpected_error(error, place=prepared.kind)]})
    await send(body_part(next_frame(result) + COMPLETE))


class Stream:
    """The subscription of one request; if the server ends it, the client comes back with its cursor."""

    def __init__(
        self,
        send: Send,
        dispatcher: Dispatcher,
        request: AdmittedRequest,
        handshake: Handshake,
        limits: SocketLimits,
    ):
        self.peer = Peer(send, limits, message=body_part)
        self._request = request
        self._handshake = handshake
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._comment_at = self._loop.time() + limits.comment_seconds
        self._tasks = Tasks(on_fault=partial(self.peer.close, Close.INTERNAL_ERROR))
        self._delivery = Delivery(
            dispatcher=dispatcher,
            actor=request.credential.actor,
            peer=self.peer,
            tasks=self._tasks,
            limits=limits,
            write=lambda _id, event, text: next_frame(text, event.cursor),
            refuse=self._refuse,
        )

    def tick(self) -> None:
        """Send a comment if it is time; disconnect a client that takes nothing."""
        if self.peer.stalled_seconds() >= self._limits.stalled_seconds:
            keepalive_timer(self._limits.comment_seconds).remove(self)
            self.peer.evict()
        elif self._loop.time() >= self._comment_at:
            self._comment_at = self._loop.time() + self._limits.comment_seconds
            self.peer.send_soon(comment_frame(self._delivery.cursor()))

    async def run(self, subscription: Subscription, gone: asyncio.Task[None]) -> None:
        """Serve the subscription until ``gone`` is done or the end is requested."""
        keepalive_timer(self._limits.comment_seconds).add(self)
        connections.register(self, partial(self.peer.close, Close.RESTARTING))
        connections.count_operations(self, lambda: 1)
        closing = asyncio.create_task(self.peer.closing())
        try:
            await self._delivery.add(ONLY, subscription)
            # A client cut off before its first event can come back to this cursor.
            self.peer.send_soon(comment_frame(self._delivery.cursor()))
            self._tasks.start(self.peer.send_queued())
            self._tasks.start(self._delivery.run())
            self._tasks.start(self._keep_rights())
            await asyncio.wait({closing, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            connections.unregister(self)
            keepalive_timer(self._limits.comment_seconds).remove(self)
            self._delivery.stop()
            await self._tasks.end()

    def _refuse(self, _id: str, errors: list[JsonObject]) -> None:
        self._tasks.start(self._end_with(errors))

    async def _end_with(self, errors: list[JsonObject]) -> None:
        await self.peer.send(next_frame(encode({"errors": errors})) + COMPLETE)
        self.peer.close(Close.FORBIDDEN)

    async def _keep_rights(self) -> None:
        check = partial(is_still_good, self._handshake, self._request.credential)
        await wait_until_withdrawn(self._request.credential, check, seconds=self._limits.rights_seconds)
        self.peer.close(Close.FORBIDDEN)


async def end_body(send: Send, limits: SocketLimits) -> None:
    """End the body; that may not arrive if the client does not read."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(limits.close_seconds):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
