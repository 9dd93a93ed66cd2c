"""The head of a lead's page: its facts, its path through the stages, and how it is closed or reopened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext, pgettext

from crm.actors import Action, Actor
from crm.admin.dates import shown_day
from crm.admin.labels import NONE
from crm.admin.money import shown_amount
from crm.admin.reach import call_address, mail_address
from crm.admin.record_pages import Fact, RecordPage, page_of
from leads.admin.board.moves import address_of
from leads.admin.rotting import rotting_shown
from leads.models import Lead, StageVisit, StatusCategory
from pipelines.models import Pipeline, Stage

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A stage on the path of a lead; ``days`` is how long the lead was in it, None if it never was."""

    stage: Stage
    days: int | None
    is_current: bool
    is_passed: bool


class LeadPage(RecordPage):
    """Mixin: the page of a lead."""

    head_template = "admin/leads/record_head.html"
    edited_together: ClassVar[Mapping[str, Sequence[str]]] = {"amount": ("currency",)}

    def facts_of(self, record: Lead, actor: Actor) -> Sequence[Fact]:
        person = record.person if record.person and record.person.deleted_at is None else None
        organization = record.organization
        if organization is not None and organization.deleted_at is not None:
            organization = None
        email, phone = record.email or (person.email if person else None), record.phone
        return [
            Fact(gettext("Value"), shown_amount(record.amount, record.currency), field="amount"),
            Fact(
                gettext("Expected to close"),
                shown_day(record.expected_close_on) if record.expected_close_on else "",
                field="expected_close_on",
            ),
            Fact(gettext("Owner"), str(record.owner) if record.owner else NONE, field="owner"),
            Fact(
                gettext("Person"),
                str(person) if person else "",
                page_of(person) if person else "",
                field="person",
            ),
            Fact(
                gettext("Organization"),
                str(organization) if organization else "",
                page_of(organization) if organization else "",
                field="organization",
            ),
            Fact(gettext("Phone"), phone or "", call_address(phone) if phone else "", field="phone"),
            Fact(gettext("E-mail"), email or "", mail_address(email) if email else "", field="email"),
            Fact(pgettext("of a lead", "Rotting"), rotting_shown(record) or "", is_late=True),
        ]

    def head_of(self, record: Lead, actor: Actor) -> dict[str, Any]:
        is_open = record.status.category == StatusCategory.OPEN
        reason = record.lost_reason or record.reason_lost
        return {
            "lead": record,
            "steps": path_of(record, actor),
            "is_open": is_open,
            "ending": "" if is_open else f"{record.status}{f': {reason}' if reason else ''}",
            "has_other_pipelines": Pipeline.objects.visible_to(actor).exclude(pk=record.pipeline_id).exists(),
            "may_move": actor.may(Action.CHANGE_LEADS),
            "follows": record.followings.filter(user=actor.user_id).exists(),
            "move_address": address_of(record),
            "here": page_of(record),
        }


def path_of(lead: Lead, actor: Actor) -> list[Step]:
    """Return the stages of a lead's pipeline with its time in each, by two statements."""
    now = timezone.now()
    spent: dict[int, timedelta] = {}
    for visit in (
        StageVisit.objects.visible_to(actor).filter(lead=lead).only("stage", "entered_at", "left_at")
    ):
        until = visit.left_at or _end(lead, now)
        spent[visit.stage_id] = spent.get(visit.stage_id, timedelta()) + max(
            until - visit.entered_at, timedelta()
        )
    stages = list(Stage.objects.visible_to(actor).filter(pipeline=lead.pipeline_id).order_by("weight", "pk"))
    place = next((place for place, stage in enumerate(stages) if stage.pk == lead.stage_id), -1)
    return [
        Step(
            stage=stage,
            days=None if stage.pk not in spent else spent[stage.pk] // DAY,
            is_current=at == place,
            is_passed=at < place,
        )
        for at, stage in enumerate(stages)
    ]


def _end(lead: Lead, now: datetime) -> datetime:
    # The time in a stage ends when the lead is closed there.
    return lead.closed_at or now
