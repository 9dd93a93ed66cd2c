"""Files and the records that they are attached to."""

import uuid
from typing import Any, ClassVar

from django.core.validators import URLValidator
from django.db import models

from crm.models.base import TenantModel, TenantQuerySet


class Filesystem(TenantModel):
    """A file, or the address of one, of a company."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=255)
    url = models.CharField(max_length=2048, validators=[URLValidator(schemes=["http", "https"])])
    type = models.CharField(max_length=120, null=True, blank=True)
    size = models.BigIntegerField(default=0)
    attributes = models.JSONField(null=True, blank=True)

    objects: ClassVar[TenantQuerySet["Filesystem"]] = TenantQuerySet["Filesystem"].as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "file"

    def __str__(self) -> str:
        return self.name


class FileLink(TenantModel):
    """A file attached to a record, under the name of a field of that record."""

    file = models.ForeignKey(Filesystem, on_delete=models.CASCADE, related_name="+")
    field_name = models.CharField(max_length=100, null=True, blank=True)

    objects: ClassVar[TenantQuerySet[Any]] = TenantQuerySet[Any].as_manager()  # type: ignore[assignment]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.file)
