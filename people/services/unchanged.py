"""Leave out of a row of an import what its person or organization has already."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from crm.actors import Actor
from crm.database.keys import parse_id
from crm.services.unchanged import OF_EVERY_RECORD, Check, column, new_values
from crm.texts import name_key
from people.models import ORGANIZATION_TEXTS, PERSON_TEXTS, Employment, Organization, Person
from people.services.addresses import ADDRESS_TEXTS, address_key
from people.services.organizations import known_by_name

#: What says where a person belongs.
_ORGANIZATIONS = ("organization", "organizations_id", "position", "position_at")


def with_lists_of_people(people: QuerySet[Person]) -> QuerySet[Person]:
    """Read people with what they are compared by."""
    lists = ("contacts__type", "addresses", "tags", "employments__organization", "organizations")
    return people.prefetch_related(*lists)


def with_lists_of_organizations(organizations: QuerySet[Organization]) -> QuerySet[Organization]:
    return organizations.prefetch_related("tags")


def new_values_of_person(person: Person, values: Mapping[str, Any], *, actor: Actor) -> dict[str, Any]:
    """Return the values without those that a person surely has."""
    organization = known_by_name(values.get("organization") or "", actor=actor)
    checks: dict[str, Check] = {
        **_OF_PERSON,
        "organization": lambda person, name: organization is not None and _belongs_to(person, organization),
        "position": lambda person, title: _has_position(
            person, title, values.get("position_at", organization)
        ),
        "position_at": lambda person, at: True,
    }
    return new_values(person, values, checks, together=[_ORGANIZATIONS])


def new_values_of_organization(
    organization: Organization, values: Mapping[str, Any], *, actor: Actor
) -> dict[str, Any]:
    """Return the values without those that an organization surely has."""
    return new_values(organization, values, _OF_ORGANIZATION)


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
    known = {address_key(address.__dict__) for address in person.addresses.all()}
    return isinstance(values, list) and all(
        each.keys() <= set(ADDRESS_TEXTS) and address_key(each) in known for each in values
    )


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
