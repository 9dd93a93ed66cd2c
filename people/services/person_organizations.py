"""The links between people and organizations. Both answer them, so each change is a new version of both."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.caps import ORGANIZATIONS
from crm.database.inserts import insert_all
from crm.database.keys import parse_id, parse_uuid
from crm.database.new_rows import new_row
from crm.database.read_once import once
from crm.database.rows_ahead import kept_list
from crm.errors import NotFound
from crm.services import locking, stored_rows, versions
from crm.services.history import Changes
from people.models import Organization, Person
from people.services.organizations import names_ahead

#: The table of the links.
Link: Any = Person.organizations.through


def _names_of(keys: Set[int]) -> list[str]:
    """Return the names of organizations whose keys were looked up in scope before, in order."""
    if not keys:
        return []
    # Within a batch each name is read once.
    known = names_ahead()
    if not keys <= known.keys():
        known |= Organization.objects.filter(pk__in=keys).values_list("pk", "name")
    return [name for name, _ in sorted((known[key], key) for key in keys)]


def organizations_of(person: Person, actor: Actor) -> set[int]:
    """Return the keys of the organizations of a stored person that the actor sees."""
    kept = kept_list(person, "organizations")
    if kept is not None:
        return {organization.pk for organization in kept if organization.deleted_at is None}
    return set(person.organizations.visible_to(actor).values_list("pk", flat=True))


def only_organization_of(person: Person, actor: Actor) -> Organization | None:
    """Return the organization of a stored person; None if the person has none, or several."""
    found = list(person.organizations.visible_to(actor).order_by("pk")[:2])
    return found[0] if len(found) == 1 else None


def set_organizations(person: Person, wanted: set[int], *, present: set[int], actor: Actor) -> Changes:
    """Set the organizations of a stored person; return what changed, for the person's own history.

    :param wanted: their keys, looked up in scope.
    :param present: what ``organizations_of`` returned: links to deleted organizations are kept, so that
        restoring one restores its people.
    """
    added, removed = wanted - present, present - wanted
    if not (added or removed):
        return {}
    ORGANIZATIONS.check(before=len(present), after=len(wanted), field="organizations_id")
    if removed:
        person.organizations.remove(*removed)
    insert_all([new_row(Link, person_id=person.pk, organization_id=key) for key in sorted(added)])
    name = [str(person)]
    changes: dict[int, tuple[list[str], list[str]]] = {key: ([], name) for key in added}
    changes |= {key: (name, []) for key in removed}
    _count_organizations(changes, actor)
    return {"organizations": [_names_of(present), _names_of(wanted)]}


def link_organization(person: Person, organization: Organization, *, actor: Actor) -> None:
    """Add one organization to a stored person; one that the person has already changes nothing."""
    if organization.pk not in _links_of([person.pk], actor)[person.pk]:
        # Whatever locks records of several kinds locks people before organizations.
        versions.locked_records(Person, [person.pk])
        _add(organization, [person], actor)


@transaction.atomic
def add_people(organization_key: object, people_keys: Mapping[str, object], *, actor: Actor) -> Organization:
    """Add people to an organization, all or none; those who are in it already stay as they are."""
    actor.require(Action.CHANGE_PEOPLE)
    organization, people = _locked(organization_key, people_keys, actor)
    _add(organization, people, actor)
    return organization


@transaction.atomic
def remove_people(organization_key: object, people_keys: Mapping[str, object], *, actor: Actor) -> bool:
    """Remove people from an organization and return whether at least one was in it."""
    actor.require(Action.CHANGE_PEOPLE)
    organization, people = _locked(organization_key, people_keys, actor)
    links = Link._base_manager.filter(organization=organization)
    members = set(links.filter(person__in=people).values_list("person_id", flat=True))
    leaving = [person for person in people if person.pk in members]
    before = _names_by_person(members, actor)
    organization.people.remove(*leaving)
    _count_people(leaving, before, actor)
    _count_organizations({organization.pk: (_labels(leaving), [])} if leaving else {}, actor)
    return bool(leaving)


def _add(organization: Organization, people: Collection[Person], actor: Actor) -> None:
    present = _links_of([person.pk for person in people], actor)
    joining = [person for person in people if organization.pk not in present[person.pk]]
    changes: dict[int, Changes] = {}
    for person in joining:
        links = present[person.pk]
        before = _visible_names(links)
        ORGANIZATIONS.check(before=len(before), after=len(before) + 1, field="organization_id")
        links[organization.pk] = organization.name
        changes[person.pk] = {"organizations": [before, _visible_names(links)]}
    new = [new_row(Link, person_id=person.pk, organization_id=organization.pk) for person in joining]
    insert_all(new)
    for link in new:
        stored_rows.note(link, created=True)
    versions.count_versions(Person, changes, actor=actor)
    _count_organizations({organization.pk: ([], _labels(joining))} if joining else {}, actor)


#: The organizations of a person by key, each with its name, None for one that the actor does not see.
Links = dict[int, str | None]


def _links_of(keys: Collection[int], actor: Actor) -> dict[int, Links]:
    """Return the links of people; within a batch each person's are read once, and kept up to date."""
    kept: dict[int, Links] = once((actor.company_id, "organizations of people"), dict)
    missing = [key for key in keys if key not in kept]
    if missing:
        kept |= {key: {} for key in missing}
        links = Link._base_manager.filter(person__in=missing)
        for person, organization in links.values_list("person_id", "organization_id"):
            kept[person][organization] = None
        seen = links.filter(organization__in=Organization.objects.visible_to(actor))
        for person, key, name in seen.values_list("person_id", "organization_id", "organization__name"):
            kept[person][key] = name
    return kept


