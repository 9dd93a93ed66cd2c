"""The Channels consumer of one socket: handshake, messages, end."""

import asyncio
import logging
from functools import partial

from channels.consumer import AsyncConsumer, get_handler_name
from channels.exceptions import StopConsumer
from channels.utils import await_many_dispatch
from django.db import InterfaceError, OperationalError
from graphql import GraphQLSchema

from crm.authentication import CredentialExpired
from crm.credentials import Credential
from crm.errors import CrmError
from crm.events.dispatcher import Dispatcher, open_dispatcher
from crm.graphql.execution.operations import JsonObject
from crm.graphql.execution.threads import EVENTS, in_thread
from crm.graphql.websocket import connections
from crm.graphql.websocket.bounds import socket_limits
from crm.graphql.websocket.handshake import Handshake, HandshakeRefused, authenticate, read_handshake
from crm.graphql.websocket.outgoing import AsgiMessage, Peer, Receive, Send
from crm.graphql.websocket.protocol import (
    SUBPROTOCOL,
    Close,
    Message,
    SocketClosed,
    read_message,
    write_message,
)
from crm.graphql.websocket.session import Session
from crm.graphql.websocket.tasks import Tasks

logger = logging.getLogger(__name__)


class GraphQLSocket(AsyncConsumer):
    """Serves one schema to one client: ``GraphQLSocket.as_asgi(schema=...)``."""

    handshake: Handshake
    peer: Peer
    tasks: Tasks
    init_timer: asyncio.TimerHandle

    def __init__(self, *, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.limits = socket_limits()
        self.session: Session | None = None
        self.initialised = False

    async def __call__(self, scope: AsgiMessage, receive: Receive, send: Send) -> None:
        # Replaces Channels' own method, which would open a channel of the layer for each socket. Events come
        # through the dispatcher instead.
        self.scope = scope
        self.base_send = send
        self.peer = Peer(send, self.limits)
        self.tasks = Tasks(on_fault=lambda: self.peer.close(Close.INTERNAL_ERROR))
        close = None
        try:
            await await_many_dispatch([receive, self.peer.closing], self.dispatch)
        except StopConsumer:
            pass
        except SocketClosed as closed:
            close = closed.close
        finally:
            await self._release()
        if close is not None:
            await self.peer.send_close(close)

    async def dispatch(self, message: AsgiMessage) -> None:
        """Call the handler of a message; an unexpected exception closes the socket."""
        try:
            await getattr(self, get_handler_name(message))(message)
        except (StopConsumer, SocketClosed):
            raise
        except Exception as error:
            logger.exception("A socket failed outside its operations.")
            raise SocketClosed(Close.INTERNAL_ERROR) from error

    async def websocket_connect(self, message: AsgiMessage) -> None:
        """Accept the handshake if host and origin are allowed."""
        try:
            self.handshake = read_handshake(self.scope)
        except HandshakeRefused as error:
            await self.send({"type": "websocket.close"})
            raise StopConsumer from error
        is_supported = SUBPROTOCOL in self.scope["subprotocols"]
        await self.send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if is_supported else None})
        if not is_supported:
            # Accepted first: browsers show the code of a close, but not why a handshake was refused.
            raise SocketClosed(Close.SUBPROTOCOL_NOT_ACCEPTABLE)
        connections.register(self, partial(self.peer.close, Close.RESTARTING))
        self.tasks.start(self.peer.send_queued())
        self.init_timer = asyncio.get_running_loop().call_later(
            self.limits.init_seconds, self.peer.close, Close.INITIALISATION_TIMEOUT
        )

    async def websocket_receive(self, message: AsgiMessage) -> None:
        self.peer.note_frame()
        read = read_message(message.get("text"), limit=self.limits.frame)
        await getattr(self, f"on_{read.type}")(read)

    async def websocket_disconnect(self, message: AsgiMessage) -> None:
        """Stop: the client or the server has closed the socket."""
        raise StopConsumer

    async def peer_close(self, message: AsgiMessage) -> None:
        """Close because a task of this socket asked for it."""
        raise SocketClosed(message["close"])

    async def on_connection_init(self, message: Message) -> None:
        if self.initialised:
            raise SocketClosed(Close.TOO_MANY_INITIALISATIONS)
        self.initialised = True
        self.init_timer.cancel()
        if connections.is_draining():
            raise SocketClosed(Close.RESTARTING)
        credential = await self._authenticate(message.payload)
        dispatcher = await self._open_dispatcher()
        if not connections.acquire_slot(credential.user_id, most=self.limits.sockets_per_user):
            dispatcher.release()
            raise SocketClosed(Close.TRY_AGAIN_LATER)
        cursor = message.payload.get("cursor")
        self.session = Session(
            schema=self.schema,
            dispatcher=dispatcher,
            credential=credential,
            handshake=self.handshake,
            peer=self.peer,
            tasks=self.tasks,
            limits=self.limits,
            cursor=cursor,
        )
        # A client that resumes gets its own cursor back: what follows it is still to be sent.
        start = str(dispatcher.position) if cursor is None else cursor
        self.peer.send_soon(write_message("connection_ack", payload={"cursor": start}))
        self.session.start()
        connections.count_operations(self, self.session.count)

    async def on_ping(self, message: Message) -> None:
        self.peer.send_soon(write_message("pong"))

    async def on_pong(self, message: Message) -> None:
        """Do nothing: ``websocket_receive`` has noted that a frame came in."""

    async def on_subscribe(self, message: Message) -> None:
        if self.session is None:
            raise SocketClosed(Close.UNAUTHORIZED)
        await self.session.subscribe(message)

    async def on_complete(self, message: Message) -> None:
        """End an operation; one with an unknown id may have ended by itself."""
        if self.session is not None:
            self.session.complete(message.id)

    async def _authenticate(self, payload: JsonObject) -> Credential:
        try:
            return await in_thread(EVENTS, authenticate, self.handshake, payload)
        except CredentialExpired as error:
            raise SocketClosed(Close.FORBIDDEN) from error
        except CrmError as error:
            raise SocketClosed(Close.UNAUTHORIZED) from error
        except (OperationalError, InterfaceError) as error:
            logger.warning("A socket could not be authenticated: the database does not answer.")
            raise SocketClosed(Close.TRY_AGAIN_LATER) from error

    async def _open_dispatcher(self) -> Dispatcher:
        try:
            return await open_dispatcher()
        except (OperationalError, InterfaceError) as error:
            logger.warning("A socket could not be opened: the database does not answer.")
            raise SocketClosed(Close.TRY_AGAIN_LATER) from error

    async def _release(self) -> None:
        connections.unregister(self)
        session, self.session = self.session, None
        if hasattr(self, "init_timer"):
            self.init_timer.cancel()
        if session is not None:
            session.stop()
            connections.release_slot(session.credential.user_id)
        await self.tasks.end()
