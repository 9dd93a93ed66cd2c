"""Store one person or organization of an import; the policy decides about one that exists."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction

from crm.actors import Actor
from crm.models import DuplicatePolicy
from crm.records.row_import import Imported
from crm.services import importing
from people.models import Organization, Person
from people.services import matching, organizations, people, unchanged, upserting
from people.services.organizations import OrganizationValues
from people.services.people import PersonValues

#: The columns of the keys of an input that are called otherwise.
COLUMNS = {"owner_id": "user_id"}


def match_person(values: PersonValues, *, actor: Actor) -> tuple[Person, str] | None:
    """Return the person that the values mean, and by what it was found."""
    return matching.find_person(values, actor=actor)


def match_organization(values: OrganizationValues, *, actor: Actor) -> tuple[Organization, str] | None:
    """Return the organization that the values mean, and by what it was found."""
    return upserting.find_organization(values, actor=actor)


def import_person(
    values: PersonValues, *, policy: DuplicatePolicy, actor: Actor, known: int | None = None
) -> Imported:
    """Store a person as ``crm.services.importing`` says."""
    return importing.import_record(
        values,
        model=Person,
        policy=policy,
        actor=actor,
        match=partial(match_person, actor=actor),
        create=partial(people.create_person, actor=actor),
        update=partial(upserting.extend_person, actor=actor),
        only_missing=partial(importing.only_missing_columns, columns=COLUMNS),
        new_values=partial(unchanged.new_values_of_person, actor=actor),
        known=known,
    )


def import_organization(
    values: OrganizationValues, *, policy: DuplicatePolicy, actor: Actor, known: int | None = None
) -> Imported:
    """Store an organization as ``crm.services.importing`` says."""
    return importing.import_record(
        values,
        model=Organization,
        policy=policy,
        actor=actor,
        match=partial(match_organization, actor=actor),
        create=partial(organizations.create_organization, actor=actor),
        update=partial(upserting.extend_organization, actor=actor),
        only_missing=partial(importing.only_missing_columns, columns=COLUMNS),
        new_values=partial(unchanged.new_values_of_organization, actor=actor),
        known=known,
    )


@transaction.atomic
def restore_person(
    key: int,
    columns: Mapping[str, Any],
    lists: Mapping[str, Any],
    *,
    actor: Actor,
    expected_version: int | None,
) -> int:
    """Restore the previous columns and lists of a person; return its new version."""
    given = dict(lists)
    if "organizations_id" in given:
        # One that was deleted since would be not found; its link is kept and hidden.
        live = Organization.objects.visible_to(actor).filter(pk__in=given["organizations_id"])
        given["organizations_id"] = list(live.values_list("pk", flat=True))
    return importing.restore_record(
        Person,
        key,
        columns,
        given,
        actor=actor,
        expected_version=expected_version,
        save=people.save_person,
    )


def restore_organization(
    key: int,
    columns: Mapping[str, Any],
    lists: Mapping[str, Any],
    *,
    actor: Actor,
    expected_version: int | None,
) -> int:
    """Restore the previous columns and tags of an organization; return its new version."""
    return importing.restore_record(
        Organization,
        key,
        columns,
        lists,
        actor=actor,
        expected_version=expected_version,
        save=organizations.save_organization,
    )
