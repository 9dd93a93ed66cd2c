"""Replacing and reordering rows that others refer to."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from crm.actors import Actor
from crm.services import locking, saving

Row = TypeVar("Row", bound=models.Model)


def find_replacement(row: Row, key: object, *, actor: Actor) -> Row | None:
    """Return the replacement of a row; None if none is named.

    :raises NotFound: naming ``replacement_id``, if it does not exist for the actor.
    :raises ValidationError: if a row is to be replaced by itself.
    """
    if saving.is_none_given(key):
        return None
    rows: Any = type(row)._default_manager
    found: Row = rows.find(actor, key, argument="replacement_id")
    if found.pk == row.pk:
        raise ValidationError({"replacement_id": ["Choose another one: this one is to be deleted."]})
    return found


def reorder(rows: Any, keys: Sequence[object], *, actor: Actor, argument: str) -> list[Any]:
    """Set the weights of rows to 1, 2, 3 in the order of their keys; the caller holds their lock.

    :raises ValidationError: if not each of the rows is named, once.
    """
    present = {row.pk: row for row in rows.select_for_update(of=("self",))}
    named = [
        rows.model._default_manager.find(actor, key, argument=f"{argument}.{index}")
        for index, key in enumerate(keys)
    ]
    wanted = [row.pk for row in named]
    if len(wanted) != len(set(wanted)) or set(wanted) != set(present):
        raise ValidationError({argument: [f"Name each of the {len(present)} rows exactly once."]})
    ordered = [present[pk] for pk in wanted]
    for weight, row in enumerate(ordered, 1):
        before = locking.column_values(row)
        row.weight = weight
        saving.store(row, actor=actor, before=before)
    return ordered
