"""Tallies: numbers of live rows without counting, kept by PostgreSQL's ``tally_triggers`` (ADR 15)."""

from typing import Any, ClassVar

from django.db import connection, models
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, Coalesce

from crm.actors import Actor
from crm.database.tally_triggers import NONE, TalliedTable, counted_table
from crm.models.base import visible_rows
from crm.models.custom_fields import EntityKind
from crm.models.lifecycle import LiveModel


class Tally(models.Model):
    """A change of the number of live rows, which is the sum of all: writers only insert, and never wait."""

    # No foreign keys: they would block deletions, and cost a check for each insert.
    company_id = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=EntityKind.choices)
    parent = models.BigIntegerField()
    key = models.BigIntegerField()
    n = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "tallies"
        indexes = [models.Index(fields=["company_id", "kind", "parent", "key"], name="tally_of_rows")]

    def __str__(self) -> str:
        return f"{self.n:+} {self.kind} in {self.company_id}"


class TalliedModel(LiveModel):
    """A model whose live rows are tallied; its migrations create the triggers."""

    entity_kind: ClassVar[EntityKind]
    #: Foreign keys that a tally has as its ``parent`` and its ``key``.
    tallied_by: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    @classmethod
    def tallied_tables(cls) -> list[TalliedTable]:
        """Return the tallies that the triggers of the model's table keep."""
        fields: list[Any] = [cls._meta.get_field(name) for name in cls.tallied_by]
        parent, key = [field.column for field in fields] or [NONE, NONE]
        return [counted_table(cls._meta.db_table, cls.entity_kind.value, parent, key)]


def tallies_for(model: type[models.Model], actor: Actor) -> QuerySet[Tally] | None:
    """Return the tallies whose sum is the number of rows that an actor sees; None if rows must be counted."""
    if connection.vendor != "postgresql" or not issubclass(model, TalliedModel):
        return None
    rows: Any = model._default_manager.all()
    if not rows.sees_all(actor):
        return None
    return Tally.objects.filter(company_id=actor.company_id, kind=model.entity_kind.value)


def count_visible(model: type[models.Model], actor: Actor) -> int:
    tallies = tallies_for(model, actor)
    if tallies is None:
        return visible_rows(model, actor).count()
    total: int = tallies.aggregate(total=Sum("n", default=0))["total"]
    return total


def visible_count_by(model: type[models.Model], actor: Actor, key: str) -> Coalesce:
    """Return the number of visible rows that refer to the row around them by a key in ``tallied_by``."""
    tallies = tallies_for(model, actor)
    counted: Any
    if tallies is not None and issubclass(model, TalliedModel):
        column = ("parent", "key")[model.tallied_by.index(key)]
        # PostgreSQL's sum of bigint is a numeric, and an output_field alone would not cast it.
        number: Any = Cast(Sum("n"), IntegerField())
        counted = tallies.filter(**{column: OuterRef("pk")}).values(column).annotate(number=number)
    else:
        rows = visible_rows(model, actor).filter(**{key: OuterRef("pk")}).order_by().values(key)
        counted = rows.annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number"), output_field=IntegerField()), 0)
