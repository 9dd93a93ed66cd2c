"""Unique documents, and requests that name them by hash."""

import hashlib
import itertools
import os
from typing import Any

_numbers = itertools.count()


def fresh(selection: str = "ping") -> str:
    """Return a unique document of the small schema; its answer has one key, ``key_of``."""
    return f"{{ k{os.getpid()}_{next(_numbers)}: {selection} }}"


def key_of(document: str) -> str:
    return document.split(":")[0].removeprefix("{ ")


def digest(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def extension(hash_: Any, version: Any = 1) -> dict[str, Any]:
    """Return the extensions of a request that names its document by hash."""
    return {"persistedQuery": {"version": version, "sha256Hash": hash_}}
