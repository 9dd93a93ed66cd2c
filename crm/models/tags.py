"""Tags of people, organizations and leads."""

from typing import ClassVar, Self

from django.db import models
from django.utils.text import slugify

from crm.database.patterns import holding_pattern
from crm.models.base import TenantModel, TenantQuerySet
from crm.models.named import unique_name
from crm.models.texts import NameKeyField


def tag_slug(name: str) -> str:
    """Return the slug of a tag's name; letters of all scripts are kept."""
    # Of a name of signs only, such as "!", slugify leaves nothing.
    return slugify(name, allow_unicode=True)[:120] or name.strip().casefold()[:120]


class TagQuerySet(TenantQuerySet["Tag"]):
    def search(self, text: str) -> Self:
        found = self
        for word in text.split():
            found = found.filter(name__like=holding_pattern(word))
        return found


class Tag(TenantModel):
    name = models.CharField(max_length=120)
    name_key = NameKeyField()
    slug = models.CharField(max_length=120, blank=True)
    weight = models.IntegerField(default=0)
    is_feature = models.BooleanField(default=False)

    objects: ClassVar[TagQuerySet] = TagQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            unique_name("tag_name_once", "tag"),
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
    tags = models.ManyToManyField(Tag, blank=True, related_name="+")

    class Meta:
        abstract = True
