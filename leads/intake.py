"""The endpoint of lead receivers: ``POST /receivers/<uuid>`` creates a lead from an external system."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from crm.database.deadlines import outlive_client
from crm.database.failures import RETRY_AFTER_SECONDS, log_failure, refusal_of
from crm.errors import Conflict, NotFound
from crm.services.rates import seconds_to_wait
from leads.models import AttemptStatus, LeadReceiver, ReceiverAttempt
from leads.routing.payloads import LARGEST_BODY, UndecodablePayload, UnreadablePayload, read_payload
from leads.services.receiver_attempts import find_receiver, keep_undecodable, receive
from leads.services.receiver_keys import HEADERS, is_from_sender

LONGEST_KEY = 255
REPLAYED = "Idempotent-Replayed"


class Refusal(Exception):
    """The delivery is refused before an attempt is stored."""

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


# Senders are other servers and forms on other sites. No cookie authorizes them, so CSRF cannot misuse one.
@method_decorator(csrf_exempt, name="dispatch")
class ReceiverView(View):
    """Accept one delivery and answer with its result as JSON."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        try:
            if request.method != "POST":
                raise Refusal(405, "Send a POST.", headers={"Allow": "POST"})
            return _receive(request, kwargs["identifier"])
        except Refusal as refusal:
            return _answer(refusal.status, {"message": refusal.message}, refusal.headers)
        except NotFound:
            return _answer(404, {"message": "Receiver not found"})
        except Conflict as conflict:
            return _answer(409, {"message": conflict.message})
        except (DatabaseError, InterfaceError) as error:
            if refusal_of(error) is None:
                raise
            log_failure(error, place="receiver")
            message = "The delivery could not be processed. Send it again."
            return _answer(503, {"message": message}, {"Retry-After": str(RETRY_AFTER_SECONDS)})


receiver_view = ReceiverView.as_view()


def _receive(request: HttpRequest, identifier: UUID) -> JsonResponse:
    # Senders often wait for no answer, and send nothing twice: a lead must not be lost by that.
    outlive_client()
    receiver = find_receiver(identifier)
    body = _read(request)
    if not is_from_sender(
        receiver,
        shown_key=request.headers.get(HEADERS["SECRET"], ""),
        signature=request.headers.get(HEADERS["HMAC"], ""),
        body=body,
    ):
        raise Refusal(401, "Unauthenticated.")
    # After authentication, so that strangers cannot use up the receiver's rate limit.
    retry_after = seconds_to_wait(f"receiver:{receiver.uuid}", 1, most=receiver.rate_limit)
    if retry_after:
        raise Refusal(429, "Too many deliveries.", headers={"Retry-After": str(retry_after)})
    try:
        payload = read_payload(body, request.META)
    except UndecodablePayload as error:
        keep_undecodable(receiver, body, request.META.get("CONTENT_TYPE", ""), str(error))
        raise Refusal(400, str(error)) from error
    except UnreadablePayload as error:
        raise Refusal(400, str(error)) from error
    key = _idempotency_key(request)
    attempt = receive(receiver, payload, key=key)
    answer = _outcome(receiver, attempt)
    if key is not None and attempt.is_repeated:
        answer[REPLAYED] = "true"
    return answer


def _read(request: HttpRequest) -> bytes:
    try:
        # One byte over the limit shows that a chunked body, which declares no length, is too large.
        body = request.read(LARGEST_BODY + 1)
    except (UnreadablePostError, SuspiciousOperation) as error:
        raise Refusal(400, "The body ended early.") from error
    if len(body) > LARGEST_BODY:
        raise Refusal(413, f"A delivery has at most {LARGEST_BODY} bytes.")
    return body


def _idempotency_key(request: HttpRequest) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    key = key.strip()
    if not (1 <= len(key) <= LONGEST_KEY and key.isprintable()):
        raise Refusal(400, f"An Idempotency-Key has 1 to {LONGEST_KEY} printable characters.")
    return key


def _outcome(receiver: LeadReceiver, attempt: ReceiverAttempt) -> JsonResponse:
    if attempt.status == AttemptStatus.FAILED:
        return _answer(422, {"message": "The lead was refused.", "errors": attempt.errors})
    # A filled honeypot field creates no lead, but gets 200 too, so that a bot does not notice.
    lead = attempt.lead
    return _answer(
        200,
        {
            "message": "Receiver processed",
            "receiver": str(receiver.uuid),
            "lead_id": None if lead is None else str(lead.pk),
            "lead_uuid": None if lead is None else str(lead.uuid),
        },
    )


def _answer(
    status: int, content: Mapping[str, object], headers: dict[str, str] | None = None
) -> JsonResponse:
    return JsonResponse(content, status=status, headers={"Cache-Control": "no-store", **(headers or {})})
