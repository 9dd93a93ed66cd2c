"""Files, and their links to records."""

import uuid
from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from crm.actors import Actor
from crm.models.base import TenantModel, TenantQuerySet, visible_rows
from crm.models.companies import Company

#: The directory of the storage for files; there is nothing else in it.
STORED_BELOW = "files"


def stored_name(file: "Filesystem", _name: str) -> str:
    """Return a random name for a stored file."""
    # Nothing that a client sent is part of it: no path, no extension that a web server would run.
    return f"{STORED_BELOW}/{file.company_id}/{uuid.uuid4().hex}"


class FilesystemQuerySet(TenantQuerySet["Filesystem"]):
    def visible_to(self, actor: Actor) -> Self:
        """Narrow to files of records that the actor sees, and to the actor's own that have no record yet."""
        on_visible, on_any = Q(), Q()
        for model in link_models():
            links = model.objects.filter(file=OuterRef("pk"))
            visible = visible_rows(model.record_model(), actor).values("pk")
            on_visible |= Q(Exists(links.filter(**{f"{model.record_field().name}__in": visible})))
            on_any |= Q(Exists(links))
        return super().visible_to(actor).filter(on_visible | Q(user_id=actor.user_id) & ~on_any)


class Filesystem(TenantModel):
    """A file of a company, in the storage (``stored``) or elsewhere (``url``)."""

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
        """The URL of the file: elsewhere, or of the view that checks the actor."""
        return self.url or f"{settings.PUBLIC_URL}{reverse('file', args=[self.uuid])}"


class FileUsage(models.Model):
    """The number of a company's files and their bytes, kept by ``crm.services.file_quota``."""

    company = models.OneToOneField(Company, on_delete=models.CASCADE, primary_key=True, related_name="+")
    files = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.files} files of {self.bytes} bytes"


class FileLink(TenantModel):
    """A file attached to a record, under a name that the client chose."""

    file = models.ForeignKey(Filesystem, on_delete=models.CASCADE, related_name="+")
    field_name = models.CharField(max_length=100, null=True, blank=True)

    objects: ClassVar[TenantQuerySet[Any]] = TenantQuerySet[Any].as_manager()  # type: ignore[assignment]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.file)

    @classmethod
    def record_field(cls) -> models.ForeignKey[Any, Any]:
        """Return the foreign key to the record; each subclass has one."""
        [field] = [
            field
            for field in cls._meta.concrete_fields
            if isinstance(field, models.ForeignKey) and field.name not in ("company", "file")
        ]
        return field

    @classmethod
    def record_model(cls) -> type[models.Model]:
        model: type[models.Model] = cls.record_field().related_model
        return model


def link_models() -> list[type[FileLink]]:
    """Return the models of every app that attach files to records."""
    return [model for model in apps.get_models() if issubclass(model, FileLink)]
