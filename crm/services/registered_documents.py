"""Registered GraphQL documents."""

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
    """Register documents for one company, or for all; return how many are new."""
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
    """Remove documents by hash from one company, or from those for all; return how many."""
    _, by_model = RegisteredDocument.objects.filter(company=company, hash__in=list(digests)).delete()
    return by_model.get(RegisteredDocument._meta.label, 0)


@transaction.atomic
def remove_document(document: RegisteredDocument, *, actor: Actor) -> None:
    actor.require(Action.MANAGE_COMPANY)
    document.delete()


def find_text(actor: Actor, digest: str) -> str | None:
    """Return the text of a registered document that the actor may run, or None."""
    found = RegisteredDocument.objects.runnable_by(actor).filter(hash=digest)
    return found.values_list("text", flat=True).first()
