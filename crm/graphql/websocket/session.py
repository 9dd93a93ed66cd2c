"""What a client may do once it is known: operations, under rights that are looked at again and again."""

import asyncio
from functools import partial
from typing import Any

from graphql import GraphQLSchema

from crm.credentials import Credential
from crm.events.dispatcher import Dispatcher
from crm.graphql.core.errors import Code, internal_error
from crm.graphql.execution import Prepared, Refused, run
from crm.graphql.execution.admission import admit
from crm.graphql.execution.subscriptions import Subscription
from crm.graphql.execution.threads import EVENTS, OPERATIONS, in_thread
from crm.graphql.websocket.bounds import SocketLimits
from crm.graphql.websocket.delivery import Delivery
from crm.graphql.websocket.handshake import Handshake, is_still_good
from crm.graphql.websocket.keepalive import heart
from crm.graphql.websocket.outgoing import Peer
from crm.graphql.websocket.protocol import Close, Message, SocketClosed, write_message, write_next
from crm.graphql.websocket.rights import withdrawn
from crm.graphql.websocket.tasks import Tasks


class Session:
    """The operations of one socket whose client has authenticated.

    Messages come one after the other, and a subscription stands before the next message is handled; queries
    and mutations run beside that.
    """

    def __init__(
        self,
        *,
        schema: GraphQLSchema,
        hub: Dispatcher,
        credential: Credential,
        handshake: Handshake,
        peer: Peer,
        tasks: Tasks,
        limits: SocketLimits,
        cursor: object = None,
    ) -> None:
        """Take over from the handshake.

        :param hub: is held already, and released at the end.
        :param cursor: where the subscriptions of this connection begin, as the client gave it.
        """
        self.credential = credential
        self._hub = hub
        self._cursor = cursor
        self._schema = schema
        self._handshake = handshake
        self._peer = peer
        self._tasks = tasks
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._delivery = Delivery(
            hub,
            credential.actor,
            peer=peer,
            tasks=tasks,
            limits=limits,
            write=lambda id_, _event, text: write_next(id_, text),
            refuse=self._end,
        )
        #: Of a subscription there is no task: it is answered by the delivery.
        self._operations: dict[str, asyncio.Task[None] | None] = {}

    def start(self) -> None:
        """Begin to answer subscriptions and to look after the credential."""
        # Until now the client waited for us.
        self._peer.heard()
        self._ping_at = self._loop.time() + self._limits.ping_seconds
        heart(self._limits.ping_seconds).add(self)
        self._tasks.start(self._delivery.run())
        self._tasks.start(self._keep_rights())

    def stop(self) -> None:
        """Listen to no more events; the tasks end with the socket."""
        heart(self._limits.ping_seconds).remove(self)
        self._delivery.stop()
        self._hub.release()

    def count(self) -> int:
        """Give the number of operations that run."""
        return len(self._operations)

    def beat(self) -> None:
        """Send a ping if it is time, with the cursor to come back with; give up who is silent too long."""
        if self._peer.silence() >= self._limits.silence_seconds:
            heart(self._limits.ping_seconds).remove(self)
            self._peer.give_up()
        elif self._loop.time() >= self._ping_at:
            self._ping_at = self._loop.time() + self._limits.ping_seconds
            cursor = self._delivery.cursor()
            payload = None if cursor is None else {"cursor": str(cursor)}
            self._peer.say(write_message("ping", payload=payload))

    async def subscribe(self, message: Message) -> None:
        """Start an operation of any kind.

        :raises SocketClosed: if the message is malformed or its id in use.
        """
        operation = message.operation()
        if message.id in self._operations:
            raise SocketClosed(Close.ID_IN_USE)
        if len(self._operations) >= self._limits.operations:
            self._refuse(message.id, _too_many(self._limits.operations))
            return
        try:
            admitted = await in_thread(
                EVENTS, admit, self._schema, operation, self.credential, after=self._cursor
            )
        except Refused as refused:
            self._refuse(message.id, refused.errors)
            return
        except Exception as error:
            # The other operations of the socket go on.
            self._refuse(message.id, [internal_error(error, place="subscribe")])
            return
        if isinstance(admitted, Subscription):
            self._operations[message.id] = None
            self._delivery.add(message.id, admitted)
        else:
            self._operations[message.id] = self._tasks.start(self._run(message.id, admitted))

    def complete(self, id_: str) -> None:
        """End an operation; a thread that works on it is not stopped, but nobody hears of it."""
        task = self._operations.pop(id_, None)
        if task is not None:
            task.cancel()
        self._delivery.remove(id_)

    async def _run(self, id_: str, prepared: Prepared) -> None:
        try:
            answer = await in_thread(OPERATIONS, run, prepared)
            frames = [write_message("next", id_=id_, payload=answer), write_message("complete", id_=id_)]
        except Exception as error:
            # The other operations of the socket go on.
            failure = internal_error(error, place=prepared.kind)
            frames = [write_message("error", id_=id_, payload=[failure])]
        for frame in frames:
            await self._peer.answer(frame)
        del self._operations[id_]

    def _end(self, id_: str, errors: list[dict[str, Any]]) -> None:
        self._operations.pop(id_, None)
        self._refuse(id_, errors)

    def _refuse(self, id_: str, errors: list[dict[str, Any]]) -> None:
        self._peer.say(write_message("error", id_=id_, payload=errors))

    async def _keep_rights(self) -> None:
        look = partial(is_still_good, self._handshake, self.credential)
        await withdrawn(self.credential, look, seconds=self._limits.rights_seconds)
        self._peer.close(Close.FORBIDDEN)


def _too_many(most: int) -> list[dict[str, Any]]:
    message = f"A socket runs at most {most} operations at a time."
    return [
        {
            "message": message,
            "extensions": {"code": Code.QUERY_TOO_COMPLEX, "limit": "socket_operations", "max": most},
        }
    ]
