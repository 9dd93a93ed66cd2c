"""Entries of the history in the words of people, for the timeline."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from crm.actors import Door
from crm.admin.labels import label_of
from crm.languages.messages import translated
from crm.records.timeline_entries import Entry, TimelineKind

#: The end of what a change of an import, or of its undoing, has as its way.
IMPORT_ID = re.compile(r"\bimport [0-9a-f-]{36}$")
#: How an entry names the way that a change came.
DOORS: Mapping[str, StrOrPromise] = {
    Door.ADMIN: "",
    Door.GRAPHQL: _("through the API"),
    Door.IMPORT: _("by an import"),
    Door.COMMAND: _("by a command"),
    Door.WEBHOOK: _("through a receiver"),
}
#: How a timeline calls its entries.
TITLES: Mapping[str, StrOrPromise] = {
    TimelineKind.CREATED: _("Created"),
    TimelineKind.UPDATED: _("Changed"),
    TimelineKind.DELETED: _("Deleted"),
    TimelineKind.RESTORED: _("Restored"),
    TimelineKind.MERGED: _("Merged"),
    TimelineKind.UNMERGED: _("Unmerged"),
    TimelineKind.ROUTED: _("Routed"),
    TimelineKind.NOTE: _("Note"),
    TimelineKind.TASK: _("Task"),
    TimelineKind.TASK_DONE: _("Task done"),
    TimelineKind.CALL: _("Call"),
    TimelineKind.CALL_DONE: _("Call done"),
    TimelineKind.MEETING: _("Meeting"),
    TimelineKind.MEETING_DONE: _("Meeting done"),
    TimelineKind.EMAIL: _("E-mail"),
    TimelineKind.MESSAGE: _("Message"),
}


def who_of(entry: Entry) -> str:
    """Return who did it and how, such as "Amira Haddad, through the API (Zapier)"."""
    name = str(entry.user) if entry.user else gettext("Automatically")
    door = str(DOORS.get(entry.door, ""))
    # The id of an import says nothing to a reader.
    via = "" if IMPORT_ID.search(entry.via or "") else entry.via
    way = f"{door} ({via})" if via and door else door
    return ", ".join(part for part in (name, way) if part)


def title_of(entry: Entry) -> str:
    return str(TITLES[entry.kind])


def text_of(entry: Entry) -> str:
    """Return what an entry says besides its title: words of people as they are, the product's translated."""
    text = entry.text or ""
    # Of a plain change the text only repeats the title.
    if text in (entry.label, title_of(entry)):
        return ""
    if entry.activity is not None or entry.message is not None:
        return text
    # With the arrow of the other changes; the API's is of ASCII.
    return translated(text).replace(" -> ", " → ") if _tells_stage(entry) else translated(text)


def _tells_stage(entry: Entry) -> bool:
    """Return whether the text says from which stage to which a record was moved, and after how long."""
    return entry.kind == TimelineKind.UPDATED and "stage" in (entry.changes or {})


def lines_of(entry: Entry, model: type[models.Model]) -> list[dict[str, str]]:
    """Return a line for each change: the label of the field, and from what to what."""
    told = {"stage"} if _tells_stage(entry) else set()
    return lines_of_changes({k: v for k, v in (entry.changes or {}).items() if k not in told}, model)


def lines_of_changes(changes: Mapping[str, Sequence[Any]], model: type[models.Model]) -> list[dict[str, str]]:
    """Return a line for each changed field, given its values before and after."""
    return [
        {"label": label_of(model, name), "text": _change(model, name, *values)}
        for name, values in changes.items()
    ]


def _change(model: type[models.Model], name: str, old: Any, new: Any) -> str:
    if isinstance(old, list) or isinstance(new, list):
        return _listed(old or [], new or [])
    before, after = _words(model, name, old), _words(model, name, new)
    if not before:
        return after
    return f"{before} → {after}" if after else gettext("%(before)s → empty") % {"before": before}


def _listed(old: Iterable[Any], new: Iterable[Any]) -> str:
    """Return what was added to a list and what was taken from it."""
    before, after = [str(_name(each)) for each in old], [str(_name(each)) for each in new]
    added, removed = [x for x in after if x not in before], [x for x in before if x not in after]
    parts = []
    if added:
        parts.append(gettext("added %(names)s") % {"names": ", ".join(added)})
    if removed:
        parts.append(gettext("removed %(names)s") % {"names": ", ".join(removed)})
    # Of a list whose order alone changed, or that has objects, the whole is the news.
    return "; ".join(parts) or ", ".join(after)


def _words(model: type[models.Model], name: str, value: Any) -> str:
    value = _name(value)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        return ", ".join(str(each) for each in value)
    return _typed(model, name, value)


def _name(value: Any) -> Any:
    return value["name"] if isinstance(value, Mapping) and "name" in value else value


def _typed(model: type[models.Model], name: str, value: Any) -> str:
    """Return a value as its field is read: days and amounts as people write them, choices by their labels."""
    field: Any = next((each for each in model._meta.concrete_fields if each.name == name), None)
    try:
        if isinstance(field, models.DateTimeField):
            return date_format(timezone.localtime(datetime.fromisoformat(value)), "DATETIME_FORMAT")
        if isinstance(field, models.DateField):
            return date_format(date.fromisoformat(value), "DATE_FORMAT")
        if isinstance(field, models.DecimalField):
            return str(number_format(Decimal(value), use_l10n=True, force_grouping=True))
    except (ValueError, TypeError, InvalidOperation):
        return str(value)
    choices = dict(field.flatchoices) if field is not None and field.choices else {}
    return str(choices.get(value, value))