def _visible_names(links: Links) -> list[str]:
    return [name for name, _ in sorted((name, key) for key, name in links.items() if name is not None)]


def is_linked_ahead(person_key: int, organization_key: int, actor: Actor) -> bool:
    """Return whether a batch has read that a person belongs to an organization that the actor sees."""
    kept: dict[int, Links] = once((actor.company_id, "organizations of people"), dict)
    return kept.get(person_key, {}).get(organization_key) is not None


def read_links_ahead(keys: Collection[int], *, actor: Actor) -> None:
    """Read the organizations of people who join others in a batch, and lock the people, by few statements."""
    if keys:
        versions.locked_records(Person, sorted(keys))
        _links_of(keys, actor)


def _locked(
    organization_key: object, people_keys: Mapping[str, object], actor: Actor
) -> tuple[Organization, list[Person]]:
    # Looked up first, so that an unknown organization is reported before an unknown person.
    Organization.objects.find(actor, organization_key, argument="organization_id")
    people = find_people(people_keys, actor=actor)
    if not people:
        raise ValidationError({"peoples_id": ["Name at least one person."]})
    # Whatever locks records of several kinds locks people before organizations.
    versions.lock_records(Person, [person.pk for person in people])
    organization = locking.lock(Organization, actor, organization_key, argument="organization_id")
    return organization, list(dict.fromkeys(people))


def find_people(keys: Mapping[str, object], *, actor: Actor) -> list[Person]:
    """Return the visible people with these keys, in their order.

    :param keys: keys by the path of the input that holds them.
    """
    numbers = {number for key in keys.values() if (number := parse_id(key)) is not None}
    identifiers = {uuid for key in keys.values() if parse_id(key) is None and (uuid := parse_uuid(key))}
    rows = Person.objects.visible_to(actor)
    by_key: dict[object, Person] = {person.pk: person for person in rows.filter(pk__in=numbers)}
    if identifiers:
        by_key |= {person.uuid: person for person in rows.filter(uuid__in=identifiers)}
    found = []
    for path, key in keys.items():
        number = parse_id(key)
        person = by_key.get(number if number is not None else parse_uuid(key))
        if person is None:
            raise NotFound(path)
        found.append(person)
    return found


def _names_by_person(keys: Collection[int], actor: Actor) -> dict[int, list[str]]:
    """Return the names of the visible organizations of each person, as they are now."""
    visible = Organization.objects.visible_to(actor)
    links = Link._base_manager.filter(person__in=keys, organization__in=visible)
    names: dict[int, list[str]] = defaultdict(list)
    for key, name in links.order_by("organization__name", "organization_id").values_list(
        "person_id", "organization__name"
    ):
        names[key].append(name)
    return names


def _count_people(people: Iterable[Person], before: Mapping[int, list[str]], actor: Actor) -> None:
    keys = [person.pk for person in people]
    after = _names_by_person(keys, actor) if keys else {}
    changes = {key: {"organizations": [before.get(key, []), after.get(key, [])]} for key in keys}
    versions.count_versions(Person, changes, actor=actor)


def _count_organizations(people: Mapping[int, tuple[list[str], list[str]]], actor: Actor) -> None:
    # Only who left and who came: an organization may have thousands of people.
    changes = {key: {"people": list(change)} for key, change in people.items()}
    versions.count_versions(Organization, changes, actor=actor)


def _labels(people: Iterable[Person]) -> list[str]:
    return sorted(str(person) for person in people)
