"""The keys by which senders prove who they are: derived from SECRET_KEY, and stored nowhere."""

import base64
import hashlib
import hmac
import re
import time

from django.conf import settings

from leads.models import LeadReceiver, Verification

#: How many seconds old a signature may be, so that a delivery that was overheard cannot be sent again later.
CLOCK_TOLERANCE = 300
#: The header that holds the key, or the signature made with it.
HEADERS = {Verification.SECRET.value: "X-Receiver-Secret", Verification.HMAC.value: "X-Receiver-Signature"}
SIGNATURE = re.compile(r"t=(?P<time>[0-9]{1,12}),\s*v1=(?P<signature>[0-9a-fA-F]{64})")


def receiver_key(receiver: LeadReceiver) -> str:
    """Return the present key of a receiver, which its senders need."""
    return _derive(settings.SECRET_KEY, receiver)


def _derive(server_key: str, receiver: LeadReceiver) -> str:
    text = f"receiver:{receiver.uuid}:{receiver.secret_number}"
    digest = hmac.digest(server_key.encode(), text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _accepted_keys(receiver: LeadReceiver) -> list[str]:
    # While SECRET_KEY is being replaced, keys that were derived from the old one are accepted too.
    return [_derive(key, receiver) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def sign(key: str, body: bytes, *, at: int) -> str:
    """Return the signature header of a body.

    :param at: the time of signing, in seconds since 1970.
    """
    signed = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def is_from_sender(receiver: LeadReceiver, *, shown_key: str, signature: str, body: bytes) -> bool:
    """Return whether a delivery meets the receiver's verification."""
    if receiver.verification == Verification.SECRET:
        return any(_equal(shown_key, key) for key in _accepted_keys(receiver))
    if receiver.verification == Verification.HMAC:
        return _is_signed(receiver, signature, body)
    return True


def _is_signed(receiver: LeadReceiver, signature: str, body: bytes) -> bool:
    shown = SIGNATURE.fullmatch(signature.strip())
    # In both directions, since the sender's clock may be ahead.
    if shown is None or abs(time.time() - int(shown["time"])) > CLOCK_TOLERANCE:
        return False
    expected = (sign(key, body, at=int(shown["time"])) for key in _accepted_keys(receiver))
    given = f"t={int(shown['time'])},v1={shown['signature'].lower()}"
    return any(_equal(given, one) for one in expected)


def _equal(one: str, other: str) -> bool:
    # In constant time: the time of an answer must not tell how much of a guess was right.
    return hmac.compare_digest(one.encode(), other.encode())
