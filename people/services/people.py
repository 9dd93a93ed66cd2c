"""Create, change, delete and restore people, with their contacts, addresses and positions."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.database.new_rows import new_row
from crm.emails import has_email_form
from crm.services import custom_fields, external_ids, file_links, imported, locking, saving, tags
from crm.services.bulk_deletion import delete_many, restore_many
from crm.services.history import Changes
from crm.services.tag_links import replace_tags
from people.models import PERSON_TEXTS, Organization, Person, PersonTexts
from people.services import addresses, contacts, employments, organizations
from people.services.organizations import delete_record, restore_record
from people.services.person_organizations import organizations_of, set_organizations

#: The keys of an input that say to which organizations a person belongs.
ORGANIZATION_LISTS = frozenset({"organization", "organizations_id", "position", *employments.NAMES})


class PersonValues(PersonTexts, file_links.FileRelations, imported.ImportedValues, total=False):
    id: object
    company_id: object
    external_id: str | None
    external_source: str | None
    dob: Any
    do_not_contact: bool | None
    contacts: list[contacts.ContactValues] | None
    address: list[addresses.AddressValues] | None
    organization: str | None
    #: Set by imports alone: the present position in the organization of that name.
    position: str
    #: The organization of the position, where no name is given.
    position_at: Organization | None
    organizations_id: list[object] | None
    employment_history: list[employments.EmploymentValues] | None
    peopleEmploymentHistory: list[employments.EmploymentValues] | None  # noqa: N815 - a name of the wire
    tags: list[tags.TagValues] | None
    custom_fields: list[custom_fields.CustomFieldValues] | None


def _assign(person: Person, values: PersonValues, actor: Actor) -> None:
    saving.check_current_company(values.get("company_id"), actor)
    given: Mapping[str, object] = values
    for name in PERSON_TEXTS:
        if name in given:
            setattr(person, name, given[name] or None)
    if "dob" in values:
        person.dob = values["dob"]
    if values.get("do_not_contact") is not None:
        person.do_not_contact = bool(values["do_not_contact"])
    if "owner_id" in values:
        person.user_id = values["owner_id"]
    external_ids.assign(person, values)
    if "custom_fields" in values:
        custom_fields.merge(person, values["custom_fields"])


def create_person(values: PersonValues, *, actor: Actor) -> Person:
    """Create a person, even if others share the e-mail or phone."""
    if values.get("id") is not None:
        raise ValidationError({"id": ["A new person has no id yet."]})
    person = new_row(Person, company_id=actor.company_id, user_id=actor.user_id)
    _assign(person, values, actor)
    return save_person(person, actor=actor, values=values)


@transaction.atomic
def update_person(
    key: object, values: PersonValues, *, actor: Actor, expected_version: int | None = None
) -> Person:
    """Change the given fields of a person; a given list replaces the whole list."""
    actor.require(Action.CHANGE_PEOPLE)
    _lock_for_new_names(values, actor)
    person = locking.lock(Person, actor, key)
    before = locking.column_values(person)
    _assign(person, values, actor)
    return save_person(person, actor=actor, values=values, before=before, expected_version=expected_version)


def _lock_for_new_names(values: PersonValues, actor: Actor) -> None:
    """Lock the company if an organization or a tag is to be created: it comes before the person."""
    tags.lock_if_new(values.get("tags"), actor=actor)
    name = (values.get("organization") or "").strip()
    if name and not Organization.objects.visible_to(actor).named(name).exists():
        locking.lock_company(actor.company_id)


@saving.in_transaction
def save_person(
    person: Person,
    *,
    actor: Actor,
    values: PersonValues | None = None,
    before: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
) -> Person:
    """Validate and store a person with contacts, addresses, organizations, tags and files.

    :param values: only its relations are read; the columns are set on the instance already.
    """
    actor.require(Action.CHANGE_PEOPLE)
    relations = values or {}
    adding = person._state.adding
    if not adding and before is None:
        before = locking.stored_values(person, actor)
    external_ids.check_free(person, actor=actor, before=before)
    email_before = before["email"] if before else None
    if person.email and person.email != email_before and not has_email_form(person.email.strip()):
        # Before the contacts are planned, one of which it becomes: errors name the fields that were sent.
        saving.validate(person)
    plan = contacts.plan_contacts(
        person,
        relations.get("contacts") or ([] if "contacts" in relations else None),
        email_before=email_before,
        actor=actor,
    )
    # Validation sets the derived name, which the search text contains.
    saving.validate(person)
    person.index_for_search(spelling for contact in plan.keep for spelling in contact.spellings)
    if adding:
        saving.store(person, actor=actor, is_valid=True)
        imported.keep_created_at(person, relations)
    changes = {**plan.write(person), **_write_relations(person, relations, actor, is_new=adding)}
    if not adding:
        saving.store(
            person,
            actor=actor,
            before=before,
            expected_version=expected_version,
            relations=changes,
            is_valid=True,
        )
    return person


def _write_relations(person: Person, relations: PersonValues, actor: Actor, *, is_new: bool) -> Changes:
    changes: dict[str, Any] = {}
    if "address" in relations:
        changes |= addresses.replace_addresses(person, relations["address"] or [], is_new=is_new)
    if "tags" in relations:
        found = tags.find_or_create(relations["tags"] or [], actor=actor)
        changes |= replace_tags(person, found, is_new=is_new)
    if ORGANIZATION_LISTS & relations.keys():
        changes |= _change_organizations(person, relations, actor, is_new=is_new)
    # Last: whoever stores a file lets others wait for the quota, and must not wait for anybody.
    changes |= file_links.change_links(person, relations, actor=actor)
    return changes


def _change_organizations(person: Person, relations: PersonValues, actor: Actor, *, is_new: bool) -> Changes:
    """Store the organizations and positions that an input names; whoever has a position belongs to it."""
    present = set() if is_new else organizations_of(person, actor)
    named = _named_organization(relations, actor)
    wanted = _given_organizations(relations, present, actor) | ({named.pk} if named is not None else set())
    changes: Changes = {}
    positions = employments.given_list(relations)
    if positions is not None:
        name, given = positions
        of_positions, changes = employments.replace_employments(person, given, actor=actor, name=name)
        wanted |= of_positions
    if relations.get("position"):
        at = relations.get("position_at", named)
        changes = {
            **changes,
            **employments.add_position(person, relations["position"], at, actor=actor, is_new=is_new),
        }
    return {**changes, **set_organizations(person, wanted, present=present, actor=actor)}


def _given_organizations(relations: PersonValues, present: set[int], actor: Actor) -> set[int]:
    """Return the keys of the organizations that an input names; those of the person, if it names none."""
    wanted = set(present)
    if "organizations_id" in relations:
        wanted = {
            Organization.objects.find(actor, key, argument=f"organizations_id.{index}").pk
            for index, key in enumerate(relations["organizations_id"] or [])
        }
    return wanted


def _named_organization(relations: PersonValues, actor: Actor) -> Organization | None:
    name = (relations.get("organization") or "").strip()
    if not name:
        return None
    try:
        return organizations.find_or_create_by_name(name, actor=actor)
    except ValidationError as refused:
        raise ValidationError({"organization": refused.messages}) from refused


delete_person = partial(delete_record, Person)
restore_person = partial(restore_record, Person)
delete_people = partial(delete_many, delete_person, action=Action.CHANGE_PEOPLE)
restore_people = partial(restore_many, Person, restore_person, action=Action.CHANGE_PEOPLE)
