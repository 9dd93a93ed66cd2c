"""Look for the records that the rows of a batch name by their ids, by few statements for all rows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import QuerySet

from crm.actors import Actor
from crm.database.keys import parse_uuid
from crm.database.rows_ahead import keep
from crm.importing.record_values import source_of_links, uuids_ahead
from crm.models.base import visible_rows
from crm.models.lifecycle import LiveModel
from crm.models.records import Record
from crm.services import external_ids, imported

Found = TypeVar("Found", bound=Record)
Contents = Sequence[Mapping[str, Any]]


def read_own_ahead(
    model: type[Found],
    contents: Contents,
    *,
    actor: Actor,
    further: Collection[int] = (),
    with_lists: Callable[[QuerySet[Found]], QuerySet[Found]],
) -> list[Found]:
    """Read the known records of a batch with all that its rows are compared with; return the visible ones.

    :param further: the keys of records that are known by other means than their ids.
    :param with_lists: adds to a query set the lists that are read with it.
    """
    keys = read_uuids_ahead(model, "uuid", contents, actor) | {*further}
    keys |= external_ids.read_ahead(model, contents, actor=actor)
    if not keys:
        return []
    found = list(with_lists(model.objects.visible_to(actor).filter(pk__in=keys)).order_by("pk"))
    keep(model, found)
    imported.read_notes_ahead(found, [content.get("note") for content in contents])
    return found


def read_named_ahead(name: str, model: type[Record], contents: Contents, *, actor: Actor) -> set[int]:
    """Read the records that rows refer to by ``NAME_uuid`` or ``NAME_external_id``; return their keys."""
    given = [
        {"external_id": content[f"{name}_external_id"], "external_source": source_of_links(content, name)}
        for content in contents
        if f"{name}_external_id" in content
    ]
    keys = read_uuids_ahead(model, f"{name}_uuid", contents, actor)
    keys |= external_ids.read_ahead(model, given, actor=actor)
    found = list(model.objects.visible_to(actor).filter(pk__in=keys)) if keys else []
    keep(model, found)
    return {record.pk for record in found}


def read_uuids_ahead(model: type[LiveModel], column: str, contents: Contents, actor: Actor) -> set[int]:
    """Look for the visible rows whose uuids are in a column; return their keys."""
    given = {content[column] for content in contents if column in content}
    uuids = {uuid for text in given if (uuid := parse_uuid(text.strip())) is not None}
    if not uuids:
        return set()
    rows = visible_rows(model, actor).filter(uuid__in=uuids)
    found = dict(rows.values_list("uuid", "pk"))
    uuids_ahead(model).update({uuid: found.get(uuid) for uuid in uuids})
    return set(found.values())
