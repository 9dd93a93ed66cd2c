"""The query set of leads: who sees which."""

from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from crm.actors import Actor
from leads.models.amount_tallies import open_amounts
from leads.models.lookups import StatusCategory
from people.models.querysets import SearchedQuerySet

Row = TypeVar("Row", bound=models.Model)


class LeadQuerySet(SearchedQuerySet[Row]):
    """Leads; where only own leads are visible, agents see those that they own or are involved in."""

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
            involvement: Any = self.model._meta.get_field(name).related_model
            # EXISTS and not a join, which would repeat a lead for each of its rows.
            condition |= Q(Exists(involvement.objects.filter(lead=OuterRef("pk"), user_id=user_id)))
        return condition

    def open(self) -> Self:
        return self.filter(status__category=StatusCategory.OPEN)

    def open_amounts(self, actor: Actor, key: str) -> models.QuerySet[Any, dict[str, Any]]:
        """Return what the visible open leads are worth: ``amount_sum`` by ``key_id`` and ``currency``."""
        return open_amounts(self, actor, key)
