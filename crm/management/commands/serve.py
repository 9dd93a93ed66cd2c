"""Serve admin, GraphQL, WebSocket and event streams in this process."""

import gc
import logging
import socket
import sys
from collections.abc import Collection
from contextlib import nullcontext
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from crm.background.registry import IMPORTS, WEBHOOKS
from crm.background.worker import working
from crm.checks import ensure_database, ensure_migrated, ensure_port_free, ensure_redis
from crm.graphql.websocket.connections import drain

logger = logging.getLogger("uvicorn.error")

HOST = "127.0.0.1"
INTERRUPTED = 130
#: Seconds over which connections are ended on shutdown, and seconds for the requests that run after that.
DRAIN_SECONDS = 5.0
GRACEFUL_SECONDS = 25
#: Connections that may wait to be accepted.
BACKLOG = 2048
#: What the system buffers for a client that reads nothing, and how long it waits to send that after the end.
#: Its own defaults are 5 MB for each connection, and a quarter of an hour.
SEND_BUFFER_BYTES = 128 * 1024
UNREAD_SECONDS = 20


def serve(host: str = HOST, port: int | None = None, *, work: Collection[str] | None = None) -> None:
    """Serve until a signal ends the process.

    :param port: the port to listen on; None takes the one of the settings.
    :param work: the parts of the background work to do in this process too; empty for all, None for none.
    :raises CommandError: if the port is taken, a service does not answer, or migrations are missing.
    """
    port = settings.PORT if port is None else port
    ensure_port_free(host, port)
    ensure_database()
    ensure_redis()
    ensure_migrated()
    # This thread needs the database no more: what it kept would be missing in the pool of the requests.
    connections.close_all()
    server = Server(server_config(host, port))
    listening = listening_socket(host, port)
    # What is loaded by now stays loaded: the garbage collector need not scan it again.
    gc.collect()
    gc.freeze()
    try:
        with nullcontext() if work is None else working(work):
            server.run([listening])
    except KeyboardInterrupt:
        # uvicorn has closed everything by then, and raises the signal again for its caller.
        sys.exit(INTERRUPTED)
    if not server.started:
        sys.exit(1)


class Server(uvicorn.Server):
    """A uvicorn server that ends connections over some seconds, so that not all clients return at once."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and log the address: uvicorn does not when it is given a socket."""
        await super().startup(sockets)
        if self.started:
            host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
            logger.info("Uvicorn running on http://%s:%d (Press CTRL+C to quit)", host, self.config.port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End connections one after the other while ``/readyz`` fails, then shut down."""
        await drain(DRAIN_SECONDS, hurry=lambda: self.force_exit)
        await super().shutdown(sockets)


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket whose connections inherit its limits for clients that read nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    # Only Linux has it; elsewhere the defaults of the system apply.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    return listening


def server_config(host: str, port: int) -> uvicorn.Config:
    """Return uvicorn's configuration, loaded."""
    config = uvicorn.Config(
        settings.ASGI_APPLICATION.replace(".application", ":application"),
        host=host,
        port=port,
        workers=1,
        http=settings.ASGI_PROTOCOL,
        # Longer than a proxy keeps its connections: a request never meets one that is about to be closed.
        timeout_keep_alive=75,
        ws="websockets-sansio",
        # A compressor for each socket would take more memory than the rest of the socket.
        ws_per_message_deflate=False,
        ws_max_size=65_536,
        # graphql-transport-ws has pings of its own.
        ws_ping_interval=0,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        lifespan="off",
        # Logging is Django's; uvicorn's access log would repeat query strings.
        log_config=None,
        access_log=False,
        server_header=False,
        # TRUSTED_PROXY_COUNT decides whether a header may name the client's address.
        proxy_headers=False,
    )
    config.load()
    return config


class Command(BaseCommand):
    help = "Serve admin, GraphQL and WebSocket in this one process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=HOST, help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, help="port to listen on (default: PORT, or 8000)")
        parser.add_argument(
            "--work", action="store_true", help="do all the work of `manage.py work` in this process too"
        )
        parser.add_argument("--imports", action="store_true", help="run waiting imports in this process too")
        parser.add_argument("--webhooks", action="store_true", help="send webhooks in this process too")

    def handle(self, *args: object, **options: Any) -> None:
        chosen = [name for name in (IMPORTS, WEBHOOKS) if options[name]]
        serve(options["host"], options["port"], work=[] if options["work"] else chosen or None)
