"""Records of any kind, and the rows that belong to one record of any kind.

The models of records are in apps above this one, so such rows refer to them by content type and id.
"""

from functools import cache, reduce
from operator import or_
from typing import Any, ClassVar, Self, TypeVar

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django_stubs_ext.db.models.manager import RelatedManager

from crm.actors import Actor
from crm.models.base import TenantQuerySet
from crm.models.custom_fields import WithCustomFields
from crm.models.external_ids import WithExternalId
from crm.models.files import FileLink
from crm.models.lifecycle import LiveQuerySet
from crm.models.tags import Tagged
from crm.models.tallies import TalliedModel

Row = TypeVar("Row", bound=models.Model)


class Record(WithExternalId, WithCustomFields, Tagged, TalliedModel):
    """Base of the models with custom fields, tags, files, notes, tasks and a history; apps register each."""

    activities = GenericRelation("crm.Activity")
    history = GenericRelation("crm.HistoryEntry")

    #: Columns computed from other columns: left out of the history.
    derived_columns: ClassVar[frozenset[str]] = frozenset()

    objects: ClassVar[LiveQuerySet[Any]]
    #: Related name of the foreign key of a ``FileLink``, which each app has for each of its kinds.
    file_links: RelatedManager[FileLink]

    class Meta:
        abstract = True


class RecordLink(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+", editable=False)
    object_id = models.BigIntegerField(editable=False)
    entity = GenericForeignKey("content_type", "object_id")

    class Meta:
        abstract = True


class RecordLinkQuerySet(TenantQuerySet[Row]):
    """Rows that belong to records; a row is visible if its record is."""

    def visible_to(self, actor: Actor) -> Self:
        return super().visible_to(actor).filter(has_visible_record(actor))


def link_columns(record: models.Model) -> dict[str, Any]:
    """Return the columns that link a row to a record, for filters and for new rows."""
    return {"content_type": ContentType.objects.get_for_model(record), "object_id": record.pk}


@cache
def record_models() -> tuple[type[Record], ...]:
    """Return the models of records, of every app."""
    # Models, not the registered kinds: the registry needs the models, so it cannot be imported here.
    return tuple(model for model in apps.get_models() if issubclass(model, Record))


def has_visible_record(actor: Actor) -> Q:
    """Return the condition that a row belongs to a record that the actor sees."""
    return reduce(or_, (_has_visible(model, actor) for model in record_models()))


def _has_visible(model: type[Record], actor: Actor) -> Q:
    records = model.objects.visible_to(actor).filter(pk=OuterRef("object_id"))
    return Q(Exists(records), content_type=ContentType.objects.get_for_model(model))
