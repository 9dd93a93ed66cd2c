"""Moves of one lead: to a stage, won, lost, reopened; by dragging, by the dialog, and without scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Actor
from crm.admin.forms import message_of
from crm.database.keys import parse_id
from crm.errors import Conflict, CrmError, NotFound
from leads.admin.board.cards import last_changed_by
from leads.admin.forms import REASON_MISSING
from leads.models import Lead, LeadLostReason, StatusCategory
from leads.services.closing import close_lead
from leads.services.leads import update_lead
from leads.services.reopening import reopen_lead

OUTCOMES = ("won", "lost", "reopen")
GONE = _("This lead is gone: somebody deleted it, or it is out of your sight.")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a move: a sentence, and how it is undone or why it was refused."""

    message: str
    lead: Lead | None
    #: The status code of the answer.
    code: int = 200
    undo: Mapping[str, object] | None = None

    @property
    def is_done(self) -> bool:
        return self.code == 200


def move(key: int, sent: Mapping[str, Any], *, actor: Actor) -> Outcome:
    """Move a lead as a form says, if it still has the version that the form was made from."""
    before = Lead.objects.visible_to(actor).select_related("stage", "status").filter(pk=key).first()
    if before is None:
        return Outcome(message=str(GONE), lead=None, code=404)
    version = parse_id(sent.get("version", ""))
    if version is None:
        return Outcome(
            message=gettext("Open the board again: this form is of no version."), lead=before, code=400
        )
    try:
        lead, text = _store(before, sent, version, actor)
    except NotFound as refused:
        # Gone meanwhile, or a stage or reason that is.
        if refused.details.get("argument") == "id":
            return Outcome(message=str(GONE), lead=None, code=404)
        return Outcome(
            message=gettext("This choice no longer exists: open the board again."), lead=before, code=422
        )
    except Conflict:
        present = Lead.objects.visible_to(actor).filter(pk=key).first()
        who = last_changed_by(before, actor)
        said = gettext("%(who)s changed “%(before)s” meanwhile. Here it is as it is now: try again.") % {
            "who": who,
            "before": before,
        }
        return Outcome(message=said, lead=present, code=409)
    except (ValidationError, CrmError) as refused:
        return Outcome(
            message=gettext("“%(lead)s” stays where it is: %(why)s")
            % {"lead": before, "why": message_of(refused)},
            lead=before,
            code=422,
        )
    return Outcome(message=text, lead=lead, undo=_undo(before, lead))


def _store(before: Lead, sent: Mapping[str, Any], version: int, actor: Actor) -> tuple[Lead, str]:
    outcome = sent.get("outcome", "")
    if outcome == "reopen":
        stage = sent.get("stage") or None
        lead = reopen_lead(before.pk, actor=actor, stage_key=stage, expected_version=version)
        return lead, gettext("“%(lead)s” is open again, in %(stage)s.") % {"lead": lead, "stage": lead.stage}
    if outcome == "lost":
        reason, words = sent.get("lost_reason") or None, str(sent.get("reason_lost", "")).strip() or None
        if reason is None and words is None:
            raise ValidationError(REASON_MISSING)
        lead = close_lead(
            before.pk,
            "lost",
            actor=actor,
            lost_reason_id=reason,
            reason_lost=words,
            expected_version=version,
        )
        return lead, gettext("“%(lead)s” is lost.") % {"lead": lead}
    if outcome == "won":
        lead = close_lead(before.pk, "won", actor=actor, expected_version=version)
        return lead, gettext("“%(lead)s” is won. Well done!") % {"lead": lead}
    stage = parse_id(sent.get("stage", ""))
    if stage is None:
        raise ValidationError(gettext("Choose a stage."))
    lead = update_lead(before.pk, {"pipeline_stage_id": stage}, actor=actor, expected_version=version)
    return lead, gettext("“%(lead)s” is in %(stage)s.") % {"lead": lead, "stage": lead.stage}


def _undo(before: Lead, after: Lead) -> Mapping[str, object] | None:
    """Return what a form sends to undo a move; nothing where the lead was closed before too."""
    if before.status.category != StatusCategory.OPEN:
        return None
    fields: dict[str, object] = {"version": after.version, "stage": before.stage_id}
    return fields if after.status_id == before.status_id else {**fields, "outcome": "reopen"}


def address_of(lead: Lead) -> str:
    return reverse("admin:leads_lead_move", args=[lead.pk])


def reasons_for(actor: Actor) -> list[LeadLostReason]:
    rows = LeadLostReason.objects.visible_to(actor).filter(is_active=True)
    return list(rows.order_by("weight", "name", "pk"))
