"""Find the activity that a row of an import has made before: that of its record with its words and time.

Files of other products have no ids of activities. What was written about one record at one moment, in the
same words, is the same activity, whatever file it comes in.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType

from crm.actors import Actor
from crm.database.read_once import once
from crm.database.rows_ahead import keep, kept_row
from crm.models.activities import Activity
from crm.models.records import Record
from crm.models.texts import normalize_texts

#: The kind and key of the record, the moment, and the kind and words of the activity.
Content = tuple[int, int, datetime, str, str | None, str]


def find_same(values: Mapping[str, Any], *, actor: Actor) -> Activity | None:
    """Return the visible activity with the record, kind, words and time of creation of the values."""
    content = _content(values)
    if content is None:
        return None
    known, looked_for = _known(), _looked_for()
    if content[:3] in looked_for and content not in known:
        return None
    key = known.get(content)
    kept = None if key is None else kept_row(Activity, key)
    return kept or Activity.objects.visible_to(actor).filter(**_columns(content)).order_by("pk").first()


def note_made(activity: Activity, values: Mapping[str, Any]) -> None:
    """Note an activity that a row has made, for the rows after it."""
    content = _content(values)
    if content is not None:
        _known().setdefault(content, activity.pk)


def read_ahead(records: Collection[Record], moments: Collection[datetime], *, actor: Actor) -> None:
    """Read the activities of the records of a batch that were written at the times of its rows."""
    if not (records and moments):
        return
    [type_id] = {ContentType.objects.get_for_model(record).pk for record in records}
    keys = [record.pk for record in records]
    rows = Activity.objects.visible_to(actor).filter(content_type=type_id, object_id__in=keys)
    found = list(rows.filter(created_at__in=moments).order_by("-pk"))
    keep(Activity, found)
    _known().update({_content_of(each): each.pk for each in found})
    _looked_for().update((type_id, key, moment) for key in keys for moment in moments)


def _content(values: Mapping[str, Any]) -> Content | None:
    if values.get("created_at") is None or "record" not in values:
        return None
    record = values["record"]
    named = {name: values[name] for name in ("kind", "subject", "text") if values.get(name)}
    meant = Activity(
        content_type=ContentType.objects.get_for_model(record),
        object_id=record.pk,
        created_at=values["created_at"],
        **named,
    )
    normalize_texts(meant)
    return _content_of(meant)


def _content_of(activity: Activity) -> Content:
    return (
        activity.content_type_id,
        activity.object_id,
        activity.created_at,
        activity.kind,
        activity.subject,
        activity.text,
    )


def _columns(content: Content) -> dict[str, object]:
    names = ("content_type_id", "object_id", "created_at", "kind", "subject", "text")
    return dict(zip(names, content, strict=True))


def _known() -> dict[Content, int]:
    return once("activities by content", dict)


def _looked_for() -> set[tuple[int, int, datetime]]:
    return once("activities that were looked for", set)
