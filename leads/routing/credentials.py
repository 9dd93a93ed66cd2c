"""Credentials in what strangers send: recognized by their keys, and not kept."""

import re
from typing import Any

REMOVED = "[removed]"
#: A part of a word that nothing harmless holds, once all but letters and digits is left out.
PARTS = (
    "password",
    "passwd",
    "passphrase",
    "authorization",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "cardnumber",
    "creditcard",
    "ccnumber",
    "securitycode",
)
#: Words that are harmless as parts of other ones.
WORDS = frozenset({"pwd", "secret", "token", "bearer", "cvv", "cvc", "csc"})
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_credential(key: str) -> bool:
    """Tell whether a key is called like a password, a token, the number of a card or the like."""
    joined = re.sub(r"[^a-z0-9]", "", key.lower())
    if any(part in joined for part in PARTS):
        return True
    return any(word.lower().removesuffix("s") in WORDS for word in WORD.findall(key))


def without_credentials(value: Any) -> Any:
    """Give a JSON value in which the values of such keys, at any depth, are replaced."""
    if isinstance(value, dict):
        return {
            key: REMOVED if is_credential(key) else without_credentials(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_credentials(item) for item in value]
    return value
