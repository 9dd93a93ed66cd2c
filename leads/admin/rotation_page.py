"""The page of a rotation: who gets the next leads, also by other percentages, and who got the last ones."""

from collections import Counter
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from crm.actors import Action, Actor
from crm.admin.base import acting
from crm.admin.forms import message_of
from crm.database.keys import parse_id
from crm.languages.messages import translated
from leads.models import LeadRotation, LeadRotationAgent, LeadRoutingLog
from leads.routing.rotation import LEAD
from leads.services.rotations import simulate_turns

COUNTS = (20, 50, 100)
MOST_LOGGED = 50


def rotation_page(request: HttpRequest, object_id: int) -> HttpResponse:
    """Show the next turns of a rotation, by the percentages of the address, and its last decisions."""
    actor = acting(request)
    if not actor.may(Action.READ_ROUTING):
        raise PermissionDenied
    rotation = LeadRotation.objects.visible_to(actor).filter(pk=object_id).first()
    if rotation is None:
        raise Http404
    agents = list(LeadRotationAgent.objects.visible_to(actor).filter(rotation=rotation).order_by("pk"))
    wanted = parse_id(request.GET.get("count", ""))
    count = wanted if wanted in COUNTS else COUNTS[0]
    tried = {
        agent.pk: text for agent in agents if (text := request.GET.get(f"percent_{agent.pk}", "").strip())
    }
    changed = {agent.pk: tried[agent.pk] for agent in agents if _differs(agent, tried.get(agent.pk))}
    refusal = ""
    try:
        turns = simulate_turns(rotation.pk, count, actor=actor, percents=changed)
    except ValidationError as refused:
        refusal = message_of(refused)
        turns = simulate_turns(rotation.pk, count, actor=actor)
    shares = Counter(turn.user.pk for turn in turns if turn.user is not None)
    log = _log(rotation, actor)
    context = {
        **admin.site.each_context(request),
        "title": _("Turns of %(rotation)s") % {"rotation": rotation},
        "rotation": rotation,
        "count": count,
        "counts": COUNTS,
        "refusal": refusal,
        "is_changed": bool(changed),
        "agents": [_shown(agent, turns[0].candidates, shares, tried) for agent in agents],
        "turns": [{"user": turn.user, "reason": translated(turn.reason)} for turn in turns],
        "log": [{"row": row, "why": _why(row)} for row in log[:MOST_LOGGED]],
        "goes_on": len(log) > MOST_LOGGED,
        "may_change": actor.may(Action.CHANGE_LOOKUPS),
    }
    return TemplateResponse(request, "admin/leads/rotation.html", context)


def _differs(agent: LeadRotationAgent, text: str | None) -> bool:
    return text is not None and text != _percent(agent)


def _percent(agent: LeadRotationAgent) -> str:
    return format(agent.percent.normalize(), "f")


def _shown(
    agent: LeadRotationAgent, candidates: Any, shares: Counter[int], tried: dict[int, str]
) -> dict[str, Any]:
    entry = next(each for each in candidates if each["agent_id"] == str(agent.pk))
    return {
        "key": agent.pk,
        "name": entry["name"],
        "percent": tried.get(agent.pk, _percent(agent)),
        "share": number_format(100 * entry["share"] / LEAD, 1),
        "credit": f"{entry['credit'] / LEAD:+.2f}",
        "hits": agent.hits,
        "skipped": entry["skipped"] and translated(entry["skipped"]),
        "next": shares[agent.user_id],
    }


def _log(rotation: LeadRotation, actor: Actor) -> list[LeadRoutingLog]:
    rows = LeadRoutingLog.objects.visible_to(actor).filter(rotation=rotation)
    return list(rows.select_related("lead", "user", "receiver").order_by("-pk")[: MOST_LOGGED + 1])


def _why(row: LeadRoutingLog) -> str:
    """Return why a lead was assigned as it was, else what became of it."""
    said = row.error or row.detail.get("reason") or ""
    return translated(said) or row.get_outcome_display()
