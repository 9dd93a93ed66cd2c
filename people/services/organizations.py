"""Create, change, delete and restore organizations."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.database.new_rows import new_row
from crm.database.read_once import once
from crm.database.rows_ahead import kept_row
from crm.errors import Conflict, ConflictReason
from crm.models.texts import stored_name_key
from crm.services import custom_fields, external_ids, file_links, imported, locking, saving, tags, versions
from crm.services.history import Changes
from crm.services.tag_links import replace_tags
from people.models import ORGANIZATION_TEXTS, Organization, OrganizationTexts, Person

#: How many organizations of one name are told apart at most.
MOST_NAMED = 25

Mergeable = TypeVar("Mergeable", Organization, Person)


class OrganizationValues(OrganizationTexts, file_links.FileRelations, imported.ImportedValues, total=False):
    id: object
    company_id: object
    external_id: str | None
    external_source: str | None
    tags: list[tags.TagValues] | None
    custom_fields: list[custom_fields.CustomFieldValues] | None


def _assign(organization: Organization, values: OrganizationValues, actor: Actor) -> None:
    saving.check_current_company(values.get("company_id"), actor)
    given: Mapping[str, object] = values
    for name in ORGANIZATION_TEXTS:
        if name in given:
            setattr(organization, name, given[name] or None)
    if organization.name is None:
        organization.name = ""
    if "owner_id" in values:
        organization.user_id = values["owner_id"]
    external_ids.assign(organization, values)
    if "custom_fields" in values:
        custom_fields.merge(organization, values["custom_fields"])


def create_organization(values: OrganizationValues, *, actor: Actor) -> Organization:
    """Create an organization, even if another one has its name."""
    if values.get("id") is not None:
        raise ValidationError({"id": ["A new organization has no id yet."]})
    organization = new_row(Organization, company_id=actor.company_id, user_id=actor.user_id)
    _assign(organization, values, actor)
    return save_organization(organization, actor=actor, values=values)


@transaction.atomic
def update_organization(
    key: object, values: OrganizationValues, *, actor: Actor, expected_version: int | None = None
) -> Organization:
    actor.require(Action.CHANGE_PEOPLE)
    # The company comes before the organization in the order of locks.
    tags.lock_if_new(values.get("tags"), actor=actor)
    organization = locking.lock(Organization, actor, key)
    before = locking.column_values(organization)
    _assign(organization, values, actor)
    return save_organization(
        organization, actor=actor, values=values, before=before, expected_version=expected_version
    )


@saving.in_transaction
def save_organization(
    organization: Organization,
    *,
    actor: Actor,
    values: OrganizationValues | None = None,
    before: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
) -> Organization:
    """Validate and store an organization with its tags and files.

    :param values: only its relations are read; the columns are set on the instance already.
    """
    actor.require(Action.CHANGE_PEOPLE)
    relations = values or {}
    adding = organization._state.adding
    if adding:
        external_ids.check_free(organization, actor=actor)
        saving.store(organization, actor=actor)
        imported.keep_created_at(organization, relations)
    elif before is None:
        # Before its tags are read.
        before = locking.stored_values(organization, actor)
    # From now on other organizations have the name.
    for name_key in (stored_name_key(organization.name), (before or {}).get("name_key")):
        _named_ahead().pop(name_key, None)
    if not adding:
        external_ids.check_free(organization, actor=actor, before=before)
    changes: Changes = {}
    if "tags" in relations:
        found = tags.find_or_create(relations["tags"] or [], actor=actor)
        changes = replace_tags(organization, found, is_new=adding)
    changes = {**changes, **file_links.change_links(organization, relations, actor=actor)}
    if not adding:
        saving.store(
            organization, actor=actor, before=before, expected_version=expected_version, relations=changes
        )
    return organization


def find_or_create_by_name(name: str, *, actor: Actor) -> Organization:
    """Return the oldest live organization with this name, whatever its case and spelling, or create one."""
    return find_or_create({"name": name.strip()}, actor=actor)


def find_or_create(values: OrganizationValues, *, actor: Actor) -> Organization:
    """Return the oldest live organization with the name of these values, or create it of all of them."""
    kept = _kept(actor)
    key = stored_name_key(values["name"])
    found = kept[key] if key in kept else _find_or_create(values, actor=actor)
    if found is None:
        # Looked for under the lock of the company, which the batch holds.
        found = create_organization(values, actor=actor)
        versions.note_locked(found)
    _note_name(found)
    kept[key] = found
    return found


def _find_or_create(values: OrganizationValues, *, actor: Actor) -> Organization:
    return locking.find_or_create(
        lambda: Organization.objects.visible_to(actor).named(values["name"] or "").first(),
        lambda: create_organization(values, actor=actor),
        actor=actor,
    )


def known_by_name(name: str, *, actor: Actor) -> Organization | None:
    """Return the organization of a name that a batch has read; None if there is none, or it was not read."""
    return _kept(actor).get(stored_name_key(name))


def _kept(actor: Actor) -> dict[str, Organization | None]:
    """Return what names mean within a batch, None for a new organization; outside of one an empty object."""
    return once((actor.company_id, "organizations by name"), dict)


def read_names_ahead(names: Iterable[str], *, actor: Actor) -> list[int]:
    """Look for the organizations of a batch by their names, and return the keys of those that exist.

    The batch holds the lock of the company.
    """
    keys = {stored_name_key(name) for name in names} - {""}
    if not keys:
        return []
    found = Organization.objects.visible_to(actor).filter(name_key__in=keys).order_by("-pk")
    by_key = {organization.name_key: organization for organization in found}
    _kept(actor).update({key: by_key.get(key) for key in keys})
    for organization in by_key.values():
        _note_name(organization)
    return [organization.pk for organization in by_key.values()]


def names_ahead() -> dict[int, str]:
    """Return the names of organizations that a batch has read, by key; outside of one an empty object."""
    return once("names of organizations", dict)


def _note_name(organization: Organization) -> None:
    names_ahead()[organization.pk] = organization.name


def read_named_ahead(names: Iterable[str], *, actor: Actor) -> set[int]:
    """Look for all organizations of a batch by their names; return the keys of those that exist.

    Those of a name that very many have are left out: whoever looks for one reads them then.
    """
    keys = {stored_name_key(name) for name in names} - {""}
    found: dict[str, list[int]] = {key: [] for key in keys}
    same = Organization.objects.visible_to(actor).filter(name_key__in=keys)
    for name_key, key in same.order_by("pk").values_list("name_key", "pk"):
        found[name_key].append(key)
    few = {name_key: same_name for name_key, same_name in found.items() if len(same_name) <= MOST_NAMED}
    _named_ahead().update(few)
    return {key for same_name in few.values() for key in same_name}


def named_ahead(name: str) -> list[Organization] | None:
    """Return the organizations of a name that a batch has read; None if it has not, or one was changed."""
    found = [kept_row(Organization, key) for key in _named_ahead().get(stored_name_key(name), [None])]
    return None if None in found else [organization for organization in found if organization is not None]


def _named_ahead() -> dict[str | None, list[int]]:
    return once("organizations of each name", dict)


@transaction.atomic
def delete_record(
    model: type[Mergeable], key: object, *, actor: Actor, expected_version: int | None = None
) -> None:
    """Delete a person or organization softly; what refers to it keeps the hidden link for a restore."""
    actor.require(Action.CHANGE_PEOPLE)
    record = locking.lock(model, actor, key)
    before = locking.column_values(record)
    saving.soft_delete(record, actor=actor, before=before, expected_version=expected_version)


@transaction.atomic
def restore_record(model: type[Mergeable], key: object, *, actor: Actor) -> None:
    """Restore a deleted person or organization; do nothing if it is live."""
    actor.require(Action.CHANGE_PEOPLE)
    record = locking.lock_deleted(model.objects.all(), actor, key)
    # Everything that a merged record had belongs to the winner now.
    if record.merged_into_id is not None:
        raise Conflict(
            ConflictReason.VERSION, "This record was merged into another one. Undo the merge instead."
        )
    if record.deleted_at is not None:
        external_ids.check_free(record, actor=actor)
        saving.undelete(record, actor=actor)


delete_organization = partial(delete_record, Organization)
restore_organization = partial(restore_record, Organization)
