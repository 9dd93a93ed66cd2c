"""How every row is stored: lock, version, validation, save."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import IntegrityError, models
from django.db.models import UniqueConstraint
from django.utils import timezone

from crm.actors import Actor
from crm.errors import Conflict, NotFound
from crm.models.base import TenantQuerySet, pick
from crm.models.lifecycle import LiveModel, LiveQuerySet

Row = TypeVar("Row", bound=models.Model)
Live = TypeVar("Live", bound=LiveModel)

BOOKKEEPING = frozenset({"id", "created_at", "updated_at", "version"})


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What a save did: ``before`` holds the previous values of the columns that changed."""

    created: bool
    touched: bool
    before: Mapping[str, Any]

    @property
    def changed(self) -> bool:
        return self.created or self.touched or bool(self.before)


def column_values(instance: models.Model) -> dict[str, Any]:
    """Give the stored columns of a row by attribute name, the version included."""
    return {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}


def lock(queryset: TenantQuerySet[Row], actor: Actor, key: object, *, argument: str = "id") -> Row:
    """Give the one visible row with this key, locked until the end of the transaction.

    :raises NotFound: if no such row exists for the actor.
    """
    return pick(queryset.visible_to(actor).select_for_update(of=("self",)), key, argument=argument)


def stored_values(instance: Row, actor: Actor) -> dict[str, Any]:
    """Lock the row of an instance that was changed in memory, and give its columns as they are stored.

    :raises NotFound: if the row is gone, or hidden from the actor.
    """
    queryset: Any = type(instance)._default_manager
    return column_values(lock(queryset.all(), actor, instance.pk))


def validate(instance: models.Model) -> None:
    """Check a row's fields, rules and uniqueness; relations were looked up in scope by the service.

    :raises ValidationError: keyed by field.
    """
    relations = {field.name for field in instance._meta.concrete_fields if field.is_relation}
    instance.full_clean(exclude=relations, validate_unique=False, validate_constraints=False)
    if any(isinstance(constraint, UniqueConstraint) for constraint in instance._meta.constraints):
        instance.validate_constraints()


def store(
    instance: Row,
    *,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
    touched: bool = False,
) -> Stored:
    """Validate a row and write what changed.

    :param before: the columns as they are stored and locked; read and locked here if None.
    :param touched: whether something that belongs to the row changed outside its columns.
    :raises ValidationError: if the row breaks one of its rules.
    :raises Conflict: if the stored version is another, or a concurrent write took a unique place.
    """
    try:
        if instance._state.adding:
            validate(instance)
            instance.save(force_insert=True)
            return Stored(created=True, touched=touched, before={})
        before = stored_values(instance, actor) if before is None else before
        if expected_version is not None and before["version"] != expected_version:
            raise Conflict("Somebody else changed this meanwhile.", current_version=before["version"])
        validate(instance)
        changed = {
            name: value
            for name, value in before.items()
            if name not in BOOKKEEPING and getattr(instance, name) != value
        }
        if changed or touched:
            bookkeeping = ["updated_at"]
            if "version" in before:
                instance.version = before["version"] + 1  # type: ignore[attr-defined]  # only where counted
                bookkeeping.append("version")
            instance.save(update_fields=[*changed, *bookkeeping])
    except IntegrityError as clash:
        raise Conflict("Another change was stored at the same time.") from clash
    return Stored(created=False, touched=touched, before=changed)


def soft_delete(
    instance: Live,
    *,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
) -> None:
    """Mark a row as deleted; it is then gone from every read.

    :raises Conflict: if the stored version is another than the expected one.
    """
    before = stored_values(instance, actor) if before is None else before
    if expected_version is not None and before["version"] != expected_version:
        raise Conflict("Somebody else changed this meanwhile.", current_version=before["version"])
    instance.deleted_at = timezone.now()
    instance.version = before["version"] + 1
    instance.save(update_fields=["deleted_at", "version", "updated_at"])


def lock_deleted(queryset: LiveQuerySet[Live], actor: Actor, key: object) -> Live:
    """Give the row with this key, deleted or not, locked until the end of the transaction.

    :raises NotFound: if no such row exists, or existed, for the actor.
    """
    rows = queryset.with_deleted_for(actor).select_for_update(of=("self",))
    return pick(rows, key)


def undelete(instance: LiveModel) -> None:
    """Bring a deleted row back.

    :raises ValidationError: if its unique place was taken meanwhile.
    """
    instance.deleted_at = None
    instance.version += 1
    validate(instance)
    instance.save()


def check_current_company(key: object, actor: Actor) -> None:
    """Refuse a company that is named in an input and is not the one the actor works in.

    :raises NotFound: if it is another.
    """
    if key is not None and str(key).strip() != str(actor.company_id):
        raise NotFound("company_id")
