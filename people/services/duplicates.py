"""Find possible duplicates: the one rule behind the API, the admin and the clusters."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from django.db.models import Case, Count, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import DenseRank
from rapidfuzz import fuzz, process

from crm.actors import Actor
from people.models import Contact, ContactKind, Organization, Person
from people.models.canonical import comparable_key
from people.models.phones import EXTENSION, digits_of, without_extension

Subject = TypeVar("Subject", bound=Hashable)

PHONES = (ContactKind.PHONE, ContactKind.CELLPHONE)
MOST_LISTED = 25
#: Names count as alike from this similarity on, out of 100, with their words sorted.
SIMILARITY = 90
#: Names in larger organizations are not compared: the work grows with the square of the people.
LARGEST_ORGANIZATION = 200


class Reason(StrEnum):
    """Why two records may be the same."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    NAME = "NAME"


@dataclass(frozen=True, kw_only=True)
class Traits:
    """The traits by which a person is recognized: e-mails, phones, and the name in each organization."""

    reached_by: frozenset[tuple[Reason, str]] = frozenset()
    name: str = ""
    organizations: frozenset[int] = frozenset()


#: Primary keys of other people, and why each may be the same person.
Matches = dict[int, set[Reason]]


def comparable_name(name: str | None) -> str:
    """Return a name as it is compared: without case and punctuation, its words sorted."""
    words = (comparable_key(word) for word in (name or "").split())
    return " ".join(sorted(word for word in words if word))


def alike(name: str, others: Mapping[int, str]) -> list[int]:
    """Return the keys of comparable names that are similar enough to mean the same."""
    if not name:
        return []
    found = process.extract(name, others, scorer=fuzz.ratio, score_cutoff=SIMILARITY, limit=None)
    # "Account 12" and "Account 13" differ in one character, but are two.
    return [key for other, _, key in found if digits_of(other) == digits_of(name)]


def reach_reason() -> Case:
    email = When(type__kind=ContactKind.EMAIL, then=Value(Reason.EMAIL.value))
    return Case(email, default=Value(Reason.PHONE.value))


def find_matches(subjects: Mapping[Subject, Traits], *, actor: Actor) -> dict[Subject, Matches]:
    """Return for each subject the visible people who may be the same, itself included if it is stored.

    The number of statements does not depend on the number of subjects. Of the people who share one e-mail
    or phone, only the oldest are returned, two more than are listed.
    """
    holders = _holders({key for traits in subjects.values() for key in traits.reached_by}, actor)
    named = {key for traits in subjects.values() if traits.name for key in traits.organizations}
    members = _members(named, actor)
    found: dict[Subject, Matches] = {}
    for subject, traits in subjects.items():
        matches: Matches = defaultdict(set)
        for key in traits.reached_by:
            for person in holders.get(key, ()):
                matches[person].add(key[0])
        for organization in traits.organizations:
            for person in alike(traits.name, members.get(organization, {})):
                matches[person].add(Reason.NAME)
        found[subject] = dict(sorted(matches.items()))
    return found


def _holders(keys: Collection[tuple[Reason, str]], actor: Actor) -> dict[tuple[Reason, str], set[int]]:
    wanted: dict[Reason, set[str]] = defaultdict(set)
    for reason, canonical in keys:
        wanted[reason].add(canonical)
    emails, phones = wanted[Reason.EMAIL], wanted[Reason.PHONE]
    if not (emails or phones):
        return {}
    contacts: Any = (
        Contact.objects.visible_to(actor)
        .filter(
            Q(type__kind=ContactKind.EMAIL, canonical__in=emails) | _same_phone(phones),
            person__deleted_at=None,
        )
        .annotate(reason=reach_reason())
    )
    known = Person.objects.visible_to(actor).filter(email_canonical__in=emails)
    people: Any = known.annotate(reason=Value(Reason.EMAIL.value))
    held: dict[tuple[Reason, str], set[int]] = defaultdict(set)
    for rows, canonical, person in (
        (contacts, "canonical", "person_id"),
        (people, "email_canonical", "pk"),
    ):
        for reason, text, key in _oldest(rows, ["reason", canonical], person):
            held[Reason(reason), text].add(key)
    return {key: _holders_of(key, held) for key in keys} if phones else held


