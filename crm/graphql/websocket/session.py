"""The operations of an authenticated socket, under rights that are checked regularly."""

import asyncio
from dataclasses import dataclass
from functools import partial

from graphql import GraphQLSchema

from crm.credentials import Credential
from crm.events.dispatcher import Dispatcher
from crm.graphql.core.errors import Code, unexpected_error
from crm.graphql.execution import Prepared, Refused, run
from crm.graphql.execution.admission import admit
from crm.graphql.execution.operations import JsonObject
from crm.graphql.execution.subscriptions import Subscription
from crm.graphql.execution.threads import EVENTS, OPERATIONS, in_thread
from crm.graphql.websocket.bounds import SocketLimits
from crm.graphql.websocket.delivery import Delivery
from crm.graphql.websocket.handshake import Handshake, is_still_good
from crm.graphql.websocket.keepalive import keepalive_timer
from crm.graphql.websocket.outgoing import Peer
from crm.graphql.websocket.protocol import Close, Message, SocketClosed, write_message, write_next
from crm.graphql.websocket.rights import wait_until_withdrawn
from crm.graphql.websocket.tasks import Tasks


@dataclass(eq=False, kw_only=True)
class Session:
    """The operations of one socket whose client has authenticated.

    Messages are handled one after the other, so a subscription has started before the next message is
    handled. Queries and mutations run concurrently.
    """

    schema: GraphQLSchema
    #: Opened by the caller; ``stop`` releases it.
    dispatcher: Dispatcher
    credential: Credential
    handshake: Handshake
    peer: Peer
    tasks: Tasks
    limits: SocketLimits
    #: Where subscriptions of this connection start, as the client sent it.
    cursor: object

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._delivery = Delivery(
            dispatcher=self.dispatcher,
            actor=self.credential.actor,
            peer=self.peer,
            tasks=self.tasks,
            limits=self.limits,
            write=lambda id_, _event, text: write_next(id_, text),
            refuse=self._end,
        )
        #: The task of each operation by id; subscriptions have none, the delivery serves them.
        self._operations: dict[str, asyncio.Task[None] | None] = {}

    def start(self) -> None:
        # Until now the client waited for the server, so its silence does not count.
        self.peer.note_frame()
        self._ping_at = self._loop.time() + self.limits.ping_seconds
        keepalive_timer(self.limits.ping_seconds).add(self)
        self.tasks.start(self._delivery.run())
        self.tasks.start(self._keep_rights())

    def stop(self) -> None:
        """End all subscriptions; the other tasks end with the socket."""
        keepalive_timer(self.limits.ping_seconds).remove(self)
        self._delivery.stop()
        self.dispatcher.release()

    def count(self) -> int:
        return len(self._operations)

    def tick(self) -> None:
        """Send a ping with the current cursor if it is time; disconnect a client that is silent too long."""
        if self.peer.silent_seconds() >= self.limits.silence_seconds:
            keepalive_timer(self.limits.ping_seconds).remove(self)
            self.peer.evict()
        elif self._loop.time() >= self._ping_at:
            self._ping_at = self._loop.time() + self.limits.ping_seconds
            cursor = self._delivery.cursor()
            payload = None if cursor is None else {"cursor": str(cursor)}
            self.peer.send_soon(write_message("ping", payload=payload))

    async def subscribe(self, message: Message) -> None:
        operation = message.operation()
        if message.id in self._operations:
            raise SocketClosed(Close.ID_IN_USE)
        if len(self._operations) >= self.limits.operations:
            self._refuse(message.id, _too_many(self.limits.operations))
            return
        try:
            admitted = await in_thread(
                EVENTS, admit, self.schema, operation, self.credential, after=self.cursor
            )
        except Refused as refused:
            self._refuse(message.id, refused.errors)
            return
        except Exception as error:
            # An unexpected exception ends this operation only.
            self._refuse(message.id, [unexpected_error(error, place="subscribe")])
            return
        if isinstance(admitted, Subscription):
            self._operations[message.id] = None
            await self._delivery.add(message.id, admitted)
        else:
            self._operations[message.id] = self.tasks.start(self._run(message.id, admitted))

    def complete(self, id_: str) -> None:
        """End an operation. A thread that works on it ends soon, and undoes what it has not committed."""
        task = self._operations.pop(id_, None)
        if task is not None:
            task.cancel()
        self._delivery.remove(id_)

    async def _run(self, id_: str, prepared: Prepared) -> None:
        try:
            answer = await in_thread(OPERATIONS, run, prepared)
            frames = [write_message("next", id_=id_, payload=answer), write_message("complete", id_=id_)]
        except Exception as error:
            # An unexpected exception ends this operation only.
            failure = unexpected_error(error, place=prepared.kind)
            frames = [write_message("error", id_=id_, payload=[failure])]
        for frame in frames:
            await self.peer.send(frame)
        del self._operations[id_]

    def _end(self, id_: str, errors: list[JsonObject]) -> None:
        self._operations.pop(id_, None)
        self._refuse(id_, errors)

    def _refuse(self, id_: str, errors: list[JsonObject]) -> None:
        self.peer.send_soon(write_message("error", id_=id_, payload=errors))

    async def _keep_rights(self) -> None:
        check = partial(is_still_good, self.handshake, self.credential)
        await wait_until_withdrawn(self.credential, check, seconds=self.limits.rights_seconds)
        self.peer.close(Close.FORBIDDEN)


def _too_many(most: int) -> list[JsonObject]:
    message = f"A socket runs at most {most} operations at a time."
    extensions = {"code": Code.QUERY_TOO_COMPLEX, "limit": "socket_operations", "max": most}
    return [{"message": message, "extensions": extensions}]
