"""Which document a request is for: by its text, by its hash, or by both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.actors import Actor
from crm.errors import BadUserInput, Unauthenticated
from crm.graphql.documents import persisted, registered


@dataclass(frozen=True, kw_only=True)
class Named:
    """The text of a document; ``new_hash`` is what it is to be kept under once it is found good."""

    text: str
    new_hash: str | None = None


def find_document(query: str | None, extensions: Mapping[str, Any] | None, actor: Actor | None) -> Named:
    """Give the document that a request is for.

    :param query: its text, if it was sent.
    :raises Unauthenticated: if a stranger sent a hash alone, whether it is known or not.
    :raises CrmError: if the hash is not known, or not that of the text, or the document may not run.
    """
    if actor is None:
        if not query and persisted.names_document(extensions):
            raise Unauthenticated
        return Named(text=query or "")
    sent = persisted.named_hash(extensions)
    if sent is not None and query and persisted.hash_of(query) != sent:
        raise BadUserInput("The hash in extensions.persistedQuery is not that of the query.")
    if registered.is_bound(actor):
        text = registered.registered_text(actor, sent or persisted.hash_of(query or ""))
        if text is None:
            raise registered.NotRegistered
        return Named(text=text)
    if sent is None or query:
        return Named(text=query or "", new_hash=sent)
    text = persisted.recall(actor.company_id, sent) or registered.registered_text(actor, sent)
    if text is None:
        raise persisted.HashUnknown
    return Named(text=text)
