"""Labels for people, organizations and leads."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils.text import slugify

from crm.models.base import TenantModel, TenantQuerySet


def tag_slug(name: str) -> str:
    """Give the slug of a tag's name; letters of any script stay letters."""
    return slugify(name, allow_unicode=True)[:120] or name.strip().casefold()[:120]


class Tag(TenantModel):
    """A label of one company."""

    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=120, blank=True)
    weight = models.IntegerField(default=0)
    is_feature = models.BooleanField(default=False)

    objects: ClassVar[TenantQuerySet["Tag"]] = TenantQuerySet["Tag"].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "company",
                Lower("name"),
                name="tag_name_once",
                violation_error_message="A tag of this name exists already.",
            ),
            models.UniqueConstraint(
                fields=["company", "slug"],
                name="tag_slug_once",
                violation_error_message="A tag of this slug exists already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.slug = self.slug or tag_slug(self.name)


class Tagged(models.Model):
    """A record that can carry tags."""

    tags = models.ManyToManyField(Tag, blank=True, related_name="+")

    class Meta:
        abstract = True
