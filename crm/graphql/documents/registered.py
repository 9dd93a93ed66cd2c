"""Registered documents: who may run only those, and their texts by hash (ADR 13)."""

import time

from django.conf import settings

from crm.actors import Actor, Role
from crm.errors import BadUserInput
from crm.graphql.documents.cache import SizedCache
from crm.services import registered_documents

#: Seconds until a process reads a document again: so long a removed one can still run.
READ_AGAIN_AFTER = 60
MOST_LOCAL_CHARACTERS = 2_000_000

_local: SizedCache[tuple[str, float]] = SizedCache()


class NotRegistered(BadUserInput):
    """A document that is not registered, from an actor who may run only registered ones."""

    default_message = "This document is not registered, and only registered documents may run here."

    def __init__(self) -> None:
        super().__init__(reason="DOCUMENT_NOT_REGISTERED")


def runs_only_registered(actor: Actor) -> bool:
    # In debug an administrator with a session may run any document, so that GraphiQL works.
    if not (settings.GRAPHQL_REGISTERED_ONLY or actor.registered_documents_only):
        return False
    return not (settings.DEBUG and actor.opens_all and actor.role is Role.ADMIN)


def registered_text(actor: Actor, digest: str) -> str | None:
    key, now = (actor.company_id, digest), time.time()
    found = _local.get(key)
    if found is not None and now - found[1] < READ_AGAIN_AFTER:
        return found[0]
    text = registered_documents.find_text(actor, digest)
    # What is not registered is not cached: a new document runs at once.
    if text is not None:
        _local.put(key, (text, now), len(text), most=MOST_LOCAL_CHARACTERS)
    return text
