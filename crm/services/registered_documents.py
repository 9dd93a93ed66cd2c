"""Documents of GraphQL that are registered; whether a text is one is for the callers to find out."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from crm.actors import Action, Actor
from crm.models import Company, RegisteredDocument


@dataclass(frozen=True, kw_only=True)
class NewDocument:
    """A document to register; ``digest`` is the SHA-256 of its text."""

    digest: str
    name: str
    text: str


@transaction.atomic
def register_documents(documents: Iterable[NewDocument], *, company: Company | None) -> int:
    """Register documents for a company, or for all companies; give how many were not there yet."""
    by_digest = {document.digest: document for document in documents}
    there = RegisteredDocument.objects.filter(company=company, hash__in=by_digest)
    for digest in there.values_list("hash", flat=True):
        del by_digest[digest]
    for document in by_digest.values():
        row = RegisteredDocument(
            company=company, hash=document.digest, name=document.name[:255], text=document.text
        )
        row.full_clean(exclude=["company"])
        row.save()
    return len(by_digest)


@transaction.atomic
def forget_documents(digests: Iterable[str], *, company: Company | None) -> int:
    """Remove the documents of these hashes from those of a company, or from those of all; give how many."""
    _, by_model = RegisteredDocument.objects.filter(company=company, hash__in=list(digests)).delete()
    return by_model.get(RegisteredDocument._meta.label, 0)


@transaction.atomic
def remove_document(document: RegisteredDocument, *, actor: Actor) -> None:
    """Remove a document of the actor's company.

    :raises Forbidden: if the actor does not manage the company.
    """
    actor.require(Action.MANAGE_COMPANY)
    document.delete()


def find_text(actor: Actor, digest: str) -> str | None:
    """Give the text of the registered document of this hash that the actor may run, None if there is none."""
    found = RegisteredDocument.objects.runnable_by(actor).filter(hash=digest)
    return found.values_list("text", flat=True).first()
