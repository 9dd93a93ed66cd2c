"""The rows that belong to each row of a query, as a query inside it."""

from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, QuerySet

from crm.actors import Actor


def related_rows(model: type[models.Model], path: str, actor: Actor) -> QuerySet[Any]:
    """Give the rows, live and visible to the actor, that belong to the row of the query around this one.

    :param path: name of the model's field, or reverse field, that leads to them.
    """
    field: Any = model._meta.get_field(path)
    rows: QuerySet[Any] = field.related_model._default_manager.visible_to(actor)
    if field.many_to_one:
        return rows.filter(pk=OuterRef(field.attname))
    if field.one_to_many:
        return rows.filter(**{field.field.name: OuterRef("pk")})
    # Some lead from one side only, so the table between the two is asked.
    tie = field if field.concrete else field.field
    near, far = tie.m2m_field_name(), tie.m2m_reverse_field_name()
    if not field.concrete:
        near, far = far, near
    ties = tie.remote_field.through._default_manager
    return rows.filter(Exists(ties.filter(**{near: OuterRef(OuterRef("pk")), far: OuterRef("pk")})))
