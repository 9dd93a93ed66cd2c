"""GraphQL documents that an operator registered (ADR 13)."""

from collections.abc import Collection
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from crm.actors import Actor
from crm.models.base import Stamped


class RegisteredDocumentQuerySet(models.QuerySet["RegisteredDocument"]):
    def visible_to(self, actor: Actor) -> Self:
        """Narrow to the documents of the actor's company; only operators see those of all companies."""
        return self.filter(company_id=actor.company_id)

    def runnable_by(self, actor: Actor) -> Self:
        """Narrow to the documents that the actor may run: those of the company and those of all."""
        return self.filter(Q(company_id=actor.company_id) | Q(company_id=None))


class RegisteredDocument(Stamped):
    """A document that may run where only registered ones may: for one company or, without one, for all."""

    company = models.ForeignKey(
        "crm.Company", on_delete=models.CASCADE, null=True, related_name="+", editable=False
    )
    hash = models.CharField("SHA-256", max_length=64)
    name = models.CharField(max_length=255, help_text="Its operations, by which people know it.")
    text = models.TextField()

    objects: ClassVar[models.Manager["RegisteredDocument"]] = RegisteredDocumentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "hash"], name="registered_document_once"),
            # In SQL, NULL does not equal NULL: the constraint above skips the documents of all companies.
            models.UniqueConstraint(
                fields=["hash"], condition=Q(company=None), name="registered_document_of_all_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        # Not that of Stamped, which normalizes texts: the hash is that of the text as it is.
        models.Model.clean_fields(self, exclude)
