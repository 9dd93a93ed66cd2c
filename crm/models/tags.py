"""Tags of people, organizations and leads."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Case, Q, When
from django.utils.text import slugify

from crm.actors import Actor
from crm.models.base import TenantModel, TenantQuerySet
from crm.models.named import unique_name
from crm.models.texts import NameKeyField, stored_name_key
from crm.texts import name_key, normalized

LONGEST_SLUG = 120


def tag_slug(name: str) -> str:
    """Return the slug of a tag's name; letters of all scripts are kept.

    Several names have one slug, such as "C++" and "C#": it never tells tags apart.
    """
    # Of a name of signs only, such as "!", slugify leaves nothing.
    slug = slugify(name, allow_unicode=True) or name.strip().casefold()
    return normalized(slug)[:LONGEST_SLUG]


class TagQuerySet(TenantQuerySet["Tag"]):
    def search(self, text: str, _actor: Actor | None = None) -> Self:
        """Narrow to the tags whose names contain every word of the text."""
        found = self
        for word in name_key(text).split():
            found = found.filter(name_key__holds=word)
        return found

    def labelled(self, text: str) -> Self:
        """Order the tags that a text means: that of the name first, then that of the slug."""
        key = stored_name_key(text)
        is_named = Case(When(name_key=key, then=0), default=1)
        return self.filter(Q(name_key=key) | Q(slug=key)).order_by(is_named, "pk")


class Tag(TenantModel):
    name = models.CharField(max_length=120)
    name_key = NameKeyField()
    #: Made when the tag is stored: only there is it known which are free.
    slug = models.CharField(max_length=LONGEST_SLUG, blank=True)
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


class Tagged(models.Model):
    tags = models.ManyToManyField(Tag, blank=True, related_name="+")

    class Meta:
        abstract = True
