"""Rows of people, organizations and what belongs to them."""

from typing import Any

from django.db.models import Model

from crm.models import Activity, Tag, User
from people.models import (
    ActivityPerson,
    Address,
    Contact,
    ContactType,
    Employment,
    Merge,
    Organization,
    OrganizationFile,
    PeopleRelationship,
    Person,
    PersonFile,
)
from tests.factories import people
from tests.rows.sets import Recipe, named, named_once, with_file


def _organization(*, tag: Tag, **values: Any) -> Organization:
    organization: Organization = people.OrganizationFactory(**values)
    organization.tags.add(tag)
    return organization


def _person(*, tag: Tag, organization: Organization, **values: Any) -> Person:
    person: Person = people.PersonFactory(**values)
    person.tags.add(tag)
    person.organizations.add(organization)
    return person


RECIPES: dict[type[Model], Recipe] = {
    ContactType: Recipe("contact_type", named_once, people.ContactTypeFactory),
    Organization: Recipe(
        "organization", lambda rows: {**named(rows), "user": rows[User], "tag": rows[Tag]}, _organization
    ),
    OrganizationFile: Recipe(
        "organization_file", lambda rows: {**with_file(rows), "organization": rows[Organization]}
    ),
    Person: Recipe(
        "person",
        lambda rows: {
            "company": rows.company,
            "user": rows[User],
            "firstname": rows.mark,
            "organization": rows[Organization],
            "custom_fields": {"size": 42},
            "tag": rows[Tag],
        },
        _person,
    ),
    ActivityPerson: Recipe(
        "activity_person", lambda rows: {"activity": rows[Activity], "person": rows[Person]}
    ),
    PersonFile: Recipe("person_file", lambda rows: {**with_file(rows), "person": rows[Person]}),
    Contact: Recipe(
        "contact",
        lambda rows: {"person": rows[Person], "type": rows[ContactType], "value": rows.mark},
        people.ContactFactory,
    ),
    Address: Recipe(
        "address",
        lambda rows: {"person": rows[Person], "address": rows.mark, "is_default": True},
        people.AddressFactory,
    ),
    Employment: Recipe(
        "employment",
        lambda rows: {
            "company": rows.company,
            "person": rows[Person],
            "organization": rows[Organization],
            "position": rows.mark,
        },
    ),
    Merge: Recipe(
        "merge",
        lambda rows: {
            "company": rows.company,
            "model": "PEOPLE",
            "winner_id": rows[Person].pk,
            "user": rows[User],
            "undone_by": rows[User],
            "door": "graphql",
        },
    ),
    PeopleRelationship: Recipe("relationship", lambda rows: {**named_once(rows), "description": rows.mark}),
}
