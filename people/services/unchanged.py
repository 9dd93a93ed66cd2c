"""Tell, without a statement, that a person or an organization has all that a row of an import says."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from crm.actors import Actor
from crm.database.keys import parse_id
from crm.services.unchanged import OF_EVERY_RECORD, Check, column, has_all
from crm.texts import name_key
from people.models import ORGANIZATION_TEXTS, PERSON_TEXTS, Employment, Organization, Person
from people.services.contacts import ADDRESS_TEXTS
from people.services.organizations import known_by_name


def with_lists_of_people(people: QuerySet[Person]) -> QuerySet[Person]:
    """Read people with what they are compared by."""
    lists = ("contacts__type", "addresses", "tags", "employments", "organizations")
    return people.prefetch_related(*lists)


def with_lists_of_organizations(organizations: QuerySet[Organization]) -> QuerySet[Organization]:
    return organizations.prefetch_related("tags")


def has_all_of_person(person: Person, values: Mapping[str, Any], *, actor: Actor) -> bool:
    """Return whether a person surely has all that the values say."""
    rest = dict(values)
    organization = position = None
    if "organization" in rest:
        organization = known_by_name(rest.pop("organization"), actor=actor)
        if organization is None or not _belongs_to(person, organization):
            return False
    if "position" in rest:
        position = rest.pop("position")
    if "position_at" in rest:
        organization = rest.pop("position_at")
    if position is not None and not _has_position(person, position, organization):
        return False
    return has_all(person, rest, _OF_PERSON)


def has_all_of_organization(organization: Organization, values: Mapping[str, Any], *, actor: Actor) -> bool:
    """Return whether an organization surely has all that the values say."""
    return has_all(organization, values, _OF_ORGANIZATION)


def _has_email(person: Person, value: str) -> bool:
    contacts = person.contacts.all()
    return value == person.email and any(each.type.is_email and each.value == value for each in contacts)


def _has_contacts(person: Person, values: Any) -> bool:
    known = {(contact.type_id, contact.value) for contact in person.contacts.all()}
    return isinstance(values, list) and all(
        each.keys() <= {"contacts_types_id", "value"}
        and (parse_id(each.get("contacts_types_id")), (each.get("value") or "").strip()) in known
        for each in values
    )


def _has_addresses(person: Person, values: Any) -> bool:
    known = {_texts_of(address.__dict__) for address in person.addresses.all()}
    return isinstance(values, list) and all(
        each.keys() <= set(ADDRESS_TEXTS) and _texts_of(each) in known for each in values
    )


def _texts_of(address: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name_key(address.get(name)) for name in ADDRESS_TEXTS)


def _belongs_to(person: Person, organization: Organization) -> bool:
    return organization.pk in {each.pk for each in person.organizations.all()}


def _in_organizations(person: Person, values: Any) -> bool:
    own = {each.pk for each in person.organizations.all() if each.deleted_at is None}
    return isinstance(values, list) and {parse_id(value) for value in values} <= own


def _has_position(person: Person, title: str, organization: Organization | None) -> bool:
    wanted = (name_key(title), organization and organization.pk, Employment.CURRENT)
    return wanted in {
        (name_key(each.position), each.organization_id, each.status) for each in person.employments.all()
    }


_OF_PERSON: Mapping[str, Check] = {
    **OF_EVERY_RECORD,
    **{name: column(name) for name in (*PERSON_TEXTS, "dob", "do_not_contact")},
    "email": _has_email,
    "contacts": _has_contacts,
    "address": _has_addresses,
    "organizations_id": _in_organizations,
}
_OF_ORGANIZATION: Mapping[str, Check] = {
    **OF_EVERY_RECORD,
    **{name: column(name) for name in ORGANIZATION_TEXTS},
}
