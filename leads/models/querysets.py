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
        for involvement in self._involvements():
            # EXISTS and not a join, which would repeat a lead for each of its rows.
            condition |= Q(Exists(involvement.objects.filter(lead=OuterRef("pk"), user_id=user_id)))
        return condition

    def _involvements(self) -> list[Any]:
        """Return the models of users' involvement in a lead."""
        return [self.model._meta.get_field(name).related_model for name in ("participations", "followings")]

    def in_report_for(self, actor: Actor) -> Self:
        """Narrow to the rows of ``visible_to``, by SQL for statements that read most leads of the company."""
        if self.sees_all(actor):
            return self.visible_to(actor)
        return self._live_of_company(actor).filter(pk__in=self.keys_involving(actor))

    def keys_involving(self, actor: Actor) -> models.QuerySet[Any, Any]:
        """Return the keys of the rows of ``visible_to``, for an actor who sees only own leads.

        Indexes find them by the actor; the condition of ``visible_to`` is tried for each lead of the company.
        """
        leads: Any = self.model._default_manager.all()
        live = leads._live_of_company(actor).order_by().values("pk")
        involved = [
            live.filter(pk__in=involvement.objects.filter(user_id=actor.user_id).values("lead"))
            for involvement in self._involvements()
        ]
        keys: models.QuerySet[Any, Any] = live.filter(owner_id=actor.user_id).union(*involved)
        return keys

    def _live_of_company(self, actor: Actor) -> Self:
        return super().with_deleted_for(actor).filter(deleted_at__isnull=True)

    def open(self) -> Self:
        return self.filter(status__category=StatusCategory.OPEN)

    def open_amounts(self, actor: Actor, key: str) -> models.QuerySet[Any, dict[str, Any]]:
        """Return what the visible open leads are worth: ``amount_sum`` by ``key_id`` and ``currency``."""
        return open_amounts(self, actor, key)
