"""The rows that belong to each row of a query, as a subquery."""

from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, QuerySet

from crm.actors import Actor


def related_rows(model: type[models.Model], path: str, actor: Actor) -> QuerySet[Any]:
    """Return the live visible rows at a relation, forward or reverse, of the row of the enclosing query."""
    field: Any = model._meta.get_field(path)
    rows: QuerySet[Any] = field.related_model._default_manager.visible_to(actor)
    if field.many_to_one:
        return rows.filter(pk=OuterRef(field.attname))
    if field.one_to_many:
        return rows.filter(**{field.field.name: OuterRef("pk")})
    # Some relations have no reverse name, by which the target's query set could be filtered.
    relation = field if field.concrete else field.field
    near, far = relation.m2m_field_name(), relation.m2m_reverse_field_name()
    if not field.concrete:
        near, far = far, near
    links = relation.remote_field.through._default_manager
    return rows.filter(Exists(links.filter(**{near: OuterRef(OuterRef("pk")), far: OuterRef("pk")})))
