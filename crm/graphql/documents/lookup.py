"""Find the document of a request by its text, by its hash, or by both (ADR 13)."""

from dataclasses import dataclass

from crm.actors import Actor
from crm.errors import BadUserInput, Unauthenticated
from crm.graphql.core.arguments import Values
from crm.graphql.documents import persisted, registered


@dataclass(frozen=True, kw_only=True)
class FoundDocument:
    """The text of a document; ``new_hash`` is the hash to remember it under once it is validated."""

    text: str
    new_hash: str | None = None


def find_document(query: str | None, extensions: Values | None, actor: Actor | None) -> FoundDocument:
    """Find the document of a request, by its text or by a hash that the actor may use."""
    if actor is None:
        # Before any lookup: the answer must not show which documents others have sent.
        if not query and persisted.names_document(extensions):
            raise Unauthenticated
        return FoundDocument(text=query or "")
    sent = persisted.read_hash(extensions)
    if sent is not None and query and persisted.hash_of(query) != sent:
        raise BadUserInput("The hash in extensions.persistedQuery is not that of the query.")
    if registered.runs_only_registered(actor):
        text = registered.registered_text(actor, sent or persisted.hash_of(query or ""))
        if text is None:
            # Not PERSISTED_QUERY_NOT_FOUND, after which clients send the text, in vain.
            raise registered.NotRegistered
        return FoundDocument(text=text)
    if sent is None or query:
        return FoundDocument(text=query or "", new_hash=sent)
    text = persisted.recall(actor.company_id, sent) or registered.registered_text(actor, sent)
    if text is None:
        raise persisted.HashNotFound
    return FoundDocument(text=text)
