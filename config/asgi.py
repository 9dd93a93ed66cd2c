"""HTTP and WebSocket under an ASGI server."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

http = get_asgi_application()

# These import models, which exist only now.
from config.asgi_middleware import bounded, identified  # noqa: E402
from config.gc_tuning import tune_gc  # noqa: E402
from config.schema import schema  # noqa: E402
from crm.graphql.sse import GraphQLStream  # noqa: E402
from crm.graphql.websocket import GraphQLSocket  # noqa: E402

STREAM_PATH = "/graphql/stream"
stream = identified(GraphQLStream(schema=schema.graphql_schema))


async def serve_http(scope: Any, receive: Any, send: Any) -> None:
    """Serve a request: an event stream by itself, all else by Django."""
    await (stream if scope["path"] == STREAM_PATH else http)(scope, receive, send)


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a WebSocket at an address that has none: the handshake is answered with 403."""
    await send({"type": "websocket.close"})


application = ProtocolTypeRouter(
    {
        "http": bounded(serve_http),
        "websocket": URLRouter(
            [
                path("graphql", GraphQLSocket.as_asgi(schema=schema.graphql_schema)),
                re_path("", refuse),  # type: ignore[arg-type]  # Channels routes to ASGI applications
            ]
        ),
    }
)
tune_gc()
