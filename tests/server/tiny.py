"""A small WSGI application for tests of the worker: what it received, and answers of any size."""

import hashlib
import os
from collections.abc import Iterable
from tempfile import TemporaryFile
from wsgiref.types import StartResponse, WSGIEnvironment

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

LARGE = 8 * 1024 * 1024


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer /large and /file with 8 MB, and all else with length and sum of the body that was sent."""
    if environ["PATH_INFO"] == "/file":
        start_response("200 OK", [("Content-Length", str(LARGE))])
        file = TemporaryFile()  # noqa: SIM115  # the wrapper closes it
        file.truncate(LARGE)
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        return wrapped
    if environ["PATH_INFO"] == "/large":
        start_response("200 OK", [("Content-Length", str(LARGE))])
        return (bytes(LARGE // 8) for _ in range(8))
    body = environ["wsgi.input"].read() if environ["PATH_INFO"] != "/ignored" else b""
    answer = f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
