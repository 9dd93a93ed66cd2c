"""Registered documents: where only they may run, and their texts by hash."""

import time

from django.conf import settings

from crm.actors import Actor, Role
from crm.errors import BadUserInput
from crm.graphql.documents.cache import SizedCache
from crm.services import registered_documents

#: Seconds for which a process goes by what it read: so long a removed document may still run.
READ_AGAIN_AFTER = 60
MOST_CHARACTERS_AT_HAND = 2_000_000

_at_hand: SizedCache[tuple[str, float]] = SizedCache()


class NotRegistered(BadUserInput):
    """A document that is not registered, where only registered ones run."""

    default_message = "Only registered documents run here, and this is none."

    def __init__(self) -> None:
        super().__init__(reason="DOCUMENT_NOT_REGISTERED")


def is_bound(actor: Actor) -> bool:
    """Tell whether an actor may run registered documents alone.

    In debug an administrator who is signed in may run any, so that GraphiQL is of use.
    """
    if not (settings.GRAPHQL_REGISTERED_ONLY or actor.registered_documents_only):
        return False
    return not (settings.DEBUG and actor.opens_all and actor.role is Role.ADMIN)


def registered_text(actor: Actor, digest: str) -> str | None:
    """Give the text of the document of this hash that the actor may run, None if there is none."""
    key, now = (actor.company_id, digest), time.time()
    found = _at_hand.get(key)
    if found is not None and now - found[1] < READ_AGAIN_AFTER:
        return found[0]
    text = registered_documents.find_text(actor, digest)
    if text is not None:
        _at_hand.put(key, (text, now), len(text), most=MOST_CHARACTERS_AT_HAND)
    return text
