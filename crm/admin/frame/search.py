"""The search of every page: records by part of a name, e-mail address or phone number."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from crm.actors import Action, Actor
from crm.admin.base import acting
from crm.admin.frame.fragments import is_fragment
from crm.admin.frame.navigation import addable_as
from crm.dates import parse_date
from crm.models.activity_kinds import ActivityKind
from crm.models.records import Record

#: Shorter texts are part of nearly every record.
SHORTEST = 2
#: Longer ones are no part of a name.
LONGEST = 200
MOST_OF_A_KIND = 6
#: Of more matches than these, the newest are not sure to be among those that are shown.
MOST_MATCHES = 500


@dataclass(frozen=True, kw_only=True)
class Searched:
    """A kind of records that the search finds."""

    model: type[Record]
    title: StrOrPromise
    weight: int
    #: Narrows and prepares the rows, so that ``describe`` needs no statement for each.
    rows: Callable[[QuerySet[Any], Actor], QuerySet[Any]]
    #: Returns what tells a record from others of its name.
    describe: Callable[[Any], Iterable[str | None]]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A record that was found."""

    name: str
    about: str
    address: str
    kind: str
    key: int


@dataclass(frozen=True, kw_only=True)
class FoundKind:
    """The records of one kind that were found, and where all of them are listed."""

    title: StrOrPromise
    #: As a sentence has it.
    plural: str
    rows: list[Found]
    more: str | None


_kinds: list[Searched] = []


def register(kind: Searched) -> None:
    _kinds.append(kind)


def find(text: str, actor: Actor) -> list[FoundKind]:
    """Return the records that hold each word of a text, the newest of each kind first."""
    found = []
    for kind in sorted(_kinds, key=lambda kind: kind.weight):
        meta = kind.model._meta
        page = f"admin:{meta.app_label}_{meta.model_name}"
        rows: Any = kind.model.objects.visible_to(actor)
        # In two statements: with the order in the first, PostgreSQL reads row by row from the newest on,
        # which takes long where the matches are old; and without the limit, all rows of a frequent word.
        keys = rows.search(text, actor).order_by().values_list("pk", flat=True)[:MOST_MATCHES]
        newest = sorted(keys, reverse=True)[: MOST_OF_A_KIND + 1]
        matching = kind.rows(rows.filter(pk__in=newest), actor).order_by("-pk") if newest else ()
        rows = [
            Found(
                name=str(row),
                about=" · ".join(part for part in kind.describe(row) if part),
                address=reverse(f"{page}_change", args=[row.pk]),
                kind=kind.model.entity_kind,
                key=row.pk,
            )
            for row in matching
        ]
        if rows:
            more = reverse(f"{page}_changelist") if len(rows) > MOST_OF_A_KIND else None
            found.append(
                FoundKind(
                    title=kind.title,
                    plural=str(meta.verbose_name_plural),
                    rows=rows[:MOST_OF_A_KIND],
                    more=more,
                )
            )
    return found


def search(request: HttpRequest) -> HttpResponse:
    """Show what is found: as a list below the search box, or as a page for those without scripts."""
    actor = acting(request)
    text = request.GET.get("q", "").strip()[:LONGEST]
    context: dict[str, Any] = {"q": text, "searched": len(text) >= SHORTEST, "found": []}
    if context["searched"]:
        context["found"] = find(text, actor)
        context["addable"] = [] if context["found"] else addable_as(request, text)
    if is_fragment(request):
        return TemplateResponse(request, "admin/crm/frame/found.html", context)
    context |= admin.site.each_context(request) | {"title": gettext("Search")}
    return TemplateResponse(request, "admin/crm/frame/search.html", context)


#: What can be planned or logged from any page, by its word in the address.
QUICK_KINDS = {"task": ActivityKind.TASK, "call": ActivityKind.CALL}
TITLES = {"task": _("New task"), "call": _("New call")}
QUESTIONS = {"task": _("Whom or what is the task about?"), "call": _("Whom or what is the call about?")}


def choose_record(request: HttpRequest, kind: str) -> HttpResponse:
    """Ask which record a new task or call is about, and lead on to its form."""
    actor = acting(request)
    if not actor.may(Action.CHANGE_ACTIVITIES):
        raise PermissionDenied
    text = request.GET.get("q", "").strip()[:LONGEST]
    try:
        day = parse_date(request.GET.get("day")).isoformat()
    except ValueError:
        day = ""
    context = {
        **admin.site.each_context(request),
        "title": TITLES[kind],
        "activity_kind": QUICK_KINDS[kind].value,
        "question": QUESTIONS[kind],
        # Of the calendar, for the form.
        "day": day,
        "q": text,
        "searched": len(text) >= SHORTEST,
        "found": find(text, actor) if len(text) >= SHORTEST else [],
    }
    return TemplateResponse(request, "admin/crm/frame/choose_record.html", context)
