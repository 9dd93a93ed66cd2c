"""Automatic persisted queries: a document is named by its hash, once its text was sent beside it.

The protocol is that of Apollo's clients (``extensions.persistedQuery``, version 1).
"""

import hashlib
import logging
import re
import time
from collections.abc import Mapping
from typing import Any

from django.core.cache import caches
from redis.exceptions import RedisError

from crm.errors import BadUserInput, CrmError
from crm.graphql.core.errors import Code
from crm.graphql.documents.cache import SizedCache

logger = logging.getLogger("crm.graphql.documents")

EXTENSION = "persistedQuery"
VERSION = 1
SHA256 = re.compile(r"[0-9a-f]{64}")
DAY = 24 * 60 * 60
#: What one company may have kept of a day, and what a process holds at hand for all companies.
MOST_CHARACTERS_A_DAY = 5_000_000
MOST_CHARACTERS_AT_HAND = 2_000_000

_at_hand: SizedCache[str] = SizedCache()


class HashUnknown(CrmError):
    """No document of this hash is kept: the client is to send the text too."""

    code = Code.PERSISTED_QUERY_NOT_FOUND
    default_message = "PersistedQueryNotFound"


class VersionUnknown(CrmError):
    """The extension is of another version: the client is to do without."""

    code = Code.PERSISTED_QUERY_NOT_SUPPORTED
    default_message = "PersistedQueryNotSupported"


def hash_of(text: str) -> str:
    """Give the SHA-256 of a document's text, in hexadecimal digits."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def names_document(extensions: Any) -> bool:
    """Tell whether the extensions of a request name its document by a hash."""
    return isinstance(extensions, Mapping) and extensions.get(EXTENSION) is not None


def named_hash(extensions: Mapping[str, Any] | None) -> str | None:
    """Give the hash by which the extensions of a request name its document, if they do.

    :raises VersionUnknown: if the extension is of another version.
    :raises BadUserInput: if it holds no SHA-256.
    """
    named = (extensions or {}).get(EXTENSION)
    if named is None:
        return None
    if not isinstance(named, dict) or named.get("version") != VERSION:
        raise VersionUnknown
    sent = named.get("sha256Hash")
    if not isinstance(sent, str) or not SHA256.fullmatch(sent.lower()):
        raise BadUserInput(f"extensions.{EXTENSION}.sha256Hash is a SHA-256 in 64 hexadecimal digits.")
    return sent.lower()


def recall(company_id: int, digest: str) -> str | None:
    """Give the text that somebody of a company sent with this hash before, None if it is not kept."""
    found = _at_hand.get((company_id, digest))
    if found is not None:
        return found
    try:
        kept: str | None = caches["documents"].get(_key(company_id, digest))
    except RedisError:
        logger.warning("Documents are not found by hash: the cache is away.")
        return None
    if kept is not None:
        _hold(company_id, digest, kept)
    return kept


def remember(company_id: int, digest: str, text: str) -> None:
    """Keep a text for those of a company who send its hash, for a day and within what a company may keep."""
    if _at_hand.get((company_id, digest)) is not None:
        return
    budget = f"documents:{company_id}:{int(time.time()) // DAY}"
    cache = caches["documents"]
    try:
        if (cache.get(budget) or 0) + len(text) > MOST_CHARACTERS_A_DAY:
            return
        if cache.add(_key(company_id, digest), text, timeout=DAY):
            cache.add(budget, 0, timeout=2 * DAY)
            cache.incr(budget, len(text))
    except (RedisError, ValueError):
        # Lost is a text that the client has. A local cache may have dropped the count meanwhile.
        logger.warning("A document is not kept by its hash: the cache is away.")
        return
    _hold(company_id, digest, text)


def _hold(company_id: int, digest: str, text: str) -> None:
    _at_hand.put((company_id, digest), text, len(text), most=MOST_CHARACTERS_AT_HAND)


def _key(company_id: int, digest: str) -> str:
    return f"document:{company_id}:{digest}"
