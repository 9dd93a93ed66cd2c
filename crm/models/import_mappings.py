"""The meaning of the columns of a kind of file, kept by a company under a name."""

from typing import ClassVar

from django.db import models

from crm.models.base import TenantQuerySet
from crm.models.imports import ImportKind
from crm.models.named import NamedModel


class ImportMapping(NamedModel):
    """The fields of the columns of a file, and how it is read, for the next file of the same shape."""

    model = models.CharField(max_length=12, choices=ImportKind.choices)
    #: As ``ImportOptions.as_json`` writes them.
    options = models.JSONField(default=dict)
    split_phones = models.BooleanField(default=False)

    objects: ClassVar[TenantQuerySet["ImportMapping"]] = TenantQuerySet["ImportMapping"].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "model", "name_key"],
                name="import_mapping_name_once",
                violation_error_message="A mapping of this name exists already.",
            )
        ]