def _same_phone(phones: set[str]) -> Q:
    """Return the condition of contacts with one of these numbers, with or without its extension."""
    whole = {phone for phone in phones if phone == without_extension(phone)}
    equal = Q(canonical__in={*phones, *map(without_extension, phones)})
    extended = Q(canonical__isnull=False, dialled__in=whole)
    return Q(type__kind__in=PHONES) & (equal | extended)


def _holders_of(key: tuple[Reason, str], held: Mapping[tuple[Reason, str], set[int]]) -> set[int]:
    """Return who has this e-mail or phone, or the number where one of the two lacks the extension.

    Two extensions of one switchboard are two people.
    """
    reason, canonical = key
    number = without_extension(canonical) if reason is Reason.PHONE else canonical
    found = held.get(key, set()) | held.get((reason, number), set())
    if reason is Reason.PHONE and canonical == number:
        extended = (people for (_, other), people in held.items() if other.startswith(f"{number}{EXTENSION}"))
        found = found.union(*extended)
    return found


def _oldest(rows: QuerySet[Any], shared: list[str], key: str) -> Iterable[Sequence[Any]]:
    place = Window(DenseRank(), partition_by=[F(name) for name in shared], order_by=F(key).asc())
    # The subject itself may be one of them, and one more than is listed shows that there are more.
    oldest: Any = rows.annotate(place=place).filter(place__lte=MOST_LISTED + 2)
    found: Iterable[Sequence[Any]] = oldest.values_list(*shared, key)
    return found


def _members(organizations: Iterable[int], actor: Actor) -> dict[int, dict[int, str]]:
    through: Any = Person.organizations.through
    ties = (
        through._default_manager.filter(
            organization__in=Organization.objects.visible_to(actor).filter(pk__in=organizations),
            person__in=Person.objects.visible_to(actor),
        )
        .annotate(size=Window(Count("pk"), partition_by=F("organization_id")))
        .filter(size__lte=LARGEST_ORGANIZATION)
    )
    members: dict[int, dict[int, str]] = defaultdict(dict)
    for organization, person, name in ties.values_list("organization_id", "person_id", "person__name"):
        members[organization][person] = comparable_name(name)
    return members


def people_traits(people: Sequence[Person]) -> dict[int, Traits]:
    """Return the traits of stored people by primary key."""
    keys = [person.pk for person in people]
    reached: dict[int, set[tuple[Reason, str]]] = defaultdict(set)
    for person in people:
        if person.email_canonical:
            reached[person.pk].add((Reason.EMAIL, person.email_canonical))
    compared = Contact.objects.filter(person__in=keys, type__kind__in=[ContactKind.EMAIL, *PHONES])
    contacts: Any = compared.exclude(canonical=None).annotate(reason=reach_reason())
    for key, reason, canonical in contacts.values_list("person_id", "reason", "canonical"):
        reached[key].add((Reason(reason), canonical))
    ties = Person.organizations.through._default_manager.filter(person__in=keys)
    organizations: dict[int, set[int]] = defaultdict(set)
    for key, organization in ties.values_list("person_id", "organization_id"):
        organizations[key].add(organization)
    return {
        person.pk: Traits(
            reached_by=frozenset(reached[person.pk]),
            name=comparable_name(person.name),
            organizations=frozenset(organizations[person.pk]),
        )
        for person in people
    }


def duplicates_of_people(people: Sequence[Person], actor: Actor) -> dict[int, list[int]]:
    """Return for each person the keys of visible people who may be the same, the oldest first.

    At most one more than is listed.
    """
    matches = find_matches(people_traits(people), actor=actor)
    return {
        key: [other for other in found if other != key][: MOST_LISTED + 1] for key, found in matches.items()
    }


def duplicates_of_organizations(organizations: Sequence[Organization], actor: Actor) -> dict[int, list[int]]:
    """Return for each organization the keys of visible ones with an equal comparable key.

    At most one more than is listed.
    """
    keys = {organization.comparable_key for organization in organizations} - {""}
    same = Organization.objects.visible_to(actor).filter(comparable_key__in=keys)
    by_name: dict[str, list[int]] = defaultdict(list)
    for name, key in _oldest(same, ["comparable_key"], "pk"):
        by_name[name].append(key)
    return {
        organization.pk: [
            key for key in sorted(by_name[organization.comparable_key]) if key != organization.pk
        ][: MOST_LISTED + 1]
        for organization in organizations
    }
