"""Downloads of stored files. Each request checks whether the caller may see the file."""

from typing import IO
from uuid import UUID

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from crm.actors import Action, Actor
from crm.authentication import authenticate_request
from crm.errors import CrmError, Forbidden, NotFound, Unauthenticated
from crm.exporting.formats import ExportFormat
from crm.models import ExportJob, Filesystem, ImportJob
from crm.services.file_types import PDF, PREVIEWED
from crm.streamed_files import PDF_POLICY, POLICY, file_answer, private

UNKNOWN_TYPE = "application/octet-stream"
PLAIN = "text/plain; charset=utf-8"


@require_safe
def download(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """Answer with a stored file, if the caller sees a record that it is attached to; all others are 404."""
    try:
        file = _visible_file(request, key)
        content: IO[bytes] | None = None if request.method == "HEAD" else file.stored.open("rb")
    except (CrmError, FileNotFoundError) as refused:
        return _refusal(refused)
    return file_answer(request, content, type_=file.type or UNKNOWN_TYPE, name=file.name, size=file.size)


@require_safe
def preview(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """Answer with a picture or PDF for a page of ours to show; all others are 404.

    The type was found in the content when the file was stored, and ``nosniff`` keeps browsers to it: they
    never show markup, and run no script.
    """
    try:
        file = _visible_file(request, key)
        if file.type not in PREVIEWED:
            raise NotFound
        content: IO[bytes] | None = None if request.method == "HEAD" else file.stored.open("rb")
    except (CrmError, FileNotFoundError) as refused:
        return _refusal(refused)
    is_pdf = file.type == PDF
    response = file_answer(
        request,
        content,
        type_=file.type or UNKNOWN_TYPE,
        name=file.name,
        size=file.size,
        disposition="inline",
        policy=PDF_POLICY if is_pdf else POLICY,
    )
    response["X-Frame-Options"] = "SAMEORIGIN" if is_pdf else "DENY"
    return response


@require_safe
def download_rejects(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """Answer with the refused rows of an import, to members who may import."""
    try:
        actor = _actor(request)
        job = ImportJob.objects.find(actor, key)
        actor.require(Action.IMPORT)
        if not job.rejects:
            raise NotFound
        content: IO[bytes] | None = None
        size = default_storage.size(job.rejects)
        if request.method != "HEAD":
            content = default_storage.open(job.rejects, "rb")
    except (CrmError, FileNotFoundError) as refused:
        return _refusal(refused)
    name = (job.filename or "rows").rpartition(".")[0] or "rows"
    end = "jsonl" if job.rejects.endswith(".jsonl") else "csv"
    return file_answer(request, content, type_=UNKNOWN_TYPE, name=f"{name}.rejects.{end}", size=size)


@require_safe
def download_export(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """Answer with the file of an export, to those who may export; all others get 404."""
    try:
        job = ExportJob.objects.find(_actor(request), key)
        if not job.stored:
            raise NotFound
        content: IO[bytes] | None = None if request.method == "HEAD" else job.stored.open("rb")
    except (CrmError, FileNotFoundError) as refused:
        return _refusal(refused)
    form = ExportFormat(job.format)
    name = f"{job.get_model_display().lower()}-{job.created_at:%Y-%m-%d}.{form.lower()}"
    return file_answer(request, content, type_=form.content_type, name=name, size=job.size)


def _actor(request: HttpRequest) -> Actor:
    credential = authenticate_request(request, session_reads=True)
    if credential is None:
        raise Unauthenticated
    credential.actor.require(Action.READ)
    return credential.actor


def _visible_file(request: HttpRequest, key: UUID) -> Filesystem:
    file = Filesystem.objects.find(_actor(request), key)
    if not file.stored:
        raise NotFound
    return file


def _refusal(refused: Exception) -> HttpResponseBase:
    statuses = {Unauthenticated: 401, Forbidden: 403}
    status = next((number for kind, number in statuses.items() if isinstance(refused, kind)), 404)
    # Always the same text, so that 404 does not show whether a hidden file exists.
    message = "Not found." if status == 404 else str(refused)
    response = HttpResponse(f"{message}\n", status=status, content_type=PLAIN)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return private(response)
