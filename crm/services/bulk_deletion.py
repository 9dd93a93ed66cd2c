"""Delete and restore many rows, each through the service of one row."""

from collections.abc import Callable, Sequence
from typing import Any

from crm.actors import Action, Actor
from crm.models.lifecycle import LiveModel
from crm.services import locking
from crm.services.bulk import BulkResult, check_keys, for_each


def delete_many(
    delete: Callable[..., None], keys: Sequence[object], *, actor: Actor, action: Action
) -> BulkResult:
    """Delete many rows softly.

    :param action: the permission to change such a row, without which none is tried.
    """
    actor.require(action)

    def delete_one(key: object) -> bool:
        delete(key, actor=actor)
        return True

    return for_each(check_keys(keys), delete_one)


def restore_many(
    model: type[LiveModel],
    restore: Callable[..., None],
    keys: Sequence[object],
    *,
    actor: Actor,
    action: Action,
) -> BulkResult:
    """Restore many rows; live ones count as unchanged."""
    actor.require(action)
    rows: Any = model._default_manager.all()

    def restore_one(key: object) -> bool:
        if locking.lock_deleted(rows, actor, key).deleted_at is None:
            return False
        restore(key, actor=actor)
        return True

    return for_each(check_keys(keys), restore_one)
