"""How many live rows there are, without counting them: numbers that are kept beside the rows (ADR 15).

PostgreSQL keeps them itself, by triggers (``tally_triggers``); elsewhere, and for an actor who sees a part of
the rows, the rows are counted.
"""

from typing import Any, ClassVar

from django.db import connection, models
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, Coalesce

from crm.actors import Actor
from crm.models.custom_fields import EntityKind
from crm.models.lifecycle import LiveModel


class Tally(models.Model):
    """A change of the number of live rows; how many there are is the sum of all changes.

    Several rows may speak of the same ``parent`` and ``key``: writers only ever add some, so that none waits
    for another.
    """

    # No foreign keys: a tally of what is gone must not keep it from going, nor cost a look at it.
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
    """A model whose live rows are tallied, in its migrations too."""

    entity_kind: ClassVar[EntityKind]
    #: Foreign keys by which the tallies are parted: what a tally calls its ``parent``, and its ``key``.
    tallied_by: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True


def tallies_for(model: type[models.Model], actor: Actor) -> QuerySet[Tally] | None:
    """Give the tallies whose sum is the number of rows that an actor sees; None if rows must be counted."""
    if connection.vendor != "postgresql" or not issubclass(model, TalliedModel):
        return None
    rows: Any = model._default_manager.all()
    if not rows.sees_all(actor):
        return None
    return Tally.objects.filter(company_id=actor.company_id, kind=model.entity_kind.value)


def count_visible(model: type[models.Model], actor: Actor) -> int:
    """Give how many rows of a model an actor sees."""
    tallies = tallies_for(model, actor)
    if tallies is None:
        rows: Any = model._default_manager
        return int(rows.visible_to(actor).count())
    total: int = tallies.aggregate(total=Sum("n", default=0))["total"]
    return total


def visible_count_by(model: type[models.Model], actor: Actor, key: str) -> Coalesce:
    """Give the expression that counts the rows of a model that an actor sees, for each row they point at.

    :param key: name of the foreign key that points; of a tallied model, one of ``tallied_by``.
    """
    tallies: Any = tallies_for(model, actor)
    counted: Any
    if tallies is not None and issubclass(model, TalliedModel):
        column = ("parent", "key")[model.tallied_by.index(key)]
        # Unlike Sum itself, Cast keeps the number a whole one in the JSON of the database.
        number: Any = Cast(Sum("n"), IntegerField())
        counted = tallies.filter(**{column: OuterRef("pk")}).values(column).annotate(number=number)
    else:
        visible: Any = model._default_manager
        rows = visible.visible_to(actor).filter(**{key: OuterRef("pk")}).order_by().values(key)
        counted = rows.annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number"), output_field=IntegerField()), 0)
