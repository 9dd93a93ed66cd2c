"""Files and the records that they are attached to."""

import uuid
from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from crm.actors import Actor
from crm.models.base import TenantModel, TenantQuerySet

#: The directory of the storage that holds nothing else.
STORED_BELOW = "files"


def stored_name(file: "Filesystem", _name: str) -> str:
    """Give the random name under which a file is stored; nothing a client sent is part of it."""
    return f"{STORED_BELOW}/{file.company_id}/{uuid.uuid4().hex}"


class FilesystemQuerySet(TenantQuerySet["Filesystem"]):
    """Files."""

    def visible_to(self, actor: Actor) -> Self:
        """Narrow to files of records that the actor can see, and to own ones that are on no record yet."""
        on_visible, on_any = Q(), Q()
        for model in link_models():
            links = model.objects.filter(file=OuterRef("pk"))
            records: Any = model.record_field().related_model
            visible = records._default_manager.visible_to(actor).values("pk")
            on_visible |= Q(Exists(links.filter(**{f"{model.record_field().name}__in": visible})))
            on_any |= Q(Exists(links))
        return super().visible_to(actor).filter(on_visible | Q(user_id=actor.user_id) & ~on_any)


class Filesystem(TenantModel):
    """A file of a company: stored by the product (``stored``), or elsewhere (``url``)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=255)
    url = models.CharField(
        max_length=2048, blank=True, default="", validators=[URLValidator(schemes=["http", "https"])]
    )
    stored = models.FileField(upload_to=stored_name, max_length=255, null=True, blank=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    type = models.CharField(max_length=120, null=True, blank=True)
    size = models.BigIntegerField(default=0)
    attributes = models.JSONField(null=True, blank=True)

    objects: ClassVar[FilesystemQuerySet] = FilesystemQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "file"

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """Where a client fetches the file: elsewhere, or at the door that checks who asks."""
        return self.url or f"{settings.PUBLIC_URL}{reverse('file', args=[self.uuid])}"


class FileLink(TenantModel):
    """A file attached to a record, under the name of a field of that record."""

    file = models.ForeignKey(Filesystem, on_delete=models.CASCADE, related_name="+")
    field_name = models.CharField(max_length=100, null=True, blank=True)

    objects: ClassVar[TenantQuerySet[Any]] = TenantQuerySet[Any].as_manager()  # type: ignore[assignment]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.file)

    @classmethod
    def record_field(cls) -> models.ForeignKey[Any, Any]:
        """Give the field that leads to the record."""
        [field] = [
            field
            for field in cls._meta.concrete_fields
            if isinstance(field, models.ForeignKey) and field.name not in ("company", "file")
        ]
        return field


def link_models() -> list[type[FileLink]]:
    """Give the models that tie files to records, of every app."""
    return [model for model in apps.get_models() if issubclass(model, FileLink)]
