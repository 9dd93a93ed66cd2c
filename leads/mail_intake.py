"""The endpoint of the provider that sends e-mails as requests: ``POST /mail``, checked by its signature."""

import warnings
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.utils.datastructures import MultiValueDict
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from multipart import MultipartError, MultipartParser, parse_options_header

from crm.database.deadlines import outlive_client
from crm.database.failures import RETRY_AFTER_SECONDS, log_failure, refusal_of
from leads.mail.bounds import LARGEST_REQUEST
from leads.services.received_mails import receive_mail, receivers_of

#: The view of django-anymail that knows a provider's requests, and the name of its key.
VIEWS = {
    "mailersend": ("anymail.webhooks.mailersend.MailerSendInboundWebhookView", "inbound_secret"),
    "mailgun": ("anymail.webhooks.mailgun.MailgunInboundWebhookView", "webhook_signing_key"),
    "mandrill": ("anymail.webhooks.mandrill.MandrillCombinedWebhookView", "webhook_key"),
    "postal": ("anymail.webhooks.postal.PostalInboundWebhookView", "webhook_key"),
}
MOST_FIELDS = 1_000


# The provider has no session: its signature authorizes the request, so CSRF cannot misuse a cookie.
@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def mail_view(request: HttpRequest) -> HttpResponse:
    """Store and log the e-mails of a request; every status but 200 makes the provider send it again later."""
    if not settings.MAIL_PROVIDER:
        return _answer(404, "No provider of e-mails is set up.")
    # Providers ask once whether there is anybody.
    if request.method == "HEAD":
        return _answer(200, "")
    outlive_client()
    try:
        return _receive(request)
    except SuspiciousOperation:
        return _answer(401, "The request is not signed with MAIL_PROVIDER_KEY.")
    except (DatabaseError, InterfaceError) as error:
        if refusal_of(error) is None:
            raise
        log_failure(error, place="mail")
        answer = _answer(503, "The message could not be stored. Send it again.")
        answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer


def _receive(request: HttpRequest) -> HttpResponse:
    try:
        body = request.read(LARGEST_REQUEST + 1)
    except UnreadablePostError:
        return _answer(400, "The body ended early.")
    if len(body) > LARGEST_REQUEST:
        return _answer(413, f"A request has at most {LARGEST_REQUEST} bytes.")
    try:
        _fill_in(request, body)
        view = _view()
        view.run_validators(request)
        messages = [event.message for event in view.parse_events(request) if event.message is not None]
    except (MultipartError, ValueError, LookupError, TypeError, AttributeError):
        return _answer(400, "The request is none of the provider's.")
    found = [(message, receivers_of(message.as_bytes(), envelope=_envelope(message))) for message in messages]
    if not all(receivers for _message, receivers in found):
        # The provider keeps it, and tells its owner.
        return _answer(404, "A message is for no active receiver.")
    for message, receivers in found:
        for receiver in receivers:
            receive_mail(receiver, message.as_bytes())
    return _answer(200, "Stored.")


def _view() -> Any:
    path, key = VIEWS[settings.MAIL_PROVIDER]
    with warnings.catch_warnings():
        # It asks for a password beside the signature, which proves more.
        warnings.simplefilter("ignore")
        return import_string(path)(**{key: settings.MAIL_PROVIDER_KEY})


def _envelope(message: Any) -> list[str]:
    recipient = message.envelope_recipient
    return [str(recipient)] if recipient else []


def _fill_in(request: HttpRequest, body: bytes) -> None:
    """Set body, form and files of a request, of which Django itself would read only 2.5 MB."""
    kind, options = parse_options_header(request.META.get("CONTENT_TYPE", ""))
    fields, files = QueryDict(mutable=True), MultiValueDict[str, Any]()
    if kind == "application/x-www-form-urlencoded":
        fields = QueryDict(body, encoding="utf-8")
    elif kind == "multipart/form-data":
        for part in MultipartParser(
            BytesIO(body),
            options.get("boundary", ""),
            content_length=len(body),
            part_limit=MOST_FIELDS,
            partsize_limit=LARGEST_REQUEST,
            spool_limit=LARGEST_REQUEST,
            memory_limit=LARGEST_REQUEST * 2,
        ):
            if part.filename is None:
                fields.appendlist(part.name, part.raw.decode("utf-8", "surrogateescape"))
            else:
                upload = SimpleUploadedFile(part.filename, part.raw, content_type=part.content_type)
                files.appendlist(part.name, upload)
    any_request: Any = request
    any_request._body, any_request._read_started = body, False
    any_request._post, any_request._files = fields, files


def _answer(status: int, message: str) -> HttpResponse:
    content = f"{message}\n" if message else ""
    response = HttpResponse(content, status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response
