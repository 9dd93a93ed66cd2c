"""An id and a line in the log for requests under an ASGI server that pass Django's middleware by."""

from typing import Any

from config.logs import request_id
from config.middleware import begin, log_end

HEADER = b"x-request-id"
#: The status in the log of a request whose client left before it was answered, as nginx has it.
LEFT = 499


def identified(application: Any) -> Any:
    """Give an HTTP application whose answers carry the id of their request, and whose ends are logged.

    The line of a stream is written when it ends; its milliseconds are those for which it was open.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        sent = dict(scope["headers"]).get(HEADER, b"").decode("latin-1")
        identifier, started = begin({"HTTP_X_REQUEST_ID": sent})
        token = request_id.set(identifier)
        status = LEFT

        async def send_with_id(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (HEADER, identifier.encode())]}
            await send(message)

        try:
            await application(scope, receive, send_with_id)
        finally:
            log_end(scope["method"], scope["path"], status, started)
            request_id.reset(token)

    return serve
