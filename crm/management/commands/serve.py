"""Serve admin, GraphQL, WebSocket and event streams in this process."""

import gc
import logging
import socket
import sys
from contextlib import ExitStack
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from crm.checks import ensure_database, ensure_migrated, ensure_port_free, ensure_redis
from crm.graphql.websocket.connections import drain
from crm.importing.worker import working_beside
from crm.webhooks.worker import sending_beside

logger = logging.getLogger("uvicorn.error")

HOST = "127.0.0.1"
INTERRUPTED = 130
#: Over which the connections are ended when the process is asked to end, and for what is left after that.
DRAIN_SECONDS = 5.0
GRACEFUL_SECONDS = 25
#: Connections that may wait to be accepted.
BACKLOG = 2048
#: What the system keeps of a connection whose client reads nothing, and for how long after an end was tried:
#: left to itself it swallows 5 MB for each, and waits for a quarter of an hour.
SEND_BUFFER_BYTES = 128 * 1024
UNREAD_SECONDS = 20


def serve(
    host: str = HOST, port: int | None = None, *, imports: bool = False, webhooks: bool = False
) -> None:
    """Serve until a signal ends the process.

    :param port: the port to listen on; that of the settings if None.
    :param imports: whether to run waiting import jobs beside, where no process of its own does.
    :param webhooks: whether to send webhooks beside, likewise.
    :raises CommandError: if the port is taken, a service does not answer, or migrations wait.
    """
    port = settings.PORT if port is None else port
    ensure_port_free(host, port)
    ensure_database()
    ensure_redis()
    ensure_migrated()
    server = Server(server_config(host, port))
    listening = listening_socket(host, port)
    # What is loaded by now stays: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    try:
        with ExitStack() as beside:
            if imports:
                beside.enter_context(working_beside())
            if webhooks:
                beside.enter_context(sending_beside())
            server.run([listening])
    except KeyboardInterrupt:
        # uvicorn has closed everything by then, and raises the signal again for those who wait for it.
        sys.exit(INTERRUPTED)
    if not server.started:
        sys.exit(1)


class Server(uvicorn.Server):
    """uvicorn, which would close all sockets in one moment, and have all clients return in the next."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say where: uvicorn leaves that to those who give it a socket."""
        await super().startup(sockets)
        if self.started:
            host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
            logger.info("Uvicorn running on http://%s:%d (Press CTRL+C to quit)", host, self.config.port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End connections one after the other, while /readyz tells that this server ends; then end."""
        await drain(DRAIN_SECONDS, hurry=lambda: self.force_exit)
        await super().shutdown(sockets)


def listening_socket(host: str, port: int) -> socket.socket:
    """Give a socket that listens; its connections take over its bounds for clients that read nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    # Linux has it; elsewhere the system's own patience holds.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    return listening


def server_config(host: str, port: int) -> uvicorn.Config:
    """Give uvicorn's configuration, loaded: small WebSocket frames, no deflate, pings of our own protocol."""
    config = uvicorn.Config(
        settings.ASGI_APPLICATION.replace(".application", ":application"),
        host=host,
        port=port,
        workers=1,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=65_536,
        ws_ping_interval=0,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        lifespan="off",
        # Logging is Django's; uvicorn's access log would repeat query strings.
        log_config=None,
        access_log=False,
        server_header=False,
        # A header decides on nobody's address unless TRUSTED_PROXY_COUNT says so.
        proxy_headers=False,
    )
    config.load()
    return config


class Command(BaseCommand):
    help = "Serve admin, GraphQL and WebSocket in this one process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=HOST, help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, help="port to listen on (default: PORT, or 8000)")
        parser.add_argument("--imports", action="store_true", help="run waiting imports in this process too")
        parser.add_argument("--webhooks", action="store_true", help="send webhooks in this process too")

    def handle(self, *args: Any, **options: Any) -> None:
        serve(options["host"], options["port"], imports=options["imports"], webhooks=options["webhooks"])
