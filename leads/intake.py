"""The door by which leads come in from outside: ``POST /receivers/<uuid>``."""

from typing import Any
from uuid import UUID

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from crm.errors import Conflict, NotFound
from crm.services.rates import seconds_to_wait
from leads.models import AttemptStatus, LeadReceiver, ReceiverAttempt
from leads.routing.payloads import LARGEST_BODY, UnreadablePayload, read_payload
from leads.services.deliveries import find_receiver, take_in
from leads.services.receiver_keys import HEADERS, is_from_sender

LONGEST_KEY = 255


class Refusal(Exception):
    """A delivery that is refused before it is kept."""

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


# Senders are other servers and forms of other sites: what they may do hangs on no cookie.
@method_decorator(csrf_exempt, name="dispatch")
class ReceiverView(View):
    """Takes one delivery, and says in JSON what became of it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        """Answer a request; no refusal leaves this function but as JSON."""
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
        except (OperationalError, InterfaceError):
            again = {"Retry-After": "5"}
            return _answer(503, {"message": "The delivery could not be processed. Send it again."}, again)


def _receive(request: HttpRequest, identifier: UUID) -> JsonResponse:
    receiver = find_receiver(identifier)
    body = _read(request)
    if not is_from_sender(
        receiver,
        shown_key=request.headers.get(HEADERS["SECRET"], ""),
        signature=request.headers.get(HEADERS["HMAC"], ""),
        body=body,
    ):
        raise Refusal(401, "Unauthenticated.")
    # After the proof of who sends: nobody else uses up what the receiver takes.
    wait = seconds_to_wait(f"receiver:{receiver.uuid}", 1, most=receiver.rate_limit)
    if wait:
        raise Refusal(429, "Too many deliveries.", headers={"Retry-After": str(wait)})
    try:
        payload = read_payload(body, request.META)
    except UnreadablePayload as wrong:
        raise Refusal(400, str(wrong)) from wrong
    return _outcome(receiver, take_in(receiver, payload, key=_idempotency_key(request)))


def _read(request: HttpRequest) -> bytes:
    try:
        body = request.read(LARGEST_BODY + 1)
    except (UnreadablePostError, SuspiciousOperation) as broken:
        raise Refusal(400, "The body ended early.") from broken
    if len(body) > LARGEST_BODY:
        raise Refusal(413, f"A delivery has at most {LARGEST_BODY} bytes.")
    return body


def _idempotency_key(request: HttpRequest) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    key = key.strip()
    if not 1 <= len(key) <= LONGEST_KEY:
        raise Refusal(400, f"An Idempotency-Key has 1 to {LONGEST_KEY} characters.")
    return key


def _outcome(receiver: LeadReceiver, attempt: ReceiverAttempt) -> JsonResponse:
    if attempt.status == AttemptStatus.FAILED:
        return _answer(422, {"message": "The lead was refused.", "errors": attempt.errors})
    # Whoever fills in what people do not see is told nothing of it.
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


def _answer(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> JsonResponse:
    answer = JsonResponse(content, status=status)
    answer.headers["Cache-Control"] = "no-store"
    for name, value in (headers or {}).items():
        answer.headers[name] = value
    return answer
