"""The board of a pipeline: its open leads by stage, counted, summed, and page by page."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, F, Prefetch, Q, QuerySet, Window, prefetch_related_objects
from django.db.models.functions import RowNumber

from crm.actors import Actor
from crm.database.amounts import AmountSum
from crm.models import Activity, Tag
from leads.models import Lead
from leads.services.standing import Total
from people.models import Organization, Person
from pipelines.models import Pipeline, Stage

#: Cards of a column that are read at once.
PAGE = 25
#: The longest untouched first.
ORDER = ("last_activity_at", "pk")


class Place(NamedTuple):
    """The place of a lead in its column."""

    untouched_since: datetime
    key: int


def place_of(lead: Lead) -> Place:
    return Place(lead.last_activity_at, lead.pk)


@dataclass(frozen=True, kw_only=True)
class Board:
    """One pipeline as an actor sees it, narrowed by a condition on leads."""

    actor: Actor
    pipeline: Pipeline
    condition: Q = field(default_factory=Q)
    #: A text that the leads hold.
    text: str = ""

    def stages(self) -> list[Stage]:
        stages = Stage.objects.visible_to(self.actor).filter(pipeline=self.pipeline)
        return list(stages.order_by("weight", "pk"))

    def leads(self) -> Any:
        """Return the open leads on the board."""
        rows = self._open().filter(self.condition, pipeline=self.pipeline)
        return rows.search(self.text, self.actor) if self.text else rows

    def _open(self) -> Any:
        # Who sees only own leads finds them by their keys; the others by the index of the board.
        return Lead.objects.in_report_for(self.actor).order_by().filter(closed_at=None)

    def page(self, stage: Stage, after: Place | None = None) -> list[Lead]:
        """Return the next leads of a stage, one more than a page if there are still more."""
        rows = self.leads().filter(stage=stage)
        if after is not None:
            later = Q(last_activity_at=after.untouched_since, pk__gt=after.key)
            rows = rows.filter(Q(last_activity_at__gt=after.untouched_since) | later)
        return list(rows.order_by(*ORDER)[: PAGE + 1])

    def totals(self, stages: Sequence[Stage]) -> dict[int, Total]:
        """Return number and sums of each stage, by two statements at most."""
        found: dict[int, Total] = defaultdict(Total)
        keys = [stage.pk for stage in stages]
        rows = self.leads().filter(stage__in=keys)
        if self.condition or self.text:
            grouped = rows.values_list("stage_id", "currency")
            for stage, currency, number, amount in grouped.annotate(n=Count("pk"), sum=AmountSum("amount")):
                found[stage].add(number, currency, amount)
            return found
        # Without the pipeline, which its stages stand for: then the index of the board is all that is read.
        counted = self._open().filter(stage__in=keys).values_list("stage_id")
        for stage, number in counted.annotate(n=Count("*")):
            found[stage].number = number
        # From the tallies, where PostgreSQL keeps them.
        for row in Lead.objects.open_amounts(self.actor, "stage").filter(stage_id__in=keys):
            found[row["stage_id"]].add(0, row["currency"], Decimal(row["amount_sum"]))
        return found

    def cards(self, keys: Collection[int]) -> list[Lead]:
        """Return those of some leads that are on the board."""
        return list(self.leads().filter(pk__in=keys)) if keys else []


def load_cards(leads: Sequence[Lead], actor: Actor) -> dict[int, Activity]:
    """Read what cards show, by a fixed number of statements; return the next activity of each lead."""
    visible = {
        "person": Person.objects.visible_to(actor),
        "organization": Organization.objects.visible_to(actor),
        "tags": Tag.objects.visible_to(actor).order_by("weight", "name", "pk"),
    }
    parts: Iterable[Any] = (Prefetch(name, queryset=rows) for name, rows in visible.items())
    prefetch_related_objects(list(leads), *parts, "owner", "stage", "status")
    return next_activities([lead.pk for lead in leads], actor)


def next_activities(keys: Collection[int], actor: Actor) -> dict[int, Activity]:
    """Return the first planned activity of each lead that has one."""
    of_leads: Any = Activity.objects.filter(
        company_id=actor.company_id,
        content_type=ContentType.objects.get_for_model(Lead),
        object_id__in=keys,
        deleted_at=None,
    )
    planned: QuerySet[Activity] = of_leads.to_do()
    place = Window(
        RowNumber(), partition_by=F("object_id"), order_by=[F("planned_at").asc(nulls_last=True), "pk"]
    )
    first = planned.annotate(place=place).filter(place=1)
    return {activity.object_id: activity for activity in first}
