"""The cards and the column heads of the board."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext

from crm.actors import Action, Actor
from crm.admin.dates import day_in_words
from crm.admin.money import shown_amount
from crm.database.keys import parse_id
from crm.dates import start_of
from crm.models import Activity, HistoryEntry
from crm.models.records import link_columns
from leads.admin.rotting import rotting_shown
from leads.models import Lead
from leads.services.board import PAGE, Board, Place, load_cards, place_of
from leads.services.standing import Total
from pipelines.models import Stage

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
#: Of the microseconds since then, until the year 5138.
MOST_DIGITS = 17


def cards_of(leads: Sequence[Lead], board: Board, day: Any) -> list[dict[str, Any]]:
    """Return what the cards of leads show."""
    activities = load_cards(leads, board.actor)
    shown = []
    for lead in leads:
        activity = activities.get(lead.pk)
        shown.append(
            {
                "lead": lead,
                # By which the script finds the card's place in the column.
                "at": (lead.last_activity_at - EPOCH) // MICROSECOND,
                "about": " · ".join(str(each) for each in (lead.organization, lead.person) if each),
                "amount": shown_amount(lead.amount, lead.currency),
                "reason": rotting_shown(lead),
                "tags": list(lead.tags.all()),
                "owner": str(lead.owner) if lead.owner else "",
                "initials": initials(str(lead.owner)) if lead.owner else "",
                "next": activity and _planned(activity, day),
                "may_move": board.actor.may(Action.CHANGE_LEADS),
            }
        )
    return shown


def _planned(activity: Activity, day: Any) -> dict[str, Any]:
    moment = activity.planned_for
    return {
        "text": str(activity),
        "day": day_in_words(moment.astimezone(day.zone).date(), day.today) if moment else "",
        "is_late": activity.is_overdue(start_of(day.today, day.zone)),
    }


def initials(name: str) -> str:
    """Return the first letters of the first and the last word of a name."""
    words = name.replace("@", " ").split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def render_card(card: dict[str, Any]) -> str:
    return render_to_string("admin/leads/board/card.html", {"card": card})


def column_of(stage: Stage, leads: list[Lead], total: Total) -> dict[str, Any]:
    """Return a column with the keys of its leads, and whether there are more than these."""
    return {
        **head_of(stage, total),
        "name": stage.name,
        "rotting_days": stage.rotting_days,
        "leads": leads[:PAGE],
        "last": last_of(leads),
    }


def last_of(leads: Sequence[Lead]) -> dict[str, int] | None:
    """Return the place behind which the next page of a column starts, if there is one.

    The place and not the lead: that may be moved before somebody asks for more.
    """
    if len(leads) <= PAGE:
        return None
    since, key = place_of(leads[PAGE - 1])
    return {"at": (since - EPOCH) // MICROSECOND, "lead": key}


def read_place(text: str) -> Place | None:
    """Return the place that an address names, such as 1764579600000000-41."""
    at, _, lead = text.rpartition("-")
    key = parse_id(lead)
    if key is None or not at.isdecimal() or len(at) > MOST_DIGITS:
        return None
    return Place(EPOCH + int(at) * MICROSECOND, key)


def head_of(stage: Stage, total: Total) -> dict[str, Any]:
    sums = [shown_amount(amount, currency) for currency, amount in sorted(total.sums.items())]
    return {"stage": stage.pk, "count": total.number, "sums": ", ".join(sums)}


def last_changed_by(lead: Lead, actor: Actor) -> str:
    """Return who changed a lead last, for the sentence that refuses a stale move."""
    entries: QuerySet[HistoryEntry] = HistoryEntry.objects.visible_to(actor).filter(**link_columns(lead))
    entry = entries.select_related("user").order_by("-pk").first()
    return str(entry.user) if entry is not None and entry.user is not None else gettext("Somebody else")
