"""Signs messages as Standard Webhooks defines it (https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

SECRET_START = "whsec_"  # noqa: S105 - a public prefix, not a secret
SECRET_BYTES = 32


def new_secret() -> str:
    """Return a new secret of 256 random bits, as it is shown to people."""
    return SECRET_START + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, *, message_id: str, at: int, body: bytes) -> str:
    """Return the signature of a body sent at a time, in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(SECRET_START))
    digest = hmac.digest(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(secrets_in_use: Iterable[str], *, message_id: str, at: int, body: bytes) -> dict[str, str]:
    signatures = (sign(secret, message_id=message_id, at=at, body=body) for secret in secrets_in_use)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }
