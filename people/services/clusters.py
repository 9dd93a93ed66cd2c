"""Clusters of possible duplicates among all records of a company."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Count, F, Window

from crm.actors import Action, Actor
from people.models import Organization, Person
from people.services.duplicates import LARGEST_ORGANIZATION, Reason, alike, comparable_name

#: One row for each person who shares an e-mail or a phone with somebody, and for what they share. A number
#: with an extension also counts as the number without, if somebody has that: two extensions alone are two.
SHARED = """
WITH held AS (
    SELECT 'EMAIL' AS reason, email_canonical AS shared, id AS person FROM people_person
    WHERE company_id = %(company)s AND deleted_at IS NULL AND email_canonical IS NOT NULL
    UNION
    SELECT CASE type.kind WHEN 'EMAIL' THEN 'EMAIL' ELSE 'PHONE' END, contact.canonical, contact.person_id
    FROM people_contact contact
    JOIN people_contacttype type ON type.id = contact.type_id
    JOIN people_person person ON person.id = contact.person_id
    WHERE contact.company_id = %(company)s AND contact.canonical IS NOT NULL
      AND type.kind IN ('EMAIL', 'PHONE', 'CELLPHONE') AND person.deleted_at IS NULL
), reached AS (
    SELECT reason, shared, person FROM held
    UNION
    SELECT 'PHONE', contact.dialled, contact.person_id
    FROM people_contact contact
    JOIN people_contacttype type ON type.id = contact.type_id
    JOIN people_person person ON person.id = contact.person_id
    WHERE contact.company_id = %(company)s AND contact.canonical <> contact.dialled
      AND type.kind IN ('PHONE', 'CELLPHONE') AND person.deleted_at IS NULL
      AND contact.dialled IN (SELECT shared FROM held WHERE reason = 'PHONE')
), counted AS (
    SELECT reason, shared, person, COUNT(*) OVER (PARTITION BY reason, shared) AS holders FROM reached
)
SELECT reason, shared, person FROM counted WHERE holders > 1
"""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Possible duplicates, the oldest first, and why they are connected."""

    keys: tuple[int, ...]
    reasons: tuple[Reason, ...]


class _Union:
    """A union-find structure over primary keys, with the reasons of each cluster."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}
        self._reasons: dict[int, set[Reason]] = defaultdict(set)

    def join(self, keys: Iterable[int], reason: Reason) -> None:
        first, *others = keys
        for other in others:
            self._above[self._root(other)] = self._root(first)
        self._reasons[first].add(reason)

    def _root(self, key: int) -> int:
        while (above := self._above.setdefault(key, key)) != key:
            # Path halving: each look-up shortens the next one.
            self._above[key] = key = self._above[above]
        return key

    def clusters(self) -> list[Cluster]:
        """Return the clusters, the one with the oldest record first."""
        members: dict[int, list[int]] = defaultdict(list)
        for key in self._above:
            members[self._root(key)].append(key)
        reasons: dict[int, set[Reason]] = defaultdict(set)
        for key, known in self._reasons.items():
            reasons[self._root(key)] |= known
        return sorted(
            (
                Cluster(keys=tuple(sorted(keys)), reasons=tuple(sorted(reasons[root])))
                for root, keys in members.items()
            ),
            key=lambda cluster: cluster.keys[0],
        )


def people_clusters(*, actor: Actor) -> list[Cluster]:
    """Return all clusters of people who share an e-mail or phone, or have a similar name in one organization.

    The database finds shared values, so only those are read; names are compared within organizations.
    """
    actor.require(Action.READ)
    union = _Union()
    with connection.cursor() as cursor:
        cursor.execute(SHARED, {"company": actor.company_id})
        shared = _grouped(((reason, text), person) for reason, text, person in cursor.fetchall())
    for (reason, _), people in shared.items():
        union.join(people, Reason(reason))
    for names in _names_by_organization(actor):
        for pair in _similar_pairs(names):
            union.join(pair, Reason.NAME)
    return union.clusters()


def _grouped(pairs: Iterable[tuple[Key, int]]) -> dict[Key, list[int]]:
    groups: dict[Key, list[int]] = defaultdict(list)
    for group, key in pairs:
        groups[group].append(key)
    return groups


def _names_by_organization(actor: Actor) -> Iterator[list[tuple[int, str]]]:
    through: Any = Person.organizations.through
    ties = (
        through._default_manager.filter(
            organization__company_id=actor.company_id,
            organization__deleted_at=None,
            person__deleted_at=None,
        )
        .annotate(size=Window(Count("pk"), partition_by=F("organization_id")))
        .filter(size__gt=1, size__lte=LARGEST_ORGANIZATION)
        .values_list("organization_id", "person_id", "person__name")
    )
    names: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for organization, person, name in ties:
        names[organization].append((person, comparable_name(name)))
    yield from names.values()


def _similar_pairs(names: list[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    others = dict(names)
    for person, name in names:
        # Compare each pair once.
        del others[person]
        for other in alike(name, others):
            yield person, other


def organization_clusters(*, actor: Actor) -> list[Cluster]:
    """Return all clusters of organizations whose names are equal without case and punctuation."""
    actor.require(Action.READ)
    same = (
        Organization.objects.visible_to(actor)
        .exclude(comparable_key="")
        .annotate(size=Window(Count("pk"), partition_by=F("comparable_key")))
        .filter(size__gt=1)
    )
    union = _Union()
    for keys in _grouped(same.values_list("comparable_key", "pk")).values():
        union.join(keys, Reason.NAME)
    return union.clusters()
