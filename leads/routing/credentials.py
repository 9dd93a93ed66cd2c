"""Find credentials in payloads by their keys, and remove their values."""

import re
from typing import Any

REMOVED = "[removed]"
#: Parts of a key, reduced to letters and digits, that no harmless key contains.
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
#: Whole words only: "token" is a credential, but "tokenizer" is not.
WORDS = frozenset({"pwd", "secret", "token", "bearer", "cvv", "cvc", "csc"})
#: The words of a key in snake_case, kebab-case or camelCase.
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_credential(key: str) -> bool:
    """Return whether a key is named like a password, a token, a card number or the like."""
    joined = re.sub(r"[^a-z0-9]", "", key.lower())
    if any(part in joined for part in PARTS):
        return True
    return any(word.lower().removesuffix("s") in WORDS for word in WORD.findall(key))


def without_credentials(value: Any) -> Any:
    """Return a copy of a JSON value without the values of credentials, at any depth."""
    if isinstance(value, dict):
        # The key stays, so that a manager sees that a credential was sent.
        return {
            key: REMOVED if is_credential(key) else without_credentials(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_credentials(item) for item in value]
    return value
