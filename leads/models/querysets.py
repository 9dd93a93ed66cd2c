"""Questions that are asked of leads."""

from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import (
    BooleanField,
    Case,
    DurationField,
    Exists,
    ExpressionWrapper,
    Func,
    OuterRef,
    Q,
    Value,
    When,
)
from django.utils import timezone

from crm.actors import Actor
from people.models.querysets import SearchedQuerySet

Row = TypeVar("Row", bound=models.Model)


class Days(Func):
    """A number of days as a duration of 24 hours each, whatever the time zone."""

    template = "(%(expressions)s * 86400000000)"
    output_field = DurationField()

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s * interval '24 hours')")


def is_rotting() -> Q:
    """Give the condition of a rotting lead: open, and longer without activity than its stage allows."""
    idle_since = ExpressionWrapper(
        Value(timezone.now()) - Days("stage__rotting_days"), models.DateTimeField()
    )
    return Q(status__category="OPEN", stage__rotting_days__gt=0, last_activity_at__lte=idle_since)


class LeadQuerySet(SearchedQuerySet[Row]):
    """Leads; an agent of a company with own visibility sees those they are involved in."""

    def with_deleted_for(self, actor: Actor) -> Self:
        rows = super().with_deleted_for(actor)
        if self.sees_all(actor):
            return rows
        return rows.filter(self._involving(actor.user_id))

    def sees_all(self, actor: Actor) -> bool:
        return actor.sees_all_leads

    def _involving(self, user_id: int | None) -> Q:
        condition = Q(owner_id=user_id)
        for name in ("participations", "followings"):
            tie: Any = self.model._meta.get_field(name).related_model
            condition |= Q(Exists(tie.objects.filter(lead=OuterRef("pk"), user_id=user_id)))
        return condition

    def with_rotting(self) -> Self:
        """Add ``is_rotting``."""
        return self.annotate(
            is_rotting=Case(When(is_rotting(), then=True), default=False, output_field=BooleanField())
        )
