"""Ids that records have in other products, by which an import finds them again."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from crm.models.lifecycle import LIVE
from crm.texts import name_key, single_line

LONGEST_EXTERNAL_ID = 255
LONGEST_SOURCE = 64
EXTERNAL_ID_COLUMNS = ("external_id", "external_source")


class WithExternalId(models.Model):
    """A record that may be known to another product, by an id that means nothing without its source."""

    external_id = models.CharField(max_length=LONGEST_EXTERNAL_ID, null=True, blank=True)
    #: The product, in one spelling: "HubSpot" and "hubspot" are the same.
    external_source = models.CharField(max_length=LONGEST_SOURCE, null=True, blank=True)

    class Meta:
        abstract = True

    def clean(self) -> None:
        super().clean()
        self.external_id = single_line(self.external_id or "") or None
        self.external_source = name_key(self.external_source) or None
        if self.external_id and not self.external_source:
            raise ValidationError({"external_source": "Name the product that the external id is from."})
        if self.external_source and not self.external_id:
            raise ValidationError({"external_id": "Enter the id that the record has in this product."})


def external_id_constraints(name: str) -> list[models.BaseConstraint]:
    """Return the constraints of external ids: one live record each, whose index finds it, and a source."""
    return [
        models.UniqueConstraint(
            fields=["company", "external_source", "external_id"],
            condition=LIVE & Q(external_id__isnull=False),
            name=f"{name}_external_id_once",
            violation_error_message="Another record has this external id of the same source.",
        ),
        models.CheckConstraint(
            condition=Q(external_id__isnull=True, external_source__isnull=True)
            | Q(external_id__isnull=False, external_source__isnull=False),
            name=f"{name}_external_id_of_source",
            violation_error_message="An external id has a source, and a source an id.",
        ),
    ]


def merged_external_id(name: str) -> models.Index:
    """Return the index by which the winner of a merge is found by the external id of a merged record."""
    return models.Index(
        fields=["company", "external_source", "external_id"],
        condition=Q(merged_into__isnull=False, external_id__isnull=False),
        name=f"{name}_merged_external",
    )
