"""Leads of every kind for forecasts and reports, and plain SQL for what an actor sees of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from crm.actors import Actor
from leads.models import (
    Lead,
    LeadFollower,
    LeadLostReason,
    LeadParticipant,
    LeadSource,
    LeadStatus,
    LeadType,
    StageVisit,
)
from pipelines.models import Stage
from tests.factories.crm import Tenant
from tests.factories.leads import LeadFactory
from tests.factories.pipelines import PipelineFactory, StageFactory

ZONE = ZoneInfo("Europe/Berlin")
#: The edges of days, months and years, of summer time (2026-03-29 and 2026-10-25) and of a leap day, in
#: local time.
EDGES = [
    "2025-12-31T23:59:59.999999",
    "2026-01-01T00:00:00",
    "2026-02-28T23:59:59.999999",
    "2026-03-01T00:00:00",
    "2026-03-29T00:00:00",
    "2026-03-29T01:59:59",
    "2026-03-29T03:00:00",
    "2026-03-29T23:59:59.999999",
    "2026-03-30T00:00:00",
    "2026-10-25T00:00:00",
    "2026-10-25T02:30:00",
    "2026-10-25T23:30:00",
    "2026-10-26T00:00:00",
    "2026-12-31T23:30:00",
    "2027-01-01T00:30:00",
    "2028-02-28T23:59:59",
    "2028-02-29T00:00:00",
    "2028-02-29T23:59:59.999999",
    "2028-03-01T00:00:00",
]
MOMENTS = [datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC) for text in EDGES]
#: The second half past two of that night.
MOMENTS.append(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
AMOUNTS = ["0.00", "0.01", "0.10", "0.35", "1234567.89", "99.99", "999999999999.99"]
LEADS = 120


def fill(tenant: Tenant, seed: int) -> None:
    """Create leads that differ in everything that a report looks at, with their visits to stages."""
    company = tenant.company
    company.timezone = ZONE.key
    company.save()
    pipeline = PipelineFactory(company=company, name="Renewals")
    for weight, name in enumerate(("One", "Two", "Three")):
        StageFactory(company=company, pipeline=pipeline, name=name, weight=weight, probability=33 * weight)
    for model in (LeadSource, LeadType, LeadLostReason):
        for name in "AB":
            model.objects.create(company=company, name=name)
    add_leads(tenant, seed)


def add_leads(tenant: Tenant, seed: int) -> None:
    company, random = tenant.company, Random(seed)

    def rows(model: Any) -> list[Any]:
        return list(model.objects.filter(company=company).order_by("pk"))

    stages, statuses = rows(Stage), rows(LeadStatus)
    sources, types, reasons = ([None, *rows(model)] for model in (LeadSource, LeadType, LeadLostReason))
    users = [tenant.users["agent"], tenant.users["colleague"], None]
    for number in range(LEADS):
        status, stage = random.choice(statuses), random.choice(stages)
        lead: Lead = LeadFactory(company=company, title=f"Deal {number}", status=status, stage=stage)
        created = random.choice(MOMENTS)
        closed = None if status.is_open else max(created, random.choice(MOMENTS))
        amount = random.choice([None, *AMOUNTS])
        Lead.objects.filter(pk=lead.pk).update(
            owner=random.choice(users),
            source=random.choice(sources),
            type=random.choice(types),
            lost_reason=random.choice(reasons) if status.category == "LOST" else None,
            created_at=created,
            # Won without anyone knowing when: plain SQL can do that.
            closed_at=None if random.random() < 0.1 else closed,
            amount=amount,
            currency=amount and random.choice(["EUR", "USD", "CHF"]),
            probability=random.choice([None, None, 0, 37, 100]),
            expected_close_on=random.choice([None, *(moment.astimezone(ZONE).date() for moment in MOMENTS)]),
            deleted_at=MOMENTS[0] if random.random() < 0.1 else None,
        )
        if random.random() < 0.15:
            LeadParticipant.objects.create(lead=lead, user=tenant.users["agent"])
        if random.random() < 0.15:
            LeadFollower.objects.create(lead=lead, user=tenant.users["colleague"])
        _visit(lead, created, stages, random)


def _visit(lead: Lead, created: datetime, stages: Sequence[Stage], random: Random) -> None:
    """Store up to four visits, to and fro between stages and pipelines; the last one has not ended."""
    StageVisit.objects.filter(lead=lead).delete()
    later = random.sample(MOMENTS, random.randint(0, 3))
    moments = sorted([created, *(max(created, each) for each in later)])
    visited = [random.choice(stages) for _ in moments]
    for at, entered in enumerate(moments):
        stage = visited[at]
        StageVisit.objects.create(
            company_id=lead.company_id,
            lead=lead,
            stage=stage,
            stage_name=stage.name,
            pipeline_name=stage.pipeline.name,
            entered_at=entered,
            left_at=moments[at + 1] if at + 1 < len(moments) else None,
            next_stage=visited[at + 1] if at + 1 < len(moments) else None,
            door="graphql",
        )
    Lead.objects.filter(pk=lead.pk).update(
        stage=visited[-1], pipeline=visited[-1].pipeline, stage_changed_at=moments[-1]
    )


def viewers(tenant: Tenant) -> dict[str, Actor]:
    """Return an actor for each kind of visibility."""
    members = {name: getattr(tenant.actors, name) for name in ("manager", "agent", "colleague", "viewer")}
    own = {name: replace(actor, company_sees_all_leads=False) for name, actor in members.items()}
    return {"all": members["viewer"], **own}


def seen(actor: Actor) -> str:
    """Return the condition that an actor sees the lead ``l``."""
    company = f"l.company_id = {actor.company_id} AND l.deleted_at IS NULL"
    if actor.sees_all_leads:
        return company
    user = f"user_id = {actor.user_id}"
    return (
        f"{company} AND (l.owner_id = {actor.user_id}"
        f" OR EXISTS (SELECT 1 FROM leads_leadparticipant p WHERE p.lead_id = l.id AND p.{user})"
        f" OR EXISTS (SELECT 1 FROM leads_leadfollower f WHERE f.lead_id = l.id AND f.{user}))"
    )


def select(sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    adapted: list[Any] = [
        connection.ops.adapt_datetimefield_value(each) if isinstance(each, datetime) else each
        for each in parameters
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, adapted)
        return list(cursor.fetchall())


def moment(value: Any) -> datetime:
    """Return a moment as plain SQL reads it; SQLite stores text in UTC."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


def exact(amount: Any) -> Decimal:
    """Return an amount as plain SQL reads it; SQLite stores floating point numbers."""
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def money(amounts: Iterable[Any]) -> str:
    return f"{sum(map(exact, amounts), Decimal('0.00')):f}"


def bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the moments at which days begin and have ended in the company's time zone."""
    return (
        datetime.combine(first, time(), ZONE).astimezone(UTC),
        datetime.combine(last + timedelta(days=1), time(), ZONE).astimezone(UTC),
    )


def periods(first: date, last: date, by: str) -> list[tuple[date, date]]:
    """Return the first and last day of each period, found by looking at every day."""
    found: dict[tuple[int, int], list[date]] = {}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        key = (day.year, day.month) if by == "MONTH" else day.isocalendar()[:2]
        found.setdefault(key, []).append(day)
    return [(days[0], days[-1]) for days in found.values()]
