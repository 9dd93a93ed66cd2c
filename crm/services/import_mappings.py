"""Mappings of imported files that a company keeps under a name."""

from typing import Any, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.caps import IMPORT_MAPPINGS
from crm.models.import_mappings import ImportMapping
from crm.models.texts import stored_name_key
from crm.services import locking, saving
from crm.texts import is_blank


class MappingValues(TypedDict, total=False):
    """A mapping as ``crm/importing/mappings.py`` makes it; an absent key leaves its part unchanged."""

    model: str | None
    name: str | None
    options: dict[str, Any]
    split_phones: bool | None


@saving.retried
@transaction.atomic
def create_mapping(values: MappingValues, *, actor: Actor) -> ImportMapping:
    """Store a mapping; ``model`` and ``name`` are required.

    :raises ValidationError: if the company has one of this name for this kind of record.
    """
    actor.require(Action.IMPORT)
    given = {"model": values.get("model"), "name": values.get("name")}
    missing = [name for name, text in given.items() if is_blank(text or "")]
    if missing:
        raise ValidationError({name: ["This field is required."] for name in missing})
    locking.lock_company(actor.company_id)
    number = ImportMapping.objects.visible_to(actor).count()
    IMPORT_MAPPINGS.check(before=number, after=number + 1, field="name")
    return _stored(ImportMapping(company_id=actor.company_id), values, actor)


@saving.retried
@transaction.atomic
def update_mapping(key: object, values: MappingValues, *, actor: Actor) -> ImportMapping:
    """Change what is given of a mapping.

    :raises ValidationError: if another one has the name.
    """
    actor.require(Action.IMPORT)
    return _stored(locking.lock(ImportMapping, actor, key), values, actor)


@transaction.atomic
def save_mapping(values: MappingValues, *, actor: Actor) -> ImportMapping:
    """Store a mapping in place of the one that has its name, if there is one."""
    actor.require(Action.IMPORT)
    locking.lock_company(actor.company_id)
    same = ImportMapping.objects.visible_to(actor).filter(model=values.get("model"))
    found = same.filter(name_key=stored_name_key(values.get("name"))).first()
    if found is None:
        return create_mapping(values, actor=actor)
    return update_mapping(found.pk, values, actor=actor)


@transaction.atomic
def delete_mapping(key: object, *, actor: Actor) -> ImportMapping:
    """Delete a mapping and return it as it was; imports that used it are not touched."""
    actor.require(Action.IMPORT)
    mapping = locking.lock(ImportMapping, actor, key)
    mapping.delete()
    return mapping


def _stored(mapping: ImportMapping, values: MappingValues, actor: Actor) -> ImportMapping:
    saving.refuse_null(values, ["model", "name", "split_phones"])
    saving.assign(mapping, values, ("model", "name", "options", "split_phones"))
    saving.store(mapping, actor=actor)
    return mapping
