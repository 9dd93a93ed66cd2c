"""Undo a bulk change of records, where nobody has changed them since.

The entries of the history that a bulk change writes carry its id as ``via``. They hold what each record had
before, and the latest entry of a record says whether somebody has changed it since.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import uuid4

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet

from crm.actors import Actor, Door
from crm.errors import Conflict, ConflictReason
from crm.models.history import HistoryEntry, HistoryKind
from crm.models.records import Record, link_columns
from crm.services import locking
from crm.services.bulk import BulkResult, for_each

Kept = TypeVar("Kept", bound=Record)
#: Takes the key of a record and the entry of the change that is undone.
UndoOne = Callable[[object, HistoryEntry], object]

MEANWHILE = "It was changed meanwhile."


def new_change() -> str:
    """Return the id of a bulk change that begins."""
    return f"bulk change {uuid4().hex}"


def changing(actor: Actor, change: str) -> Actor:
    """Return the actor of a bulk change, whose entries of the history can be found."""
    return actor.through(Door.ADMIN, via=change)


def _entries(model: type[Record], change: str, actor: Actor) -> QuerySet[HistoryEntry]:
    assert actor.user_id is not None
    return HistoryEntry.objects.filter(
        company_id=actor.company_id,
        user_id=actor.user_id,
        content_type=ContentType.objects.get_for_model(model),
        # The condition of the index ``history_of_bulk_change``.
        door=Door.ADMIN.value,
        via=change,
    )


def is_recorded(model: type[Record], change: str, *, actor: Actor) -> bool:
    """Return whether a bulk change of the actor is in the history, so that it can be undone."""
    return _entries(model, change, actor).exists()


def undo_batch(
    model: type[Kept], change: str, undo_one: UndoOne, *, actor: Actor, after: int = 0, most: int
) -> tuple[BulkResult, int]:
    """Undo the next part of a bulk change that the actor made; return its outcome and its last entry.

    :param after: the last entry of the part before.
    :param most: records of a part; fewer were left if fewer are counted in the outcome.
    """
    found = list(_entries(model, change, actor).filter(pk__gt=after).order_by("pk")[:most])
    by_key = {entry.object_id: entry for entry in found}
    rows: Any = model._default_manager.all()

    def undo(key: object) -> bool:
        entry = by_key[key]  # type: ignore[index]  # one of these keys
        record = locking.lock_deleted(rows, actor, key)
        latest = HistoryEntry.objects.filter(**link_columns(record)).order_by("-pk").first()
        if latest != entry:
            raise Conflict(ConflictReason.VERSION, MEANWHILE)
        undo_one(key, entry)
        return True

    return for_each(by_key, undo), found[-1].pk if found else after


def undo_life(
    entry: HistoryEntry,
    key: object,
    *,
    delete: Callable[..., object],
    restore: Callable[..., object],
    actor: Actor,
) -> bool:
    """Undo a deletion or a restoration; return whether the entry is one."""
    if entry.kind == HistoryKind.DELETED:
        restore(key, actor=actor)
    elif entry.kind == HistoryKind.RESTORED:
        delete(key, actor=actor)
    else:
        return False
    return True


def previous_tags(entry: HistoryEntry) -> dict[str, list[dict[str, str]]]:
    """Return the input that gives a record the tags back that it had; nothing if they did not change."""
    if "tags" not in entry.changes:
        return {}
    names: Sequence[str] = entry.changes["tags"][0]
    return {"tags": [{"name": name} for name in names]}
