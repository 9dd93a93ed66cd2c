"""External companies that the business deals with."""

from typing import ClassVar, TypedDict

from django.conf import settings
from django.db import models

from crm.models.custom_fields import EntityKind
from crm.models.external_ids import external_id_constraints, merged_external_id
from crm.models.files import FileLink
from crm.models.lifecycle import LIVE
from crm.models.records import Record
from crm.models.texts import NameKeyField
from people.models.canonical import (
    LONGEST_COMPARABLE,
    LONGEST_EMAIL,
    canonical_email,
    check_email,
    email_spellings,
    search_text,
)
from people.models.legal_forms import comparable_organization
from people.models.querysets import NamedQuerySet


class OrganizationTexts(TypedDict, total=False):
    name: str | None
    email: str | None
    address: str | None
    city: str | None
    state: str | None
    zip: str | None
    country: str | None


#: Set by services, read by imports and receivers, filled by merges: a new text field needs no other list.
ORGANIZATION_TEXTS = tuple(OrganizationTexts.__annotations__)


class Organization(Record):
    """An external company."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    name = models.CharField(max_length=255)
    email = models.CharField(max_length=254, null=True, blank=True, validators=[check_email])
    address = models.CharField(max_length=255, null=True, blank=True)
    city = models.CharField(max_length=120, null=True, blank=True)
    state = models.CharField(max_length=120, null=True, blank=True)
    zip = models.CharField(max_length=32, null=True, blank=True)
    country = models.CharField(max_length=120, null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="merged"
    )
    email_canonical = models.CharField(max_length=LONGEST_EMAIL, null=True, blank=True, editable=False)
    name_key = NameKeyField()
    comparable_key = models.CharField(max_length=LONGEST_COMPARABLE, blank=True, editable=False)
    search_text = models.TextField(blank=True, editable=False)

    entity_kind = EntityKind.ORGANIZATION

    #: Derived columns: left out of the history.
    derived_columns: ClassVar[frozenset[str]] = frozenset(
        {"email_canonical", "name_key", "comparable_key", "search_text"}
    )

    objects: ClassVar[NamedQuerySet["Organization"]] = NamedQuerySet["Organization"].as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(
                "company",
                models.F("created_at").desc(),
                "id",
                name="organization_newest_live",
                condition=LIVE,
            ),
            models.Index(fields=["company", "email_canonical"], name="organization_email"),
            models.Index(fields=["company", "name_key"], name="organization_name_key"),
            models.Index(fields=["company", "comparable_key"], name="organization_comparable_key"),
            merged_external_id("organization"),
        ]
        constraints = external_id_constraints("organization")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        self.email_canonical = canonical_email(self.email)
        self.comparable_key = comparable_organization(self.name)
        self.search_text = search_text(self.name, *email_spellings(self.email))


class OrganizationFile(FileLink):
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="file_links")
