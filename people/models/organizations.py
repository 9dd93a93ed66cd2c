"""External companies that the business deals with."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from crm.models.custom_fields import WithCustomFields
from crm.models.files import FileLink
from crm.models.lifecycle import LiveModel
from crm.models.tags import Tagged
from people.models.canonical import canonical_email, check_email, search_text
from people.models.querysets import NamedQuerySet


class Organization(WithCustomFields, Tagged, LiveModel):
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
    email_canonical = models.CharField(max_length=254, null=True, blank=True, editable=False)
    search_text = models.TextField(blank=True, editable=False)

    objects: ClassVar[NamedQuerySet["Organization"]] = NamedQuerySet["Organization"].as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index("company", models.F("created_at").desc(), "id", name="organization_newest"),
            models.Index(fields=["company", "email_canonical"], name="organization_email"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        self.email_canonical = canonical_email(self.email)
        self.search_text = search_text(self.name, self.email)


class OrganizationFile(FileLink):
    """A file attached to an organization."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="file_links")
