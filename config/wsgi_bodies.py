"""WSGI middleware: the refusal of bodies that the worker did not read."""

from collections.abc import Iterable
from http.client import responses
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.handlers.wsgi import WSGIRequest

from config.bodies import LENGTH_REQUIRED, BodyRefusal, declared_length, largest_body, too_large
from config.cors import with_cors_headers
from config.logs import request_id
from config.middleware import begin_request, log_end

#: Bytes; below the smallest limit of a body.
SMALL = 64 * 1024


def with_body_limit(application: WSGIApplication) -> WSGIApplication:
    """Refuse bodies over the limit, and those without a length: WSGI reads none of them."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        refusal = _refusal(environ)
        if refusal is None:
            return application(environ, start_response)
        identifier, started = begin_request(environ)
        token = request_id.set(identifier)
        log_end(environ["REQUEST_METHOD"], refusal.path, refusal.status, started)
        request_id.reset(token)
        status = f"{refusal.status} {responses[refusal.status]}"
        headers = with_cors_headers(WSGIRequest(environ), {**refusal.headers, "X-Request-ID": identifier})
        start_response(status, list(headers.items()))
        return [refusal.body]

    return serve


def _refusal(environ: WSGIEnvironment) -> BodyRefusal | None:
    path = environ["PATH_INFO"]
    if "HTTP_TRANSFER_ENCODING" in environ:
        return BodyRefusal(LENGTH_REQUIRED, "Send the request with its Content-Length.", path)
    declared = declared_length(environ.get("CONTENT_LENGTH", ""))
    # No endpoint refuses so few, which most bodies have.
    if not declared or declared < SMALL:
        return None
    most = largest_body(
        path,
        environ.get("CONTENT_TYPE", ""),
        has_credentials="HTTP_COOKIE" in environ or "HTTP_AUTHORIZATION" in environ,
    )
    return too_large(path, most) if declared > most else None
