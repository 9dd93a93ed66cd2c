"""HTTP and WebSocket under an ASGI server."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django = get_asgi_application()

# These import models, which Django loads above.
from config.asgi_middleware import (  # noqa: E402
    Receive,
    Scope,
    Send,
    with_body_limit,
    with_deadline,
    with_request_id,
)
from config.cors import is_preflight  # noqa: E402
from config.gc_tuning import tune_gc  # noqa: E402
from config.lazy_views import load_views  # noqa: E402
from config.schema import schema  # noqa: E402
from config.server.file_limit import raise_file_limit  # noqa: E402
from crm.graphql.sse import GraphQLStream  # noqa: E402
from crm.graphql.websocket import GraphQLSocket  # noqa: E402

load_views()
STREAM_PATH = "/graphql/stream"
http = with_deadline(django)
# Django's middleware gives all other requests their id and their CORS headers.
stream = with_request_id(GraphQLStream(schema=schema.graphql_schema))


async def serve_http(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve event streams directly: a view of Django would hold a thread as long as its stream is open."""
    # Django's middleware answers whether a page of another site may open one.
    is_stream = scope["path"] == STREAM_PATH and not is_preflight(scope)
    await (stream if is_stream else http)(scope, receive, send)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a WebSocket at any other path: the server answers the handshake with 403."""
    await send({"type": "websocket.close"})


application = ProtocolTypeRouter(
    {
        "http": with_body_limit(serve_http),
        "websocket": URLRouter(
            [
                path("graphql", GraphQLSocket.as_asgi(schema=schema.graphql_schema)),
                re_path("", refuse),  # type: ignore[arg-type]  # Channels routes to ASGI applications
            ]
        ),
    }
)
tune_gc()
raise_file_limit()
