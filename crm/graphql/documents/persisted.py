"""Automatic persisted queries by Apollo's protocol: a document is named by its hash once it was sent."""

import hashlib
import logging
import re
import time
from collections.abc import Mapping

from django.core.cache import caches
from redis.exceptions import RedisError

from crm.errors import BadUserInput, CrmError
from crm.graphql.core.arguments import Values
from crm.graphql.core.errors import Code
from crm.graphql.documents.cache import SizedCache

logger = logging.getLogger("crm.graphql.documents")

EXTENSION = "persistedQuery"
VERSION = 1
SHA256 = re.compile(r"[0-9a-f]{64}")
DAY = 24 * 60 * 60
#: What one company can store in a day, and what a process caches for all companies.
MOST_CHARACTERS_A_DAY = 5_000_000
MOST_LOCAL_CHARACTERS = 2_000_000

_local: SizedCache[str] = SizedCache()


class HashNotFound(CrmError):
    """No document of this hash is stored: the client has to send the text with it."""

    code = Code.PERSISTED_QUERY_NOT_FOUND
    default_message = "PersistedQueryNotFound"


class VersionNotSupported(CrmError):
    """The extension has another version: the client has to send the text instead."""

    code = Code.PERSISTED_QUERY_NOT_SUPPORTED
    default_message = "PersistedQueryNotSupported"


def hash_of(text: str) -> str:
    """Return the SHA-256 of a document's text, in hexadecimal digits."""
    # JSON can spell half of a surrogate pair, which UTF-8 cannot encode.
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def names_document(extensions: object) -> bool:
    """Return whether the extensions of a request name its document by a hash."""
    return isinstance(extensions, Mapping) and extensions.get(EXTENSION) is not None


def read_hash(extensions: Values | None) -> str | None:
    """Return the hash by which the extensions of a request name its document, if they do."""
    named = (extensions or {}).get(EXTENSION)
    if named is None:
        return None
    if not isinstance(named, dict) or named.get("version") != VERSION:
        raise VersionNotSupported
    sent = named.get("sha256Hash")
    if not isinstance(sent, str) or not SHA256.fullmatch(sent.lower()):
        raise BadUserInput(f"extensions.{EXTENSION}.sha256Hash must be a SHA-256 in 64 hexadecimal digits.")
    return sent.lower()


def recall(company_id: int, digest: str) -> str | None:
    """Return the text that a member of the company sent with this hash before, None if it is not stored."""
    found = _local.get((company_id, digest))
    if found is not None:
        return found
    try:
        stored: str | None = caches["documents"].get(_key(company_id, digest))
    except RedisError:
        # The client sends the text, as if the hash were new.
        logger.warning("Documents are not found by hash: the cache cannot be reached.")
        return None
    if stored is not None:
        _cache_locally(company_id, digest, stored)
    return stored


def remember(company_id: int, digest: str, text: str) -> None:
    """Store a text for the members of a company, for a day and up to the limit of the company."""
    if _local.get((company_id, digest)) is not None:
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
        # Nothing is lost that the client does not have. incr() raises ValueError if the cache has dropped the
        # count in the meantime.
        logger.warning("A document is not stored by its hash: the cache cannot be reached.")
        return
    _cache_locally(company_id, digest, text)


def _cache_locally(company_id: int, digest: str, text: str) -> None:
    _local.put((company_id, digest), text, len(text), most=MOST_LOCAL_CHARACTERS)


def _key(company_id: int, digest: str) -> str:
    # The company is part of the key: a hash can be guessed, and must not show what another company asks for.
    return f"document:{company_id}:{digest}"
