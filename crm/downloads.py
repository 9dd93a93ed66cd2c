"""Downloads of stored files. Each request checks whether the caller may see the file."""

from collections.abc import AsyncIterator
from typing import IO
from urllib.parse import quote
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from crm.actors import Action
from crm.authentication import authenticate_request
from crm.errors import CrmError, Forbidden, NotFound, Unauthenticated
from crm.models import Filesystem, ImportJob

CHUNK_BYTES = 64 * 1024
UNKNOWN_TYPE = "application/octet-stream"
PLAIN = "text/plain; charset=utf-8"
#: In case a browser displays a file despite ``attachment``: it runs no scripts and loads nothing.
POLICY = "sandbox; default-src 'none'"


@require_safe
def download(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """Answer with a stored file, if the caller sees a record that it is attached to; all others are 404."""
    try:
        file = _visible_file(request, key)
        content: IO[bytes] | None = None if request.method == "HEAD" else file.stored.open("rb")
    except (CrmError, FileNotFoundError) as refused:
        return _refusal(refused)
    response = _answer(request, content, file.type or UNKNOWN_TYPE)
    response["Content-Length"] = str(file.size)
    return _attached(response, file.name)


@require_safe
def download_rejects(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """Answer with the refused rows of an import, to members who may import."""
    try:
        credential = authenticate_request(request, session_reads=True)
        if credential is None:
            raise Unauthenticated
        job = ImportJob.objects.find(credential.actor, key)
        credential.actor.require(Action.IMPORT)
        if not job.rejects:
            raise NotFound
        content = None if request.method == "HEAD" else default_storage.open(job.rejects, "rb")
    except (CrmError, FileNotFoundError) as refused:
        return _refusal(refused)
    name = (job.filename or "rows").rpartition(".")[0] or "rows"
    return _attached(_answer(request, content, UNKNOWN_TYPE), f"{name}.rejects.csv")


def _attached(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    return _private(response)


def _visible_file(request: HttpRequest, key: UUID) -> Filesystem:
    credential = authenticate_request(request, session_reads=True)
    if credential is None:
        raise Unauthenticated
    credential.actor.require(Action.READ)
    file = Filesystem.objects.find(credential.actor, key)
    if not file.stored:
        raise NotFound
    return file


def _answer(request: HttpRequest, content: IO[bytes] | None, type_: str) -> HttpResponseBase:
    if content is None:
        return HttpResponse(content_type=type_)
    if isinstance(request, ASGIRequest):
        # Django would read a synchronous iterator into memory as a whole.
        return StreamingHttpResponse(_chunks(content), content_type=type_)
    return FileResponse(content, content_type=type_)


async def _chunks(content: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while chunk := await sync_to_async(content.read, thread_sensitive=False)(CHUNK_BYTES):
            yield chunk
    finally:
        content.close()


def _refusal(refused: Exception) -> HttpResponseBase:
    statuses = {Unauthenticated: 401, Forbidden: 403}
    status = next((number for kind, number in statuses.items() if isinstance(refused, kind)), 404)
    # Always the same text, so that 404 does not show whether a hidden file exists.
    message = "Not found." if status == 404 else str(refused)
    response = HttpResponse(f"{message}\n", status=status, content_type=PLAIN)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return _private(response)


def _private(response: HttpResponseBase) -> HttpResponseBase:
    response["Cache-Control"] = "private, no-store"
    response["Vary"] = "Authorization, Cookie"
    return response
