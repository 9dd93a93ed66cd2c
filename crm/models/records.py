"""Rows about a record of any kind, so that the kernel need not know the apps."""

from functools import cache, reduce
from operator import or_
from typing import Any, Self, TypeVar

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Exists, OuterRef, Q

from crm.actors import Actor
from crm.models.base import TenantQuerySet, pick

Row = TypeVar("Row", bound=models.Model)


class AboutRecord(models.Model):
    """A row that belongs to one record: a lead, a person or an organization."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+", editable=False)
    object_id = models.BigIntegerField(editable=False)
    entity = GenericForeignKey("content_type", "object_id")

    class Meta:
        abstract = True


def about(record: models.Model) -> dict[str, Any]:
    """Give the columns that tie a row to a record, for filters and for new rows."""
    return {"content_type": ContentType.objects.get_for_model(record), "object_id": record.pk}


@cache
def record_models() -> tuple[type[Any], ...]:
    """Give the models of the records that people talk about, of every app: those that keep a history."""
    return tuple(model for model in apps.get_models() if hasattr(model, "history"))


def of_visible_records(actor: Actor) -> Q:
    """Give the condition that the record a row is about is one that the actor sees."""
    return reduce(or_, (_of_visible(model, actor) for model in record_models()))


def _of_visible(model: type[Any], actor: Actor) -> Q:
    records = model._default_manager.visible_to(actor).filter(pk=OuterRef("object_id"))
    return Q(Exists(records), content_type=ContentType.objects.get_for_model(model))


def find_record(entity_type: object, key: object, actor: Actor, *, argument: str = "entity_id") -> Any:
    """Give the one visible record of this kind with this primary key or UUID.

    :param entity_type: LEAD, PEOPLE or ORGANIZATION.
    :raises NotFound: if no such record exists for the actor.
    """
    [model] = (model for model in record_models() if model.entity_kind == entity_type)
    return model._default_manager.find(actor, key, argument=argument)


def lock_record(row: Any, actor: Actor) -> Any:
    """Give the record that a row is about, locked until the end of the transaction.

    :raises NotFound: if it is hidden from the actor.
    """
    visible = row.content_type.model_class()._default_manager.visible_to(actor)
    return pick(visible.select_for_update(of=("self",)), row.object_id)


class AboutQuerySet(TenantQuerySet[Row]):
    """Rows about records; visible as their record is."""

    def visible_to(self, actor: Actor) -> Self:
        return super().visible_to(actor).filter(of_visible_records(actor))
